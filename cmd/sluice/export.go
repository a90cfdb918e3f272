package main

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// falsePositives is the bundle for a rule's vendor: what people called a false
// positive, without names of people.
type falsePositives struct {
	Rule     string          `json:"rule"`
	Made     time.Time       `json:"made"`
	Findings []falsePositive `json:"findings"`
}

type falsePositive struct {
	Finding  string          `json:"finding"`
	Scanner  finding.Scanner `json:"scanner"`
	Rule     finding.Rule    `json:"rule"`
	Severity string          `json:"severity"`
	Message  string          `json:"message"`
	Place    *finding.Place  `json:"place"`
	Snippet  string          `json:"snippet"`
	Answers  int             `json:"answers"` // how many people said so
	Reasons  []string        `json:"reasons"` // in their words: read them before you send this
}

func (p *program) exportCommand() *cobra.Command {
	return p.group("export", "what others can use, always as JSON, whatever --output", p.falsePositivesCommand(), p.exportVEXCommand(), p.exportSARIFCommand())
}

func (p *program) falsePositivesCommand() *cobra.Command {
	var rule string
	c := &cobra.Command{
		Use: "false-positives", Short: "what people called false positives of one rule, as a bundle for its vendor", Args: takes(),
		Long:    "Writes, as JSON, the findings of one rule that somebody called a false positive and nobody took back: message, place,\nsnippet and the reasons given. People's names are not in it; their words and your code are, so read it before you send it.",
		Example: "  sluice export false-positives --rule G204 > g204.json",
	}
	c.Flags().StringVar(&rule, "rule", "", "the rule's id, as the scanner writes it (required)")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		if rule == "" {
			return usagef("--rule is missing: name the rule that the bundle is about")
		}
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		bundle, err := bundleOf(ctx, s, rule, a.Now().UTC())
		if err != nil {
			return err
		}
		return p.show(bundle, func(w io.Writer) error { return writeJSON(w, bundle) })
	})
	return c
}

func bundleOf(ctx context.Context, s store.Store, rule string, now time.Time) (falsePositives, error) {
	out := falsePositives{Rule: rule, Made: now, Findings: []falsePositive{}}
	said, err := s.Verdicts(ctx, store.VerdictQuery{Standing: true})
	if err != nil {
		return out, err
	}
	type key struct{ repo, finding int64 }
	by := map[key][]promoter.Verdict{}
	for _, v := range said {
		if v.Kind == promoter.VerdictFalsePositive && v.Uncounted == "" {
			by[key{v.RepoID, v.Finding}] = append(by[key{v.RepoID, v.Finding}], v)
		}
	}
	err = eachRepository(ctx, s, "", func(snap *store.Snapshot) (bool, error) {
		for _, f := range snap.Findings {
			verdicts := by[key{snap.Repository.ID, f.No}]
			if f.Facts.Rule.ID == rule && len(verdicts) > 0 {
				out.Findings = append(out.Findings, falsePositiveOf(snap, f, verdicts))
			}
		}
		return true, nil
	})
	return out, err
}

func falsePositiveOf(snap *store.Snapshot, f store.Finding, verdicts []promoter.Verdict) falsePositive {
	out := falsePositive{
		Finding: promoter.FindingName(snap.Repository.FullName(), f.No), Scanner: f.Facts.Scanner, Rule: f.Facts.Rule,
		Severity: f.Facts.Severity.String(), Message: f.Facts.Message, Reasons: []string{},
	}
	var newest int64 = -1
	for _, s := range snap.Sightings {
		if s.Finding == f.No && s.LastScan > newest {
			newest, out.Place, out.Snippet = s.LastScan, s.Place, s.Parts.Snippet
		}
	}
	var people []int64
	for _, v := range verdicts {
		if !slices.Contains(people, v.Person) {
			people = append(people, v.Person)
		}
		if v.Reason != "" && !slices.Contains(out.Reasons, v.Reason) {
			out.Reasons = append(out.Reasons, v.Reason)
		}
	}
	out.Answers = len(people)
	return out
}

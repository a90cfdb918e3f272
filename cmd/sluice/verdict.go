package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

func (p *program) verdictCommand() *cobra.Command {
	return p.group("verdict", "what people say about findings",
		p.verdictAddCommand(), p.verdictRetractCommand(), p.verdictListCommand(), p.verdictImportCommand(), p.verdictPeopleCommand())
}

func (p *program) verdictAddCommand() *cobra.Command {
	var reason, until string
	c := &cobra.Command{
		Use: "add FINDING KIND", Short: "answer a finding", Args: takes("the FINDING", "the KIND"),
		Long: "Records your answer to a finding, under your name as asserted: false-positive, not-useful,\nwont-fix, accepted (with --until), useful, fixed, duplicate or unreproducible.\n" +
			"What you call a false positive, will not fix or accept is hidden everywhere from the next run\non; at severities with a second person (settings: verdicts.second_person) it waits for one.",
		Example: "  sluice verdict add acme/shop:F12 false-positive --reason \"the input is a constant\"\n  sluice verdict add acme/shop:F12 accepted --until 2026-12-31 --reason \"until the rewrite\"",
	}
	c.Flags().StringVar(&reason, "reason", "", "why; required for accepted")
	c.Flags().StringVar(&until, "until", "", "accepted: its last day (2026-12-31), or a span (30d)")
	c.RunE = p.with(func(ctx context.Context, a *app.App, args []string) error {
		v, err := newVerdict(a, args[1], reason, until)
		if err != nil {
			return err
		}
		s, err := a.ExistingStore(ctx)
		if err != nil {
			return err
		}
		repository, no, err := promoter.ParseFindingName(args[0])
		if err != nil {
			return usagef("%w", err)
		}
		snap, view, err := findFinding(ctx, s, repository, no)
		if err != nil {
			return err
		}
		v.RepoID, v.Finding = snap.Repository.ID, view.no
		if v, err = record(ctx, a, s, v); err != nil {
			return err
		}
		return p.show(v, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s: %s, by %s; the next run acts on it\n", view.Name, v.Kind, a.Actor)
			return err
		})
	})
	return c
}

// newVerdict is what a command says, not yet about any finding.
func newVerdict(a *app.App, kind, reason, until string) (v promoter.Verdict, err error) {
	v = promoter.Verdict{Source: promoter.FromCommand, Reason: line(reason), At: a.Now().UTC()}
	if v.Kind, err = promoter.ParseVerdictKind(kind); err != nil {
		return v, usagef("%w", err)
	}
	if (v.Kind == promoter.VerdictAccepted) != (until != "") {
		return v, usagef("--until goes with accepted, and accepted needs it: a risk is accepted until a day")
	}
	if until != "" {
		end, err := parseUntil(until, v.At)
		if err != nil {
			return v, err
		}
		y, m, d := end.Add(-time.Nanosecond).UTC().Date() // a date ends with its day
		v.Until = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		if v.Reason == "" {
			return v, usagef("--reason is missing: somebody will ask why this risk was accepted")
		}
	}
	return v, nil
}

// record books a verdict under the command's actor. Where the finding was drawn
// at random, it is the audit's, a second one too.
func record(ctx context.Context, a *app.App, s store.Store, v promoter.Verdict) (promoter.Verdict, error) {
	alias, err := promoter.ParseAlias(a.Actor)
	if err != nil {
		return v, usagef("%w", err)
	}
	ids, err := s.EnsurePeople(ctx, alias)
	if err != nil {
		return v, err
	}
	v.Person, v.ExternalID = ids[0], "c"+a.Token()
	if v.Exposure == 0 {
		if v.Exposure, err = sampled(ctx, s, v); err != nil {
			return v, err
		}
	}
	v.Audit = v.Exposure != 0
	err = s.Record(ctx, store.Recording{Actor: a.Actor, At: a.Now().UTC(), Verdicts: []promoter.Verdict{v}})
	return v, err
}

// sampled is what was drawn of a finding at random: what waits for an answer,
// else what the audit judged already; 0 for nothing.
func sampled(ctx context.Context, s store.Store, v promoter.Verdict) (int64, error) {
	snap, err := s.Load(ctx, v.RepoID)
	if err != nil {
		return 0, err
	}
	cohorts, err := cohortsByID(ctx, s)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(snap.Findings, func(f store.Finding) bool { return f.No == v.Finding })
	if i < 0 || snap.Findings[i].CohortID == 0 {
		return 0, nil
	}
	c := cohorts[snap.Findings[i].CohortID]
	open, err := s.Unanswered(ctx, c.ID, c.Attempt, true)
	for _, o := range open {
		if o.RepoID == v.RepoID && o.Finding == v.Finding {
			return o.Seq, err
		}
	}
	if err != nil {
		return 0, err
	}
	said, err := s.Verdicts(ctx, store.VerdictQuery{RepoID: v.RepoID, Finding: v.Finding, CohortID: c.ID, Attempt: c.Attempt, Standing: true})
	for _, other := range slices.Backward(said) {
		if other.Audit {
			return other.Exposure, err
		}
	}
	return 0, err
}

func (p *program) verdictRetractCommand() *cobra.Command {
	c := &cobra.Command{Use: "retract NUMBER", Short: "take a verdict back; `sluice verdict list` shows the numbers", Args: takes("the verdict's NUMBER")}
	c.RunE = p.with(func(ctx context.Context, a *app.App, args []string) error {
		id, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil {
			return usagef("%q is no verdict's number", args[0])
		}
		s, err := a.ExistingStore(ctx)
		if err != nil {
			return err
		}
		all, err := s.Verdicts(ctx, store.VerdictQuery{Standing: true})
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(v promoter.Verdict) bool { return v.ID == id })
		switch {
		case i < 0:
			return usagef("no verdict %d stands", id)
		case all[i].Source != promoter.FromCommand && all[i].Source != promoter.FromImport:
			return usagef("verdict %d was given by %s: it is taken back where it was given", id, all[i].Source)
		}
		if err := s.Record(ctx, store.Recording{Actor: a.Actor, At: a.Now().UTC(), Retract: []int64{id}}); err != nil {
			return err
		}
		return p.show(all[i], func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "verdict %d is taken back\n", id)
			return err
		})
	})
	return c
}

// verdictView is a verdict with names.
type verdictView struct {
	promoter.Verdict
	Name string `json:"name"` // of the finding
	Who  string `json:"who"`
	Note string `json:"note"` // how it counts
}

func (p *program) verdictListCommand() *cobra.Command {
	var of, who string
	var all bool
	var limit int
	c := &cobra.Command{Use: "list", Short: "list verdicts, the newest first", Args: takes()}
	c.Flags().StringVar(&of, "finding", "", "only of this finding")
	c.Flags().StringVar(&who, "person", "", "only of this person, such as github:alice")
	c.Flags().BoolVar(&all, "all", false, "also those that were taken back, and what was read off the code")
	c.Flags().IntVar(&limit, "limit", 50, "at most so many; 0: all")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		if limit < 0 {
			return usagef("--limit %d: a limit is 0 or more", limit)
		}
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		list, err := listVerdicts(ctx, s, of, who, all)
		if err != nil {
			return err
		}
		if limit > 0 && len(list) > limit {
			list = list[:limit]
			fmt.Fprintf(p.err, "there are more: raise --limit (now %d)\n", limit)
		}
		return p.show(list, func(w io.Writer) error {
			t := table{head: []string{"NUMBER", "DAY", "FINDING", "VERDICT", "BY", "FROM", "NOTE", "REASON"}}
			for _, v := range list {
				t.add(strconv.FormatInt(v.ID, 10), day(v.At), v.Name, string(v.Kind), v.Who, string(v.Source), v.Note, line(v.Reason))
			}
			return t.write(w, p.width)
		})
	})
	return c
}

func listVerdicts(ctx context.Context, s store.Store, of, who string, all bool) ([]verdictView, error) {
	q := store.VerdictQuery{Standing: !all}
	names, err := repositoryNames(ctx, s)
	if err != nil {
		return nil, err
	}
	if of != "" {
		repository, no, err := promoter.ParseFindingName(of)
		if err != nil {
			return nil, usagef("--finding: %w", err)
		}
		q.Finding = no
		for id, name := range names {
			if sameName(name, repository) {
				q.RepoID = id
			}
		}
		if q.RepoID == 0 {
			return nil, unknownRepository(ctx, s, repository)
		}
	}
	people, err := peopleByID(ctx, s)
	if err != nil {
		return nil, err
	}
	verdicts, err := s.Verdicts(ctx, q)
	if err != nil {
		return nil, err
	}
	out := []verdictView{}
	for _, v := range slices.Backward(verdicts) {
		if !all && v.Person == 0 || who != "" && !people[v.Person].is(who) {
			continue
		}
		out = append(out, verdictView{Verdict: v, Name: promoter.FindingName(names[v.RepoID], v.Finding), Who: people[v.Person].name(v.Person), Note: verdictNote(v)})
	}
	return out, nil
}

// text is the verdict in a line.
func (v verdictView) text() string {
	text := fmt.Sprintf("%s by %s on %s", v.Kind, v.Who, day(v.At))
	if !v.Until.IsZero() {
		text += ", until " + day(v.Until)
	}
	if v.Reason != "" {
		text += ": " + line(v.Reason)
	}
	return text + some(v.Note)
}

func verdictNote(v promoter.Verdict) string {
	switch {
	case !v.Stands():
		return "taken back"
	case v.Uncounted != "":
		return "does not count: " + v.Uncounted
	case v.Exposure == 0:
		return "nothing was shown"
	case v.Audit:
		return "audit"
	case v.Burst:
		return "burst: counts as silence"
	}
	return ""
}

func repositoryNames(ctx context.Context, s store.Repositories) (map[int64]string, error) {
	repos, err := s.Repositories(ctx)
	names := make(map[int64]string, len(repos))
	for _, r := range repos {
		names[r.ID] = r.FullName()
	}
	return names, err
}

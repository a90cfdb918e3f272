package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

func (p *program) exportVEXCommand() *cobra.Command {
	var repository, author string
	c := &cobra.Command{
		Use: "openvex", Short: "what was decided about known vulnerabilities, as OpenVEX", Args: takes(),
		Long: "Writes an OpenVEX document to standard output, with a statement for each known vulnerability that somebody decided about:\n" +
			"not_affected for false positives and suppressions, affected for what is accepted or will not be fixed, each with the reason.\n" +
			"What nobody decided about is left out. The product is the repository, its part is the package.",
		Example: "  sluice export openvex --repository acme/shop > acme-shop.openvex.json",
	}
	c.Flags().StringVar(&repository, "repository", "", "owner/name; default: all")
	c.Flags().StringVar(&author, "author", "Sluice", "who the document says it is by")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		all, err := settledFindings(ctx, a, repository)
		if err != nil {
			return err
		}
		return writeJSON(p.out, vexOf(all, author, a.Now().UTC()))
	})
	return c
}

func (p *program) exportSARIFCommand() *cobra.Command {
	var repository string
	c := &cobra.Command{
		Use: "sarif", Short: "what is there, as SARIF, with what was decided as suppressions", Args: takes(),
		Long: "Writes a SARIF document to standard output with every finding that is present on a branch. Those that somebody decided\n" +
			"about carry a suppression with its reason, so that what reads the document does not raise them again.",
		Example: "  sluice export sarif --repository acme/shop > acme-shop.sarif",
	}
	c.Flags().StringVar(&repository, "repository", "", "owner/name; default: all")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		all, err := settledFindings(ctx, a, repository)
		if err != nil {
			return err
		}
		out := newSARIF()
		for _, f := range all {
			out.add(f.host, f.findingView)
			for _, s := range f.settled {
				out.suppress(f.findingView, s.reason)
			}
		}
		return writeJSON(p.out, out.log)
	})
	return c
}

// settledFinding is a finding on a branch with what was decided about it.
type settledFinding struct {
	findingView
	host    string
	settled []settlement
}

// settlement is one decision of people about a finding.
type settlement struct {
	status string // in OpenVEX: affected or not_affected; "" says neither
	reason string
	until  time.Time // its last day; zero: for good
}

// settledFindings lists what is present on branches, by repository and number.
func settledFindings(ctx context.Context, a *app.App, repository string) ([]settledFinding, error) {
	s, err := a.ReadStore(ctx)
	if err != nil {
		return nil, err
	}
	cohorts, err := cohortsByID(ctx, s)
	if err != nil {
		return nil, err
	}
	var out []settledFinding
	known := false
	err = eachRepository(ctx, s, repository, func(snap *store.Snapshot) (bool, error) {
		known = true
		for _, v := range views(snap, cohorts) {
			if !slices.ContainsFunc(v.Seen, onBranch) {
				continue
			}
			out = append(out, settledFinding{v, snap.Repository.Host, settlements(snap, v, a.Now())})
		}
		return true, nil
	})
	if err == nil && repository != "" && !known {
		err = unknownRepository(ctx, s, repository)
	}
	return out, err
}

func onBranch(s sightingView) bool {
	return s.State == string(store.SightingPresent) && store.ChangeOf(s.Ref) == 0
}

// statuses are what decisions mean in OpenVEX. That something is not useful to
// hear says nothing about whether it is so.
var statuses = map[string]string{
	string(promoter.VerdictFalsePositive): vexNotAffected, input.ExceptionSuppression: vexNotAffected,
	string(promoter.VerdictAccepted): vexAffected, string(promoter.VerdictWontFix): vexAffected, input.ExceptionAccepted: vexAffected,
}

const (
	vexAffected    = "affected"
	vexNotAffected = "not_affected"
)

// settlements are the dispositions in force on branches, and the suppressions
// and exceptions that the newest decision was made under.
func settlements(snap *store.Snapshot, v findingView, now time.Time) []settlement {
	var out []settlement
	for _, d := range snap.Dispositions {
		if d.Finding == v.no && d.PullRequest == 0 && d.InForce(0, now) {
			out = append(out, settlement{status: statuses[string(d.Kind)], reason: cmp.Or(d.Reason, string(d.Kind)), until: d.Expires})
		}
	}
	for _, d := range v.Decisions {
		var doc input.Surface
		if d.PullRequest != 0 || json.Unmarshal(d.input, &doc) != nil {
			continue
		}
		for _, e := range doc.Exceptions {
			if e.Kind == input.ExceptionSuppression || e.Kind == input.ExceptionAccepted {
				out = append(out, settlement{status: statuses[e.Kind], reason: e.Reason})
			}
		}
	}
	return out
}

// A minimal OpenVEX document, version 0.2.0:
// https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md
type (
	vexDocument struct {
		Context    string         `json:"@context"`
		ID         string         `json:"@id"`
		Author     string         `json:"author"`
		Timestamp  string         `json:"timestamp"`
		Version    int            `json:"version"`
		Tooling    string         `json:"tooling"`
		Statements []vexStatement `json:"statements"`
	}
	vexStatement struct {
		Vulnerability vexVulnerability `json:"vulnerability"`
		Products      []vexProduct     `json:"products"`
		Status        string           `json:"status"`
		Justification string           `json:"justification,omitempty"`
		Impact        string           `json:"impact_statement,omitempty"`
		Action        string           `json:"action_statement,omitempty"`
	}
	vexVulnerability struct {
		Name    string   `json:"name"`
		Aliases []string `json:"aliases,omitempty"`
	}
	vexProduct struct {
		ID   string    `json:"@id"`
		Subs []vexPart `json:"subcomponents,omitempty"`
	}
	vexPart struct {
		ID string `json:"@id"`
	}
)

// vexOf makes one statement for each decision about a known vulnerability; two
// scanners that report the same are one.
func vexOf(all []settledFinding, author string, at time.Time) vexDocument {
	doc := vexDocument{
		Context: "https://openvex.dev/ns/v0.2.0", Author: author, Timestamp: at.Format(time.RFC3339), Version: 1, Tooling: "Sluice",
		Statements: []vexStatement{},
	}
	seen := map[string]bool{}
	for _, f := range all {
		if len(f.facts.Advisories) == 0 {
			continue
		}
		names := slices.SortedFunc(slices.Values(f.facts.Advisories), func(a, b string) int {
			return cmp.Or(cmp.Compare(strings.Index(b, "CVE-"), strings.Index(a, "CVE-")), cmp.Compare(a, b))
		})
		product := vexProduct{ID: "pkg:github/" + strings.ToLower(f.Repository)}
		if p := f.facts.Package; p != nil && p.PURL != "" {
			product.Subs = []vexPart{{p.PURL}}
		}
		for _, s := range f.settled {
			st := vexStatement{Vulnerability: vexVulnerability{names[0], names[1:]}, Products: []vexProduct{product}, Status: s.status}
			switch s.status {
			case "":
				continue
			case vexAffected:
				st.Action = s.reason
				if !s.until.IsZero() {
					st.Action += " (accepted until " + s.until.Format(time.DateOnly) + ")"
				}
			case vexNotAffected:
				st.Impact = s.reason
				if f.facts.Reachability == "imported" || f.facts.Reachability == "required" {
					st.Justification = "vulnerable_code_not_in_execute_path"
				}
			}
			if key := fmt.Sprintf("%q %q %q %q", names[0], product, st.Status, s.reason); !seen[key] {
				seen[key] = true
				doc.Statements = append(doc.Statements, st)
			}
		}
	}
	raw, _ := json.Marshal(doc.Statements) // of plain text
	doc.ID = "urn:sluice:openvex:" + promoter.HashBody(string(raw))
	return doc
}

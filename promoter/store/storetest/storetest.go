// Package storetest is the one conformance suite of everything that claims to
// be a store.Store. An implementation joins with a test that opens empty
// databases for it.
//
// The awkward truth: it sees a store only through its interface. What needs
// the raw database (a tampered ledger, a killed process, a full disk) is
// tested beside each implementation.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Exercise holds an implementation to the contract. open returns an empty
// store and closes it when its test ends. A store that can count its rows
// (RowCounts, see Growth) is also held to write only where something changed.
func Exercise(t *testing.T, open func(t *testing.T) store.Store) {
	for _, part := range []struct {
		name string
		test func(t *testing.T, s store.Store)
	}{
		{"runs and sources", runs},
		{"deliveries", deliveries},
		{"repositories are found, renamed and versioned", repositories},
		{"what is applied is loaded", applied},
		{"a failing Apply leaves nothing", allOrNothing},
		{"digests and marks", digestsAndMarks},
		{"open changes", openChanges},
		{"any series of changes", anySeries},
		{"the ladder", ladder},
		{"holds, releases and overrides", holds},
		{"a part goes down alone", carves},
		{"cohorts are cut otherwise", recuts},
		{"what was weighed", weighing},
		{"the backlog", backlog},
		{"pause and resume", pauses},
		{"approvals", approvals},
		{"campaigns", campaigns},
		{"an effect's life", effectLife},
		{"an effect's legal steps", effectSteps},
		{"one effect for one generation", effectOnce},
		{"effects that a lost store had done", adoptedEffects},
		{"a reply is an effect", replies},
		{"a dismissal on an alert is a notice and an effect", dismissals},
		{"what was shown since", shownSince},
		{"what was shown, in the order of evidence", exposures},
		{"verdicts are given, edited and taken back", verdicts},
		{"a verdict is about what was on display", verdictsBind},
		{"bursts and people", bursts},
		{"what is to be weighed anew", stirs},
		{"pull requests to listen to", conversations},
		{"the queue's sample", samples},
		{"dispositions", dispositions},
		{"the ledger", ledger},
		{"the run lock", lock},
		{"people write while a run does", people},
		{"cached responses", cached},
		{"documents", documents},
		{"risks of advisories", risks},
		{"pull requests that were let through", releases},
		{"since when all has been well", tracks},
		{"old runs are forgotten", prunesRuns},
		{"what is long gone is forgotten", prunesWhatIsGone},
		{"pull requests of which nothing is known", prunesPullRequests},
		{"files that are gone, and responses", prunesFilesAndResponses},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, open(t)) })
	}
}

// At is a moment the suite's rows carry.
func At(minutes int) time.Time {
	return time.Date(2026, 3, 1, 9, 0, 0, 123456000, time.UTC).Add(time.Duration(minutes) * time.Minute)
}

// Counter is what a store offers so that growth can be told.
type Counter interface {
	RowCounts(ctx context.Context) (map[string]int64, error)
}

// Growth returns by how many rows each table grew since an earlier count,
// without those that did not.
func Growth(t *testing.T, s Counter, before map[string]int64) map[string]int64 {
	t.Helper()
	growth := map[string]int64{}
	for table, n := range must(s.RowCounts(t.Context()))(t) {
		if n != before[table] {
			growth[table] = n - before[table]
		}
	}
	return growth
}

// TB is what the suite's helpers need of *testing.T, *testing.B and *rapid.T.
type TB interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// must unwraps an answer: must(f())(t).
func must[T any](v T, err error) func(t TB) T {
	return func(t TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func equal(a, b any) bool { return cmp.Equal(a, b, cmpopts.EquateEmpty()) }

func conflict(t TB, what string, err error) {
	t.Helper()
	if c := (*store.ConflictError)(nil); !errors.As(err, &c) {
		t.Fatalf("%s: got %v, want a ConflictError", what, err)
	}
}

// Repository adds a repository that no other test of the store has.
func Repository(t TB, s store.Store, name string) promoter.Repository {
	t.Helper()
	return must(s.EnsureRepository(context.Background(), promoter.Repository{
		Host: "github.example", ExternalID: "id-" + name, Owner: "acme", Name: name,
		Facts: promoter.RepositoryFacts{DefaultBranch: "main", Visibility: "private"},
	}, 1))(t)
}

// First is a first step in a repository: one scan of the default branch with n
// findings in one cohort, all decided, with texts as long as real ones.
func First(repoID, cohortID int64, n int) store.Changes {
	c := store.Changes{
		RepoID: repoID, RunID: 1, At: At(0),
		Deliveries: []store.Delivery{{Source: "ci", Location: fmt.Sprintf("reports/%d.sarif", repoID), Digest: "d1", RepoID: repoID,
			State: "complete", Results: n, Findings: n, At: At(0)}},
		Scopes: []store.Scope{{No: 1, Scope: finding.Scope{Source: "ci", Ref: "refs/heads/main", Tool: "gosec", Category: "go"}, FirstScan: 1}},
		Scans: []store.Scan{{No: 1, Scope: 1, Commit: "c1", State: store.ScanComplete, Tool: "gosec", ToolVersion: "2.22",
			RulesDigest: "r1", Location: "reports/1.sarif", At: At(0), RunID: 1}},
		Entries: []store.Entry{{Kind: "decisions", Body: map[string]any{"repo": repoID, "count": n}}},
	}
	for i := range n {
		no := int64(i + 1)
		c.Findings = append(c.Findings, Finding(no, cohortID))
		c.Sightings = append(c.Sightings, Sighting(no))
		c.Decisions = append(c.Decisions, Decision(no))
	}
	return c
}

// Finding is one that a scanner of source code might report.
func Finding(no, cohortID int64) store.Finding {
	return store.Finding{No: no, Version: 1, FirstScan: 1, CohortID: cohortID, Facts: finding.Finding{
		Scanner: finding.Scanner{Name: "gosec", Version: "2.22"}, Kind: finding.SAST,
		Rule: finding.Rule{ID: "G204", Name: "Subprocess launched with variable", HelpURL: "https://example.test/G204",
			CWEs: []string{"CWE-78"}, Tags: []string{"security"},
			Description: "A command is started with arguments that may come from outside. Check them first."},
		Severity: finding.High, SeverityFrom: finding.FromLevel,
		Message: fmt.Sprintf("Subprocess launched with a potential tainted input or cmd arguments (%d)", no), State: finding.Open,
	}}
}

// Sighting is the finding of that number standing in the first scope.
func Sighting(no int64) store.Sighting {
	line := 10 + int(no)
	return store.Sighting{Finding: no, Scope: 1, Since: 1, State: store.SightingPresent, LastScan: 1, Backlog: true,
		Place: &finding.Place{Path: fmt.Sprintf("internal/app%d/run.go", no%50), StartLine: line, EndLine: line, StartColumn: 2, EndColumn: 40},
		Parts: finding.Parts{Snippet: fmt.Sprintf(`cmd := exec.Command("sh", "-c", args[%d])`, no), LineHash: fmt.Sprintf("%016x:1", no*7919)}}
}

// Decision is the policy's first answer about the finding of that number.
func Decision(no int64) store.Decision {
	input := fmt.Sprintf(`{"schema":1,"finding":{"scanner":"gosec","kind":"sast","rule":{"id":"G204","name":"Subprocess launched with variable","cwes":["CWE-78"],"tags":["security"]},"severity":"high","place":{"path":"internal/app%d/run.go","class":"code"},"message":"Subprocess launched with a potential tainted input or cmd arguments (%d)","backlog":true},"repository":{"name":"acme/shop","group":"core","tier":1,"visibility":"private","topics":["pay"]},"stage":"observe","change":null,"exceptions":[]}`, no%50, no)
	return store.Decision{Finding: no, RunID: 1, PolicyRev: "p1", SettingsRev: "s1", FactVersion: 1, Stage: promoter.Observe,
		Input: []byte(input), Answer: []byte(`{"surfaces":[],"threshold":"high","group":"core","reasons":["stage observe shows nothing"]}`), Outcome: "decided"}
}

// Notice is a review comment about finding 1, as planned.
func Notice(repoID, no int64, cohortID int64) promoter.Notice {
	return promoter.Notice{No: no, Surface: promoter.SurfaceReview, Target: promoter.Target{RepoID: repoID, PullRequest: 7},
		Group: fmt.Sprintf("F%d", no), Generation: 1, State: promoter.NoticePlanned, Body: "look here", Desired: "h1",
		Anchor: &promoter.Anchor{Path: "run.go", Line: 12},
		Items:  []promoter.Item{{Finding: 1, CohortID: cohortID, Attempt: 1}}}
}

// Cohort is the one cohort that most of the suite's findings are in.
func Cohort(t TB, s store.Store) promoter.Cohort {
	t.Helper()
	return must(s.EnsureCohorts(context.Background(), []string{"core/gosec/high"}, At(0)))(t)[0]
}

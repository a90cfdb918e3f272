package simulation_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/simulate"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
	"github.com/sluice-sec/sluice/rules"
)

// The same events, played by `sluice simulate` and put into a store that runs
// weigh day by day, lead to the same moves on the same days.
func TestARunMovesAsTheSimulationDoes(t *testing.T) {
	ctx := t.Context()
	set, err := settings.Parse("settings.yaml", []byte("groups: {all: {repositories: [\"acme/*\"]}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policy.Load(ctx, policy.Source{FS: rules.FS, Name: "rules"}, set, policy.Options{SkipTests: true, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	for _, story := range []struct {
		name  string
		seed  uint64
		rules int
		right func(i, rule int) bool
		kinds []promoter.MoveKind // that there must be
	}{
		{"one rule of a good scanner turns to noise", 11, 4, func(i, rule int) bool { return rule != 1 || i < 200 }, []promoter.MoveKind{promoter.MovePromote, promoter.MoveCarve}},
		{"all of it turns to noise, in many rules", 12, 60, func(i, _ int) bool { return i < 220 }, []promoter.MoveKind{promoter.MovePromote, promoter.MoveRollback, promoter.MoveHold}},
		{"noise from the first day", 13, 4, func(i, _ int) bool { return i%2 == 0 }, []promoter.MoveKind{promoter.MovePromote}},
	} {
		t.Run(story.name, func(t *testing.T) {
			var labels []simulate.Label
			for i := range 420 {
				labels = append(labels, simulate.Label{Tool: "toy", Rule: fmt.Sprint("R", i%story.rules), Severity: []string{"high", "high", "medium"}[i%3], True: story.right(i, i%story.rules)})
			}
			told := newTold(t, set, engine)
			o := simulate.Options{Seed: story.seed, Policy: func(in input.Stage) (input.StageAnswer, error) {
				r := engine.Stage(ctx, in)
				return r.Answer, r.Err
			}}
			met := map[promoter.MoveKind]int{}
			simulate.Follow(ctx, labels, o, func(d simulate.Day) {
				got := told.day(labels, d)
				if diff := cmp.Diff(sorted(d.Moves), sorted(got)); diff != "" {
					t.Fatalf("on %s (-simulated +run):\n%s", d.Now, diff)
				}
				for _, m := range d.Moves {
					met[m.Kind]++
				}
			})
			for _, k := range story.kinds {
				if met[k] == 0 {
					t.Errorf("a story without a %s (%v) tells nothing of it", k, met)
				}
			}
		})
	}
}

func sorted(all []simulate.Moved) []simulate.Moved {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b simulate.Moved) int { return cmpText(a.Cohort+string(a.Kind), b.Cohort+string(b.Kind)) })
	return all
}

func cmpText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// told is a store to which a story is told.
type told struct {
	t       *testing.T
	db      *sqlite.DB
	cfg     run.Config
	now     time.Time
	repos   map[string]int64
	started bool
}

func newTold(t *testing.T, set *settings.Settings, engine *policy.Engine) *told {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "sluice.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w := &told{t: t, db: db, repos: map[string]int64{}}
	w.cfg = run.Config{Store: db, Decider: engine, Settings: set, Host: "sandbox", Now: func() time.Time { return w.now }, Log: zap.NewNop(),
		Actor: "os:test", Token: func() string { return "t" }, Secrets: func(s string) string { return s }}
	return w
}

func (w *told) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// start makes what the story is about: three repositories and all cohorts, half
// a month before the first day.
func (w *told) start(labels []simulate.Label, at time.Time) {
	ctx := context.Background()
	var keys []string
	for _, l := range labels {
		if key := "all/toy/" + l.Severity; !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	_, err := w.db.EnsureCohorts(ctx, keys, at)
	w.must(err)
	for i, name := range []string{"shop", "pay", "mail"} {
		r, err := w.db.EnsureRepository(ctx, promoter.Repository{Host: "sandbox", ExternalID: fmt.Sprint(i + 1), Owner: "acme", Name: name}, 1)
		w.must(err)
		w.repos["acme/"+name] = r.ID
		c := store.Changes{RepoID: r.ID, RunID: 1, At: at,
			Scopes: []store.Scope{{No: 1, Scope: finding.Scope{Source: "ci", Ref: "refs/heads/main", Tool: "toy"}, FirstScan: 1}},
			Scans:  []store.Scan{{No: 1, Scope: 1, Commit: "c", State: store.ScanComplete, Tool: "toy", At: at, RunID: 1}}}
		for n, l := range labels {
			severity, err := finding.ParseSeverity(l.Severity)
			w.must(err)
			c.Findings = append(c.Findings, store.Finding{No: int64(n + 1), Version: 1, FirstScan: 1, Facts: finding.Finding{
				Scanner: finding.Scanner{Name: l.Tool}, Kind: finding.SAST, Rule: finding.Rule{ID: l.Rule}, Severity: severity, Message: "m"}})
		}
		w.must(w.db.Apply(ctx, c))
	}
}

// day tells one day, lets a run look at it, approves what is proposed, and
// returns what moved.
func (w *told) day(labels []simulate.Label, d simulate.Day) (moves []simulate.Moved) {
	ctx := context.Background()
	if !w.started {
		w.started = true
		w.start(labels, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	}
	cohorts, err := w.db.Cohorts(ctx)
	w.must(err)
	by := map[string]promoter.Cohort{}
	for _, c := range cohorts {
		by[c.Key] = c
	}
	for _, s := range d.Shown {
		c, repo, no := by[s.Cohort], w.repos[s.Repository], s.Seq+1
		e := promoter.Exposure{RepoID: repo, Finding: no, PullRequest: int(no), Notice: no, CohortID: c.ID, Attempt: c.Attempt, Cluster: s.Cluster, ShownAt: s.ShownAt, Coin: s.Coin}
		w.must(w.db.Apply(ctx, store.Changes{RepoID: repo, RunID: 1, At: s.ShownAt, Shown: []promoter.Exposure{e}}))
		v := s.Verdicts[0]
		people, err := w.db.EnsurePeople(ctx, promoter.Alias{System: "github", Login: v.Person})
		w.must(err)
		w.must(w.db.Record(ctx, store.Recording{Actor: "os:test", At: v.At, Verdicts: []promoter.Verdict{{RepoID: repo, Finding: no, Notice: no, Person: people[0],
			Kind: promoter.VerdictKind(v.Kind), Source: promoter.FromReaction, ExternalID: fmt.Sprint(no), At: v.At, Audit: v.Audit}},
			Closed: []store.ClosedChange{{RepoID: repo, Number: int(no), At: s.ClosedAt}}}))
	}
	w.now = d.Now
	for range 2 {
		r, err := run.Run(ctx, w.cfg, run.Selection{})
		w.must(err)
		for _, m := range r.Moves {
			moves = append(moves, simulate.Moved{Cohort: m.Cohort, Kind: m.Kind, From: m.From, To: m.To})
		}
		for _, p := range r.Plans {
			w.must(w.db.DecideApproval(ctx, p.ID, promoter.ApprovalApproved, "os:lead", "", d.Now))
		}
		if len(r.Plans) == 0 {
			break
		}
	}
	return moves
}

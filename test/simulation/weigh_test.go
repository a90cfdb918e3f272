package simulation_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/ladder"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
	"github.com/sluice-sec/sluice/promoter/store/storetest"
	"github.com/sluice-sec/sluice/rules"
)

// history is a cohort to which anything may happen, in any order, with runs in
// between.
type history struct {
	*rapid.T
	db    *sqlite.DB
	cfg   run.Config
	now   time.Time
	repo  int64
	key   string
	shown []promoter.Exposure // in the present stay and in earlier ones
	said  int
	pulls int
	epoch int
	went  int // runs that went on from a checkpoint
}

func (h *history) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *history) cohort() store.Standing {
	all, err := h.db.Standings(context.Background())
	h.must(err)
	for _, s := range all {
		if s.Key == h.key {
			return s
		}
	}
	h.Fatal("no cohort")
	return store.Standing{}
}

// about is a moment near now: mostly before it, at times after it by another's clock.
func (h *history) about() time.Time {
	return h.now.Add(-time.Duration(rapid.SampledFrom([]int{0, 1, 30, 60, 600, 6000, -3, -40}).Draw(h.T, "minutes")) * time.Minute)
}

func (h *history) show() {
	c := h.cohort()
	var pulls []int
	for range rapid.SampledFrom([]int{1, 3, 40, 300}).Draw(h.T, "clusters") {
		h.pulls++
		pulls = append(pulls, h.pulls)
	}
	h.expose(c.Cohort, pulls...)
}

// join lets another finding be shown where something was shown before.
func (h *history) join() {
	if h.pulls > 0 {
		h.expose(h.cohort().Cohort, rapid.IntRange(1, h.pulls).Draw(h.T, "pull request"))
	}
}

func (h *history) expose(c promoter.Cohort, pulls ...int) {
	changes := store.Changes{RepoID: h.repo, RunID: 1, At: h.now}
	at := h.about()
	for _, pull := range pulls {
		e := promoter.Exposure{RepoID: h.repo, Finding: int64(len(h.shown)%40 + 1), Notice: int64(pull), PullRequest: pull, CohortID: c.ID, Attempt: c.Attempt,
			Cluster: fmt.Sprintf("%d#%d", h.repo, pull), ShownAt: at.Add(-time.Duration(pull%7) * time.Hour), Coin: len(h.shown)%5 == 0}
		changes.Shown = append(changes.Shown, e)
		h.shown = append(h.shown, e)
	}
	h.must(h.db.Apply(context.Background(), changes))
}

func (h *history) pick() (promoter.Exposure, bool) {
	if len(h.shown) == 0 {
		return promoter.Exposure{}, false
	}
	return h.shown[rapid.IntRange(0, len(h.shown)-1).Draw(h.T, "which")], true
}

// answer lets somebody answer, or edit an answer.
func (h *history) answer() {
	for range rapid.SampledFrom([]int{1, 2, 25}).Draw(h.T, "answers") {
		e, ok := h.pick()
		if !ok {
			return
		}
		who := rapid.SampledFrom([]string{"ada", "ben", "cid", "ada-at-home"}).Draw(h.T, "who")
		people, err := h.db.EnsurePeople(context.Background(), promoter.Alias{System: "github", Login: who})
		h.must(err)
		h.said++
		id := rapid.IntRange(max(h.said-9, 1), h.said).Draw(h.T, "answer or edit")
		v := promoter.Verdict{RepoID: e.RepoID, Finding: e.Finding, Notice: e.Notice, Person: people[0], Source: promoter.FromReply, ExternalID: fmt.Sprint("review/", id), At: h.about(),
			Kind:  rapid.SampledFrom([]promoter.VerdictKind{promoter.VerdictFalsePositive, promoter.VerdictUseful, promoter.VerdictWontFix, promoter.VerdictDuplicate}).Draw(h.T, "kind"),
			Audit: e.Coin && rapid.IntRange(0, 3).Draw(h.T, "audit") == 0}
		if rapid.IntRange(0, 5).Draw(h.T, "code") == 0 {
			v.Person, v.Source, v.Kind, v.Audit = 0, promoter.FromCode, promoter.VerdictGone, false
		}
		h.must(h.db.Record(context.Background(), store.Recording{RunID: 1, At: h.now, Verdicts: []promoter.Verdict{v}}))
	}
}

func (h *history) retract() {
	standing, err := h.db.Verdicts(context.Background(), store.VerdictQuery{Standing: true})
	h.must(err)
	if len(standing) > 0 {
		v := standing[rapid.IntRange(0, len(standing)-1).Draw(h.T, "taken back")]
		h.must(h.db.Record(context.Background(), store.Recording{RunID: 1, At: h.now, Retract: []int64{v.ID}}))
	}
}

func (h *history) closes() {
	if h.pulls == 0 {
		return
	}
	at := h.now.Add(-time.Hour)
	if rapid.IntRange(0, 3).Draw(h.T, "again") == 0 {
		at = time.Time{}
	}
	pull := rapid.IntRange(1, h.pulls).Draw(h.T, "closed")
	var all []store.ClosedChange
	for n := pull; n <= min(pull+100, h.pulls); n++ {
		all = append(all, store.ClosedChange{RepoID: h.repo, Number: n, At: at})
	}
	h.must(h.db.Record(context.Background(), store.Recording{RunID: 1, At: h.now, Closed: all}))
}

func (h *history) onePerson() {
	_, err := h.db.JoinPeople(context.Background(), [][]promoter.Alias{{{System: "github", Login: "ada"}, {System: "github", Login: "ada-at-home"}}})
	h.must(err)
}

func (h *history) newVersion() {
	h.epoch++
	h.must(h.db.AddEpoch(context.Background(), h.cohort().ID, h.now, fmt.Sprint("version ", h.epoch)))
}

// order holds the cohort, or releases it, or moves it.
func (h *history) order() {
	c := h.cohort()
	m := promoter.Move{CohortID: c.ID, From: c.Stage, To: c.Stage, Actor: "os:lead", Reason: "so", At: h.now, Kind: promoter.MoveHold}
	switch {
	case c.Hold != nil || c.Audit != nil:
		m.Kind = promoter.MoveRelease
	case rapid.IntRange(0, 2).Draw(h.T, "move") == 0:
		m.Kind, m.To = promoter.MoveOverride, rapid.SampledFrom([]promoter.Stage{promoter.Triage, promoter.Advise}).Draw(h.T, "to")
	}
	_, err := h.db.MoveCohort(context.Background(), m)
	h.must(err)
}

func (h *history) wait() {
	h.now = h.now.Add(time.Duration(rapid.SampledFrom([]int{1, 5, 24, 24 * 8, 24 * 61}).Draw(h.T, "hours")) * time.Hour)
}

// look lets a run weigh, and compares what it says with all that is known,
// weighed from nothing.
func (h *history) look() {
	before := h.cohort()
	all, err := h.db.Exposures(context.Background(), before.ID, before.Attempt, store.ClusterMark{})
	h.must(err) // the run itself draws more for the queue
	var from evidence.Checkpoint
	h.cfg.Store = seeing{h.db, func() {
		from, _ = h.db.CheckpointBefore(context.Background(), before.ID, before.Attempt, store.ClusterMark{})
	}}
	_, err = run.Run(context.Background(), h.cfg, run.Selection{})
	h.must(err)
	after := h.cohort()
	if after.Weighed == nil || after.Generation != before.Generation {
		return // it has moved, and what was known is of the stay before
	}
	set := h.cfg.Settings
	clusters, err := h.db.ShownSince(context.Background(), h.now.AddDate(0, 0, -30))
	h.must(err)
	want, err := evidence.Evaluate(evidence.Cohort{
		Stage: evidence.Stage(before.Stage.String()), Attempt: int(before.Attempt), Climb: before.Climb, Entered: before.Since, Fell: before.Fell,
		Released: before.Released, Repositories: 1, Epochs: before.Epochs, Bars: ladder.BarsOf(set, "high", ladder.LimitOf(set, clusters[0])),
	}, all, h.now)
	h.must(err)
	want.Next, after.Weighed.Result.Next = time.Time{}, time.Time{} // when to look again is the run's business, too
	if diff := cmp.Diff(want, after.Weighed.Result, cmpopts.IgnoreUnexported(evidence.Result{}), cmpopts.EquateEmpty()); diff != "" {
		h.Fatalf("(-from nothing +as the run has it)\n%s", diff)
	}
	if from.Seq > 0 {
		h.went++
	}
}

// seeing tells when a run begins to weigh.
type seeing struct {
	store.Store
	see func()
}

func (s seeing) WeighedUpTo(ctx context.Context) (int64, error) {
	s.see()
	return s.Store.WeighedUpTo(ctx)
}

// Whatever is said, edited, taken back, closed, joined or ordered, in whichever
// order and with runs at any time in between: a run, which goes on from
// checkpoints and weighs only what was stirred, knows what it would know had it
// weighed everything from nothing.
func TestWhatIsKnownIsWhatWouldBeFoundFromNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("plays many histories")
	}
	set, err := settings.Parse("settings.yaml", []byte("hold: {audit: 0.2}\n"))
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policy.Load(t.Context(), policy.Source{FS: rules.FS, Name: "rules"}, set, policy.Options{SkipTests: true, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	dir, n, went := t.TempDir(), 0, 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		db, err := sqlite.Open(context.Background(), filepath.Join(dir, fmt.Sprint(n, ".db")), sqlite.Options{})
		if err != nil {
			r.Fatal(err)
		}
		defer db.Close()
		h := &history{T: r, db: db, now: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC), key: "rest/gosec/high"}
		h.cfg = run.Config{Decider: engine, Settings: set, Host: "sandbox", Now: func() time.Time { return h.now }, Log: zap.NewNop(),
			Actor: "os:test", Token: func() string { return "t" }, Secrets: func(s string) string { return s }}
		cohorts, err := db.EnsureCohorts(context.Background(), []string{h.key}, h.now)
		h.must(err)
		_, err = db.MoveCohort(context.Background(), promoter.Move{CohortID: cohorts[0].ID, From: promoter.Observe, To: promoter.Advise, Kind: promoter.MoveOverride, Actor: "os:lead", At: h.now})
		h.must(err)
		repo, err := db.EnsureRepository(context.Background(), promoter.Repository{Host: "sandbox", ExternalID: "1", Owner: "acme", Name: "shop"}, 1)
		h.must(err)
		h.repo = repo.ID
		h.must(db.Apply(context.Background(), storetest.First(repo.ID, cohorts[0].ID, 40)))
		things := []func(){h.show, h.answer, h.look, h.wait, h.answer, h.retract, h.join, h.closes, h.newVersion, h.order, h.onePerson, h.look}
		h.show()
		for range rapid.IntRange(3, 24).Draw(r, "steps") {
			things[rapid.IntRange(0, len(things)-1).Draw(r, "what")]()
		}
		h.look()
		went += h.went
	})
	if went == 0 {
		t.Error("no run went on from a checkpoint: the test shows nothing")
	}
}

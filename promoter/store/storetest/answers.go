package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/store"
)

// stay is a cohort in a stage with findings shown in pull requests.
type stay struct {
	t      *testing.T
	s      store.Store
	repo   int64
	cohort promoter.Cohort
}

func newStay(t *testing.T, s store.Store, findings int) stay {
	t.Helper()
	repo, cohort := Repository(t, s, "shop"), Cohort(t, s)
	c := First(repo.ID, cohort.ID, findings)
	c.Entries = nil
	ok(t, s.Apply(t.Context(), c))
	return stay{t, s, repo.ID, cohort}
}

func (y stay) exposure(finding int64, pull, minute int) promoter.Exposure {
	return promoter.Exposure{RepoID: y.repo, Finding: finding, Notice: finding, PullRequest: pull, CohortID: y.cohort.ID, Attempt: y.cohort.Attempt,
		Cluster: promoter.ClusterOf(promoter.Notice{Target: promoter.Target{RepoID: y.repo, PullRequest: pull}}), ShownAt: At(minute)}
}

func (y stay) show(all ...promoter.Exposure) {
	y.t.Helper()
	ok(y.t, y.s.Apply(y.t.Context(), store.Changes{RepoID: y.repo, RunID: 1, At: At(0), Shown: all}))
}

func (y stay) record(r store.Recording) {
	y.t.Helper()
	ok(y.t, y.s.Record(y.t.Context(), r))
}

func (y stay) exposures(after store.ClusterMark) []evidence.Exposure {
	y.t.Helper()
	return must(y.s.Exposures(y.t.Context(), y.cohort.ID, y.cohort.Attempt, after))(y.t)
}

func (y stay) person(login string) int64 {
	y.t.Helper()
	return must(y.s.EnsurePeople(y.t.Context(), promoter.Alias{System: "github", Login: login}))(y.t)[0]
}

func (y stay) verdict(finding, person int64, kind promoter.VerdictKind, external string, minute int) promoter.Verdict {
	return promoter.Verdict{RepoID: y.repo, Finding: finding, Notice: finding, Person: person, Kind: kind,
		Source: promoter.FromReply, ExternalID: external, Reason: "because Bob said so", At: At(minute)}
}

// answered are the findings' standing kinds as evidence hears them.
func answered(all []evidence.Exposure) map[int64]string {
	out := map[int64]string{}
	for _, e := range all {
		for _, v := range e.Verdicts {
			if v.RetractedAt.IsZero() {
				out[e.Seq] += string(v.Kind) + " "
			}
		}
	}
	return out
}

func exposures(t *testing.T, s store.Store) {
	y := newStay(t, s, 5)
	later, first := y.exposure(1, 9, 30), y.exposure(2, 7, 10)
	y.show(later, first)
	again := y.exposure(3, 9, 40) // joins a cluster that began before
	y.show(again, first)
	early := y.exposure(4, 9, 5) // by the platform's clock the first of all
	early.Coin, early.Share = true, .2
	y.show(early)
	elsewhere := y.exposure(5, 7, 11)
	elsewhere.Attempt++
	y.show(elsewhere)

	type row struct {
		Cluster, Rule, Repository string
		At                        time.Time
		Coin                      bool
		Share                     float64
	}
	rows := func(after store.ClusterMark) (out []row) {
		for _, e := range y.exposures(after) {
			out = append(out, row{e.Cluster, e.Rule, e.Repository, e.ShownAt, e.Coin, e.Share})
		}
		return out
	}
	nine, seven := later.Cluster, first.Cluster
	same(t, "in the order of showing", rows(store.ClusterMark{}), []row{
		{nine, "G204", "acme/shop", At(30), false, 0}, {nine, "G204", "acme/shop", At(40), false, 0}, {nine, "G204", "acme/shop", At(5), true, .2},
		{seven, "G204", "acme/shop", At(10), false, 0}})
	same(t, "after the first cluster", rows(store.ClusterMark{At: At(5), Cluster: nine}), []row{{seven, "G204", "acme/shop", At(10), false, 0}})
	same(t, "after the last", rows(store.ClusterMark{At: At(10), Cluster: seven}), []row{})

	y.record(store.Recording{At: At(50), Closed: []store.ClosedChange{{RepoID: y.repo, Number: 7, At: At(45)}}})
	same(t, "closed", y.exposures(store.ClusterMark{})[3].ClosedAt, At(45))
	y.record(store.Recording{At: At(60), Closed: []store.ClosedChange{{RepoID: y.repo, Number: 7}}})
	same(t, "open again", y.exposures(store.ClusterMark{})[3].ClosedAt.IsZero(), true)
}

func verdicts(t *testing.T, s store.Store) {
	ctx := t.Context()
	y := newStay(t, s, 2)
	y.show(y.exposure(1, 7, 10), y.exposure(2, 7, 11))
	alice, bob := y.person("alice"), y.person("bob")
	said := y.verdict(1, alice, promoter.VerdictFalsePositive, "review/5", 20)
	disposed := promoter.Disposition{RepoID: y.repo, Finding: 1, PullRequest: 7, Kind: said.Kind, Person: alice, Reason: said.Reason,
		Since: At(20), Source: said.Source, ExternalID: said.ExternalID}
	rec := store.Recording{RunID: 3, At: At(21), Verdicts: []promoter.Verdict{said, y.verdict(2, bob, promoter.VerdictUseful, "reaction/6", 20)},
		Dispositions: []promoter.Disposition{disposed}, Heard: []promoter.Heard{{RepoID: y.repo, PullRequest: 7, Comment: "review/5", Notice: 1, Person: alice, Topic: "false-positive", At: At(20)}}}
	mark := must(s.Marks(ctx))(t)[y.repo]
	y.record(rec)
	if must(s.Marks(ctx))(t)[y.repo] == mark {
		t.Error("a disposition leaves the repository's mark as it was")
	}
	entries := len(must(s.LedgerEntries(ctx, 0, 100))(t))
	y.record(rec)
	same(t, "ledger entries after the same again", len(must(s.LedgerEntries(ctx, 0, 100))(t)), entries)
	all := must(s.Verdicts(ctx, store.VerdictQuery{RepoID: y.repo}))(t)
	same(t, "verdicts after the same again", len(all), 2)
	said.ID, said.Exposure = all[0].ID, all[0].Exposure
	same(t, "a verdict", all[0], said)
	same(t, "as evidence", answered(y.exposures(store.ClusterMark{})), map[int64]string{1: "false-positive ", 2: "useful "})
	same(t, "in force", len(must(s.Load(ctx, y.repo))(t).Dispositions), 1)
	same(t, "heard", must(s.Heard(ctx, y.repo, 7))(t), rec.Heard)

	// Edited: the old one is retracted, the new one stands.
	edited := said
	edited.ID, edited.Exposure, edited.Kind = 0, 0, promoter.VerdictUseful
	y.record(store.Recording{At: At(30), Verdicts: []promoter.Verdict{edited}})
	same(t, "edited", answered(y.exposures(store.ClusterMark{})), map[int64]string{1: "useful ", 2: "useful "})
	standing := must(s.Verdicts(ctx, store.VerdictQuery{RepoID: y.repo, Standing: true, Finding: 1}))(t)
	y.record(store.Recording{At: At(31), Retract: []int64{standing[0].ID, standing[0].ID}})
	y.record(store.Recording{At: At(31), Retract: []int64{standing[0].ID}})
	same(t, "retracted", answered(y.exposures(store.ClusterMark{})), map[int64]string{2: "useful "})
	same(t, "what rested on it", len(must(s.Dispositions(ctx))(t)), 0)

	outsider := y.verdict(1, y.person("mallory"), promoter.VerdictFalsePositive, "review/9", 40)
	outsider.Uncounted = promoter.NotAMember
	y.record(store.Recording{At: At(41), Verdicts: []promoter.Verdict{outsider}})
	same(t, "an outsider is recorded", len(must(s.Verdicts(ctx, store.VerdictQuery{Finding: 1, Standing: true}))(t)), 1)
	same(t, "and not heard", answered(y.exposures(store.ClusterMark{})), map[int64]string{2: "useful "})
	for _, e := range must(s.LedgerEntries(ctx, 0, 100))(t) {
		for _, secret := range []string{"Bob", "alice", "mallory"} {
			if strings.Contains(string(e.Body), secret) {
				t.Errorf("%s is in the ledger: %s", secret, e.Body)
			}
		}
	}
	unknown := y.verdict(99, alice, promoter.VerdictUseful, "review/10", 41)
	if s.Record(ctx, store.Recording{At: At(42), Verdicts: []promoter.Verdict{y.verdict(2, alice, promoter.VerdictUseful, "review/11", 41), unknown}}) == nil {
		t.Error("a verdict on no finding was stored")
	}
	same(t, "all or nothing", answered(y.exposures(store.ClusterMark{})), map[int64]string{2: "useful "})
}

// A verdict is about what was on display when it was given.
func verdictsBind(t *testing.T, s store.Store) {
	y := newStay(t, s, 1)
	first, second := y.exposure(1, 7, 10), y.exposure(1, 7, 30)
	second.Attempt++
	y.show(first, second)
	alice := y.person("alice")
	for _, at := range []int{20, 40, 5} {
		v := y.verdict(1, alice, promoter.VerdictUseful, "", at)
		v.Source, v.Notice = promoter.FromCommand, 0
		y.record(store.Recording{Actor: "os:root", At: At(at), Verdicts: []promoter.Verdict{v}})
	}
	var bound []int64
	for _, v := range must(s.Verdicts(t.Context(), store.VerdictQuery{}))(t) {
		bound = append(bound, v.Exposure)
	}
	same(t, "bound to", bound, []int64{1, 2, 1})
}

func bursts(t *testing.T, s store.Store) {
	ctx := t.Context()
	y := newStay(t, s, 3)
	y.show(y.exposure(1, 7, 1), y.exposure(2, 8, 2), y.exposure(3, 9, 3))
	alice, alias := y.person("alice"), y.person("alice-2")
	y.record(store.Recording{At: At(20), Verdicts: []promoter.Verdict{
		y.verdict(1, alice, promoter.VerdictNotUseful, "review/1", 10),
		y.verdict(2, alice, promoter.VerdictNotUseful, "review/2", 11),
		y.verdict(3, alias, promoter.VerdictNotUseful, "review/3", 12)}})
	burst := func() (out []bool) {
		for _, e := range y.exposures(store.ClusterMark{}) {
			for _, v := range e.Verdicts {
				if v.RetractedAt.IsZero() {
					out = append(out, v.Burst)
				}
			}
		}
		return out
	}
	same(t, "the first of the day counts", burst(), []bool{false, true, false})
	_, upTo, err := s.Stirred(ctx, 0)
	ok(t, err)
	joined := must(s.JoinPeople(ctx, [][]promoter.Alias{{{System: "github", Login: "Alice-2"}, {System: "jira", Login: "a"}, {System: "github", Login: "alice"}}}))(t)
	same(t, "joined", joined, true)
	same(t, "under two logins a person is one", burst(), []bool{false, true, true})
	stirred, _, err := s.Stirred(ctx, upTo)
	ok(t, err)
	same(t, "to be weighed anew", len(stirred), 1)
	same(t, "the second name", y.person("ALICE-2"), alice)
	same(t, "joined twice", must(s.JoinPeople(ctx, [][]promoter.Alias{{{System: "github", Login: "alice"}, {System: "jira", Login: "a"}}}))(t), false)

	v := must(s.Verdicts(ctx, store.VerdictQuery{Finding: 1}))(t)[0]
	y.record(store.Recording{At: At(30), Retract: []int64{v.ID}})
	same(t, "when the first is taken back, the next counts", burst(), []bool{false, true})

	ok(t, s.ErasePerson(ctx, alice, "os:root", At(40)))
	conflict(t, "erased twice", s.ErasePerson(ctx, alice, "os:root", At(40)))
	same(t, "nobody has a name", must(s.People(ctx))(t), []promoter.Person{{ID: alice}})
	same(t, "what was said stays", burst(), []bool{false, true})
	for _, v := range must(s.Verdicts(ctx, store.VerdictQuery{Person: alice}))(t) {
		same(t, "their words", v.Reason, "")
	}
	if again := y.person("alice"); again == alice {
		t.Error("an erased person came back under the old number")
	}
}

func stirs(t *testing.T, s store.Store) {
	ctx := t.Context()
	y := newStay(t, s, 3)
	y.show(y.exposure(1, 7, 1), y.exposure(2, 8, 2), y.exposure(3, 9, 3))
	stirred, upTo, err := s.Stirred(ctx, 0)
	ok(t, err)
	first := y.exposure(1, 7, 1)
	same(t, "at first", stirred, []store.Stir{{CohortID: y.cohort.ID, Attempt: y.cohort.Attempt, First: store.ClusterMark{At: At(1), Cluster: first.Cluster}}})
	check := func(what string, want ...store.ClusterMark) {
		t.Helper()
		stirred, next, err := s.Stirred(ctx, upTo)
		ok(t, err)
		var got []store.ClusterMark
		for _, st := range stirred {
			got = append(got, st.First)
		}
		same(t, what, got, want)
		upTo = next
	}
	check("nothing new")
	y.show(y.exposure(1, 7, 1))
	check("shown again")
	second := store.ClusterMark{At: At(2), Cluster: y.exposure(2, 8, 2).Cluster}
	third := store.ClusterMark{At: At(3), Cluster: y.exposure(3, 9, 3).Cluster}
	alice, bob := y.person("alice"), y.person("bob")
	v := y.verdict(3, alice, promoter.VerdictUseful, "review/1", 10)
	y.record(store.Recording{At: At(10), Verdicts: []promoter.Verdict{v}})
	check("an answer", third)
	y.record(store.Recording{At: At(11), Verdicts: []promoter.Verdict{v}})
	check("the same answer")
	y.record(store.Recording{At: At(12), Verdicts: []promoter.Verdict{y.verdict(2, bob, promoter.VerdictUseful, "review/2", 10)},
		Closed: []store.ClosedChange{{RepoID: y.repo, Number: 9, At: At(12)}}})
	check("an answer and a merge", second)
}

func conversations(t *testing.T, s store.Store) {
	ctx := t.Context()
	y := newStay(t, s, 3)
	c := store.Changes{RepoID: y.repo, RunID: 1, At: At(0), Notices: []promoter.Notice{Notice(y.repo, 1, y.cohort.ID), Notice(y.repo, 2, y.cohort.ID)}}
	c.Notices[1].Target.PullRequest = 8
	ok(t, s.Apply(ctx, c))
	y.show(y.exposure(1, 7, 10), y.exposure(2, 8, 20), y.exposure(3, 8, 21))
	task := Notice(y.repo, 3, y.cohort.ID)
	task.Surface, task.Target.PullRequest, task.Task = promoter.SurfaceTask, 0, &promoter.Task{Route: "pay"}
	ok(t, s.Apply(ctx, store.Changes{RepoID: y.repo, RunID: 1, At: At(0), Notices: []promoter.Notice{task}}))
	filed := y.exposure(3, 0, 25)
	y.show(filed)
	same(t, "tasks", must(s.TaskNotices(ctx, At(25)))(t), map[int64][]promoter.Notice{y.repo: {task}})
	same(t, "tasks of late", must(s.TaskNotices(ctx, At(26)))(t), map[int64][]promoter.Notice{})
	same(t, "notices of a pull request", must(s.NoticesAt(ctx, promoter.Target{RepoID: y.repo, PullRequest: 8}))(t), c.Notices[1:])
	seven, eight := promoter.Target{RepoID: y.repo, PullRequest: 7}, promoter.Target{RepoID: y.repo, PullRequest: 8}
	same(t, "all", must(s.Conversations(ctx, At(0), At(0)))(t), []promoter.Target{seven, eight})
	same(t, "of late", must(s.Conversations(ctx, At(15), At(0)))(t), []promoter.Target{eight})
	y.record(store.Recording{At: At(30), Closed: []store.ClosedChange{{RepoID: y.repo, Number: 8, At: At(30)}}})
	same(t, "just closed", must(s.Conversations(ctx, At(0), At(30)))(t), []promoter.Target{seven, eight})
	same(t, "closed long ago", must(s.Conversations(ctx, At(0), At(31)))(t), []promoter.Target{seven})
}

func samples(t *testing.T, s store.Store) {
	ctx := t.Context()
	y := newStay(t, s, 3)
	attempt := y.cohort.Attempt
	candidates := must(s.Candidates(ctx, y.cohort.ID, attempt))(t)
	same(t, "candidates", len(candidates), 3)
	if !strings.Contains(string(candidates[0].Answer), "surfaces") {
		t.Errorf("a candidate's decision: %s", candidates[0].Answer)
	}
	drawn := promoter.Exposure{RepoID: y.repo, Finding: 2, CohortID: y.cohort.ID, Attempt: attempt,
		Cluster: promoter.SampleCluster(y.repo, 2), ShownAt: At(1), Coin: true}
	ok(t, s.Sample(ctx, []promoter.Exposure{drawn}))
	drawn.ShownAt = At(9)
	ok(t, s.Sample(ctx, []promoter.Exposure{drawn}))
	same(t, "drawn once", len(y.exposures(store.ClusterMark{})), 1)
	same(t, "candidates left", len(must(s.Candidates(ctx, y.cohort.ID, attempt))(t)), 2)
	same(t, "in another stay", len(must(s.Candidates(ctx, y.cohort.ID, attempt+1))(t)), 3)
	y.show(y.exposure(1, 7, 5))
	open := must(s.Unanswered(ctx, y.cohort.ID, attempt, true))(t)
	drawn.ShownAt = At(1)
	same(t, "to be judged", open, []store.Shown{{Seq: open[0].Seq, Exposure: drawn}})
	same(t, "unanswered", len(must(s.Unanswered(ctx, y.cohort.ID, attempt, false))(t)), 2)
	judged := promoter.Verdict{RepoID: y.repo, Finding: 2, Exposure: open[0].Seq, Person: y.person("sec"), Kind: promoter.VerdictFalsePositive,
		Source: promoter.FromCommand, At: At(20), Audit: true}
	y.record(store.Recording{At: At(20), Verdicts: []promoter.Verdict{judged}})
	same(t, "judged", len(must(s.Unanswered(ctx, y.cohort.ID, attempt, true))(t)), 0)
	got := y.exposures(store.ClusterMark{})[0].Verdicts
	if len(got) != 1 || !got[0].Audit || got[0].Burst {
		t.Errorf("the judgement is %+v", got)
	}
}

func dispositions(t *testing.T, s store.Store) {
	ctx := t.Context()
	y := newStay(t, s, 2)
	today := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	d := promoter.Disposition{RepoID: y.repo, Finding: 1, Kind: promoter.VerdictAccepted, Reason: "until the rewrite", Plan: "P1", Since: At(0), Expires: today}
	y.record(store.Recording{At: At(0), Actor: "os:root", Dispositions: []promoter.Disposition{d}})
	got := must(s.Dispositions(ctx))(t)
	d.ID = got[0].ID
	same(t, "kept", got, []promoter.Disposition{d})
	for _, c := range []struct {
		pull int
		day  time.Time
		want bool
	}{{0, today, true}, {7, today.Add(23 * time.Hour), true}, {0, today.Add(24 * time.Hour), false}} {
		same(t, "in force", d.InForce(c.pull, c.day), c.want)
	}
	longer := d
	longer.Expires = today.AddDate(0, 0, 2)
	y.record(store.Recording{At: At(1), Dispositions: []promoter.Disposition{longer}})
	same(t, "replaced", len(must(s.Dispositions(ctx))(t)), 1)
	same(t, "ended too early", must(s.EndDispositions(ctx, today.AddDate(0, 0, 2), At(2)))(t), int64(0))
	mark := must(s.Marks(ctx))(t)[y.repo]
	same(t, "ended", must(s.EndDispositions(ctx, today.AddDate(0, 0, 3), At(3)))(t), int64(1))
	same(t, "none left", len(must(s.Load(ctx, y.repo))(t).Dispositions), 0)
	if must(s.Marks(ctx))(t)[y.repo] == mark {
		t.Error("the end of a disposition leaves the repository's mark as it was")
	}
	y.record(store.Recording{At: At(4), Dispositions: []promoter.Disposition{d}})
	mark = must(s.Marks(ctx))(t)[y.repo]
	y.record(store.Recording{At: At(5), End: []int64{must(s.Dispositions(ctx))(t)[0].ID, d.ID}})
	same(t, "ended by name", len(must(s.Dispositions(ctx))(t)), 0)
	if must(s.Marks(ctx))(t)[y.repo] == mark {
		t.Error("one that is ended by name leaves the repository's mark as it was")
	}
}

package storetest

import (
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// ranAt adds a run with one source's status.
func ranAt(t *testing.T, s store.Store, minutes int, selection, outcome, state string) int64 {
	t.Helper()
	id := must(s.BeginRun(t.Context(), store.Run{Selection: selection, Started: At(minutes)}))(t)
	ok(t, s.SaveSourceStatus(t.Context(), id, store.SourceStatus{Source: "ci", State: state, At: At(minutes)}))
	if outcome != "" {
		ok(t, s.EndRun(t.Context(), id, At(minutes+1), outcome, []byte(`{}`)))
	}
	return id
}

func tracks(t *testing.T, s store.Store) {
	ctx := t.Context()
	same(t, "a store in which nothing ran", must(s.RunTrack(ctx, "everything"))(t), store.Track{})
	same(t, "and its sources", must(s.SourceTracks(ctx))(t), map[string]store.Track{})
	ranAt(t, s, 10, "everything", "failed", "failed")
	same(t, "never good", must(s.RunTrack(ctx, "everything"))(t), store.Track{First: At(10)})
	same(t, "a source never good", must(s.SourceTracks(ctx))(t)["ci"], store.Track{First: At(10)})
	ranAt(t, s, 20, "everything", "partial", "partial")
	ranAt(t, s, 30, "acme/shop", "ok", "complete")
	ranAt(t, s, 40, "everything", "failed", "failed")
	ranAt(t, s, 50, "everything", "", "partial")
	same(t, "runs over everything", must(s.RunTrack(ctx, "everything"))(t), store.Track{First: At(10), Good: At(21)})
	same(t, "sources", must(s.SourceTracks(ctx))(t), map[string]store.Track{"ci": {First: At(10), Good: At(30)}})
}

func prunesRuns(t *testing.T, s store.Store) {
	ctx := t.Context()
	ranAt(t, s, 0, "everything", "ok", "complete")
	ranAt(t, s, 10, "everything", "ok", "complete")
	ranAt(t, s, 20, "everything", "ok", "failed")
	last := ranAt(t, s, 30, "everything", "ok", "failed")
	same(t, "a zero horizon", must(s.Prune(ctx, store.Horizon{}))(t), store.Pruned{})
	same(t, "of old runs go", must(s.Prune(ctx, store.Horizon{Runs: At(100)}))(t), store.Pruned{Runs: 2})
	same(t, "the newest run", must(s.LastRun(ctx))(t).ID, last)
	same(t, "the newest status and the newest complete one", must(s.SourceTracks(ctx))(t)["ci"], store.Track{First: At(10), Good: At(10)})
	same(t, "once more", must(s.Prune(ctx, store.Horizon{Runs: At(100)}))(t), store.Pruned{})
	if next := ranAt(t, s, 110, "everything", "", "complete"); next <= last {
		t.Errorf("run %d comes after %d", next, last)
	}
}

func prunesWhatIsGone(t *testing.T, s store.Store) {
	ctx := t.Context()
	repo, cohort := Repository(t, s, "shop"), Cohort(t, s)
	c := First(repo.ID, cohort.ID, 8)
	c.Scopes = append(c.Scopes, store.Scope{No: 2, Scope: finding.Scope{Source: "ci", Ref: "refs/pull/7/head", Tool: "gosec", Category: "go"}, FirstScan: 2})
	scan := func(no, scope int64, at int) store.Scan {
		out := c.Scans[0]
		out.No, out.Scope, out.At = no, scope, At(at)
		return out
	}
	c.Scans = append(c.Scans, scan(2, 2, 1), scan(3, 1, 10), scan(4, 2, 10), scan(5, 1, 50), scan(6, 1, 60))
	gone := func(no, scope, until int64) store.Sighting {
		out := Sighting(no)
		out.Scope, out.Since, out.State, out.Cause, out.Until = scope, scope, store.SightingGone, store.GoneFixed, until
		return out
	}
	// Finding 1 stands; 2 went long ago, 3 lately; 4 went long ago and was shown;
	// 5 to 7 were settled, drawn for the queue and answered; 8 was answered, and that was taken back.
	c.Sightings = []store.Sighting{Sighting(1), gone(2, 1, 3), gone(3, 1, 5), gone(4, 1, 3), gone(2, 2, 4), gone(4, 2, 4),
		gone(5, 1, 3), gone(6, 1, 3), gone(7, 1, 3), gone(8, 1, 3)}
	of := func(no int64, change int) store.Decision {
		out := Decision(no)
		out.Change = change
		return out
	}
	c.Decisions = append(c.Decisions, of(2, 7), of(5, 9), of(6, 9), of(7, 9))
	c.Scopes = append(c.Scopes, store.Scope{No: 3, Scope: finding.Scope{Source: "ci", Ref: "refs/pull/9/head", Tool: "gosec", Category: "go"}, FirstScan: 7})
	c.Scans = append(c.Scans, scan(7, 3, 60))
	n := Notice(repo.ID, 1, cohort.ID)
	n.Target.PullRequest, n.Items[0].Finding = 8, 4
	c.Notices = []promoter.Notice{n}
	ok(t, s.Apply(ctx, c))
	people := must(s.EnsurePeople(ctx, promoter.Alias{System: "github", Login: "sec"}))(t)
	answered := func(no int64) promoter.Verdict {
		return promoter.Verdict{RepoID: repo.ID, Finding: no, Person: people[0], Kind: promoter.VerdictFalsePositive, Source: promoter.FromCommand, At: At(20)}
	}
	ok(t, s.Record(ctx, store.Recording{At: At(20), Verdicts: []promoter.Verdict{answered(7), answered(8)},
		Dispositions: []promoter.Disposition{{RepoID: repo.ID, Finding: 5, Kind: promoter.VerdictFalsePositive, Person: people[0], Since: At(20), Source: promoter.FromCommand}}}))
	taken := must(s.Verdicts(ctx, store.VerdictQuery{RepoID: repo.ID, Finding: 8}))(t)
	ok(t, s.Record(ctx, store.Recording{At: At(21), Retract: []int64{taken[0].ID}}))
	ok(t, s.Sample(ctx, []promoter.Exposure{{RepoID: repo.ID, Finding: 6, CohortID: cohort.ID, Attempt: cohort.Attempt, Cluster: promoter.SampleCluster(repo.ID, 6), ShownAt: At(2)}}))
	head := must(s.Seal(ctx, At(61)))(t)
	before := must(s.Load(ctx, repo.ID))(t)
	mark := must(s.Marks(ctx))(t)[repo.ID]

	same(t, "before anything ended", must(s.Prune(ctx, store.Horizon{Gone: At(10)}))(t), store.Pruned{})
	same(t, "of what is gone goes", must(s.Prune(ctx, store.Horizon{Gone: At(40)}))(t), store.Pruned{Sightings: 3})
	after := must(s.Load(ctx, repo.ID))(t)
	var left [][2]int64
	for _, g := range after.Sightings {
		left = append(left, [2]int64{g.Finding, g.Scope})
	}
	same(t, "sightings left, by finding and scope", left, [][2]int64{{1, 1}, {3, 1}, {4, 1}, {5, 1}, {6, 1}, {7, 1}, {4, 2}})
	same(t, "findings", after.Findings, before.Findings)
	same(t, "next numbers", after.Next, before.Next)
	same(t, "mark: there is nothing to decide anew", must(s.Marks(ctx))(t)[repo.ID], mark)
	var complete []int64
	for _, scan := range after.Scans {
		if scan.State == store.ScanComplete {
			complete = append(complete, scan.No)
		}
	}
	same(t, "scans that still say all they saw", complete, []int64{3, 4, 5, 6, 7})
	same(t, "decisions", len(after.Decisions), len(before.Decisions)) // 4 in pull request 7 is still known
	same(t, "the ledger", must(s.Head(ctx))(t), head)
	if v := must(s.VerifyLedger(ctx, head.String()))(t); v.Break != "" {
		t.Error(v.Break)
	}
}

// A pull request of which nothing is known any more is not decided about.
func prunesPullRequests(t *testing.T, s store.Store) {
	ctx := t.Context()
	repo, cohort := Repository(t, s, "shop"), Cohort(t, s)
	c := First(repo.ID, cohort.ID, 2)
	c.Scopes = append(c.Scopes, store.Scope{No: 2, Scope: finding.Scope{Source: "ci", Ref: "refs/pull/7/head", Tool: "gosec"}, FirstScan: 2})
	second := c.Scans[0]
	second.No, second.Scope = 2, 2
	c.Scans = append(c.Scans, second)
	left := Sighting(1)
	left.Scope, left.Since, left.Until, left.State, left.Cause = 2, 2, 2, store.SightingGone, store.GoneRef
	c.Sightings = append(c.Sightings, left)
	about := Decision(1)
	about.Change = 7
	c.Decisions = append(c.Decisions, about)
	ok(t, s.Apply(ctx, c))
	same(t, "goes", must(s.Prune(ctx, store.Horizon{Gone: At(40)}))(t), store.Pruned{Sightings: 1, Decisions: 1})
	for _, d := range must(s.Load(ctx, repo.ID))(t).Decisions {
		if d.Change != 0 {
			t.Errorf("left: %+v", d)
		}
	}
}

func prunesFilesAndResponses(t *testing.T, s store.Store) {
	ctx := t.Context()
	old := store.Delivery{Source: "ci", Location: "old.sarif", State: "complete", At: At(0)}
	there := store.Delivery{Source: "ci", Location: "there.sarif", State: "complete", At: At(0)}
	young := store.Delivery{Source: "ci", Location: "young.sarif", State: "complete", At: At(50)}
	for _, d := range []store.Delivery{old, there, young} {
		ok(t, s.SaveDelivery(ctx, d))
	}
	ok(t, s.CacheResponse(ctx, "/a", "t1", "e1", []byte("one"), nil))
	same(t, "goes", must(s.Prune(ctx, store.Horizon{Runs: At(10), Responses: At(0), Missing: []store.Delivery{old, young}}))(t), store.Pruned{Deliveries: 1})
	same(t, "deliveries left", must(s.Deliveries(ctx, "ci"))(t), map[string]store.Delivery{"there.sarif": there, "young.sarif": young})
	same(t, "responses go", must(s.Prune(ctx, store.Horizon{Responses: time.Now().Add(time.Hour)}))(t), store.Pruned{Responses: 1})
	if tag, _, _, err := s.CachedResponse(ctx, "/a", "t1"); tag != "" || err != nil {
		t.Errorf("left: %q, %v", tag, err)
	}
}

package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/store"
)

// standingOf is one cohort's, by its key.
func standingOf(t *testing.T, s store.Store, key string) store.Standing {
	t.Helper()
	for _, st := range must(s.Standings(t.Context()))(t) {
		if st.Key == key {
			return st
		}
	}
	t.Fatalf("no standing of %s", key)
	return store.Standing{}
}

func holds(t *testing.T, s store.Store) {
	ctx := t.Context()
	c := Cohort(t, s)
	stay := promoter.Move{CohortID: c.ID, From: c.Stage, To: c.Stage, Actor: "os:alice", Reason: "freeze", At: At(1)}
	make := func(kind promoter.MoveKind, run int64, minute int) promoter.Move {
		m := stay
		m.Kind, m.RunID, m.At = kind, run, At(minute)
		return m
	}
	_, err := s.MoveCohort(ctx, make(promoter.MoveRelease, 0, 1))
	conflict(t, "a release of what is not held", err)
	held := must(s.MoveCohort(ctx, make(promoter.MoveHold, 0, 1)))(t)
	same(t, "a hold changes nothing else", held, c)
	_, err = s.MoveCohort(ctx, make(promoter.MoveHold, 0, 2))
	conflict(t, "a second hold", err)
	must(s.MoveCohort(ctx, make(promoter.MoveHold, 7, 3)))(t)
	st := standingOf(t, s, c.Key)
	same(t, "a person's hold", st.Hold, &promoter.Hold{Since: At(1), Actor: "os:alice", Reason: "freeze"})
	same(t, "the evidence's", st.Audit.Since, At(3))
	must(s.MoveCohort(ctx, make(promoter.MoveRelease, 8, 4)))(t)
	if st := standingOf(t, s, c.Key); st.Audit != nil || st.Hold == nil || !st.Released.IsZero() {
		t.Errorf("a run released a person's hold: %+v", st)
	}
	must(s.MoveCohort(ctx, make(promoter.MoveHold, 9, 5)))(t)
	must(s.MoveCohort(ctx, make(promoter.MoveRelease, 0, 6)))(t)
	if st := standingOf(t, s, c.Key); st.Audit != nil || st.Hold != nil || !st.Released.Equal(At(6)) {
		t.Errorf("a person's release left %+v", st)
	}
	must(s.MoveCohort(ctx, make(promoter.MoveHold, 0, 7)))(t)
	must(s.MoveCohort(ctx, make(promoter.MoveHold, 9, 7)))(t)
	up := make(promoter.MoveOverride, 0, 8)
	up.To, up.Until = promoter.Advise, At(100)
	must(s.MoveCohort(ctx, up))(t)
	st = standingOf(t, s, c.Key)
	if st.Hold == nil || st.Audit != nil || !st.Released.IsZero() {
		t.Errorf("a new stay keeps a person's hold and nothing else: %+v", st)
	}
	same(t, "override", st.Override, &promoter.Override{Until: At(100), Back: promoter.Observe, Actor: "os:alice", Reason: "freeze"})
	down := promoter.Move{CohortID: c.ID, From: promoter.Advise, To: promoter.Triage, Kind: promoter.MoveRollback, Reason: "noise", Actor: "sluice", RunID: 9, At: At(9),
		Grounds: &promoter.Grounds{Outcome: "bad", Attempt: 2, Voices: []promoter.Voice{{Person: 3, Against: 4}}}}
	must(s.MoveCohort(ctx, down))(t)
	if st := standingOf(t, s, c.Key); st.Override != nil || !st.Sunk || !st.Fell.Equal(At(9)) || st.Climb != 1 {
		t.Errorf("after a rollback: %+v", st)
	}
	moves := must(s.Moves(ctx, c.ID))(t)
	same(t, "the rollback with its evidence", moves[len(moves)-1], down)
}

func carves(t *testing.T, s store.Store) {
	ctx := t.Context()
	c := Cohort(t, s)
	for i, to := range []promoter.Stage{promoter.Triage, promoter.Advise} {
		must(s.MoveCohort(ctx, promoter.Move{CohortID: c.ID, From: promoter.Stage(i), To: to, Kind: promoter.MovePromote, Actor: "sluice", RunID: 1, At: At(i)}))(t)
	}
	before := standingOf(t, s, c.Key)
	key := c.Key + "+rule=G204"
	m := promoter.Move{CohortID: c.ID, From: promoter.Advise, To: promoter.Triage, Kind: promoter.MoveCarve, Reason: "noisy", Actor: "sluice", RunID: 2, At: At(5)}
	wrong := m
	wrong.From = promoter.Enforce
	_, _, err := s.CarveCohort(ctx, wrong, key)
	conflict(t, "a carve from where it does not stand", err)
	_, part, err := s.CarveCohort(ctx, m, key)
	ok(t, err)
	if part.Key != key || part.Stage != promoter.Triage || !part.Since.Equal(At(5)) {
		t.Errorf("the part is %+v", part)
	}
	left := standingOf(t, s, c.Key)
	if left.Stage != promoter.Advise || left.Attempt != before.Attempt || !left.Since.Equal(before.Since) || left.Generation != before.Generation+1 || len(left.Epochs) != 1 || left.Sunk {
		t.Errorf("what it left was %+v and is %+v", before, left)
	}
	st := standingOf(t, s, key)
	if st.CarveOf != c.ID || !st.Sunk || !st.Fell.Equal(At(5)) || st.Climb != 2 {
		t.Errorf("the part stands at %+v", st)
	}
	_, again, err := s.CarveCohort(ctx, m, key)
	ok(t, err)
	same(t, "carved twice", again, part)
	same(t, "its moves", len(must(s.Moves(ctx, part.ID))(t)), 1)
	ok(t, s.AddEpoch(ctx, c.ID, At(6), "gosec 3"))
	ok(t, s.AddEpoch(ctx, c.ID, At(7), "gosec 3"))
	same(t, "epochs", standingOf(t, s, c.Key).Epochs, []time.Time{At(5), At(6)})
}

func weighing(t *testing.T, s store.Store) {
	ctx := t.Context()
	c := Cohort(t, s)
	same(t, "nothing was weighed", must(s.WeighedUpTo(ctx))(t), int64(0))
	ok(t, s.SetWeighedUpTo(ctx, 7))
	ok(t, s.SetWeighedUpTo(ctx, 9))
	same(t, "weighed up to", must(s.WeighedUpTo(ctx))(t), int64(9))

	point := func(seq int) evidence.Checkpoint {
		return evidence.Checkpoint{Attempt: 1, Seq: seq, At: At(seq), Last: fmt.Sprint("1#", seq), Climb: evidence.NewBets(), Loudest: 1.5}
	}
	w := store.Weighed{CohortID: c.ID, Attempt: c.Attempt, Terms: "t", Next: At(900), Ahead: "about 3 more",
		Result: evidence.Result{Outcome: evidence.Unknown, Move: evidence.Stay, Blocker: "few", Shown: 5, Interval: evidence.Interval{Mean: .1, High: 1}},
		Passed: []evidence.Checkpoint{point(100), point(256), point(300), point(512), point(600)}}
	ok(t, s.SaveWeighed(ctx, w))
	last := func(before store.ClusterMark) int {
		return must(s.CheckpointBefore(ctx, c.ID, c.Attempt, before))(t).Seq
	}
	same(t, "last of all", last(store.ClusterMark{}), 600)
	same(t, "the one itself is too late", last(store.ClusterMark{At: At(512), Cluster: "1#512"}), 256)
	same(t, "before the first", last(store.ClusterMark{At: At(3)}), 0)
	same(t, "read back", must(s.CheckpointBefore(ctx, c.ID, c.Attempt, store.ClusterMark{At: At(300)}))(t), point(256))
	got := standingOf(t, s, c.Key).Weighed
	want := w
	want.Passed = nil
	if got == nil || got.Result.Blocker != "few" || got.Result.Interval != want.Result.Interval || got.Ahead != want.Ahead || got.Terms != "t" || !got.Next.Equal(At(900)) {
		t.Fatalf("weighed: %+v", got)
	}
	w.From, w.Passed = point(256), []evidence.Checkpoint{point(400)}
	ok(t, s.SaveWeighed(ctx, w))
	same(t, "what lay after it is gone", last(store.ClusterMark{}), 400)
	same(t, "what lay before is kept", last(store.ClusterMark{At: At(400)}), 256)
	must(s.MoveCohort(ctx, promoter.Move{CohortID: c.ID, From: c.Stage, To: promoter.Triage, Kind: promoter.MovePromote, Actor: "sluice", At: At(1)}))(t)
	if standingOf(t, s, c.Key).Weighed != nil || last(store.ClusterMark{}) != 0 {
		t.Error("a new stay begins with old evidence")
	}
}

func backlog(t *testing.T, s store.Store) {
	ctx := t.Context()
	repo, c := Repository(t, s, "shop"), Cohort(t, s)
	first := First(repo.ID, c.ID, 3) // all backlog of the first scan
	first.Scopes = append(first.Scopes, store.Scope{No: 2, Scope: first.Scopes[0].Scope, FirstScan: 1})
	first.Scopes[1].Ref = "refs/pull/7/merge"
	first.Scans = append(first.Scans, store.Scan{No: 2, Scope: 1, Commit: "c2", State: store.ScanComplete, Tool: "gosec", Location: "r", At: At(60), RunID: 1},
		store.Scan{No: 3, Scope: 2, Commit: "c3", State: store.ScanComplete, Tool: "gosec", Location: "r", At: At(60), RunID: 1})
	fresh, pull := Sighting(4), Sighting(5)
	fresh.Since, fresh.LastScan, fresh.Backlog = 2, 2, false
	pull.Scope, pull.Since, pull.LastScan = 2, 3, 3
	first.Findings = append(first.Findings, Finding(4, c.ID), Finding(5, c.ID))
	first.Sightings = append(first.Sightings, fresh, pull)
	ok(t, s.Apply(ctx, first))
	same(t, "an hour ago", must(s.Backlog(ctx, At(30)))(t), map[int64]store.Backlog{c.ID: {Open: 4, New: 1}})
	same(t, "since later", must(s.Backlog(ctx, At(90)))(t), map[int64]store.Backlog{c.ID: {Open: 4}})
}

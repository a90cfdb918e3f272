package storetest

import (
	"testing"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

func recuts(t *testing.T, s store.Store) {
	ctx := t.Context()
	c := must(s.EnsureCohorts(ctx, []string{"a", "b"}, At(0)))(t)
	move := func(c promoter.Cohort, from, to promoter.Stage, kind promoter.MoveKind, at int) promoter.Cohort {
		return must(s.MoveCohort(ctx, promoter.Move{CohortID: c.ID, From: from, To: to, Kind: kind, Actor: "sluice", RunID: 1, Reason: "r", At: At(at)}))(t)
	}
	repo := Repository(t, s, "shop")
	first := First(repo.ID, c[0].ID, 4)
	first.Findings[3].CohortID = c[1].ID
	ok(t, s.Apply(ctx, first))
	a := move(c[0], promoter.Observe, promoter.Triage, promoter.MovePromote, 1)
	a = move(a, promoter.Triage, promoter.Advise, promoter.MovePromote, 2)
	a = move(a, promoter.Advise, promoter.Triage, promoter.MoveRollback, 3)
	b := move(c[1], promoter.Observe, promoter.Triage, promoter.MovePromote, 4)
	must(s.MoveCohort(ctx, promoter.Move{CohortID: a.ID, From: a.Stage, To: a.Stage, Kind: promoter.MoveHold, Actor: "os:alice", Reason: "freeze", At: At(5)}))(t)
	mark := must(s.Marks(ctx))(t)[repo.ID]

	from := func(c promoter.Cohort, nos ...int64) promoter.RecutFrom {
		f := promoter.RecutFrom{CohortID: c.ID, Stage: c.Stage}
		for _, no := range nos {
			f.Members = append(f.Members, promoter.Member{RepoID: repo.ID, Finding: no})
		}
		return f
	}
	cut := func(into string, found bool, stage promoter.Stage, at int, from ...promoter.RecutFrom) promoter.Recut {
		return promoter.Recut{Into: into, Found: found, Stage: stage, From: from, Reason: "Bob renamed it", Actor: "sluice", RunID: 2, At: At(at)}
	}
	wrong := from(b, 4)
	wrong.Stage = promoter.Enforce
	_, err := s.Recut(ctx, []promoter.Recut{cut("all", true, promoter.Triage, 6, from(a, 1, 2), wrong)})
	conflict(t, "a recut of what does not stand there", err)
	_, err = s.Recut(ctx, []promoter.Recut{cut("nobody", false, promoter.Triage, 6, from(a, 1))})
	conflict(t, "a recut into what is not there", err)
	same(t, "a recut that failed changes nothing", must(s.Marks(ctx))(t)[repo.ID], mark)

	out := must(s.Recut(ctx, []promoter.Recut{cut("all", true, promoter.Triage, 6, from(a, 1, 2), from(b, 4))}))(t)
	all := standingOf(t, s, "all")
	if len(out) != 1 || out[0].ID != all.ID || all.Stage != promoter.Triage || !all.Since.Equal(At(6)) {
		t.Errorf("founded: %+v, stands at %+v", out, all)
	}
	if !all.Fell.Equal(At(3)) || !all.Sunk || all.Climb != 3 || all.Hold == nil || all.Hold.Reason != "freeze" {
		t.Errorf("what its parents have behind them is lost: %+v", all)
	}
	if left := standingOf(t, s, "a"); len(left.Epochs) != 1 || left.Generation != a.Generation+1 || left.Attempt != a.Attempt {
		t.Errorf("what lost some of its findings is %+v, was %+v", left, a)
	}
	for _, st := range must(s.Standings(ctx))(t) {
		if st.Key == "b" {
			t.Error("what lost all of its findings still stands")
		}
	}
	counts := must(s.CohortCounts(ctx))(t)
	if counts[a.ID] != 1 || counts[all.ID] != 3 || counts[b.ID] != 0 {
		t.Errorf("members %v", counts)
	}
	if now := must(s.Marks(ctx))(t)[repo.ID]; now == mark {
		t.Error("the repository's mark did not change")
	}
	lineage := must(s.Lineage(ctx))(t)
	same(t, "lineage", lineage, []promoter.Lineage{
		{Parent: a.ID, Child: all.ID, Kind: promoter.MoveRecut, At: At(6), Founded: true, Findings: 2},
		{Parent: b.ID, Child: all.ID, Kind: promoter.MoveRecut, At: At(6), Founded: true, Findings: 1},
	})
	_, err = s.MoveCohort(ctx, promoter.Move{CohortID: b.ID, From: b.Stage, To: promoter.Observe, Kind: promoter.MoveOverride, Actor: "os:alice", At: At(7)})
	conflict(t, "a move of what has ended", err)

	must(s.Recut(ctx, []promoter.Recut{cut("all", false, promoter.Triage, 8, from(must(s.Cohorts(ctx))(t)[0], 3))}))(t)
	if joined := standingOf(t, s, "all"); joined.Attempt != all.Attempt || joined.Climb != all.Climb || len(joined.Epochs) != 1 {
		t.Errorf("one that others join goes on as %+v, was %+v", joined, all)
	}
	again := must(s.EnsureCohorts(ctx, []string{"a"}, At(9)))(t)[0]
	if again.ID != a.ID || again.Stage != promoter.Observe || again.Attempt != a.Attempt+1 || !again.Ended.IsZero() {
		t.Errorf("one that had ended begins again as %+v", again)
	}
	kinds := map[string]int{}
	for _, e := range must(s.LedgerEntries(ctx, 0, 100))(t) {
		kinds[e.Kind]++
	}
	same(t, "recuts in the ledger", kinds["recut"], 2)
	same(t, "no cut yet", must(s.Cut(ctx))(t), store.Cut{})
	ok(t, s.SetCut(ctx, store.Cut{PolicyRev: "p", SettingsRev: "s"}))
	same(t, "the cut", must(s.Cut(ctx))(t), store.Cut{PolicyRev: "p", SettingsRev: "s"})
}

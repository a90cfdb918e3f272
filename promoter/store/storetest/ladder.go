package storetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

func ladder(t *testing.T, s store.Store) {
	ctx := t.Context()
	first := must(s.EnsureCohorts(ctx, []string{"b", "a"}, At(0)))(t)
	again := must(s.EnsureCohorts(ctx, []string{"a", "c", "b", "a"}, At(9)))(t)
	same(t, "known cohorts", []promoter.Cohort{again[2], again[0], again[3]}, []promoter.Cohort{first[0], first[1], first[1]})
	if c := first[0]; c.Key != "b" || c.Stage != promoter.Observe || !c.Since.Equal(At(0)) {
		t.Errorf("a new cohort is %+v", c)
	}
	same(t, "all cohorts", must(s.Cohorts(ctx))(t), []promoter.Cohort{first[1], first[0], again[1]})

	up := promoter.Move{CohortID: first[0].ID, From: promoter.Observe, To: promoter.Triage, Kind: promoter.MoveOverride,
		Reason: "looks fine to Bob", Actor: "os:alice", At: At(10)}
	moved := must(s.MoveCohort(ctx, up))(t)
	if moved.Stage != promoter.Triage || moved.Generation <= first[0].Generation || moved.Attempt <= first[0].Attempt || !moved.Since.Equal(At(10)) {
		t.Errorf("moved from %+v to %+v", first[0], moved)
	}
	_, err := s.MoveCohort(ctx, up)
	conflict(t, "a move from where it no longer stands", err)
	unknown := up
	unknown.CohortID = 999
	_, err = s.MoveCohort(ctx, unknown)
	conflict(t, "a move of no cohort", err)

	down := promoter.Move{CohortID: moved.ID, From: promoter.Triage, To: promoter.Observe, Kind: promoter.MoveRollback,
		Reason: "noise", Actor: "sluice", RunID: 4, At: At(11)}
	must(s.MoveCohort(ctx, down))(t)
	same(t, "moves", must(s.Moves(ctx, moved.ID))(t), []promoter.Move{up, down})
	entries := must(s.LedgerEntries(ctx, 0, 10))(t)
	if len(entries) != 2 || entries[0].Kind != "move" || entries[1].RunID != 4 {
		t.Fatalf("two moves left these ledger entries: %+v", entries)
	}
	if strings.Contains(string(entries[0].Body), "Bob") {
		t.Errorf("a person's words are in the ledger: %s", entries[0].Body)
	}
}

func pauses(t *testing.T, s store.Store) {
	ctx := t.Context()
	if p := must(s.Pause(ctx))(t); p != nil {
		t.Fatalf("an empty store is paused: %+v", p)
	}
	ok(t, s.Resume(ctx, "os:alice", At(0)))
	same(t, "ledger after resuming nothing", len(must(s.LedgerEntries(ctx, 0, 10))(t)), 0)
	first := promoter.Pause{Since: At(1), Actor: "os:alice", Reason: "incident"}
	second := promoter.Pause{Since: At(2), Actor: "os:bob", Reason: "freeze", Until: At(60)}
	for _, p := range []promoter.Pause{first, second} {
		ok(t, s.SetPause(ctx, p))
		same(t, "pause", must(s.Pause(ctx))(t), &p)
	}
	ok(t, s.Resume(ctx, "os:alice", At(3)))
	if p := must(s.Pause(ctx))(t); p != nil {
		t.Errorf("resumed, but paused: %+v", p)
	}
	var kinds []string
	for _, e := range must(s.LedgerEntries(ctx, 0, 10))(t) {
		kinds = append(kinds, e.Kind)
	}
	same(t, "ledger", kinds, []string{"pause", "pause", "resume"})
}

func approvals(t *testing.T, s store.Store) {
	ctx := t.Context()
	old := promoter.Approval{ID: "P0001", Kind: promoter.ApprovalExcess, Cohort: "core/gosec/high", Reason: "60 over the ceiling",
		State: promoter.ApprovalWaiting, RunID: 1, Created: At(0), Items: []promoter.ApprovalItem{{RepoID: 1, Finding: 2, PullRequest: 3}}}
	recent := old
	recent.ID, recent.Created, recent.Kind, recent.Items = "P0002", At(5), promoter.ApprovalMass, nil
	ok(t, s.SaveApproval(ctx, old))
	ok(t, s.SaveApproval(ctx, recent))
	old.Items = append(slices.Clone(old.Items), promoter.ApprovalItem{RepoID: 1, Finding: 4, PullRequest: 3})
	ok(t, s.SaveApproval(ctx, old))
	same(t, "all plans", must(s.Approvals(ctx))(t), []promoter.Approval{recent, old})

	ok(t, s.DecideApproval(ctx, old.ID, promoter.ApprovalApproved, "os:alice", "fine", At(6)))
	conflict(t, "a second answer", s.DecideApproval(ctx, old.ID, promoter.ApprovalRejected, "os:bob", "no", At(7)))
	conflict(t, "an answer to nothing", s.DecideApproval(ctx, "P9999", promoter.ApprovalApproved, "os:bob", "", At(7)))
	conflict(t, "a run saves what a person answered", s.SaveApproval(ctx, old))
	if s.DecideApproval(ctx, recent.ID, promoter.ApprovalWaiting, "os:bob", "", At(7)) == nil {
		t.Error("waiting was taken for an answer")
	}
	old.State, old.Actor, old.Decided = promoter.ApprovalApproved, "os:alice", At(6)
	same(t, "approved", must(s.Approvals(ctx, promoter.ApprovalApproved))(t), []promoter.Approval{old})
	same(t, "waiting or rejected", must(s.Approvals(ctx, promoter.ApprovalRejected, promoter.ApprovalWaiting))(t), []promoter.Approval{recent})
	entries := must(s.LedgerEntries(ctx, 0, 10))(t)
	if len(entries) != 1 || entries[0].Kind != "plan" || !entries[0].At.Equal(At(6)) {
		t.Errorf("one answer left these ledger entries: %+v", entries)
	}
}

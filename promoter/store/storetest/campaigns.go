package storetest

import (
	"testing"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

func campaigns(t *testing.T, s store.Store) {
	ctx := t.Context()
	plan := promoter.Approval{ID: "P0001", Kind: promoter.ApprovalCampaign, Reason: "2 findings", State: promoter.ApprovalWaiting, Created: At(1),
		Items: []promoter.ApprovalItem{{RepoID: 1, Finding: 2}, {RepoID: 1, Finding: 1}}}
	first := promoter.Campaign{ID: "P0001", PerWeek: 5, Reason: "clean up", Actor: "os:alice", Created: At(1),
		Selection: promoter.CampaignSelection{Group: "core", Cohort: "core/gosec/high", Severity: "high", Repository: "acme/shop"}}
	second := first
	second.ID, second.Created, second.Selection = "P0002", At(2), promoter.CampaignSelection{}
	ok(t, s.StartCampaign(ctx, first, plan))
	other := plan
	other.ID, other.Created = "P0002", At(2)
	ok(t, s.StartCampaign(ctx, second, other))
	conflict(t, "a campaign twice", s.StartCampaign(ctx, first, plan))
	same(t, "campaigns", must(s.Campaigns(ctx))(t), []promoter.Campaign{second, first})
	same(t, "their plans", must(s.Approvals(ctx))(t), []promoter.Approval{other, plan})

	ok(t, s.EndCampaign(ctx, first.ID, "os:bob", "enough", At(3)))
	first.Ended, first.EndedBy, first.EndReason = At(3), "os:bob", "enough"
	same(t, "one has ended", must(s.Campaigns(ctx))(t), []promoter.Campaign{second, first})
	plan.State, plan.Actor, plan.Decided = promoter.ApprovalExpired, "os:bob", At(3)
	same(t, "its plan does not wait any more", must(s.Approvals(ctx))(t), []promoter.Approval{other, plan})
	conflict(t, "an end twice", s.EndCampaign(ctx, first.ID, "os:bob", "again", At(4)))
	conflict(t, "an end of nothing", s.EndCampaign(ctx, "P9999", "os:bob", "", At(4)))
	if entries := must(s.LedgerEntries(ctx, 0, 10))(t); len(entries) != 3 || entries[0].Kind != "campaign" {
		t.Errorf("two starts and an end left these ledger entries: %+v", entries)
	}

	repo, cohort := Repository(t, s, "shop"), Cohort(t, s)
	c := First(repo.ID, cohort.ID, 2)
	n := Notice(repo.ID, 1, cohort.ID)
	n.Surface, n.Target.PullRequest, n.Task = promoter.SurfaceTask, 0, &promoter.Task{Campaign: "P0001"}
	n.Items = []promoter.Item{{Finding: 1, CohortID: cohort.ID, ShownAt: At(9)}, {Finding: 2, ShownAt: At(8)}}
	alone := n
	alone.No, alone.Group, alone.Task, alone.Items = 2, "F2", &promoter.Task{}, nil
	c.Notices = []promoter.Notice{n, alone}
	ok(t, s.Apply(ctx, c))
	same(t, "tasks of campaigns", must(s.CampaignTasks(ctx))(t), []store.CampaignTask{
		{Campaign: "P0001", RepoID: repo.ID, Notice: 1, State: promoter.NoticePlanned, CohortID: cohort.ID, ShownAt: At(8)}})
}

package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

const week = 7 * 24 * time.Hour

// Campaign is a campaign and how far it is.
type Campaign struct {
	promoter.Campaign
	State    CampaignState  `json:"state"`
	Findings int            `json:"findings"`  // that its plan names
	Tasks    int            `json:"tasks"`     // made so far
	ThisWeek map[string]int `json:"this_week"` // of them, by team
	Left     int            `json:"left"`      // findings still open, in no task, and not settled by a person

	items map[int64]map[int64]bool // by repository
}

// CampaignState is where a campaign stands.
type CampaignState string

// The states: what its plan says, until it has ended.
const (
	CampaignWaiting  CampaignState = "waiting"
	CampaignRunning  CampaignState = "running"
	CampaignRejected CampaignState = "rejected"
	CampaignEnded    CampaignState = "ended"
)

func stateOf(c promoter.Campaign, plan promoter.ApprovalState) CampaignState {
	switch {
	case !c.Ended.IsZero():
		return CampaignEnded
	case plan == promoter.ApprovalApproved:
		return CampaignRunning
	case plan == promoter.ApprovalWaiting:
		return CampaignWaiting
	}
	return CampaignRejected
}

// campaignStore is what it takes to say how far campaigns are.
type campaignStore interface {
	store.Campaigns
	store.Approvals
	store.Repositories
	store.Ladder
}

// Campaigns tells how far every campaign is, newest first. teamOf is whose
// week a cohort's tasks count for.
func Campaigns(ctx context.Context, s campaignStore, now time.Time, teamOf func(promoter.Cohort) string) ([]Campaign, error) {
	all, err := readCampaigns(ctx, s, now, teamOf)
	if err != nil {
		return nil, err
	}
	for i, c := range all {
		if c.State != CampaignEnded && c.State != CampaignRejected {
			if all[i].Left, err = c.count(ctx, s, false); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// readCampaigns leaves out what is left of each.
func readCampaigns(ctx context.Context, s campaignStore, now time.Time, teamOf func(promoter.Cohort) string) ([]Campaign, error) {
	campaigns, err := s.Campaigns(ctx)
	if err != nil || len(campaigns) == 0 {
		return []Campaign{}, err
	}
	plans, err := s.Approvals(ctx)
	if err != nil {
		return nil, err
	}
	tasks, err := s.CampaignTasks(ctx)
	if err != nil {
		return nil, err
	}
	cohorts, err := s.Cohorts(ctx)
	if err != nil {
		return nil, err
	}
	byID := map[int64]promoter.Cohort{}
	for _, c := range cohorts {
		byID[c.ID] = c
	}
	out := make([]Campaign, 0, len(campaigns))
	for _, c := range campaigns {
		i := slices.IndexFunc(plans, func(a promoter.Approval) bool { return a.ID == c.ID })
		if i < 0 {
			return nil, fmt.Errorf("campaign %s has no plan", c.ID)
		}
		one := Campaign{Campaign: c, State: stateOf(c, plans[i].State), Findings: len(plans[i].Items), ThisWeek: map[string]int{}, items: map[int64]map[int64]bool{}}
		for _, item := range plans[i].Items {
			if one.items[item.RepoID] == nil {
				one.items[item.RepoID] = map[int64]bool{}
			}
			one.items[item.RepoID][item.Finding] = true
		}
		for _, t := range tasks {
			if t.Campaign != c.ID || t.ShownAt.IsZero() {
				continue
			}
			one.Tasks++
			if now.Sub(t.ShownAt) < week {
				one.ThisWeek[teamOf(byID[t.CohortID])]++
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// count says how many of a campaign's findings are still to become tasks, or,
// if that is enough, whether there is one.
func (c Campaign) count(ctx context.Context, s store.Repositories, any bool) (left int, err error) {
	for repo, items := range c.items {
		snap, err := s.Load(ctx, repo)
		if err != nil {
			return 0, fmt.Errorf("campaign %s: %w", c.ID, err)
		}
		for no := range untracked(snap) {
			if items[no] {
				left++
			}
		}
		if any && left > 0 {
			break
		}
	}
	return left, nil
}

// untracked are the sightings, by finding, of what stands on the base branch
// and no task and no person has settled.
func untracked(snap *store.Snapshot) map[int64][]*store.Sighting {
	b := newBook(snap, 0, time.Time{})
	out := b.onBaseByFinding()
	for no, seen := range out {
		claim := promoter.Claim{Finding: no, Version: b.findings[no].Version}
		settled := slices.ContainsFunc(snap.Dispositions, func(d promoter.Disposition) bool { return d.Finding == no && d.PullRequest == 0 && d.Ended.IsZero() })
		if settled || suppressed(seen) || promoter.DecidedByPerson(snap.Notices, claim) || slices.ContainsFunc(snap.Notices, func(n promoter.Notice) bool {
			return n.Surface == promoter.SurfaceTask && promoter.Shows(n, no)
		}) {
			delete(out, no)
		}
	}
	return out
}

// permit hands the allowance what the campaigns under way may still make. What
// was sent and not heard of counts as made.
func (r *runner) permit(ctx context.Context) error {
	campaigns, err := readCampaigns(ctx, r.Store, r.Now(), r.teamOf)
	if err != nil {
		return err
	}
	r.campaigns = campaigns
	tasks, err := r.Store.CampaignTasks(ctx)
	if err != nil {
		return err
	}
	for _, c := range slices.Backward(campaigns) {
		if c.State != CampaignRunning {
			continue
		}
		quota := &promoter.CampaignQuota{ID: c.ID, PerWeek: c.PerWeek, Used: c.ThisWeek, Items: map[promoter.ApprovalItem]bool{}}
		for repo, items := range c.items {
			for no := range items {
				quota.Items[promoter.ApprovalItem{RepoID: repo, Finding: no}] = true
			}
		}
		for _, t := range tasks {
			if t.Campaign == c.ID && t.ShownAt.IsZero() && r.held[t.RepoID][t.Notice] {
				quota.Used[r.teamOf(r.cohorts[t.CohortID])]++
			}
		}
		r.allowance.Campaigns = append(r.allowance.Campaigns, quota)
	}
	return nil
}

// underWay names the campaigns whose findings may become tasks.
func (r *runner) underWay() []string {
	var out []string
	for _, q := range r.allowance.Campaigns {
		out = append(out, q.ID)
	}
	return out
}

// endCampaigns ends those of which nothing is left. Only a run that looked at
// everything can tell.
func (r *runner) endCampaigns(ctx context.Context) error {
	for _, c := range r.campaigns {
		if c.State != CampaignRunning || r.sel != (Selection{}) || r.Tracker == nil || r.DryRun || len(r.paced[c.ID]) > 0 {
			continue
		}
		left, err := c.count(ctx, r.Store, true)
		if err != nil {
			return err
		}
		if left > 0 {
			continue
		}
		err = r.Store.EndCampaign(r.keep, c.ID, r.Actor, "nothing of it is left", r.Now().UTC())
		var stopped *store.ConflictError
		if err != nil && !errors.As(err, &stopped) {
			return err
		}
	}
	return nil
}

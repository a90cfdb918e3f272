package run

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Proposed is a campaign before it is stored, with what is to be known of it
// before somebody approves it.
type Proposed struct {
	Campaign promoter.Campaign
	Plan     promoter.Approval
	ByTeam   map[string]int // findings
	NotYet   int            // of them: as things stand the policy wants no task for them
}

// ProposeCampaign gathers the backlog that a campaign is to be about, what is
// worth most first: what was open on a base branch when its scope was first
// seen, still is, is in no task, and was settled by nobody. It stores nothing.
func ProposeCampaign(ctx context.Context, s campaignStore, law *settings.Settings, c promoter.Campaign) (Proposed, error) {
	p := Proposed{Campaign: c, ByTeam: map[string]int{}}
	p.Plan = promoter.Approval{Kind: promoter.ApprovalCampaign, Cohort: c.Selection.Cohort, State: promoter.ApprovalWaiting, Created: c.Created}
	cohorts, err := s.Cohorts(ctx)
	if err != nil {
		return p, err
	}
	byID := map[int64]promoter.Cohort{}
	for _, c := range cohorts {
		byID[c.ID] = c
	}
	repos, err := s.Repositories(ctx)
	if err != nil {
		return p, err
	}
	value := map[promoter.ApprovalItem]int{}
	for _, repo := range repos {
		if c.Selection.Repository != "" && !strings.EqualFold(c.Selection.Repository, repo.FullName()) {
			continue
		}
		snap, err := s.Load(ctx, repo.ID)
		if err != nil {
			return p, fmt.Errorf("load %s: %w", repo.FullName(), err)
		}
		ready := answered(snap, input.SurfaceTask)
		for _, f := range backlog(snap) {
			if cohort := byID[f.CohortID]; selects(c.Selection, law, repo, f, cohort) {
				item := promoter.ApprovalItem{RepoID: repo.ID, Finding: f.No}
				p.Plan.Items = append(p.Plan.Items, item)
				value[item] = promoter.Value(f.Facts, finding.Risk{})
				p.ByTeam[TeamOf(law, cohort)]++
				if !ready[f.No] {
					p.NotYet++
				}
			}
		}
	}
	slices.SortStableFunc(p.Plan.Items, func(a, b promoter.ApprovalItem) int { return cmp.Compare(value[b], value[a]) })
	plans, err := s.Approvals(ctx)
	if err != nil {
		return p, err
	}
	p.Plan.ID = promoter.PlanID(plans, fmt.Sprint(p.Plan.Kind, c.Created.UnixNano(), c.Selection, p.Plan.Items))
	p.Plan.Reason = fmt.Sprintf("%d findings into tasks, %d a week for each team: %s", len(p.Plan.Items), c.PerWeek, c.Reason)
	p.Campaign.ID = p.Plan.ID
	return p, nil
}

// standingFinding is a finding with where it stands.
type standingFinding struct {
	store.Finding
	place *finding.Place
}

// backlog are the findings of a repository that only a campaign makes a task
// of, by number.
func backlog(snap *store.Snapshot) []standingFinding {
	seen := untracked(snap)
	var out []standingFinding
	for _, f := range snap.Findings {
		if all := seen[f.No]; len(all) > 0 && isBacklog(all) {
			out = append(out, standingFinding{f, all[0].Place})
		}
	}
	return out
}

func selects(s promoter.CampaignSelection, law *settings.Settings, repo promoter.Repository, f standingFinding, cohort promoter.Cohort) bool {
	least, err := finding.ParseSeverity(s.Severity)
	return (s.Cohort == "" || s.Cohort == cohort.Key) &&
		(s.Group == "" || s.Group == groupIn(law, repo, pathOf(f.place)).Name) &&
		(s.Severity == "" || err == nil && f.Facts.Severity >= least)
}

// answered are the findings that the newest decision, as they stand, shows on
// a surface.
func answered(snap *store.Snapshot, surface string) map[int64]bool {
	out := map[int64]bool{}
	for _, d := range snap.Decisions {
		var a input.SurfaceAnswer
		if d.Change == 0 && json.Unmarshal(d.Answer, &a) == nil && slices.Contains(a.Surfaces, surface) {
			out[d.Finding] = true
		}
	}
	return out
}

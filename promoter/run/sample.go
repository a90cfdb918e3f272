package run

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// drawn is how many findings of a cohort wait in the queue to be judged at a
// time: enough for a sitting, few enough that what is judged is recent.
const drawn = 10

// sample draws at random what the security team is to judge of each cohort in
// triage. What is drawn stays drawn, so that nobody can choose what counts.
func (r *runner) sample(ctx context.Context) error {
	if r.sel != (Selection{}) {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(r.cohorts)) {
		if c := r.cohorts[id]; c.Stage == promoter.Triage {
			if err := r.draw(ctx, c); err != nil {
				return fmt.Errorf("draw from %s: %w", c.Key, err)
			}
		}
	}
	return nil
}

func (r *runner) draw(ctx context.Context, c promoter.Cohort) error {
	open, err := r.Store.Unanswered(ctx, c.ID, c.Attempt, true)
	if err != nil || len(open) >= drawn {
		return err
	}
	all, err := r.Store.Candidates(ctx, c.ID, c.Attempt)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(k store.Candidate) bool {
		var answer input.SurfaceAnswer
		return json.Unmarshal(k.Answer, &answer) != nil || !slices.Contains(answer.Surfaces, input.SurfaceQueue)
	})
	type lot struct {
		store.Candidate
		number string
	}
	lots := make([]lot, len(all))
	for i, k := range all {
		lots[i] = lot{k, r.Secrets(fmt.Sprintf("draw %d/%d %s", c.ID, c.Attempt, promoter.SampleCluster(k.RepoID, k.Finding)))}
	}
	slices.SortStableFunc(lots, func(a, b lot) int { return cmp.Compare(a.number, b.number) })
	var out []promoter.Exposure
	for _, l := range lots[:min(len(lots), drawn-len(open))] {
		out = append(out, promoter.Exposure{
			RepoID: l.RepoID, Finding: l.Finding, CohortID: c.ID, Attempt: c.Attempt, Coin: true, Share: r.Settings.Hold.Audit,
			Cluster: promoter.SampleCluster(l.RepoID, l.Finding), ShownAt: r.Now().UTC(),
		})
	}
	return r.Store.Sample(r.keep, out)
}

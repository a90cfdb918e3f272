package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

func (p *program) queueCommand() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "queue", Short: "what the security team is to look at", Args: takes(),
		Long: "Lists the findings that the policy puts into the security team's queue, most valuable first:\nwhat is known to be exploited, then by severity, likelihood of exploitation and a fix at hand.",
	}
	c.Flags().IntVar(&limit, "limit", 30, "at most so many; 0: all")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		if limit < 0 {
			return usagef("--limit %d: a limit is 0 or more", limit)
		}
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		queue, err := queued(ctx, s)
		if err != nil {
			return err
		}
		more := limit > 0 && len(queue) > limit
		if more {
			queue = queue[:limit]
		}
		return p.showFindings(queue, more)
	})
	return c
}

// queued lists the findings whose newest decision has the surface queue.
func queued(ctx context.Context, s store.Store) ([]findingView, error) {
	cohorts, err := cohortsByID(ctx, s)
	if err != nil {
		return nil, err
	}
	known, err := s.AdvisoryRisks(ctx)
	if err != nil {
		return nil, err
	}
	var queue []findingView
	err = eachRepository(ctx, s, "", func(snap *store.Snapshot) (bool, error) {
		for _, v := range views(snap, cohorts) {
			if v.shownOn(input.SurfaceQueue) {
				v.Value = promoter.Value(v.facts, store.RiskOf(known, v.facts))
				queue = append(queue, v)
			}
		}
		return true, nil
	})
	slices.SortStableFunc(queue, func(a, b findingView) int { return cmp.Compare(b.Value, a.Value) })
	return queue, err
}

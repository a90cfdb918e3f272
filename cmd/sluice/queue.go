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
		Long: "Lists the findings that the policy puts into the security team's queue, most valuable first:\nwhat was drawn at random for each cohort in triage (drawn: judge that first), then what is known to be exploited, then by severity, likelihood of exploitation and a fix at hand.",
	}
	c.AddCommand(p.judgeCommand())
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
		return p.showFindings(queue, more, queueTable)
	})
	return c
}

// queueTable has what one judges by.
func queueTable(queue []findingView) table {
	t := table{head: []string{"FINDING", "SEVERITY", "SCANNER", "RULE", "WHY", "PLACE", "MESSAGE"}}
	for _, v := range queue {
		t.add(v.Name, v.Severity.String(), v.Scanner, v.Rule, v.why(), where(v.Place), v.Message)
	}
	return t
}

// why a finding stands where it stands in the queue.
func (v findingView) why() string {
	switch {
	case v.Sampled:
		return "drawn"
	case v.Answered:
		return "answered"
	}
	return "by value"
}

// queued lists the findings whose newest decision has the surface queue, and
// what waits in a random sample: first what was drawn, last what was answered.
func queued(ctx context.Context, s store.Store) ([]findingView, error) {
	cohorts, err := cohortsByID(ctx, s)
	if err != nil {
		return nil, err
	}
	known, err := s.AdvisoryRisks(ctx)
	if err != nil {
		return nil, err
	}
	drawn, err := drawn(ctx, s)
	if err != nil {
		return nil, err
	}
	answered, err := answered(ctx, s)
	if err != nil {
		return nil, err
	}
	var queue []findingView
	err = eachRepository(ctx, s, "", func(snap *store.Snapshot) (bool, error) {
		for _, v := range views(snap, cohorts) {
			key := findingKey{v.repoID, v.no}
			if v.Sampled, v.Answered = drawn[key], answered[key]; !v.Sampled && !v.shownOn(input.SurfaceQueue) {
				continue
			}
			v.Answered = v.Answered && !v.Sampled
			v.Value, v.Snippet = promoter.Value(v.facts, store.RiskOf(known, v.facts)), snippet(snap, v.no)
			queue = append(queue, v)
		}
		return true, nil
	})
	slices.SortStableFunc(queue, func(a, b findingView) int {
		return cmp.Or(before(a.Sampled, b.Sampled), before(!a.Answered, !b.Answered), cmp.Compare(b.Value, a.Value))
	})
	return queue, err
}

// before puts what holds first.
func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// drawn is what waits for judgement in a random sample: of cohorts in triage,
// and of those that an audit was asked for.
func drawn(ctx context.Context, s store.Store) (map[findingKey]bool, error) {
	out := map[findingKey]bool{}
	standings, err := s.Standings(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range standings {
		if c.Stage != promoter.Triage && c.Audit == nil {
			continue
		}
		open, err := s.Unanswered(ctx, c.ID, c.Attempt, true)
		if err != nil {
			return nil, err
		}
		for _, o := range open {
			out[findingKey{o.RepoID, o.Finding}] = true
		}
	}
	return out, nil
}

// answered is what a person has said something about that counts.
func answered(ctx context.Context, s store.Answers) (map[findingKey]bool, error) {
	out := map[findingKey]bool{}
	all, err := s.Verdicts(ctx, store.VerdictQuery{Standing: true})
	for _, v := range all {
		if v.Person != 0 && v.Uncounted == "" {
			out[findingKey{v.RepoID, v.Finding}] = true
		}
	}
	return out, err
}

// snippet is the text a finding is about, where the report or the source has it.
func snippet(snap *store.Snapshot, no int64) string {
	for _, s := range slices.Backward(snap.Sightings) {
		if s.Finding == no && s.Parts.Snippet != "" {
			return s.Parts.Snippet
		}
	}
	return ""
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

func (p *program) cohortCommand() *cobra.Command {
	return p.group("cohort", "the cohorts and the stages they stand in", p.cohortListCommand(), p.cohortShowCommand(), p.cohortMoveCommand(), p.cohortHoldCommand(), p.cohortReleaseCommand())
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// cohortMove is a move by hand and what follows from it.
type cohortMove struct {
	Cohort   string         `json:"cohort"`
	From     promoter.Stage `json:"from"`
	To       promoter.Stage `json:"to"`
	Findings int            `json:"findings"`
	Shown    int            `json:"shown"` // comments and summaries of it on display
	Moved    bool           `json:"moved"`
	Follows  string         `json:"follows"`
}

func (p *program) cohortMoveCommand() *cobra.Command {
	var reason, until string
	var dry bool
	c := &cobra.Command{
		Use: "move KEY STAGE", Short: "move a cohort to another stage", Args: takes("the cohort's KEY", "the STAGE"),
		Long: "Moves a cohort by hand and says what follows. The stage holds from now on, also for a run in progress;\nwhat is to be shown or withdrawn because of it, the next run shows or withdraws.",
	}
	c.Flags().StringVar(&reason, "reason", "", "why; goes into the ledger (required)")
	c.Flags().StringVar(&until, "until", "", "go back to where it stands now at a date (2026-12-31), a time (RFC 3339) or after a span (12h, 30d)")
	c.Flags().BoolVar(&dry, "dry-run", false, "only say what would follow")
	c.RunE = p.with(func(ctx context.Context, a *app.App, args []string) error {
		to, err := stageToMoveTo(args[1])
		if err != nil {
			return err
		}
		if line(reason) == "" && !dry {
			return usagef("--reason is missing: the ledger keeps why a cohort was moved")
		}
		var end time.Time
		if until != "" {
			if end, err = parseUntil(until, a.Now().UTC()); err != nil {
				return err
			}
		}
		s, err := a.ExistingStore(ctx)
		if err != nil {
			return err
		}
		cohort, err := findStanding(ctx, s, args[0])
		if err != nil {
			return err
		}
		m, err := preview(ctx, s, cohort, to)
		if err != nil {
			return err
		}
		if to == promoter.Enforce && (a.Config.GitHub == nil || a.Config.GitHub.App == nil) {
			return usagef("enforce fails a check, and only a GitHub App may write one: configure github.app; advise is the highest stage without")
		}
		if !dry && cohort.Stage != to {
			if err := moveByHand(ctx, s, a, cohort, to, reason, end); err != nil {
				return err
			}
			m.Moved = true
		}
		return p.show(m, m.write)
	})
	return c
}

func stageToMoveTo(name string) (promoter.Stage, error) {
	stage, err := promoter.ParseStage(name)
	if err != nil {
		return stage, usagef("%w", err)
	}
	return stage, nil
}

func findCohort(ctx context.Context, s store.Ladder, key string) (promoter.Cohort, error) {
	cohorts, err := s.Cohorts(ctx)
	if err != nil {
		return promoter.Cohort{}, err
	}
	var keys []string
	for _, c := range cohorts {
		if c.Key == key {
			return c, nil
		}
		keys = append(keys, c.Key)
	}
	if near := app.Nearest(key, keys); near != "" {
		return promoter.Cohort{}, usagef("there is no cohort %q; did you mean %s?", key, near)
	}
	return promoter.Cohort{}, usagef("there is no cohort %q; `sluice cohort list` shows them all", key)
}

// findStanding is findCohort for what has not ended.
func findStanding(ctx context.Context, s store.Ladder, key string) (promoter.Cohort, error) {
	c, err := findCohort(ctx, s, key)
	if err == nil && !c.Ended.IsZero() {
		err = usagef("cohort %s has ended: its findings are in other cohorts; `sluice cohort show %s` says in which", key, key)
	}
	return c, err
}

func moveByHand(ctx context.Context, s store.Ladder, a *app.App, c promoter.Cohort, to promoter.Stage, reason string, until time.Time) error {
	_, err := s.MoveCohort(ctx, promoter.Move{
		CohortID: c.ID, From: c.Stage, To: to, Kind: promoter.MoveOverride, Reason: reason, Actor: a.Actor, At: a.Now().UTC(), Until: until,
	})
	var conflict *store.ConflictError
	if errors.As(err, &conflict) {
		return fmt.Errorf("somebody else moved it meanwhile: %w", err)
	}
	return err
}

// preview counts what a move is about.
func preview(ctx context.Context, s store.Store, c promoter.Cohort, to promoter.Stage) (cohortMove, error) {
	m := cohortMove{Cohort: c.Key, From: c.Stage, To: to}
	counts, err := s.CohortCounts(ctx)
	if err != nil {
		return m, err
	}
	m.Findings = counts[c.ID]
	err = eachRepository(ctx, s, "", func(snap *store.Snapshot) (bool, error) {
		for _, n := range snap.Notices {
			if n.State == promoter.NoticePosted && slices.ContainsFunc(n.Items, func(i promoter.Item) bool { return i.CohortID == c.ID && i.Live() }) {
				m.Shown++
			}
		}
		return true, nil
	})
	m.Follows = follows(m)
	return m, err
}

// follows tells what a move leads to.
func follows(m cohortMove) string {
	switch {
	case m.From == m.To:
		return "it stands there already; nothing changes"
	case m.To == promoter.Observe:
		return fmt.Sprintf("nobody is shown its %d findings; the next run withdraws what is on display (%d)", m.Findings, m.Shown)
	case m.To == promoter.Triage && m.From > m.To:
		return fmt.Sprintf("engineers are shown nothing new of it; the next run withdraws what is on display (%d); the security team keeps its queue", m.Shown)
	case m.To == promoter.Triage:
		return fmt.Sprintf("the security team finds those of its %d findings that pass the threshold in `sluice queue` after the next run; engineers see nothing", m.Findings)
	}
	return fmt.Sprintf("from the next run on engineers see those of its %d findings that their pull requests introduce, within budgets and ceilings; `sluice run --dry-run` shows which", m.Findings)
}

func (m cohortMove) write(w io.Writer) error {
	what := "would move"
	if m.Moved {
		what = "moved"
	}
	if m.From == m.To {
		what = "stands"
	}
	_, err := fmt.Fprintf(w, "%s %s: %s -> %s\n%s\n", m.Cohort, what, m.From, m.To, m.Follows)
	return err
}

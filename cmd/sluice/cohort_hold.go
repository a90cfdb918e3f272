package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

func (p *program) cohortHoldCommand() *cobra.Command {
	return p.stayCommand("hold", promoter.MoveHold, "keep a cohort from climbing until it is released",
		"Keeps a cohort from climbing until somebody releases it. An alarm lowers it all the same.")
}

func (p *program) cohortReleaseCommand() *cobra.Command {
	return p.stayCommand("release", promoter.MoveRelease, "end a hold, a person's and the evidence's",
		"Ends a hold. One that the evidence asked for comes back only on what is learnt from now on.")
}

// stayCommand is a command that leaves the stage as it is.
func (p *program) stayCommand(verb string, kind promoter.MoveKind, short, long string) *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: verb + " KEY", Short: short, Long: long, Args: takes("the cohort's KEY"),
		Example: fmt.Sprintf("  sluice cohort %s core/gosec/high --reason \"release freeze\"", verb),
	}
	c.Flags().StringVar(&reason, "reason", "", "why; goes into the ledger (required)")
	c.RunE = p.with(func(ctx context.Context, a *app.App, args []string) error {
		if line(reason) == "" {
			return usagef("--reason is missing: the ledger keeps why")
		}
		s, err := a.ExistingStore(ctx)
		if err != nil {
			return err
		}
		cohort, err := findStanding(ctx, s, args[0])
		if err != nil {
			return err
		}
		_, err = s.MoveCohort(ctx, promoter.Move{
			CohortID: cohort.ID, From: cohort.Stage, To: cohort.Stage, Kind: kind, Reason: reason, Actor: a.Actor, At: a.Now().UTC(),
		})
		var conflict *store.ConflictError
		if errors.As(err, &conflict) {
			return usagef("%w", err)
		}
		if err != nil {
			return err
		}
		answer := map[string]any{"cohort": cohort.Key, "stage": cohort.Stage, "kind": kind, "actor": a.Actor}
		return p.show(answer, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s: %s by %s, at %s\n", cohort.Key, kind, a.Actor, cohort.Stage)
			return err
		})
	})
	return c
}

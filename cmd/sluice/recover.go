package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter/run"
)

const recoverText = `After an old backup was put in the place of the store, adopts what was shown
since: comments and summaries of open pull requests are found by their signed
markers, tasks by their labels; alerts that were dismissed for a decision that is
lost are named. It reads the reports and asks the policy as a run
does, and then shows and withdraws nothing; what it cannot tell what it is about,
it names, and ends with 3. A run does the same before it shows anything new, so
nothing is posted twice if you forget.

Moves, verdicts and answers given since the backup are lost: look at
` + "`sluice cohort list`" + ` before the next run.

  sluice recover --dry-run
  sluice recover`

func (p *program) recoverCommand() *cobra.Command {
	var dry bool
	var wait time.Duration
	c := &cobra.Command{Use: "recover", Short: "adopt what was shown after the backup that was restored", Long: recoverText, Args: takes()}
	c.Flags().BoolVar(&dry, "dry-run", false, "only say what would be adopted")
	c.Flags().DurationVar(&wait, "wait", 0, "how long to wait for another run, such as 10m")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		req := app.Request{Wait: wait, Recovering: true}
		var report *run.Report
		var err error
		if dry {
			var d *app.Dry
			if d, err = a.DryRun(ctx, req); d != nil {
				report = d.Report
			}
		} else {
			if _, err = a.ExistingStore(ctx); err == nil {
				report, err = a.Run(ctx, req)
			}
		}
		if report == nil {
			return err
		}
		shown := p.show(recovered{report.Adopted, report.Strange, report.Errors}, func(w io.Writer) error { return writeRecovered(w, report, dry) })
		return errors.Join(shown, err, endOf(recoverCode(report)))
	})
	return c
}

// recovered is what a recovery found.
type recovered struct {
	Adopted []run.Adopted   `json:"adopted"`
	Strange []run.Strange   `json:"strange"` // ours, and nothing is known of what they are about
	Errors  []run.ErrorLine `json:"errors"`
}

func recoverCode(r *run.Report) int {
	switch {
	case len(r.Errors) > 0:
		return codeFailed
	case len(r.Strange) > 0 || r.Interrupted || r.Effects.Unknown > 0:
		return codePartial
	}
	return 0
}

func writeRecovered(w io.Writer, r *run.Report, dry bool) error {
	did := "adopted"
	if dry {
		did = "would adopt"
	}
	fmt.Fprintf(w, "%s %d notices that the store did not know\n", did, len(r.Adopted))
	for _, a := range r.Adopted {
		fmt.Fprintf(w, "  %s of %s (%s): %s\n", a.Surface, targetText(a.Repository, a.PullRequest), a.State, a.URL)
	}
	if len(r.Strange) > 0 {
		fmt.Fprintf(w, "%d are ours and nothing is known of what they are about; look at them:\n", len(r.Strange))
	}
	for _, s := range r.Strange {
		fmt.Fprintf(w, "  %s: %s\n", targetText(s.Repository, s.PullRequest), s.URL)
	}
	writeErrors(w, r.Errors)
	return nil
}

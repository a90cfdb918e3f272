package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter/ladder"
	"github.com/sluice-sec/sluice/promoter/simulate"
)

// simulateFlags say what to play.
type simulateFlags struct {
	law     lawFlags
	cohorts int
	seed    uint64
	bare    bool
	page    string
	labels  string
	orders  int
}

func (p *program) simulateCommand() *cobra.Command {
	var f simulateFlags
	c := &cobra.Command{
		Use: "simulate", Short: "play cohorts and reviewers through the ladder, and hold the figures against what is promised", Args: takes(),
		Long:    "Plays made-up cohorts and reviewers through the real evidence, ladder and policy code: how often a good cohort\nfalls, how long a bad one stays, how often one climbs that should not. Reads and writes no store.\nThe bounds are claimed for 10,000 cohorts, which takes tens of minutes; fewer give a first idea.",
		Example: "  sluice simulate\n  sluice simulate --cohorts 10000 --page figures.html\n  sluice simulate --bare --output json\n  sluice simulate --labelled findings.csv.gz --orders 1000",
	}
	f.law.add(c)
	c.Flags().IntVar(&f.cohorts, "cohorts", 1000, "cohorts played for each figure")
	c.Flags().Uint64Var(&f.seed, "seed", simulate.Seed, "of chance; the same seed gives the same figures")
	c.Flags().BoolVar(&f.bare, "bare", false, "only the two tests by themselves, which takes a minute at most")
	c.Flags().StringVar(&f.page, "page", "", "also write one HTML page with charts to this file")
	c.Flags().StringVar(&f.labels, "labelled", "", "instead, replay findings whose right verdict is known: CSV (or CSV.gz) with the columns tool, rule, severity, label (TP or FP)")
	c.Flags().IntVar(&f.orders, "orders", 1000, "of --labelled: in how many random orders")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		if f.labels != "" {
			return p.replayLabels(ctx, a, f)
		}
		if f.cohorts < 20 {
			return usagef("--cohorts %d: at least 20, or there is nothing to count", f.cohorts)
		}
		law, err := a.Candidate(ctx, f.law.policy, f.law.settings)
		if err != nil {
			return err
		}
		figures := p.playFigures(ctx, f, law.Engine)
		if f.page != "" {
			if err := writePage(f.page, pageOf(figures, f)); err != nil {
				return err
			}
		}
		if err := p.show(figures, func(w io.Writer) error { return p.writeFigures(w, figures) }); err != nil {
			return err
		}
		return verdictOn(ctx, figures)
	})
	return c
}

// playFigures plays them in order. Each is told as it is known, because the
// last one comes long after the first.
func (p *program) playFigures(ctx context.Context, f simulateFlags, engine *policy.Engine) []simulate.Figure {
	hear, end := p.progress()
	defer end()
	o := simulate.Options{Cohorts: f.cohorts, Seed: f.seed, Policy: asking(ctx, engine)}
	o.Hear = simulate.Hear{Step: hear.Step, Done: hear.Done}
	if !p.terminal {
		o.Hear.Figure = func(f simulate.Figure) {
			fmt.Fprintf(p.err, "%s %s: %s (%s)\n", time.Now().UTC().Format(time.TimeOnly), f.Figure, f.Reached, f.Required)
		}
	}
	figures := simulate.Bare(ctx, o)
	if !f.bare {
		for _, r := range simulate.AnswerRates() {
			figures = append(figures, simulate.Whole(ctx, o, r)...)
		}
	}
	return figures
}

// asking is the policy as the ladder wants it.
func asking(ctx context.Context, engine *policy.Engine) ladder.Policy {
	return func(in input.Stage) (input.StageAnswer, error) {
		r := engine.Stage(ctx, in)
		if r.Outcome != policy.Decided {
			return r.Answer, cmpErr(r.Err, string(r.Outcome))
		}
		return r.Answer, nil
	}
}

func cmpErr(err error, otherwise string) error {
	if err != nil {
		return err
	}
	return errors.New(otherwise)
}

// verdictOn ends with the code for what failed where a bound does not hold.
func verdictOn(ctx context.Context, figures []simulate.Figure) error {
	if ctx.Err() != nil {
		return ended(codePartial)
	}
	for _, f := range figures {
		if !f.Holds {
			return ended(codeFailed)
		}
	}
	return nil
}

func writePage(file string, page []byte) error {
	if err := os.WriteFile(file, page, 0o644); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter/simulate"
)

// replayLabels plays findings whose right verdict is known.
func (p *program) replayLabels(ctx context.Context, a *app.App, f simulateFlags) error {
	if f.orders < 1 {
		return usagef("--orders %d: at least 1", f.orders)
	}
	labels, skipped, err := readLabels(f.labels)
	if err != nil {
		return usagef("--labelled %s: %w", f.labels, err)
	}
	law, err := a.Candidate(ctx, f.law.policy, f.law.settings)
	if err != nil {
		return err
	}
	hear, end := p.progress()
	r := simulate.Replay(ctx, labels, f.orders, simulate.Options{Seed: f.seed, Policy: asking(ctx, law.Engine), Hear: simulate.Hear{Step: hear.Step, Done: hear.Done}})
	end()
	r.Skipped = skipped
	if f.page != "" {
		if err := writePage(f.page, pageView{Labelled: &r}.page()); err != nil {
			return err
		}
	}
	if err := p.show(r, func(w io.Writer) error { return p.writeLabelled(w, r) }); err != nil {
		return err
	}
	return ctx.Err()
}

func readLabels(file string) ([]simulate.Label, int, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, 0, err
	}
	defer in.Close()
	if !strings.HasSuffix(file, ".gz") {
		return simulate.ReadLabels(in)
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, 0, err
	}
	return simulate.ReadLabels(z)
}

func (p *program) writeLabelled(w io.Writer, r simulate.Labelled) error {
	fmt.Fprintf(w, "%d orders; %d findings labelled neither TP nor FP were left out\n\n", r.Orders, r.Skipped)
	t := table{head: []string{"COHORT", "FINDINGS", "RIGHT", "CLIMBS", "LOSES PARTS", "FALLS", "SHOWN", "RIGHT", "RULES CARVED OUT"}}
	for _, c := range r.Cohorts {
		var rules []string
		for i, rule := range c.Rules {
			if i == 5 {
				rules = append(rules, fmt.Sprintf("%d more", len(c.Rules)-i))
				break
			}
			rules = append(rules, fmt.Sprintf("%s: %s right, in %.0f %% of the orders", rule.Rule, percent(rule.Precision), rule.Share))
		}
		right := "-"
		if c.Shown > 0 {
			right = percent(c.ShownPrecision)
		}
		t.add(c.Cohort, fmt.Sprint(c.Findings), percent(c.Precision), fmt.Sprintf("%.1f %%", c.Promoted), fmt.Sprintf("%.1f %%", c.Carved),
			fmt.Sprintf("%.1f %%", c.RolledBack), fmt.Sprintf("%.0f", c.Shown), right, strings.Join(rules, ", "))
	}
	if err := t.write(w, p.width); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "\nclimbs to advise, losses and falls in percent of the orders; what engineers were shown is the mean over them")
	return err
}

package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/promoter/simulate"
)

// plotted are the charts, in the order in which they are read.
var plotted = []struct {
	chart, title string
	log          bool // the values span decades
}{
	{"false rollback", "False rollback: share of good cohorts that fall within 2000 findings", true},
	{"false promotion", "False promotion: share of noisy cohorts that climb within 2000 findings", true},
	{"delay from entry", "Delay: findings shown until a noisy cohort falls, from its entry (median)", false},
	{"delay after a good past", "Delay: the same after 300 good ones (median)", false},
	{"until promotion", "Promotion: findings shown until a good cohort qualifies (median)", false},
}

// writeFigures writes the two tables and the charts.
func (p *program) writeFigures(w io.Writer, figures []simulate.Figure) error {
	titles := [2]string{"The two tests by themselves", "The whole rule, as it ships"}
	for i, title := range titles {
		t := table{head: []string{"FIGURE", "MUST BE", "IS", "HOLDS"}}
		for _, f := range figures {
			if isWhole(f) == (i == 1) {
				t.add(strings.TrimPrefix(f.Figure, "whole rule, "), f.Required, f.Reached, yesNo(f.Holds))
			}
		}
		if len(t.rows) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s\n\n", title)
		if err := t.write(w, p.width); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	for _, c := range plotted {
		writeChart(w, c.title, c.log, pointsOf(figures, c.chart))
	}
	failed := 0
	for _, f := range figures {
		if !f.Holds {
			failed++
		}
	}
	_, err := fmt.Fprintf(w, "%d figures, %d hold, %d do not\n", len(figures), len(figures)-failed, failed)
	return err
}

func isWhole(f simulate.Figure) bool { return strings.HasPrefix(f.Figure, "whole rule") }

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "NO"
}

func pointsOf(figures []simulate.Figure, chart string) (out []simulate.Plot) {
	for _, f := range figures {
		if f.Plot.Chart == chart {
			out = append(out, f.Plot)
		}
	}
	slices.SortStableFunc(out, func(a, b simulate.Plot) int { return cmp.Compare(a.P, b.P) })
	return out
}

// bar is how many characters a chart is wide.
const bar = 40

// writeChart draws a bar for each point; where a bound is known, a mark stands
// at it.
func writeChart(w io.Writer, title string, log bool, points []simulate.Plot) {
	if len(points) == 0 {
		return
	}
	top, low := 0.0, math.Inf(1)
	for _, p := range points {
		for _, v := range []float64{p.Values[0], p.Bound} {
			top = max(top, v)
			if v > 0 {
				low = min(low, v)
			}
		}
	}
	at := func(v float64) int { return scale(v, low, top, log) }
	fmt.Fprintf(w, "%s%s\n", title, map[bool]string{true: "; logarithmic", false: ""}[log])
	before := -1.0
	for _, p := range points {
		noise := strings.Repeat(" ", 9)
		if p.P != before {
			noise = fmt.Sprintf("noise %2.0f%%", 100*p.P)
			before = p.P
		}
		cells := []rune(strings.Repeat("█", at(p.Values[0])) + strings.Repeat(" ", bar+1-at(p.Values[0])))
		bound := ""
		if p.Bound > 0 {
			cells[at(p.Bound)] = '│'
			bound = " of at most " + number(p.Bound)
		}
		fmt.Fprintf(w, "  %s  %-9s  %s %s%s\n", noise, p.Series, string(cells), number(p.Values[0]), bound)
	}
	fmt.Fprintln(w)
}

// scale places a value on the chart's width.
func scale(v, low, top float64, log bool) int {
	switch {
	case v <= 0 || top <= 0:
		return 0
	case log && low < top:
		return 1 + int(math.Round((bar-1)*math.Log(v/low)/math.Log(top/low)))
	}
	return int(math.Round(bar * v / top))
}

func number(v float64) string {
	if v >= 1 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4f", v)
}

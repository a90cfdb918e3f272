// Package simulate plays cohorts and reviewers through the real evidence, ladder
// and policy code, with a seeded source of chance and a clock of its own. It is
// what stands behind the figures of docs/ladder.md, and what a security lead can
// run before trusting the bars.
//
// The awkward truth: its reviewers are kinder than real ones. They answer with a
// fixed chance, independently of each other, and mean what they say. What is
// proved holds for any reviewers; what is only measured here (delays, what an
// audit finds) does not.
package simulate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter/ladder"
)

// Seed is the one that the published figures were made with.
const Seed = 20260302

// Options say how much is played. Cohorts must be positive.
type Options struct {
	Cohorts int    // for each figure; the bounds are claimed for 10,000, and fewer are given some slack
	Seed    uint64 // the same seed gives the same figures
	// Policy is asked whenever the evidence of a cohort says something else.
	// Nil: the evidence alone decides.
	Policy ladder.Policy
	Hear   Hear
}

// Hear is told how far a simulation is. The zero value hears nothing.
type Hear struct {
	Step   func(name string, total int)
	Done   func(n int)
	Figure func(Figure)
}

// Figure is one line of the tables: what is required and what was reached.
type Figure struct {
	Figure   string `json:"figure"`
	Required string `json:"required"`
	Reached  string `json:"reached"`
	Holds    bool   `json:"holds"`

	Plot Plot `json:"-"`
}

// Plot is where a figure stands in a chart.
type Plot struct {
	Chart  string // "delay", "false rollback", "false promotion", ...; "" for none
	Series string // "bare", or how many answer
	P      float64
	Bound  float64   // required; 0 if nothing is
	Values []float64 // reached: a share, or median and 90th percentile
}

const (
	bare = "bare"
	day  = 24 * time.Hour
)

// play is one simulation under way.
type play struct {
	Options
	ctx context.Context
	out []Figure
}

// Bare plays the figures of the two tests by themselves: seconds for hundreds
// of cohorts, a minute for ten thousand. A cancelled context ends it early, with
// the figures known by then.
func Bare(ctx context.Context, o Options) []Figure {
	p := &play{Options: o, ctx: ctx}
	p.bare()
	return p.out
}

// Whole plays the rule as it ships (gate, split limits, holds and audits) with
// one of the answer rates: tens of minutes for ten thousand cohorts.
func Whole(ctx context.Context, o Options, r Rates) []Figure {
	p := &play{Options: o, ctx: ctx}
	p.whole(r)
	return p.out
}

func (p *play) add(f ...Figure) {
	if p.ctx.Err() != nil {
		return // not played to its end
	}
	for _, f := range f {
		p.out = append(p.out, f)
		if p.Hear.Figure != nil {
			p.Hear.Figure(f)
		}
	}
}

// each plays n cohorts under one name, with a stream of chance of its own, so
// that one figure changes no other.
func (p *play) each(name string, n int, one func(rng *rand.Rand)) {
	if p.ctx.Err() != nil {
		return
	}
	if p.Hear.Step != nil {
		p.Hear.Step(name, n)
	}
	rng := p.source(name)
	for range n {
		if p.ctx.Err() != nil {
			return
		}
		one(rng)
		if p.Hear.Done != nil {
			p.Hear.Done(1)
		}
	}
}

func (p *play) source(name string) *rand.Rand {
	h := uint64(14695981039346656037)
	for _, c := range []byte(name) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return rand.New(rand.NewPCG(p.Seed, h))
}

// share is how many of n cohorts something happens to. A small simulation
// allows for its own noise; a large one takes bounds as they are.
func (p *play) share(chart string, at float64, name string, most float64, n int, happens func(rng *rand.Rand) bool) Figure {
	hits := 0
	p.each(name, n, func(rng *rand.Rand) {
		if happens(rng) {
			hits++
		}
	})
	got := float64(hits) / float64(n)
	return Figure{name, fmt.Sprintf("at most %.4f", most), fmt.Sprintf("%.4f", got), got <= allowed(most, n), Plot{chart, bare, at, most, []float64{got}}}
}

func allowed(most float64, n int) float64 {
	if n >= 10_000 {
		return most
	}
	return most + 4*math.Sqrt(most*(1-most)/float64(n)) + 2/float64(n)
}

// quantiles is the median and the 90th percentile of what n cohorts wait.
func (p *play) quantiles(chart string, at float64, name string, median, p90, n int, wait func(rng *rand.Rand) int) Figure {
	waits := make([]int, 0, n)
	p.each(name, n, func(rng *rand.Rand) {
		w := wait(rng)
		if w == 0 {
			w = longest
		}
		waits = append(waits, w)
	})
	if len(waits) < n {
		return Figure{} // ended early
	}
	slices.Sort(waits)
	m, q := waits[n/2], waits[n*9/10]
	slack := 1.0
	if n < 10_000 {
		slack = 1.15
	}
	within := func(got, most int) bool { return float64(got) <= math.Ceil(float64(most)*slack) }
	plot := Plot{chart, bare, at, float64(median), []float64{float64(m), float64(q)}}
	if p90 == 0 {
		return Figure{name, fmt.Sprintf("at most %d", median), fmt.Sprint(m), within(m, median), plot}
	}
	return Figure{name, fmt.Sprintf("at most %d/%d", median, p90), fmt.Sprintf("%d/%d", m, q), within(m, median) && within(q, p90), plot}
}

// policy is the one given, or one that goes by the evidence alone.
func (p *play) policy() ladder.Policy {
	if p.Policy != nil {
		return p.Policy
	}
	return func(in input.Stage) (input.StageAnswer, error) {
		return input.StageAnswer{Stage: in.Cohort.Stage, Apply: input.ApplyPropose, Carve: in.Evidence.Carve, Reasons: []string{"evidence-" + in.Evidence.Outcome}}, nil
	}
}

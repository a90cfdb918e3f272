package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sluice-sec/sluice/promoter/evidence"
)

const (
	limitA  = 5000
	headR   = 100
	climbAt = 20
	longest = 20_000 // where waiting for an alarm or a promotion ends
)

func score(rng *rand.Rand, p float64) float64 {
	if rng.Float64() < p {
		return 1
	}
	return 0
}

func fires(d *evidence.Detector) bool {
	return slices.Max(d[:]) >= math.Log(limitA) && d.Ln() >= math.Log(limitA)
}

func opens(b *evidence.Bets) bool {
	return slices.Max(b[:]) >= math.Log(climbAt) && b.Ln() >= math.Log(climbAt)
}

var tenth = evidence.NewTest(.10)

// fallAfter counts the verdicts at p until the alarm; 0 if it stays silent for upTo.
func fallAfter(rng *rand.Rand, d evidence.Detector, p float64, upTo int) int {
	for i := 1; i <= upTo; i++ {
		d.Step(tenth, score(rng, p))
		if fires(&d) {
			return i
		}
	}
	return 0
}

func climbAfter(rng *rand.Rand, b evidence.Bets, p float64, upTo int) int {
	for i := 1; i <= upTo; i++ {
		b.Step(tenth, score(rng, p))
		if opens(&b) {
			return i
		}
	}
	return 0
}

// bare adds the figures of one test each, looked at after every verdict.
func (p *play) bare() {
	n := p.Cohorts
	for _, b := range []struct{ p, most float64 }{{.03, .001}, {.05, .005}, {.08, .05}, {.10, .26}} {
		p.add(p.share("false rollback", b.p, fmt.Sprintf("false rollback within 2000, p = %.2f", b.p), b.most, n, func(rng *rand.Rand) bool {
			return fallAfter(rng, evidence.NewDetector(headR), b.p, 2000) > 0
		}))
	}
	for _, b := range []struct {
		p           float64
		median, p90 int
	}{{.25, 48, 105}, {.40, 16, 34}, {.60, 8, 15}} {
		p.add(p.quantiles("delay from entry", b.p, fmt.Sprintf("delay from entry, p = %.2f", b.p), b.median, b.p90, n, func(rng *rand.Rand) int {
			return fallAfter(rng, evidence.NewDetector(headR), b.p, longest)
		}))
	}
	for _, b := range []struct {
		p           float64
		median, p90 int
	}{{.15, 300, 650}, {.25, 63, 122}, {.40, 23, 43}, {.60, 12, 20}} {
		p.add(p.quantiles("delay after a good past", b.p, fmt.Sprintf("delay after 300 good verdicts, p = %.2f", b.p), b.median, b.p90, n, func(rng *rand.Rand) int {
			return fallAfter(rng, goodPast(rng), b.p, longest)
		}))
	}
	for _, b := range []struct{ p, most float64 }{{.10, .0565}, {.12, .020}, {.20, .002}} {
		p.add(p.share("false promotion", b.p, fmt.Sprintf("false promotion within 2000, p = %.2f", b.p), b.most, n, func(rng *rand.Rand) bool {
			return climbAfter(rng, fromOne(), b.p, 2000) > 0
		}))
	}
	for _, b := range []struct {
		p      float64
		median int
	}{{0, 37}, {.01, 60}, {.03, 90}, {.05, 185}} {
		p.add(p.quantiles("until promotion", b.p, fmt.Sprintf("verdicts to promotion, p = %.2f", b.p), b.median, 0, n, func(rng *rand.Rand) int {
			return climbAfter(rng, fromOne(), b.p, longest)
		}))
	}
	p.add(p.quantiles("", 0, "verdicts to promotion, p = 0.00, epoch form", 45, 0, 1+n/100, func(rng *rand.Rand) int {
		return climbAfter(rng, evidence.NewBets(), 0, longest)
	}))
	p.add(p.share("", 0, "clusters of 5, p = 0.05, 2000 findings: false rollback", .005, n, func(rng *rand.Rand) bool {
		return fallAfter(rng, evidence.NewDetector(headR), .05, 2000/5) > 0 // answered in bulk: a cluster is all noise or none
	}))
	p.add(p.share("", 0, "pending = 0, complaints after 1 day, praise after 10, p = 0.05: false rollback", .006, n, pendingFalls))
	p.add(p.share("", 0, "promotion in surfacing order, W = 60, p = 0.12, complaints after 20 days", .05, n, func(rng *rand.Rand) bool {
		return lateClimbs(rng, .12)
	}))
	p.add(p.portfolio(n)...)
}

// goodPast is a detector after 300 verdicts at half the bar that raised no alarm.
func goodPast(rng *rand.Rand) evidence.Detector {
	for {
		d := evidence.NewDetector(headR)
		quiet := true
		for range 300 {
			d.Step(tenth, score(rng, .05))
			quiet = quiet && !fires(&d)
		}
		if quiet {
			return d
		}
	}
}

// pendingFalls shows 4 a day for 250 days and looks every day: what has no
// answer yet counts 0. A complaint comes a day late, so all but the last day is
// settled; praise changes nothing when it comes.
func pendingFalls(rng *rand.Rand) bool {
	settled := evidence.NewDetector(headR)
	var yesterday [4]float64
	for today := range 250 {
		if today > 0 {
			for _, x := range yesterday {
				settled.Step(tenth, x)
				if fires(&settled) {
					return true
				}
			}
		}
		look := settled
		for i := range yesterday {
			yesterday[i] = score(rng, .05)
			look.Step(tenth, 0)
			if fires(&look) {
				return true
			}
		}
	}
	return false
}

// lateClimbs shows 4 a day for 250 days; praise comes after a day, complaints
// after 20. In surfacing order the praise waits for the complaints before it.
func lateClimbs(rng *rand.Rand, p float64) bool {
	b := fromOne()
	scores := make([]float64, 0, 1000)
	next := 0
	for today := range 250 + 60 {
		for range 4 {
			if today < 250 {
				scores = append(scores, score(rng, p))
			}
		}
		for ; next < len(scores); next++ {
			known := next/4 + 1
			if scores[next] == 1 {
				known = next/4 + 20
			}
			if known > today {
				break
			}
			b.Step(tenth, scores[next])
			if opens(&b) {
				return true
			}
		}
	}
	return false
}

// portfolio is 2000 cohorts with 20 verdicts a month for two years; who falls begins anew.
func (p *play) portfolio(n int) []Figure {
	const months = 24
	first, later := 0, 0
	repeats := max(1, n/2000)
	i := 0
	p.each("portfolio", 2000*repeats, func(rng *rand.Rand) {
		noise := .04
		switch k := i % 2000; {
		case k >= 1900:
			noise = .30
		case k >= 1700:
			noise = .08
		}
		i++
		d := evidence.NewDetector(headR)
		for v := range months * 20 {
			d.Step(tenth, score(rng, noise))
			if !fires(&d) {
				continue
			}
			d = evidence.NewDetector(headR)
			switch {
			case noise > .10:
			case v < 20:
				first++
			default:
				later++
			}
		}
	})
	month := float64(later) / float64(repeats*(months-1))
	start := float64(first) / float64(repeats)
	slack := 1.0
	if n < 10_000 {
		slack = 2
	}
	return []Figure{
		{"2000 cohorts: false rollbacks a month", "at most 1", fmt.Sprintf("%.2f", month), month <= 1*slack, Plot{}},
		{"2000 cohorts: false rollbacks in the first month", "at most 4", fmt.Sprintf("%.2f", start), start <= 4*slack, Plot{}},
	}
}

// fromOne is the promotion without epochs, from E(0) = 1.
func fromOne() (b evidence.Bets) { return b }

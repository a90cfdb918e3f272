package simulate

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/sluice-sec/sluice/promoter/evidence"
)

// whole adds the figures of the rule as it ships. A simulation of a test run of
// every day plays a few cohorts only.
func (p *play) whole(r Rates) {
	n := p.Cohorts
	if n < 1000 {
		p.wholeErrors(n/10, .05, r, 1)
		p.wholeFound(n/5, r)
		return
	}
	p.wholeFound(n, r)
	for _, noise := range []float64{.05, .08, .10, .12, .20, .03} {
		p.wholeErrors(n, noise, r, 1)
	}
	p.wholeErrors(n, .05, r, 5)
	p.wholeMonths(r)
	p.wholeDelays(max(n/50, 20), r) // a median needs fewer
}

// bounds of the bare tests, which the whole rule must not exceed.
func bareBounds(noise float64) (fall, climb float64) {
	switch noise {
	case .03:
		return .001, 0
	case .05:
		return .005, 0
	case .08:
		return .05, 0
	case .10:
		return .26, .0565
	case .12:
		return 0, .020
	case .20:
		return 0, .002
	}
	return 0, 0
}

// wholeErrors shows 2000 findings and looks twenty times: an alarm is not lost
// between two looks, because its peak stays.
func (p *play) wholeErrors(n int, noise float64, r Rates, size int) {
	falls, carves, climbs, holds := 0, 0, 0, 0
	count := func(k *int, when bool) {
		if when {
			*k++
		}
	}
	in := ""
	if size > 1 {
		in = fmt.Sprintf(" in clusters of %d", size)
	}
	name := fmt.Sprintf("whole rule, %v answer, 2000 findings%s, p = %.2f: ", r, in, noise)
	p.each(name, n, func(rng *rand.Rand) {
		w := p.newWorld(rng, noise, r, evidence.Enforce)
		w.size = size
		good := false
		for look := 0; look < 20 && !w.fell(); look++ {
			for range 100 / size {
				w.show()
			}
			good = w.look().Outcome == evidence.Good || good
		}
		count(&falls, w.fell())
		count(&carves, w.carved())
		count(&climbs, good)
		count(&holds, w.onHold)
	})
	share := func(k int) float64 { return float64(k) / float64(n) }
	fall, climb := bareBounds(noise)
	if fall > 0 {
		f := Figure{
			Figure: name + "falls falsely", Required: fmt.Sprintf("at most %.4f", fall),
			Reached: fmt.Sprintf("%.4f (only a part of it: %.4f; ever on hold: %.4f)", share(falls), share(carves), share(holds)), Holds: share(falls) <= allowed(fall, n),
		}
		if size == 1 {
			f.Plot = Plot{"false rollback", r.String(), noise, fall, []float64{share(falls)}}
		}
		p.add(f)
	}
	if climb > 0 {
		p.add(Figure{
			name + "promoted falsely", fmt.Sprintf("at most %.4f", climb), fmt.Sprintf("%.4f", share(climbs)), share(climbs) <= allowed(climb, n),
			Plot{"false promotion", r.String(), noise, climb, []float64{share(climbs)}},
		})
	}
}

// wholeMonths is 2000 cohorts over two years, looked at monthly; what falls
// begins anew. The hundred noisy ones fall rightly, and are not played.
func (p *play) wholeMonths(r Rates) {
	const months = 24
	first, later, i := 0, 0, 0
	p.each(fmt.Sprintf("whole rule, %v answer, 2000 cohorts", r), 1900, func(rng *rand.Rand) {
		noise := .04
		if i >= 1700 {
			noise = .08
		}
		i++
		w := p.newWorld(rng, noise, r, evidence.Enforce)
		for month := range months {
			for range 20 {
				w.show()
			}
			if w.look(); !w.fell() {
				continue
			}
			w = p.newWorld(rng, noise, r, evidence.Enforce)
			if month == 0 {
				first++
			} else {
				later++
			}
		}
	})
	perMonth := float64(later) / (months - 1)
	name := fmt.Sprintf("whole rule, %v answer, 2000 cohorts: false rollbacks ", r)
	p.add(
		Figure{Figure: name + "a month", Required: "at most 1", Reached: fmt.Sprintf("%.2f", perMonth), Holds: perMonth <= 1},
		Figure{Figure: name + "in the first month", Required: "at most 4", Reached: fmt.Sprint(first), Holds: first <= 4},
	)
}

// mostShown is where waiting for the whole rule ends.
const mostShown = 2000

// wholeDelays looks after every complaint, which alone can raise an alarm, and
// every fifth pull request.
func (p *play) wholeDelays(n int, r Rates) {
	for _, d := range []struct {
		p    float64
		bare string
	}{{.25, "48/105"}, {.40, "16/34"}, {.60, "8/15"}} {
		p.waits(r, "delay from entry", d.p, d.bare, n, func(rng *rand.Rand) int {
			return p.newWorld(rng, d.p, r, evidence.Advise).untilItFalls()
		})
	}
	for _, d := range []struct {
		p    float64
		bare string
	}{{.15, "300/650"}, {.25, "63/122"}, {.40, "23/43"}, {.60, "12/20"}} {
		p.waits(r, "delay after a good past", d.p, d.bare, n, func(rng *rand.Rand) int {
			for {
				w := p.newWorld(rng, .05, r, evidence.Enforce)
				for range 300 {
					w.show()
				}
				if w.look(); !w.fell() {
					w.p = d.p
					return w.untilItFalls()
				}
			}
		})
	}
	for _, d := range []struct {
		p    float64
		bare string
	}{{0, "37, epochs 45"}, {.01, "60"}, {.03, "90"}, {.05, "185"}} {
		p.waits(r, "until promotion", d.p, d.bare, n, func(rng *rand.Rand) int {
			w := p.newWorld(rng, d.p, r, evidence.Triage) // no holds: how fast the evidence alone gathers
			return w.until(func(res evidence.Result) bool { return res.Outcome == evidence.Good })
		})
	}
}

func (p *play) waits(r Rates, what string, noise float64, bareBound string, n int, wait func(rng *rand.Rand) int) {
	name := fmt.Sprintf("whole rule, %v answer: %s, p = %.2f", r, what, noise)
	waits := make([]int, 0, n)
	p.each(name, n, func(rng *rand.Rand) { waits = append(waits, wait(rng)) })
	if len(waits) < n {
		return
	}
	slices.Sort(waits)
	m, q := waits[n/2], waits[n*9/10]
	p.add(Figure{name, "bare: " + bareBound, words(m) + "/" + words(q), true, Plot{what, r.String(), noise, 0, []float64{float64(m), float64(q)}}})
}

func words(k int) string {
	if k > mostShown {
		return fmt.Sprint("> ", mostShown)
	}
	return fmt.Sprint(k)
}

func (w *world) untilItFalls() int {
	return w.until(func(evidence.Result) bool { return w.fell() })
}

func (w *world) until(done func(evidence.Result) bool) int {
	for i := 1; i <= mostShown && w.ctx.Err() == nil; i++ {
		if w.show() || i%5 == 0 {
			if done(w.look()) {
				return i
			}
		}
	}
	return mostShown + 1
}

// wholeFound is how many cohorts at p = .40 are found within 3 and 12 months.
func (p *play) wholeFound(n int, r Rates) {
	var held, alarm, audit [2]int // within 3 months, within 12
	p.each(fmt.Sprintf("whole rule, %v answer: found", r), n, func(rng *rand.Rand) {
		w := p.newWorld(rng, .40, r, evidence.Advise)
		wasHeld := false
		for i := 1; i <= 240; i++ {
			if !w.show() && i%5 != 0 {
				continue
			}
			w.look()
			within := func(counts *[2]int) {
				counts[1]++
				if i <= 60 {
					counts[0]++
				}
			}
			if w.onHold && !wasHeld {
				wasHeld = true
				within(&held)
			}
			switch {
			case !w.fell():
				continue
			case w.judged > 0:
				within(&audit)
			default:
				within(&alarm)
			}
			break
		}
	})
	pct := func(k int) string { return fmt.Sprintf("%.1f %%", 100*float64(k)/float64(n)) }
	line := func(months, i int, least float64) Figure {
		found := alarm[i] + audit[i]
		return Figure{
			fmt.Sprintf("whole rule, %v answer: p = 0.40 found within %d months", r, months), fmt.Sprintf("at least %.0f %%", 100*least),
			fmt.Sprintf("%s (by alarm alone %s, after an audit %s; put on hold %s)", pct(found), pct(alarm[i]), pct(audit[i]), pct(held[i])),
			float64(found) >= least*float64(n),
			Plot{fmt.Sprintf("found within %d months", months), r.String(), .40, 0, []float64{float64(found) / float64(n)}},
		}
	}
	p.add(line(3, 0, 0), line(12, 1, .9)) // 90 % is Sluice's own bar: the specification asks for a report
}

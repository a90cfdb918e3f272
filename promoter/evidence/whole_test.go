package evidence_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter/evidence"
)

// rates is how many of the annoyed and of the content answer.
type rates struct{ annoyed, content float64 }

func (r rates) String() string { return fmt.Sprintf("%.0f/%.0f %%", 100*r.annoyed, 100*r.content) }

func (r rates) name() string { return fmt.Sprintf("%.0f-%.0f", 100*r.annoyed, 100*r.content) }

var answerRates = []rates{{1, 1}, {.5, .1}, {.2, .2}, {.2, .03}}

// world is one cohort, weighed by the whole rule: its pull requests come twenty
// a month, five rules over three repositories, six people who answer two hours
// later or never, and two of the security team who judge what the coin chose
// from the day the cohort is put on hold.
type world struct {
	t       testing.TB
	rng     *rand.Rand
	cohort  evidence.Cohort
	p       float64
	rates   rates
	size    int // findings in a pull request, all noise or none
	all     []evidence.Exposure
	noise   []bool
	stored  []evidence.Checkpoint
	clock   time.Time
	onHold  bool // since when everything the coin chose is judged
	judged  int
	carving bool // the last look carved a part out
}

var (
	people       = [6]string{"ada", "ben", "cyd", "dan", "eve", "fay"}
	judges       = [2]string{"sam", "sue"}
	repositories = [3]string{"acme/shop", "acme/pay", "acme/mail"}
	rules        = [5]string{"R1", "R2", "R3", "R4", "R5"}
)

const (
	pace   = 36 * time.Hour // twenty pull requests a month
	reply  = 2 * time.Hour
	review = 3 * day // from being shown to being judged, once on hold
)

func newWorld(t testing.TB, rng *rand.Rand, p float64, r rates, stage evidence.Stage) *world {
	c := cohort(stage)
	c.Entered = monday.Add(-100 * day)
	return &world{t: t, rng: rng, cohort: c, p: p, rates: r, size: 1, clock: monday}
}

// show shows one pull request and says whether somebody complained about it.
func (w *world) show() (complaint bool) {
	w.clock = w.clock.Add(pace)
	noisy := w.rng.Float64() < w.p
	rate := w.rates.content
	if noisy {
		rate = w.rates.annoyed
	}
	answered := w.rng.Float64() < rate
	person, repository, cluster := people[w.rng.IntN(6)], repositories[w.rng.IntN(3)], strconv.Itoa(len(w.all))
	for range w.size {
		e := evidence.Exposure{
			Seq: int64(len(w.all)), Cluster: cluster, Attempt: w.cohort.Attempt, ShownAt: w.clock,
			ClosedAt: w.clock.Add(day), Coin: w.rng.Float64() < w.cohort.Bars.AuditShare,
			Rule: rules[w.rng.IntN(5)], Repository: repository,
		}
		if answered {
			e.Verdicts = []evidence.Verdict{{Person: person, Kind: said(noisy), At: w.clock.Add(reply)}}
		}
		w.all, w.noise = append(w.all, e), append(w.noise, noisy)
		if w.onHold {
			w.judge(len(w.all)-1, w.clock.Add(review))
		}
	}
	return noisy && answered
}

func said(noisy bool) evidence.Kind {
	if noisy {
		return evidence.FalsePositive
	}
	return evidence.Useful
}

// judge has the security team answer what the coin chose and nobody answered.
func (w *world) judge(i int, at time.Time) {
	if e := &w.all[i]; e.Coin && len(e.Verdicts) == 0 {
		w.judged++
		e.Verdicts = []evidence.Verdict{{Person: judges[w.judged%2], Kind: said(w.noise[i]), At: at, Audit: true}}
	}
}

// look weighs what there is, from the last checkpoint before anything that may
// have changed, and sets an audit going when the cohort is held.
func (w *world) look() evidence.Result {
	now := w.clock.Add(reply + time.Hour)
	changed := w.clock.Add(-review - day)
	from := evidence.Before(w.stored, changed, "")
	r, passed, err := evidence.Weigh(w.cohort, from, w.all[from.Seq*w.size:], now)
	if err != nil {
		w.t.Fatal(err)
	}
	w.stored = evidence.Keep(w.stored, from, passed)
	if r.Move == evidence.Hold && !w.onHold {
		w.onHold, w.stored = true, nil
		for i := range w.all {
			w.judge(i, now)
		}
	}
	return r
}

func (w *world) fell(r evidence.Result) bool {
	w.carving = r.Move == evidence.CarveOut
	return r.Move == evidence.Rollback || w.carving
}

// wholeFigures play the rule as it ships: gate, split limits, holds and audits.
// A test run of every day plays a few cohorts only.
func wholeFigures(t *testing.T, n int, r rates) {
	if n < 1000 {
		report(t, wholeErrors(t, n/10, .05, r, 1)...)
		report(t, wholeFound(t, n/5, r)...)
		return
	}
	report(t, wholeFound(t, n, r)...)
	for _, p := range []float64{.05, .08, .10, .12, .20, .03} {
		report(t, wholeErrors(t, n, p, r, 1)...)
	}
	report(t, wholeErrors(t, n, .05, r, 5)...)
	report(t, wholeMonths(t, r)...)
	report(t, wholeDelays(t, n/50, r)...) // a median needs fewer
}

// The bounds of the bare tests, which the whole rule must not exceed.
var (
	bareFalls  = map[float64]float64{.03: .001, .05: .005, .08: .05, .10: .26}
	bareClimbs = map[float64]float64{.10: .0565, .12: .020, .20: .002}
)

// wholeErrors shows 2000 findings and looks twenty times: an alarm is not lost
// between two looks, because its peak stays.
func wholeErrors(t testing.TB, n int, p float64, r rates, size int) (out []figure) {
	rng := source(fmt.Sprint("whole errors", r, p, size))
	falls, carves, climbs, holds := 0, 0, 0, 0
	count := func(k *int, when bool) {
		if when {
			*k++
		}
	}
	for range n {
		w := newWorld(t, rng, p, r, evidence.Enforce)
		w.size = size
		good, fell := false, false
		for look := 0; look < 20 && !fell; look++ {
			for range 100 / size {
				w.show()
			}
			res := w.look()
			good = good || res.Outcome == evidence.Good
			fell = w.fell(res)
		}
		count(&falls, fell)
		count(&carves, w.carving)
		count(&climbs, good)
		count(&holds, w.onHold)
	}
	share := func(k int) float64 { return float64(k) / float64(n) }
	name := fmt.Sprintf("whole rule, %v answer, 2000 findings, p = %.2f: ", r, p)
	if size > 1 {
		name = fmt.Sprintf("whole rule, %v answer, 2000 findings in clusters of %d, p = %.2f: ", r, size, p)
	}
	if most, bound := bareFalls[p]; bound {
		out = append(out, figure{
			name + "falls falsely", fmt.Sprintf("at most %.4f", most),
			fmt.Sprintf("%.4f (only a part of it: %.4f; ever on hold: %.4f)", share(falls), share(carves), share(holds)), share(falls) <= allowed(most, n),
		})
	}
	if most, bound := bareClimbs[p]; bound {
		out = append(out, figure{name + "promoted falsely", fmt.Sprintf("at most %.4f", most), fmt.Sprintf("%.4f", share(climbs)), share(climbs) <= allowed(most, n)})
	}
	return out
}

// wholeMonths is 2000 cohorts over two years, looked at monthly; what falls begins anew.
func wholeMonths(t testing.TB, r rates) []figure {
	const months = 24
	rng, first, later := source(fmt.Sprint("months", r)), 0, 0
	for i := range 1900 { // the hundred noisy ones fall rightly
		p := .04
		if i >= 1700 {
			p = .08
		}
		w := newWorld(t, rng, p, r, evidence.Enforce)
		for month := range months {
			for range 20 {
				w.show()
			}
			if !w.fell(w.look()) {
				continue
			}
			w = newWorld(t, rng, p, r, evidence.Enforce)
			if month == 0 {
				first++
			} else {
				later++
			}
		}
	}
	perMonth := float64(later) / (months - 1)
	name := fmt.Sprintf("whole rule, %v answer, 2000 cohorts: false rollbacks ", r)
	return []figure{
		{name + "a month", "at most 1", fmt.Sprintf("%.2f", perMonth), perMonth <= 1},
		{name + "in the first month", "at most 4", fmt.Sprint(first), first <= 4},
	}
}

// wholeDelays looks after every complaint, which alone can raise an alarm, and
// every fifth pull request.
func wholeDelays(t testing.TB, n int, r rates) (out []figure) {
	const most = 2000
	line := func(name, bare string, wait func(rng *rand.Rand) int) {
		rng, waits := source(name+r.String()), make([]int, n)
		for i := range waits {
			waits[i] = wait(rng)
		}
		slices.Sort(waits)
		words := func(k int) string {
			if k > most {
				return fmt.Sprint("> ", most)
			}
			return fmt.Sprint(k)
		}
		out = append(out, figure{
			fmt.Sprintf("whole rule, %v answer: %s", r, name), "bare: " + bare,
			words(waits[n/2]) + "/" + words(waits[n*9/10]), true,
		})
	}
	until := func(w *world, done func(evidence.Result) bool) int {
		for i := 1; i <= most; i++ {
			if w.show() || i%5 == 0 {
				if done(w.look()) {
					return i
				}
			}
		}
		return most + 1
	}
	for p, bare := range map[float64]string{.25: "48/105", .40: "16/34", .60: "8/15"} {
		line(fmt.Sprintf("delay from entry, p = %.2f", p), bare, func(rng *rand.Rand) int {
			w := newWorld(t, rng, p, r, evidence.Advise)
			return until(w, w.fell)
		})
	}
	for p, bare := range map[float64]string{.15: "300/650", .25: "63/122", .40: "23/43", .60: "12/20"} {
		line(fmt.Sprintf("delay after 300 at .05, p = %.2f", p), bare, func(rng *rand.Rand) int {
			for {
				w := newWorld(t, rng, .05, r, evidence.Enforce)
				for range 300 {
					w.show()
				}
				if !w.fell(w.look()) {
					w.p = p
					return until(w, w.fell)
				}
			}
		})
	}
	for p, bare := range map[float64]string{0: "37, epochs 45", .01: "60", .03: "90", .05: "185"} {
		line(fmt.Sprintf("shown until promotion, p = %.2f", p), bare, func(rng *rand.Rand) int {
			w := newWorld(t, rng, p, r, evidence.Triage) // no holds: how fast the evidence alone gathers
			return until(w, func(res evidence.Result) bool { return res.Outcome == evidence.Good })
		})
	}
	slices.SortFunc(out, func(a, b figure) int { return strings.Compare(a.Figure, b.Figure) })
	return out
}

// wholeFound is how many cohorts at p = .40 are found within 3 and 12 months.
func wholeFound(t testing.TB, n int, r rates) []figure {
	rng := source(fmt.Sprint("found", r))
	var held, alarm, audit [2]int // within 3 months, within 12
	for range n {
		w := newWorld(t, rng, .40, r, evidence.Advise)
		wasHeld := false
		for i := 1; i <= 240; i++ {
			complaint := w.show()
			if !complaint && i%5 != 0 {
				continue
			}
			res := w.look()
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
			if !w.fell(res) {
				continue
			}
			if w.judged > 0 {
				within(&audit)
			} else {
				within(&alarm)
			}
			break
		}
	}
	pct := func(k int) string { return fmt.Sprintf("%.1f %%", 100*float64(k)/float64(n)) }
	line := func(months, i int, least float64) figure {
		found := alarm[i] + audit[i]
		return figure{
			fmt.Sprintf("whole rule, %v answer: p = 0.40 found within %d months", r, months), fmt.Sprintf("at least %.0f %%", 100*least),
			fmt.Sprintf("%s (by alarm alone %s, after an audit %s; put on hold %s)", pct(found), pct(alarm[i]), pct(audit[i]), pct(held[i])),
			float64(found) >= least*float64(n),
		}
	}
	return []figure{line(3, 0, 0), line(12, 1, .9)} // 90 % is this package's own bar: the specification asks for a report
}

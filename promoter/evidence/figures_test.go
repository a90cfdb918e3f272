package evidence_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sluice-sec/sluice/promoter/evidence"
)

// The figures of the specification: go test -run Figures -cohorts 10000 -timeout 3h -v
// prints them all, one JSON object a line, in tens of minutes; -run Figures/bare
// those of the bare statistics, in one.
var cohorts = flag.Int("cohorts", 300, "cohorts to simulate for each figure; the figures are claimed for 10000")

const (
	limitA  = 5000
	headR   = 100
	climbAt = 20
	longest = 20_000 // where waiting for an alarm or a promotion ends
)

// figure is one line of the tables.
type figure struct {
	Figure   string `json:"figure"`
	Required string `json:"required"`
	Reached  string `json:"reached"`
	Holds    bool   `json:"holds"`
}

// source gives each figure its own stream of chance, so that one changes no other.
func source(name string) *rand.Rand {
	h := uint64(14695981039346656037)
	for _, c := range []byte(name) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return rand.New(rand.NewPCG(20260302, h))
}

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

// share is how many of n cohorts something happens to. The small simulation of
// every test run allows for its own noise; the large one takes bounds as they are.
func share(name string, most float64, n int, happens func(rng *rand.Rand) bool) figure {
	rng, hits := source(name), 0
	for range n {
		if happens(rng) {
			hits++
		}
	}
	got := float64(hits) / float64(n)
	return figure{name, fmt.Sprintf("at most %.4f", most), fmt.Sprintf("%.4f", got), got <= allowed(most, n)}
}

func allowed(most float64, n int) float64 {
	if n >= 10_000 {
		return most
	}
	return most + 4*math.Sqrt(most*(1-most)/float64(n)) + 2/float64(n)
}

// quantiles is the median and the 90th percentile of what n cohorts wait.
func quantiles(name string, median, p90 int, n int, wait func(rng *rand.Rand) int) figure {
	rng, waits := source(name), make([]int, 0, n)
	for range n {
		w := wait(rng)
		if w == 0 {
			w = longest
		}
		waits = append(waits, w)
	}
	slices.Sort(waits)
	m, q := waits[n/2], waits[n*9/10]
	slack := 1.0
	if n < 10_000 {
		slack = 1.15
	}
	within := func(got, most int) bool { return float64(got) <= math.Ceil(float64(most)*slack) }
	if p90 == 0 {
		return figure{name, fmt.Sprintf("at most %d", median), fmt.Sprint(m), within(m, median)}
	}
	return figure{name, fmt.Sprintf("at most %d/%d", median, p90), fmt.Sprintf("%d/%d", m, q), within(m, median) && within(q, p90)}
}

// bareFigures are those of one test each, looked at after every verdict.
func bareFigures(n int, add func(...figure)) {
	for _, b := range []struct{ p, most float64 }{{.03, .001}, {.05, .005}, {.08, .05}, {.10, .26}} {
		add(share(fmt.Sprintf("false rollback within 2000, p = %.2f", b.p), b.most, n, func(rng *rand.Rand) bool {
			return fallAfter(rng, evidence.NewDetector(headR), b.p, 2000) > 0
		}))
	}
	for _, b := range []struct {
		p           float64
		median, p90 int
	}{{.25, 48, 105}, {.40, 16, 34}, {.60, 8, 15}} {
		add(quantiles(fmt.Sprintf("delay from entry, p = %.2f", b.p), b.median, b.p90, n, func(rng *rand.Rand) int {
			return fallAfter(rng, evidence.NewDetector(headR), b.p, longest)
		}))
	}
	for _, b := range []struct {
		p           float64
		median, p90 int
	}{{.15, 300, 650}, {.25, 63, 122}, {.40, 23, 43}, {.60, 12, 20}} {
		add(quantiles(fmt.Sprintf("delay after 300 good verdicts, p = %.2f", b.p), b.median, b.p90, n, func(rng *rand.Rand) int {
			return fallAfter(rng, goodPast(rng), b.p, longest)
		}))
	}
	for _, b := range []struct{ p, most float64 }{{.10, .0565}, {.12, .020}, {.20, .002}} {
		add(share(fmt.Sprintf("false promotion within 2000, p = %.2f", b.p), b.most, n, func(rng *rand.Rand) bool {
			return climbAfter(rng, fromOne(), b.p, 2000) > 0
		}))
	}
	for _, b := range []struct {
		p      float64
		median int
	}{{0, 37}, {.01, 60}, {.03, 90}, {.05, 185}} {
		add(quantiles(fmt.Sprintf("verdicts to promotion, p = %.2f", b.p), b.median, 0, n, func(rng *rand.Rand) int {
			return climbAfter(rng, fromOne(), b.p, longest)
		}))
	}
	add(quantiles("verdicts to promotion, p = 0.00, epoch form", 45, 0, 1+n/100, func(rng *rand.Rand) int {
		return climbAfter(rng, evidence.NewBets(), 0, longest)
	}))
	add(share("clusters of 5, p = 0.05, 2000 findings: false rollback", .005, n, func(rng *rand.Rand) bool {
		return fallAfter(rng, evidence.NewDetector(headR), .05, 2000/5) > 0 // answered in bulk: a cluster is all noise or none
	}))
	add(share("pending = 0, complaints after 1 day, praise after 10, p = 0.05: false rollback", .006, n, pendingFalls))
	add(share("promotion in surfacing order, W = 60, p = 0.12, complaints after 20 days", .05, n, func(rng *rand.Rand) bool {
		return lateClimbs(rng, .12)
	}))
	add(portfolio(n)...)
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
func portfolio(n int) []figure {
	const months = 24
	rng, first, later := source("portfolio"), 0, 0
	repeats := max(1, n/2000)
	for range repeats {
		for i := range 2000 {
			p := .04
			if i >= 1700 {
				p = .08
			}
			if i >= 1900 {
				p = .30
			}
			d := evidence.NewDetector(headR)
			for v := range months * 20 {
				d.Step(tenth, score(rng, p))
				if !fires(&d) {
					continue
				}
				d = evidence.NewDetector(headR)
				switch {
				case p > .10:
				case v < 20:
					first++
				default:
					later++
				}
			}
		}
	}
	month := float64(later) / float64(repeats*(months-1))
	start := float64(first) / float64(repeats)
	slack := 1.0
	if n < 10_000 {
		slack = 2
	}
	return []figure{
		{"2000 cohorts: false rollbacks a month", "at most 1", fmt.Sprintf("%.2f", month), month <= 1*slack},
		{"2000 cohorts: false rollbacks in the first month", "at most 4", fmt.Sprintf("%.2f", start), start <= 4*slack},
	}
}

// report checks a figure and tells it at once: the large simulation takes long.
func report(t *testing.T, figures ...figure) {
	t.Helper()
	for _, f := range figures {
		text, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(string(text))
		if !f.Holds {
			t.Errorf("%s: %s, must be %s", f.Figure, f.Reached, f.Required)
		}
	}
}

func TestFigures(t *testing.T) {
	if testing.Short() {
		t.Skip("the simulation takes some seconds")
	}
	t.Run("bare", func(t *testing.T) { bareFigures(*cohorts, func(f ...figure) { report(t, f...) }) })
	for _, r := range answerRates {
		t.Run("whole/"+r.name(), func(t *testing.T) { wholeFigures(t, *cohorts, r) })
	}
}

package evidence

import (
	"fmt"
	"math"
)

// Interval is what is known of the noise among the clusters that were answered:
// a confidence sequence, so that it holds at every look. It says nothing about
// those who stayed silent, which is why Share stands beside it.
type Interval struct {
	Mean, Low, High float64 // noise scores, 0 to 1
	Clusters        int     // answered ones that are final in order
	Share           float64 // answered items of those shown, in the same stretch
}

// The stakes of the interval: finer than the tests', because it must narrow for
// as long as answers come. The best stake against a mean above m is large, the
// best for one below it is small where noise is rare. Mixing constant stakes is
// the "diversified Kelly" of Waudby-Smith and Ramdas (arXiv 2010.09686).
var (
	upperStakes = []float64{.95, .75, .5, .3, .15, .06}
	lowerStakes = []float64{.6, .3, .12, .05, .02, .008, .003}
)

// NoiseInterval inverts two betting tests, one on each side, each at half of
// alpha: it holds what neither rejects. Both rejections are monotone in the
// candidate, so that bisection finds the ends.
func NoiseInterval(counts []Count, alpha float64) (in Interval) {
	in.High = 1
	for _, c := range counts {
		in.Clusters += c.N
		in.Mean += c.X * float64(c.N)
	}
	if in.Clusters == 0 {
		return in
	}
	in.Mean /= float64(in.Clusters)
	at := math.Log(2 / alpha)
	in.High = boundary(in.Mean, 1, func(m float64) bool { return lnWealth(counts, upperStakes, m, lnFor) >= at })
	in.Low = boundary(in.Mean, 0, func(m float64) bool { return lnWealth(counts, lowerStakes, m, lnAgainst) >= at })
	return in
}

// boundary walks from the mean, which is not rejected, towards an end, and
// errs to the outside by less than 1e-5.
func boundary(kept, end float64, rejected func(m float64) bool) float64 {
	for range 18 {
		m := (kept + end) / 2
		if rejected(m) {
			end = m
		} else {
			kept = m
		}
	}
	return end
}

func lnWealth(counts []Count, stakes []float64, m float64, factor func(stake, x, m float64) float64) float64 {
	l := make([]float64, len(stakes))
	for k, stake := range stakes {
		for _, c := range counts {
			l[k] += float64(c.N) * factor(stake, c.X, m)
		}
	}
	return lnMean(l)
}

// String is the sentence for people: "noise 3 %, 1 to 8 %, a third answered".
func (in Interval) String() string {
	if in.Clusters == 0 {
		return "noise not known, " + portion(in.Share) + " answered"
	}
	return fmt.Sprintf("noise %.0f %%, %.0f to %.0f %%, %s answered", 100*in.Mean, 100*in.Low, 100*in.High, portion(in.Share))
}

// portion names a share as people do.
func portion(share float64) string {
	for _, p := range []struct {
		from, to float64
		word     string
	}{
		{0, 0, "none"},
		{.08, .12, "a tenth"}, {.18, .22, "a fifth"}, {.23, .27, "a quarter"}, {.31, .36, "a third"},
		{.47, .53, "half"}, {.64, .69, "two thirds"}, {.73, .77, "three quarters"}, {.97, .9999, "nearly all"}, {1, 1, "all"},
	} {
		if share >= p.from && share <= p.to {
			return p.word
		}
	}
	if share < .005 {
		return "hardly any"
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

package evidence

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Rest is what would be left of a cohort without its noisiest rules.
type Rest struct {
	Without   []string // the rules to leave out, noisiest first
	Qualifies bool     // the others' evidence would open the rung above; Without is then the shortest list found
	LnT       float64  // the others' promotion statistic
	Shown     int      // the others' items in the final prefix
	Of        int      // all items in it
}

// Without computes "without these rules the rest qualifies". Rules that score
// above the bar are left out one after the other, the one that weighs most
// first, until the rest qualifies. It is a hint and no proof: the rules are
// picked by the same answers that the rest is then judged by. The carved cohort
// still has to pass its own test.
func Without(c Cohort, exposures []Exposure, now time.Time) (Rest, error) {
	worst := excess(c, exposures, now)
	kept := slices.Clone(exposures)
	rest := Rest{}
	for n := 0; ; n++ {
		_, passed, err := Weigh(c, Checkpoint{}, kept, now)
		if err != nil {
			return Rest{}, err
		}
		end := Checkpoint{Climb: NewBets()}
		if len(passed) > 0 {
			end = passed[len(passed)-1]
		}
		if n == 0 {
			rest.Of = end.FinalItems
		}
		rest.Shown, rest.LnT, rest.Qualifies = end.FinalItems, end.Climb.Ln(), end.Promoted
		if rest.Qualifies || n == len(worst) {
			return rest, nil
		}
		rest.Without = append(rest.Without, worst[n])
		kept = slices.DeleteFunc(kept, func(e Exposure) bool { return e.Rule == worst[n] })
	}
}

// String says it for people.
func (r Rest) String() string {
	switch {
	case !r.Qualifies:
		return "leaving out noisy rules is not enough to qualify"
	case len(r.Without) == 0:
		return "it qualifies as it is"
	case len(r.Without) == 1:
		return fmt.Sprintf("without rule %s the rest qualifies (%d of %d items)", r.Without[0], r.Shown, r.Of)
	}
	return fmt.Sprintf("without these %d rules the rest qualifies (%d of %d items): %s", len(r.Without), r.Shown, r.Of, strings.Join(r.Without, ", "))
}

// excess lists the rules whose answers score above the bar, by how much in all.
func excess(c Cohort, exposures []Exposure, now time.Time) []string {
	over := map[string]float64{}
	for i := range exposures {
		e := &exposures[i]
		if e.Attempt != c.Attempt || e.ShownAt.After(now) {
			continue
		}
		r, _, _ := c.Bars.read(e, now)
		if r.state == answered || r.state == vanished {
			over[e.Rule] += r.promotion - c.Bars.Noise
		}
	}
	maps.DeleteFunc(over, func(_ string, sum float64) bool { return sum <= 0 })
	return slices.SortedFunc(maps.Keys(over), func(a, b string) int {
		return cmp.Or(cmp.Compare(over[b], over[a]), cmp.Compare(a, b))
	})
}

package ladder

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/promoter"
)

// Way is what policy or settings would have go from one cohort to another.
type Way struct {
	From    promoter.Cohort
	Stage   promoter.Stage // it counts as: where it stands, or where an override goes back to
	Into    string
	Open    int // of its findings, those that stand somewhere
	Hidden  int // items on display that would be withdrawn if engineers see them no more
	Members []promoter.Member
}

// Cut is a cohort that findings go to.
type Cut struct {
	Into  string
	Found bool // it begins there, at Stage
	Stage promoter.Stage
	Ways  []Way
}

// Recut says where findings go that policy or settings place otherwise than
// they are. A cohort that others join stays where it stands. One that is new,
// or from which all that stood in it leaves, begins at the lowest stage of its
// members, so that a recut by itself raises nothing.
func Recut(ways []Way, stands func(key string) (promoter.Cohort, bool), stay func(cohortID int64) int) []Cut {
	ways = slices.Clone(ways)
	slices.SortFunc(ways, func(a, b Way) int { return cmp.Or(cmp.Compare(a.Into, b.Into), cmp.Compare(a.From.ID, b.From.ID)) })
	var out []Cut
	for _, w := range ways {
		if len(out) == 0 || out[len(out)-1].Into != w.Into {
			out = append(out, Cut{Into: w.Into})
		}
		c := &out[len(out)-1]
		c.Ways = append(c.Ways, w)
	}
	for i := range out {
		c := &out[i]
		// A part that was just carved out has no members yet, and stands all the same.
		if at, ok := stands(c.Into); ok && (stay(at.ID) > 0 || Whole(c.Into) != c.Into) {
			c.Stage = at.Stage
			continue
		}
		c.Found, c.Stage = true, lowest(c.Ways)
	}
	return out
}

// lowest is the lowest stage of what stands somewhere; where nothing does, of
// all.
func lowest(ways []Way) promoter.Stage {
	stage, open := promoter.Enforce, false
	for _, w := range ways {
		if w.Open > 0 && !open {
			stage, open = w.Stage, true
		}
		if (w.Open > 0) == open {
			stage = min(stage, w.Stage)
		}
	}
	return stage
}

// Rises tells whether findings would be shown further than their stage let them.
func (c Cut) Rises(w Way) bool { return c.Stage > w.Stage }

// Hides counts what is on display and would be withdrawn.
func (c Cut) Hides(w Way) int {
	if w.From.Stage >= promoter.Advise && c.Stage < promoter.Advise {
		return w.Hidden
	}
	return 0
}

// KeyUnder is the key of a finding under another cohort than its own. What was
// carved out of the one it is in stays carved out.
func KeyUnder(base string, now promoter.Cohort) string {
	if _, part, carved := strings.Cut(now.Key, "+"); carved {
		return base + "+" + part
	}
	return base
}

// Whole is the key of the cohort that a part was carved out of, or its own.
func Whole(key string) string {
	whole, _, _ := strings.Cut(key, "+")
	return whole
}

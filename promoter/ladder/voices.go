package ladder

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
)

// Voices counts for and against a cohort by person as it is weighed, in
// clusters: however often a person answered in one it is one, against as soon as
// any of that is, and a burst is silence. The code's own answers are nobody's.
// Unlike the weighing it counts the audit's answers like all others, and what
// was carved out since.
func Voices(shown []evidence.Exposure, b evidence.Bars) []promoter.Voice {
	type sitting struct {
		person  int64
		cluster string
	}
	against := map[sitting]bool{}
	for _, e := range shown {
		for _, v := range e.Verdicts {
			score, known := b.Scores[v.Kind]
			person, err := strconv.ParseInt(v.Person, 10, 64) // "" for the code
			if err != nil || !v.RetractedAt.IsZero() || v.Burst || !known || score.Drop {
				continue
			}
			in := sitting{person, e.Cluster}
			against[in] = against[in] || score.Rollback > b.Noise
		}
	}
	byPerson := map[int64]promoter.Voice{}
	for in, noise := range against {
		v := byPerson[in.person]
		v.Person = in.person
		if noise {
			v.Against++
		} else {
			v.For++
		}
		byPerson[in.person] = v
	}
	return slices.SortedFunc(maps.Values(byPerson), func(a, b promoter.Voice) int { return cmp.Compare(a.Person, b.Person) })
}

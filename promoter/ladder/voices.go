package ladder

import (
	"slices"
	"strconv"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
)

// Voices counts whose standing answers spoke for and against a cohort, by
// person. The code's own answers are nobody's.
func Voices(shown []evidence.Exposure, b evidence.Bars) (out []promoter.Voice) {
	at := map[string]int{}
	for _, e := range shown {
		for _, v := range e.Verdicts {
			score, known := b.Scores[v.Kind]
			if v.Person == "" || !v.RetractedAt.IsZero() || !known || score.Drop {
				continue
			}
			i, met := at[v.Person]
			if !met {
				id, err := strconv.ParseInt(v.Person, 10, 64)
				if err != nil {
					continue
				}
				i = len(out)
				at[v.Person] = i
				out = append(out, promoter.Voice{Person: id})
			}
			if score.Rollback > b.Noise {
				out[i].Against++
			} else {
				out[i].For++
			}
		}
	}
	slices.SortFunc(out, func(a, b promoter.Voice) int { return int(a.Person - b.Person) })
	return out
}

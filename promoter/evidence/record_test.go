package evidence_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter/evidence"
)

const day = 24 * time.Hour

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// record builds exposures one a day, each a pull request of its own.
type record struct {
	t   *testing.T
	all []evidence.Exposure
}

// show adds n exposures with the same answer of the given people in turn; an
// empty kind is silence. Pull requests are merged a day later.
func (r *record) show(n int, kind evidence.Kind, people ...string) *record {
	for range n {
		i := len(r.all)
		at := monday.Add(time.Duration(i) * day)
		e := evidence.Exposure{
			Seq: int64(i + 1), Cluster: fmt.Sprintf("pr-%04d", i), Attempt: 1, ShownAt: at, ClosedAt: at.Add(day),
			Rule: fmt.Sprintf("G%d", 100+i%3), Repository: fmt.Sprintf("acme/r%d", i%3), Team: "pay",
		}
		if kind != "" {
			who := fmt.Sprintf("github:p%d", i%5)
			if len(people) > 0 {
				who = people[i%len(people)]
			}
			e.Verdicts = []evidence.Verdict{{Person: who, Kind: kind, At: at.Add(time.Hour)}}
		}
		r.all = append(r.all, e)
	}
	return r
}

// from changes the exposures added since the i-th.
func (r *record) from(i int, change func(e *evidence.Exposure)) *record {
	for ; i < len(r.all); i++ {
		change(&r.all[i])
	}
	return r
}

// end is when everything shown is final.
func (r *record) end() time.Time { return monday.Add(time.Duration(len(r.all)+100) * day) }

func cohort(stage evidence.Stage) evidence.Cohort {
	return evidence.Cohort{
		Stage: stage, Attempt: 1, Climb: 1, Entered: monday, Repositories: 3, Teams: 1,
		Bars: evidence.DefaultBars(.10),
	}
}

func (r *record) weigh(c evidence.Cohort) evidence.Result {
	r.t.Helper()
	evidence.MarkBursts(r.all)
	res, err := evidence.Evaluate(c, r.all, r.end())
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

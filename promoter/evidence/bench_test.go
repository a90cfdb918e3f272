package evidence_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter/evidence"
)

// grown is a cohort of n final clusters and 5,000 that are not, twenty rules,
// one in ten answered; the last 5,000 were shown within 30 days.
func grown(n int) (all []evidence.Exposure, now time.Time) {
	const open = 5000
	now = monday.Add(400 * day)
	at := func(i int) time.Time {
		if i < n {
			return monday.Add(300 * day / time.Duration(n) * time.Duration(i))
		}
		return now.Add(-30*day + 30*day/open*time.Duration(i-n))
	}
	for i := range n + open {
		e := evidence.Exposure{
			Seq: int64(i), Cluster: fmt.Sprintf("%06d", i), Attempt: 1, ShownAt: at(i), Coin: i%5 == 0,
			Rule: fmt.Sprint("R", i%20), Repository: fmt.Sprint("r", i%7), Team: "t",
		}
		if i%10 == 0 {
			e.Verdicts = []evidence.Verdict{{Person: fmt.Sprint("p", i%30), Kind: evidence.Useful, At: e.ShownAt.Add(time.Hour)}}
		}
		if i%300 == 0 && i > 0 {
			e.Verdicts[0].Kind = evidence.FalsePositive
		}
		all = append(all, e)
	}
	return all, now
}

// One new verdict, 30 days old, with 5,000 clusters after it that are not final,
// in a cohort with 100,000 older ones.
func BenchmarkOneVerdict(b *testing.B) {
	all, now := grown(100_000)
	c := cohort(evidence.Advise)
	_, stored, err := evidence.Weigh(c, evidence.Checkpoint{}, all, now)
	if err != nil {
		b.Fatal(err)
	}
	if end := stored[len(stored)-1].Seq; end < 100_000 || end > 100_001 {
		b.Fatalf("final up to cluster %d, want 5,000 that are not", end)
	}
	late := &all[100_001]
	late.Verdicts = []evidence.Verdict{{Person: "p1", Kind: evidence.FalsePositive, At: now}}
	for b.Loop() {
		from := evidence.Before(stored, late.ShownAt, late.Cluster)
		if _, _, err := evidence.Weigh(c, from, all[from.Seq:], now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFromScratch(b *testing.B) {
	all, now := grown(100_000)
	for b.Loop() {
		if _, err := evidence.Evaluate(cohort(evidence.Advise), all, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	test, d := evidence.NewTest(.1), evidence.NewDetector(100)
	for b.Loop() {
		d.Step(test, 0)
	}
}

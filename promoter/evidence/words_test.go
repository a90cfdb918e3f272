package evidence_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"pgregory.net/rapid"
)

func TestWords(t *testing.T) {
	const fp, useful, silent = evidence.FalsePositive, evidence.Useful, evidence.Kind("")
	tests := []struct {
		name   string
		record func(r *record)
		want   string
	}{
		{"fresh", func(r *record) {},
			"noise not known, none answered; about 45 more clean answers; 3 complaints in a row would raise the alarm"},
		{"half way", func(r *record) { r.show(22, useful) },
			"noise 0 %, 0 to 21 %, all answered; about 23 more clean answers; 6 complaints in a row would raise the alarm"},
		{"a third answers", func(r *record) {
			for range 66 {
				r.show(1, useful).show(2, silent)
			}
			r.show(2, fp).show(4, silent)
		}, "noise 3 %, 0 to 14 %, a third answered; it qualifies; 6 complaints in a row would raise the alarm"},
		{"nobody answers", func(r *record) { r.show(30, silent) },
			"noise not known, none answered; about 45 more clean answers; 6 complaints in a row would raise the alarm"},
		{"one short", func(r *record) { r.show(44, useful) },
			"noise 0 %, 0 to 11 %, all answered; one more clean answer; 6 complaints in a row would raise the alarm"},
		{"noise", func(r *record) { r.show(20, fp) },
			"noise 100 %, 65 to 100 %, all answered; about 344 more clean answers; the alarm has fired"},
	}
	for _, tt := range tests {
		r := &record{t: t}
		tt.record(r)
		got := r.weigh(cohort(evidence.Advise))
		if diff := cmp.Diff(tt.want, got.Interval.String()+"; "+got.Ahead()); diff != "" {
			t.Errorf("%s:\n%s", tt.name, diff)
		}
	}
}

// The interval is right at every look, with the chance it promises.
func TestIntervalCoversAtEveryLook(t *testing.T) {
	const runs, looks = 400, 40
	for _, p := range []float64{.02, .10, .40} {
		rng, missed := rand.New(rand.NewPCG(7, uint64(p*1000))), 0
		for range runs {
			n := [2]int{}
			for range looks {
				for range 5 {
					if rng.Float64() < p {
						n[1]++
					} else {
						n[0]++
					}
				}
				in := evidence.NoiseInterval([]evidence.Count{{X: 0, N: n[0]}, {X: 1, N: n[1]}}, .05)
				if p < in.Low || p > in.High {
					missed++
					break
				}
			}
		}
		if missed > runs/20 {
			t.Errorf("at %v: %d of %d intervals ever missed it", p, missed, runs)
		}
	}
}

func TestIntervalProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := make([]evidence.Count, 0)
		for _, x := range []float64{0, .05, 1. / 3, .5, 1} {
			if n := rapid.IntRange(0, 400).Draw(t, fmt.Sprint("n of ", x)); n > 0 {
				counts = append(counts, evidence.Count{X: x, N: n})
			}
		}
		in := evidence.NoiseInterval(counts, .05)
		if in.Low < 0 || in.High > 1 || in.Low > in.Mean+1e-12 || in.High < in.Mean-1e-12 {
			t.Fatalf("%+v", in)
		}
		narrower := evidence.NoiseInterval(counts, .20)
		if narrower.Low < in.Low || narrower.High > in.High {
			t.Fatalf("at .05 %+v, at .20 %+v", in, narrower)
		}
	})
}

func TestWithout(t *testing.T) {
	r := (&record{t: t}).show(240, evidence.Useful)
	for i := range r.all {
		e := &r.all[i]
		e.Rule = fmt.Sprint("G", i%6)
		if e.Rule == "G4" || e.Rule == "G5" && i%4 == 1 {
			e.Verdicts[0].Kind = evidence.FalsePositive
		}
	}
	rest, err := evidence.Without(cohort(evidence.Triage), r.all, r.end())
	if err != nil {
		t.Fatal(err)
	}
	if got := rest.String(); got != "without these 2 rules the rest qualifies (160 of 240 items): G4, G5" {
		t.Errorf("%s: %+v", got, rest)
	}
	// All of it is noise: nothing is left that qualifies.
	r = (&record{t: t}).show(90, evidence.FalsePositive)
	if rest, err = evidence.Without(cohort(evidence.Triage), r.all, r.end()); err != nil || rest.Qualifies || rest.Shown != 0 || len(rest.Without) != 3 {
		t.Errorf("%+v, %v", rest, err)
	}
}

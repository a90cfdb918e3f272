package evidence_test

import (
	"math"
	"testing"

	"github.com/sluice-sec/sluice/promoter/evidence"
	"pgregory.net/rapid"
)

// vectors are those of the specification, worked out in exact arithmetic:
// after the t-th score the detector without and with a head start of 100, and
// the promotion from E(0) = 1.
type vector struct {
	t              int
	sr, srr, climb float64
}

func near(t *testing.T, name string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 {
		t.Errorf("%s = %.12f, want %.12f", name, got, want)
	}
}

func fromOne() evidence.Bets { return evidence.Bets{} }

func TestVectors(t *testing.T) {
	rare := make([]float64, 200)
	for i := range rare {
		if (i+1)%20 == 0 {
			rare[i] = 1
		}
	}
	tests := []struct {
		name  string
		noise float64
		x     []float64
		want  []vector
	}{
		{"V1 silence", .1, []float64{0, 0, 0, 0, 0}, []vector{
			{1, -0.342490308947, 4.272630207894, 0.073181617294},
			{2, 0.239410523778, 4.048658325881, 0.146902251102},
			{5, 0.915003678977, 3.635995505504, 0.371273593956},
		}},
		{"V2 complaints", .1, []float64{1, 1, 1, 1, 1}, []vector{
			{1, 1.283707772345, 5.898828289186, -1.149905583056},
			{2, 3.054496342085, 7.485076538736, -1.891579804510},
			{5, 8.593575291862, 13.050371606223, -3.621964851844},
		}},
		{"V3 mixed", .1, []float64{0, 1, .05, .25, 1, 1, 0, .10, 1, .50}, []vector{
			{1, -0.342490308947, 4.272630207894, 0.073181617294},
			{2, 1.734395151838, 5.352878939291, -1.093348389549},
			{3, 1.688390025626, 5.180164332763, -1.064505382565},
			{4, 2.261109727521, 5.550120572059, -1.156680477611},
			{5, 3.846714023228, 6.963696453606, -1.896683716753},
			{6, 5.575258744422, 8.608061670489, -2.517156315129},
			{7, 4.698978470315, 7.802930159365, -2.470127055439},
			{8, 4.708041846499, 7.803338612084, -2.470127055439},
			{9, 6.422304746805, 9.456258514781, -3.039862197815},
			{10, 7.620233299446, 10.614742973445, -3.245424587421},
		}},
		{"V4 one in twenty", .1, rare, []vector{{200, 2.993618407131, 2.996027113455, 2.378818499632}}},
		{"V9 weighted by the audit", .1, []float64{0, 5, 0}, []vector{
			{1, math.NaN(), 4.272630207894, math.NaN()},
			{2, math.NaN(), 6.717557385122, math.NaN()},
			{3, math.NaN(), 6.257241299717, math.NaN()},
		}},
		{"V10 another bar", .2, []float64{0, 1, .25, 1}, []vector{
			{1, math.NaN(), 4.272630207894, 0.157715745992},
			{2, math.NaN(), 4.899837802614, -1.026873191513},
			{3, math.NaN(), 4.977513782937, -1.060566017907},
			{4, math.NaN(), 5.778304432535, -1.811689772643},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			test := evidence.NewTest(tt.noise)
			sr, srr, climb := evidence.NewDetector(0), evidence.NewDetector(100), fromOne()
			checked := 0
			for i, x := range tt.x {
				sr.Step(test, x)
				srr.Step(test, x)
				climb.Step(test, x)
				for _, v := range tt.want {
					if v.t != i+1 {
						continue
					}
					checked++
					near(t, "ln SRr", srr.Ln(), v.srr)
					if !math.IsNaN(v.sr) {
						near(t, "ln SR", sr.Ln(), v.sr)
					}
					if !math.IsNaN(v.climb) {
						near(t, "ln down", climb.Ln(), v.climb)
					}
				}
			}
			if checked != len(tt.want) {
				t.Errorf("%d of %d rows checked", checked, len(tt.want))
			}
		})
	}
}

// crossing is the first t at which a statistic reaches a limit, and its value there.
func crossing(limit float64, upTo int, step func(t int) float64) (int, float64) {
	for i := 1; i <= upTo; i++ {
		if ln := step(i); ln >= math.Log(limit) {
			return i, ln
		}
	}
	return 0, 0
}

func TestVectorsOfCrossings(t *testing.T) {
	test := evidence.NewTest(.1)
	d := evidence.NewDetector(100)
	at, ln := crossing(5000, 400, func(i int) float64 {
		x := 0.0
		if i <= 300 && i%20 == 0 || i > 300 && i%2 == 0 {
			x = 1
		}
		d.Step(test, x)
		return d.Ln()
	})
	near(t, "V5 ln SRr", ln, 8.713356680171)
	b := fromOne()
	atClean, lnClean := crossing(20, 100, func(int) float64 { b.Step(test, 0); return b.Ln() })
	near(t, "V6 ln down", lnClean, 3.027701686675)
	d = evidence.NewDetector(100)
	atNoise, _ := crossing(5000, 10, func(int) float64 { d.Step(test, 1); return d.Ln() })
	if at != 314 || atClean != 37 || atNoise != 3 {
		t.Errorf("V5, V6, V7 cross at %d, %d, %d, want 314, 37, 3", at, atClean, atNoise)
	}
}

func TestVectorOfEpochs(t *testing.T) {
	test := evidence.NewTest(.1)
	b := evidence.NewBets()
	epoch := 1
	for _, step := range []struct{ x, want float64 }{
		{1, -1.843052763616}, {0, -1.786495570109}, {0, -1.729618205792}, {-1, 0},
		{0, -1.002083221288}, {0, -0.936610580678}, {-1, 0}, {0, -0.676594605596},
	} {
		if step.x < 0 {
			epoch++
			b.Epoch(epoch)
			continue
		}
		b.Step(test, step.x)
		near(t, "V8", b.Ln(), step.want)
	}
}

// A late complaint can only raise what was believed without it: this is what
// makes it right to count pending answers as 0 and correct them later.
func TestDetectorGrowsInEveryScore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		test := evidence.NewTest(rapid.Float64Range(.01, .9).Draw(t, "noise"))
		xs := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 60).Draw(t, "scores")
		i := rapid.IntRange(0, len(xs)-1).Draw(t, "corrected")
		by := rapid.Float64Range(0, 5).Draw(t, "by")
		low, high := evidence.NewDetector(100), evidence.NewDetector(100)
		for j, x := range xs {
			low.Step(test, x)
			if j == i {
				x += by
			}
			high.Step(test, x)
			if high.Ln() < low.Ln()-1e-9 {
				t.Fatalf("after %d: %v with the late complaint, %v without", j+1, high.Ln(), low.Ln())
			}
		}
	})
}

// The factor's expectation is 1 at the bar, whatever the distribution with that mean.
func TestBarIsNeutral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		noise := rapid.Float64Range(.01, .9).Draw(t, "noise")
		test := evidence.NewTest(noise)
		start := evidence.NewBets()
		b := start
		b.Step(test, noise)
		if b != start {
			t.Fatal("the bar itself moved the promotion")
		}
		mean := 0.0 // of E after one score that is 1 with the chance noise
		for x, chance := range map[float64]float64{0: 1 - noise, 1: noise} {
			b := fromOne()
			b.Step(test, x)
			mean += chance * math.Exp(b.Ln())
		}
		if math.Abs(mean-1) > 1e-9 {
			t.Fatalf("E[E] = %v at the bar", mean)
		}
	})
}

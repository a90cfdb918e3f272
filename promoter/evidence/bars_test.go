package evidence_test

import (
	"math"
	"testing"

	"github.com/sluice-sec/sluice/promoter/evidence"
	"pgregory.net/rapid"
)

// However the budget is set, the three tests on a finding's path share it.
func TestBudget(t *testing.T) {
	b := evidence.DefaultBars(.10)
	if b.Rule != 10_000 || b.Group != 20_000 || b.Audited != 20_000 {
		t.Errorf("by default %v, %v, %v", b.Rule, b.Group, b.Audited)
	}
	if a := evidence.LimitFor(40_000, 2); a != 20_000 {
		t.Errorf("40,000 verdicts and 2 false rollbacks a month: %v", a)
	}
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Float64Range(100, 1e7).Draw(t, "a")
		b := b.Split(a)
		if sum := 1/b.Rule + 1/b.Group + 1/b.Audited; math.Abs(sum*a-1) > 1e-9 {
			t.Fatalf("the parts sum to %v of 1/%v", sum*a, a)
		}
		if err := b.Check(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestDefaultNoise(t *testing.T) {
	for severity, want := range map[string]float64{"critical": .20, "high": .10, "medium": .10, "low": .05, "info": .05, "odd": .05} {
		if got := evidence.DefaultNoise(severity); got != want {
			t.Errorf("%s: %v, want %v", severity, got, want)
		}
	}
}

package finding_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Whatever is known of one of several is known of all of them together.
func TestWorseLosesNothing(t *testing.T) {
	risk := rapid.Custom(func(t *rapid.T) finding.Risk {
		day := func(label string) time.Time {
			if n := rapid.IntRange(0, 5).Draw(t, label); n > 0 {
				return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC)
			}
			return time.Time{}
		}
		r := finding.Risk{Scored: day("scored"), ExploitedSince: day("exploited")}
		if !r.Scored.IsZero() {
			r.Probability = rapid.Float64Range(0, 1).Draw(t, "probability")
		}
		r.Ransomware = !r.ExploitedSince.IsZero() && rapid.Bool().Draw(t, "ransomware")
		return r
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := risk.Draw(t, "a"), risk.Draw(t, "b")
		w := a.Worse(b)
		switch {
		case w.Probability != max(a.Probability, b.Probability),
			w.Scored.IsZero() != (a.Scored.IsZero() && b.Scored.IsZero()),
			w.ExploitedSince.IsZero() != (a.ExploitedSince.IsZero() && b.ExploitedSince.IsZero()),
			w.Ransomware != (a.Ransomware || b.Ransomware):
			t.Fatalf("%+v and %+v are %+v", a, b, w)
		case a.Worse(finding.Risk{}) != a, (finding.Risk{}).Worse(a) != a, a.Worse(a) != a:
			t.Fatalf("%+v is not itself", a)
		}
	})
}

package promoter_test

import (
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
)

// Each counts less than the one before it.
func TestValueOrdersByWhatMattersMost(t *testing.T) {
	exploited := finding.Risk{ExploitedSince: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)}
	likely := finding.Risk{Probability: 0.9}
	at := func(s finding.Severity, score float64) finding.Finding {
		return finding.Finding{Severity: s, Score: score}
	}
	fixed, called := at(finding.High, 9), at(finding.High, 9)
	fixed.Package = &finding.Package{FixedIn: "2.0.0"}
	called.Reachability = finding.Called
	full := fixed
	full.Score, full.Reachability = 10, finding.Called
	ordered := []struct {
		name  string
		value int
	}{
		{"exploited", promoter.Value(at(finding.Info, 0), exploited)},
		{"critical", promoter.Value(at(finding.Critical, 0), finding.Risk{})},
		{"high with all else", promoter.Value(full, finding.Risk{Probability: 1})},
		{"high and likely", promoter.Value(at(finding.High, 9), likely)},
		{"high with a fix", promoter.Value(fixed, finding.Risk{})},
		{"high and called", promoter.Value(called, finding.Risk{})},
		{"high with a score of 9", promoter.Value(at(finding.High, 9), finding.Risk{})},
		{"high", promoter.Value(at(finding.High, 0), finding.Risk{})},
	}
	for i := 1; i < len(ordered); i++ {
		if ordered[i-1].value <= ordered[i].value {
			t.Errorf("%s counts %d, %s %d", ordered[i-1].name, ordered[i-1].value, ordered[i].name, ordered[i].value)
		}
	}
}

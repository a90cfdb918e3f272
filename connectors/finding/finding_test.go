package finding_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
)

func TestSeverityFromScoreCutsAtNineSevenFour(t *testing.T) {
	for score, want := range map[float64]finding.Severity{
		10: finding.Critical, 9: finding.Critical, 8.9: finding.High, 7: finding.High,
		6.9: finding.Medium, 4: finding.Medium, 3.9: finding.Low, 0.1: finding.Low, 0: finding.Info,
	} {
		if got := finding.FromScore(score); got != want {
			t.Errorf("FromScore(%v) = %v, want %v", score, got, want)
		}
	}
}

func TestSeverityRoundTripsThroughJSON(t *testing.T) {
	for _, s := range append(finding.Severities(), finding.Unknown) {
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back finding.Severity
		if err := json.Unmarshal(raw, &back); err != nil || back != s {
			t.Errorf("%v came back from %s as %v (%v)", s, raw, back, err)
		}
	}
	var s finding.Severity
	if err := json.Unmarshal([]byte(`"urgent"`), &s); err == nil {
		t.Error("an unknown name was accepted")
	}
}

func TestSkipKeepsResultsEqualToFindingsPlusSkipped(t *testing.T) {
	r := finding.Report{Results: 2, Findings: 2}
	r.Skip(finding.TooLarge)
	r.Skip(finding.NotAProblem)
	r.Skip(finding.NotAProblem)
	if r.Results != r.Findings+r.SkippedTotal() || r.Skipped[finding.NotAProblem] != 2 {
		t.Errorf("counts do not add up: %+v", r)
	}
}

package simulate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter/simulate"
)

// eager climbs on good evidence, and from observe.
func eager(in input.Stage) (input.StageAnswer, error) {
	next := map[string]string{"observe": "triage", "triage": "advise"}
	a := input.StageAnswer{Stage: in.Cohort.Stage, Apply: input.ApplyAutomatic, Reasons: []string{"eager"}}
	if to := next[in.Cohort.Stage]; to != "" && in.Cohort.Dwelt && !in.Cohort.CoolingDown && (in.Evidence.Outcome == "good" || in.Cohort.Stage == "observe") {
		a.Stage = to
	}
	return a, nil
}

func labelled(good, bad int) (all []simulate.Label) {
	for i := range good {
		all = append(all, simulate.Label{Tool: "clean", Rule: fmt.Sprint("R", i%5), Severity: "high", True: true})
	}
	for i := range bad {
		all = append(all, simulate.Label{Tool: "clean", Rule: "N", Severity: "high"}, simulate.Label{Tool: "noisy", Rule: fmt.Sprint("R", i%3), Severity: "high", True: i%2 == 0})
	}
	return all
}

// What is right climbs and stays, but for its one noisy rule; what is half noise
// never gets up.
func TestReplayTellsGoodFromNoisy(t *testing.T) {
	o := simulate.Options{Seed: 1, Policy: eager}
	r := simulate.Replay(t.Context(), labelled(600, 30), 10, o)
	clean, noisy := r.Cohorts[0], r.Cohorts[1]
	if clean.Promoted != 100 || clean.Carved < 50 || clean.RolledBack > 10 || clean.ShownPrecision <= clean.Precision || len(clean.Rules) != 1 || clean.Rules[0].Rule != "N" {
		t.Errorf("clean: %+v", clean)
	}
	if noisy.Promoted != 0 || noisy.Shown != 0 || noisy.Precision != .5 {
		t.Errorf("noisy: %+v", noisy)
	}
	if diff := cmp.Diff(r, simulate.Replay(t.Context(), labelled(600, 30), 10, o)); diff != "" {
		t.Errorf("the same seed plays otherwise: %s", diff)
	}
}

func TestReadLabels(t *testing.T) {
	all, skipped, err := simulate.ReadLabels(strings.NewReader("label,tool,rule,severity,idx\nTP,gosec,G1,error,1\nFP,gosec,G2,Low,2\nOFF,gosec,G3,,3\nTP,x,R,,4\n"))
	want := []simulate.Label{{Tool: "gosec", Rule: "G1", Severity: "high", True: true}, {Tool: "gosec", Rule: "G2", Severity: "low"}, {Tool: "x", Rule: "R", Severity: "medium", True: true}}
	if diff := cmp.Diff(want, all); diff != "" || skipped != 1 || err != nil {
		t.Errorf("%d skipped, %v\n%s", skipped, err, diff)
	}
	if _, _, err := simulate.ReadLabels(strings.NewReader("tool,rule\n")); err == nil || !strings.Contains(err.Error(), "severity") {
		t.Errorf("a missing column: %v", err)
	}
}

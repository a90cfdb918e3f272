package simulate_test

import (
	"encoding/json"
	"flag"
	"testing"

	"github.com/sluice-sec/sluice/promoter/simulate"
)

// The figures of the specification: go test -run Figures -cohorts 10000 -timeout 3h -v
// prints them all, one JSON object a line, in tens of minutes, as does `sluice
// simulate`; -run Figures/bare those of the bare statistics, in one.
var cohorts = flag.Int("cohorts", 300, "cohorts to simulate for each figure; the figures are claimed for 10000")

func TestFigures(t *testing.T) {
	if testing.Short() {
		t.Skip("the simulation takes some seconds")
	}
	o := simulate.Options{Cohorts: *cohorts, Seed: simulate.Seed}
	t.Run("bare", func(t *testing.T) { check(t, simulate.Bare(t.Context(), hearing(t, o))) })
	for _, r := range simulate.AnswerRates() {
		t.Run("whole/"+r.String(), func(t *testing.T) { check(t, simulate.Whole(t.Context(), hearing(t, o), r)) })
	}
}

// hearing tells each figure at once: the large simulation takes long.
func hearing(t *testing.T, o simulate.Options) simulate.Options {
	o.Hear.Figure = func(f simulate.Figure) {
		text, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(string(text))
	}
	return o
}

func check(t *testing.T, figures []simulate.Figure) {
	t.Helper()
	if len(figures) < 3 {
		t.Errorf("%d figures only", len(figures))
	}
	for _, f := range figures {
		if !f.Holds {
			t.Errorf("%s: %s, must be %s", f.Figure, f.Reached, f.Required)
		}
	}
}

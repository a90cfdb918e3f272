package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/promoter/simulate"
)

// What was never shown has no precision, on the page and in the terminal.
func TestLabelledFindingsAreTold(t *testing.T) {
	r := simulate.Labelled{Orders: 10, Skipped: 3, Cohorts: []simulate.LabelledCohort{
		{Cohort: "bad/high", Findings: 100, Precision: 0.379},
		{Cohort: "good/high", Findings: 564, Precision: 0.965, Promoted: 100, Carved: 79.1, Shown: 425.4, ShownPrecision: 0.97,
			Rules: []simulate.LabelledRule{{Rule: "SQL", Precision: 0.42, Share: 78}, {Rule: "<b>", Precision: 0.5, Share: 1}}},
	}}
	page := string(pageView{Labelled: &r}.page())
	var text bytes.Buffer
	if err := newProgram(&text, &text, nil).writeLabelled(&text, r); err != nil {
		t.Fatal(err)
	}
	for where, got := range map[string]string{"page": page, "text": text.String()} {
		for _, want := range []string{"3 findings", "37.9 %", "96.5 %", "425", "97.0 %", "SQL: 42.0 % right, in 78 % of the orders, "} {
			if !strings.Contains(got, want) {
				t.Errorf("the %s does not say %q:\n%s", where, want, got)
			}
		}
	}
	if !strings.Contains(page, `<td class="n">0<td class="n">–`) || strings.Contains(page, "<b>:") {
		t.Errorf("the page:\n%s", page)
	}
}

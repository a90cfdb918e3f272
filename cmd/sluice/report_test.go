package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
)

// However much happened, a person can read what a run says, and what must not
// be missed is there.
func TestAReportStaysReadable(t *testing.T) {
	r := &run.Report{
		Run: 9, Outcome: run.OutcomeFailed, Selection: "everything", Actor: "os:cron", Warnings: []string{"the last good policy stays in force"},
		Started: time.Unix(0, 0), Ended: time.Unix(3, 0), Ledger: "3:abc",
		Decisions: map[string]int{"standing": 4, "below-threshold": 9}, Deferred: map[string]int{"ceiling": 2},
		Plans: []run.PlanLine{{ID: "P7f3a", Reason: "2 findings more than the ceilings let one run show"}},
	}
	source := &run.SourceReport{SourceStatus: store.SourceStatus{Source: "ci", State: "partial"}}
	for i := range 1000 {
		source.Problems = append(source.Problems, fmt.Sprintf("file %d\nis odd", i))
		r.Actions = append(r.Actions, run.ActionLine{Repository: "acme/shop", PullRequest: i, Verb: "review", Outcome: "done", Findings: strings.Fields(strings.Repeat("acme/shop:F1 ", 20))})
		r.Errors = append(r.Errors, run.ErrorLine{Area: "platform", Text: fmt.Sprintf("error %d", i), Count: 2})
	}
	r.Sources = []*run.SourceReport{source}
	var out bytes.Buffer
	if err := (&program{}).writeReport(&out, r); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n > 34 {
		t.Errorf("%d lines:\n%s", n, out.String())
	}
	for _, want := range []string{"WARNING: the last good policy", "and 997 more", "and 992 more", "and 995 more errors", "sluice plan approve P7f3a", "below-threshold 9, standing 4", "3:abc"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, out.String())
		}
	}
}

// A run that was stopped before it came to the sources does not say that there
// are none.
func TestAStoppedRunSaysNothingOfSources(t *testing.T) {
	for stopped, want := range map[bool]bool{false: true, true: false} {
		var out bytes.Buffer
		if err := (&program{}).writeReport(&out, &run.Report{Interrupted: stopped}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "no source is configured"); got != want {
			t.Errorf("stopped %v: says so %v", stopped, got)
		}
	}
}

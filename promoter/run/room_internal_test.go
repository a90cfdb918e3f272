package run

import (
	"fmt"
	"testing"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/finding"
)

func TestRoomForAPullRequestsReports(t *testing.T) {
	take := func(pull, findings, tools int) (taken int, full bool) {
		r := &room{of: connectors.Context{PullRequest: pull}, scans: map[scanKey]bool{}}
		for i := range findings {
			if r.forFinding(finding.Finding{Scanner: finding.Scanner{Name: fmt.Sprint("tool", i%tools)}}) {
				taken++
			}
		}
		return taken, r.full
	}
	for _, c := range []struct {
		name                  string
		pull, findings, tools int
		want                  int
		full                  bool
	}{
		{"many", 1, mostFindings, 1, mostFindings, false},
		{"too many", 1, mostFindings + 2, 1, mostFindings, true},
		{"of many tools", 1, 1000, mostScans, 1000, false},
		{"of too many tools", 1, 10 * mostScans, 2 * mostScans, 5 * mostScans, true},
		{"of a branch", 0, mostFindings + 2, 2 * mostScans, mostFindings + 2, false},
	} {
		if got, full := take(c.pull, c.findings, c.tools); got != c.want || full != c.full {
			t.Errorf("%s: %d taken, want %d; full %v", c.name, got, c.want, full)
		}
	}
}

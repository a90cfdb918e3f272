package run

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
)

func TestAnIncompleteReportSaysWhy(t *testing.T) {
	tests := []struct {
		name   string
		report finding.Report
		want   string
	}{
		{"a result over the cap", finding.Report{Skipped: map[finding.Reason]int{finding.TooLarge: 2}}, "over the size cap: 2"},
		{"a scan that does not say how it ended", finding.Report{}, "does not say that its scan ran to its end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := deliveryOf(arrival{}, document{}, 1, tt.report, nil, time.Time{})
			if got.State != "partial" || !strings.Contains(got.Error, tt.want) {
				t.Errorf("got %s, %q; want partial, with %q", got.State, got.Error, tt.want)
			}
		})
	}
}

package wording_test

import (
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter/wording"
)

func TestDanger(t *testing.T) {
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	score := func(probability, percentile float64) finding.Risk {
		return finding.Risk{Scored: day, Probability: probability, Percentile: percentile}
	}
	worst := score(0.94358, 0.99956)
	worst.ExploitedSince, worst.Ransomware = time.Date(2021, 12, 10, 0, 0, 0, 0, time.UTC), true
	exploited := score(0.02, 0.8)
	exploited.ExploitedSince = day
	tests := []struct {
		known                finding.Risk
		attack, reachability string
		want                 string
	}{
		{},
		{reachability: "?"},
		{known: worst, attack: "attacked over the network, without an account", reachability: finding.Called, want: "It is known to be exploited, also by ransomware (on CISA's list since 2021-12-10). " +
			"Likely to be exploited within 30 days: 94 in 100, more than 99 % of known vulnerabilities (EPSS of 2026-11-20). This project calls the vulnerable code. It is attacked over the network, without an account."},
		{known: finding.Risk{ExploitedSince: day}, want: "It is known to be exploited (on CISA's list since 2026-11-20)."},
		{known: exploited, want: "It is known to be exploited (on CISA's list since 2026-11-20)."}, // and no word of 2 in 100
		{known: score(0.00043, 0.115), want: "Unlikely to be exploited within 30 days: 4 in 10,000, less than 88 % of known vulnerabilities (EPSS of 2026-11-20)."},
		{known: score(0.0241, 0.5), want: "Unlikely to be exploited within 30 days: 2 in 100, more than 50 % of known vulnerabilities (EPSS of 2026-11-20)."},
		{known: score(0.0104, 0.5), want: "Unlikely to be exploited within 30 days: 1 in 100, more than 50 % of known vulnerabilities (EPSS of 2026-11-20)."},
		{known: score(0.0091, 0.5), want: "Unlikely to be exploited within 30 days: 9 in 1,000, more than 50 % of known vulnerabilities (EPSS of 2026-11-20)."},
		{known: score(0.0012, 0.5), want: "Unlikely to be exploited within 30 days: 12 in 10,000, more than 50 % of known vulnerabilities (EPSS of 2026-11-20)."},
		{known: score(0.24, 0.96), want: "May well be exploited within 30 days: 24 in 100, more than 96 % of known vulnerabilities (EPSS of 2026-11-20)."},
		{known: score(0, 0), want: "Unlikely to be exploited within 30 days: less than 2 in 10,000, less than 99 % of known vulnerabilities (EPSS of 2026-11-20)."},
		{known: score(1, 1), want: "Likely to be exploited within 30 days: 99 in 100, more than 99 % of known vulnerabilities (EPSS of 2026-11-20)."},
		{reachability: finding.Imported, want: "This project uses the package; no call of the vulnerable code was found."},
		{reachability: finding.Required, want: "The package is required, and nothing in this project was found to use it."},
	}
	for _, tt := range tests {
		if got := wording.Danger(tt.known, tt.attack, tt.reachability); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

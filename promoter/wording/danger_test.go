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
	tests := []struct {
		known                finding.Risk
		attack, reachability string
		want                 string
	}{
		{},
		{reachability: "?"},
		{known: worst, attack: "attacked over the network, without an account", reachability: finding.Called, want: "Exploited in the wild (CISA KEV since 2021-12-10), also by ransomware. " +
			"EPSS 0.94 on 2026-11-20: more likely to be exploited than 99 % of known vulnerabilities. This project calls the vulnerable code. It is attacked over the network, without an account."},
		{known: finding.Risk{ExploitedSince: day}, want: "Exploited in the wild (CISA KEV since 2026-11-20)."},
		{known: score(0.00043, 0.115), want: "EPSS 0.00043 on 2026-11-20: less likely to be exploited than 88 % of known vulnerabilities."},
		{known: score(0.0241, 0.5), want: "EPSS 0.024 on 2026-11-20: more likely to be exploited than 50 % of known vulnerabilities."},
		{known: score(0, 0), want: "EPSS 0.00000 on 2026-11-20: less likely to be exploited than 99 % of known vulnerabilities."},
		{known: score(1, 1), want: "EPSS 1.00 on 2026-11-20: more likely to be exploited than 99 % of known vulnerabilities."},
		{reachability: finding.Imported, want: "This project uses the package; no call of the vulnerable code was found."},
		{reachability: finding.Required, want: "The package is required, and nothing in this project was found to use it."},
	}
	for _, tt := range tests {
		if got := wording.Danger(tt.known, tt.attack, tt.reachability); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

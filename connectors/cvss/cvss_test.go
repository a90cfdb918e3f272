package cvss_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors/cvss"
)

// The scores are those of the calculators on first.org and nvd.nist.gov.
func TestParse(t *testing.T) {
	tests := []struct {
		vector, version string
		score           float64
		words           string
	}{
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "3.1", 9.8, "attacked over the network, without an account"},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "3.1", 10, "attacked over the network, without an account"},
		{"CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", "3.0", 6.1, "attacked over the network, without an account, if somebody is lured into helping"},
		{"CVSS:3.1/AV:L/AC:H/PR:H/UI:N/S:U/C:L/I:N/A:N", "3.1", 1.9, "attacked from the machine itself, with an administrator's account, under conditions the attacker does not control"},
		{"CVSS:3.1/AV:A/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:C", "3.1", 8, "attacked from the same network, with any account"},
		{"CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", "3.1", 0, "attacked by hand on the device, without an account"},
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "4.0", 9.3, "attacked over the network, without an account"},
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:P/VC:N/VI:L/VA:N/SC:N/SI:N/SA:N", "4.0", 5.3, "attacked over the network, without an account, if somebody passes by"},
	}
	for _, tt := range tests {
		v, err := cvss.Parse(tt.vector)
		if err != nil || v.Version != tt.version || v.Score != tt.score || v.Words() != tt.words {
			t.Errorf("%s: version %s score %v words %q, %v", tt.vector, v.Version, v.Score, v.Words(), err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, vector := range []string{
		"", "CVSS:3.1", "CVSS:3.1/", "CVSS:3.1/AV:N", "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:4.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/" + strings.Repeat("E:U/", 1000),
	} {
		if v, err := cvss.Parse(vector); err == nil || v.Score != 0 || v.Words() != "" {
			t.Errorf("%.60q was read as %v", vector, v.Score)
		}
	}
	if _, err := cvss.Parse("AV:N/AC:L/Au:N/C:P/I:P/A:P"); !errors.Is(err, cvss.ErrVersion) {
		t.Errorf("a vector of version 2: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
	f.Add("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N/E:U/MAV:P")
	f.Add("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/U:Amber")
	f.Add("CVSS:4.0/AV:N/")
	f.Fuzz(func(t *testing.T, vector string) {
		v, err := cvss.Parse(vector)
		if err == nil && (v.Score < 0 || v.Score > 10 || v.Words() == "" || len(v.Version) != 3) {
			t.Errorf("%q: version %q, score %v, words %q", vector, v.Version, v.Score, v.Words())
		}
	})
}

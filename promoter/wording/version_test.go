package wording_test

import (
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter/wording"
)

func TestUpgrade(t *testing.T) {
	of := func(installed string, fixed ...string) (all []finding.Package) {
		for _, f := range fixed {
			all = append(all, finding.Package{Version: installed, FixedIn: f})
		}
		return all
	}
	tests := []struct {
		packages []finding.Package
		want     string
		without  int
	}{
		{nil, "", 0},
		{of("1.0.0", "", ""), "", 2},
		{of("4.17.15", "4.17.19", "4.17.21", "4.17.9"), "4.17.21", 0},
		{of("4.17.15", "4.17.19", ""), "4.17.19", 1},
		{of("2.14.0", "2.3.1, 2.12.2, 2.15.0", "2.17.1"), "2.17.1", 0},
		{of("2.3.0", "2.3.1, 2.12.2, 2.15.0"), "2.3.1", 0},
		{of("1.9.0", "1.10.0"), "1.10.0", 0},
		{of("v1.2.3", "v1.2.4", "1.2.4-rc1"), "v1.2.4", 0},
		{of("1.0.0-rc1", "1.0.0"), "1.0.0", 0},
		{of("", "2.0.0"), "2.0.0", 0},
		{of("3.0.0", "2.0.0"), "2.0.0", 0},
		{of("1.1.1k-r0", "1.1.1l-r0", "1.1.1n-r1"), "1.1.1n-r1", 0},
		{of("1.0", "1.0.0", "1.0.1"), "1.0.1", 0},
		{of("20200101", "20210101"), "20210101", 0},
		{of("?", "!!", ",,"), "!!", 1},
	}
	for _, tt := range tests {
		if got, without := wording.Upgrade(tt.packages); got != tt.want || without != tt.without {
			t.Errorf("%v: %q and %d without, want %q and %d", tt.packages, got, without, tt.want, tt.without)
		}
	}
}

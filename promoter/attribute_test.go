package promoter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
)

func TestAttribute(t *testing.T) {
	change := promoter.Change{FilesComplete: true, Files: []promoter.ChangedFile{
		{Path: "a.go", Added: []promoter.LineRange{{First: 10, Last: 12}, {First: 40, Last: 60}}, Context: []promoter.LineRange{{First: 7, Last: 15}}},
		{Path: "big.go", Unknown: true},
	}}
	cut := change
	cut.FilesComplete = false
	at := func(path string, first, last int) *finding.Place {
		return &finding.Place{Path: path, StartLine: first, EndLine: last}
	}
	line := func(first, last int) *promoter.Anchor {
		return &promoter.Anchor{Path: "a.go", StartLine: first, Line: last}
	}
	unscanned, without, with := promoter.Baseline{}, promoter.Baseline{Scanned: true}, promoter.Baseline{Scanned: true, Has: true}
	for _, c := range []struct {
		name   string
		place  *finding.Place
		base   promoter.Baseline
		change promoter.Change
		origin promoter.Origin
		anchor *promoter.Anchor
	}{
		{"the merge base had it", at("a.go", 11, 0), with, change, promoter.Standing, nil},
		{"the merge base did not, on an added line", at("a.go", 11, 0), without, change, promoter.Introduced, line(11, 11)},
		{"the merge base did not, on a line the diff only shows", at("a.go", 8, 0), without, change, promoter.Introduced, nil},
		{"the merge base did not, in another file", at("b.go", 8, 0), without, change, promoter.Introduced, nil},
		{"the merge base did not, no place", nil, without, change, promoter.Introduced, nil},
		{"no scan of the merge base, on an added line", at("a.go", 12, 0), unscanned, change, promoter.Introduced, line(12, 12)},
		{"no scan of the merge base, on another line", at("a.go", 13, 0), unscanned, change, promoter.Unattributed, nil},
		{"no scan of the merge base, no patch", at("big.go", 3, 0), unscanned, change, promoter.Unattributed, nil},
		{"no scan of the merge base, the list of files was cut", at("b.go", 3, 0), unscanned, cut, promoter.Unattributed, nil},
		{"no scan of the merge base, no place", nil, unscanned, change, promoter.Unattributed, nil},
		{"reaching into the change from above", at("a.go", 5, 11), without, change, promoter.Introduced, line(10, 11)},
		{"longer than a reader needs", at("a.go", 38, 80), without, change, promoter.Introduced, line(40, 49)},
	} {
		t.Run(c.name, func(t *testing.T) {
			origin, anchor := promoter.Attribute(c.place, c.base, c.change)
			if origin != c.origin {
				t.Errorf("origin %s, want %s", origin, c.origin)
			}
			if diff := cmp.Diff(c.anchor, anchor); diff != "" {
				t.Error(diff)
			}
		})
	}
}

package native_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/native"
)

// However long a report made its texts and lists, a finding is small.
func TestNoFindingIsLarge(t *testing.T) {
	long := strings.Repeat("ä", 8<<10)
	f := finding.Finding{
		Scanner: finding.Scanner{Name: long, Version: long}, Kind: finding.SCA,
		Rule:    finding.Rule{ID: long, Name: long, HelpURL: "https://example.com/" + long},
		Package: &finding.Package{PURL: "pkg:npm/" + long, Name: long, Version: long, FixedIn: long, Ecosystem: long},
		Parts:   finding.Parts{Symbol: long, Fingerprints: map[string]string{"long": long, "fine": "1"}},
	}
	for i := range 1000 {
		f.Rule.Tags = append(f.Rule.Tags, fmt.Sprint(i, long))
		f.Parts.Fingerprints[fmt.Sprint("z", i)] = "1"
	}
	var got finding.Finding
	r := native.NewReport("test", func(f finding.Finding) error { got = f; return nil })
	if err := r.Add(f); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(got)
	if err != nil || len(raw) > 32<<10 || !utf8.ValidString(fmt.Sprintf("%+v %+v", got, *got.Package)) {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	if got.Parts.Fingerprints["fine"] != "1" || got.Parts.Fingerprints["long"] != "" || len(f.Rule.Tags[0]) < 8<<10 {
		t.Errorf("fingerprints %v, the parser's own tag has %d bytes", got.Parts.Fingerprints, len(f.Rule.Tags[0]))
	}
}

// Nor do the rules of a report fill the memory.
func TestTheListOfRulesIsBounded(t *testing.T) {
	r := native.NewReport("test", func(finding.Finding) error { return nil })
	padding := strings.Repeat("x", 1000)
	for i := range 30_000 {
		if err := r.Add(finding.Finding{Kind: finding.SAST, Rule: finding.Rule{ID: fmt.Sprint(i, padding)}}); err != nil {
			t.Fatal(err)
		}
	}
	report, err := r.Close(finding.Scanner{Name: "s"}, nil)
	if err != nil || report.Findings != 30_000 || len(report.Scans[0].Rules) > 17_000 || len(report.Scans[0].Rules) < 10_000 {
		t.Errorf("%d findings, %d rules, %v", report.Findings, len(report.Scans[0].Rules), err)
	}
}

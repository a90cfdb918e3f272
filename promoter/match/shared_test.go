package match_test

import (
	"bytes"
	"context"
	"io"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sourcetext"
	"github.com/sluice-sec/sluice/promoter/match"
	"github.com/sluice-sec/sluice/test/shared"
)

// Pairs of reports of the same findings before and after a change. What a
// finding truly is, its message or its file's name says, which no pass reads.
func TestPairsOfRealReports(t *testing.T) {
	byMessage := func(f finding.Finding) string { return f.Rule.ID + regexp.MustCompile(`\d+`).FindString(f.Message) }
	byFile := func(f finding.Finding) string { return path.Base(strings.Fields(f.Message)[6]) }
	byRule := func(f finding.Finding) string { return f.Rule.ID }
	for _, tt := range []struct {
		name     string
		truth    func(finding.Finding) string
		oldRoot  string
		newRoot  string
		want     map[match.Pass]int
		doubtful int
	}{
		{"regress_line-shifts", byMessage, "", "", map[match.Pass]int{match.Fingerprint: 35}, 0},
		{"regress_duplicate-fingerprints", byMessage, "", "", map[match.Pass]int{match.Place: 30}, 0},
		{"regress_explicit-renames", byMessage, "", "", map[match.Pass]int{match.Renamed: 25}, 0},
		{"regress_repository-root-changes", byMessage, "C:/old-agent/work/repo", "/opt/new-agent/work/repo", map[match.Pass]int{match.Place: 25}, 0},
		{"regress_repository-root-changes", byMessage, "C:/old-agent/work/repo", "", map[match.Pass]int{match.Renamed: 25}, 0},
		{"regress_eslint-real-mutation", byRule, "", "", map[match.Pass]int{match.Moved: 2}, 0},
		// The scanner redacted its snippets, so without the source there is only
		// the message: five whose message changed and five in renamed files stay
		// unrecognised, beside three that are new.
		{"gitleaks_8", byFile, "", "", map[match.Pass]int{match.Place: 8, match.Moved: 9, match.New: 13}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			old := sharedReport(t, tt.name+"_baseline.sarif", tt.oldRoot)
			incoming := sharedReport(t, tt.name+"_candidate.sarif", tt.newRoot)
			got := match.Match([][]match.Candidate{known(old...)}, incoming)
			by := map[match.Pass]int{}
			for i, no := range got.No {
				by[got.How[i]]++
				if no != 0 && tt.truth(incoming[i]) != tt.truth(old[no-1]) {
					t.Errorf("%s was taken for %s by %s", tt.truth(incoming[i]), tt.truth(old[no-1]), got.How[i])
				}
			}
			t.Logf("%d known, %d came: by pass %v, %d ambiguous", len(old), len(incoming), by, got.Ambiguous)
			if diff := cmp.Diff(tt.want, by); diff != "" || got.Ambiguous != tt.doubtful {
				t.Errorf("by pass (-want +got)\n%s%d ambiguous, want %d", diff, got.Ambiguous, tt.doubtful)
			}
		})
	}
}

// sharedReport parses a real report; without it, the test is skipped.
func sharedReport(t *testing.T, name, root string) []finding.Finding {
	t.Helper()
	return parsed(t, root, shared.Need(t, "reports/sarif/"+name))
}

// parsed are the findings of a SARIF report, without the source.
func parsed(t *testing.T, root string, report []byte) []finding.Finding {
	t.Helper()
	var findings []finding.Finding
	doc := connectors.Document{Location: "report.sarif", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(report)), nil }}
	_, err := connectors.Parse(context.Background(), connectors.Config{Name: "shared", Type: "sarif", Root: root}, doc,
		connectors.ParseOptions{Secrets: func(string) string { return "keyed" }}, func(f finding.Finding) error {
			findings = append(findings, f)
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sourcetext.Enrich(context.Background(), sourcetext.First(), "0123456789abcdef", findings, nil); err != nil {
		t.Fatal(err)
	}
	return findings
}

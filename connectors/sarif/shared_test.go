package sarif_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sarif"
	"github.com/sluice-sec/sluice/test/shared"
)

// countResults counts results with encoding/json alone; ok is false for what it
// does not take for a SARIF 2.1.0 document.
func countResults(data []byte) (n int, ok bool) {
	var doc struct {
		Version string
		Runs    []struct{ Results []json.RawMessage }
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if json.Unmarshal(data, &doc) != nil || doc.Version != "2.1.0" || doc.Runs == nil {
		return 0, false
	}
	for _, r := range doc.Runs {
		n += len(r.Results)
	}
	return n, true
}

func TestRealReportsLoseNothing(t *testing.T) {
	for _, file := range shared.Files(t, "reports/sarif/*") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all, report, err := read(data, sarif.Options{})
			want, ok := countResults(data)
			t.Logf("| %s | %d | %d | %v | %d placed | complete %v | %v |", filepath.Base(file), want, len(all), report.Skipped, placed(all), report.Complete, err)
			var e *sarif.Error
			if !ok {
				if !errors.As(err, &e) {
					t.Fatalf("encoding/json finds no SARIF here; got error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if report.Results != want || report.Findings+report.SkippedTotal() != want || len(all) != report.Findings {
				t.Errorf("%d results counted independently, report %+v, %d emitted", want, report, len(all))
			}
			checkFindings(t, all)
		})
	}
}

func placed(all []finding.Finding) (n int) {
	for _, f := range all {
		if f.Place != nil {
			n++
		}
	}
	return n
}

// checkFindings holds what is true of every finding.
func checkFindings(t *testing.T, all []finding.Finding) {
	t.Helper()
	for _, f := range all {
		if f.Rule.ID == "" || f.Kind == "" || f.State == "" || f.SeverityFrom == "" || f.Severity < finding.Info || f.Severity > finding.Critical {
			t.Errorf("incomplete finding %+v", f)
		}
		if p := f.Place; p != nil && (path.IsAbs(p.Path) || path.Clean(p.Path) != p.Path || p.Path == "." ||
			p.Path == ".." || strings.HasPrefix(p.Path, "../") || strings.Contains(p.Path, `\`) ||
			p.EndLine < p.StartLine || p.StartLine < 0) {
			t.Errorf("impossible place %+v", *p)
		}
		if f.Kind == finding.Secret && (f.Fix != nil || f.Parts.Snippet != "" && !strings.HasPrefix(f.Parts.Snippet, "[redacted")) {
			t.Errorf("a secret finding shows its source: %+v", f)
		}
	}
}

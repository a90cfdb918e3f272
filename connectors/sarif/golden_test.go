package sarif_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sarif"
)

var update = flag.Bool("update", false, "write what the parser says to the golden files")

// TestSections parses testdata/*.sarif, each named by the section of the standard
// it is about, and compares with the golden file beside it: a line for every
// finding, without what is empty, then what the report says.
func TestSections(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sarif")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".sarif"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all, report, err := read(data, sarif.Options{Secrets: func(s string) string { return fmt.Sprintf("hash of %d bytes", len(s)) }})
			checkFindings(t, all)
			got := describe(t, all, report, err)
			golden := strings.TrimSuffix(file, ".sarif") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("unlike %s:\n%s", golden, diff)
			}
		})
	}
}

func describe(t *testing.T, all []finding.Finding, report finding.Report, err error) string {
	var out strings.Builder
	for _, f := range all {
		raw, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var members any
		if err := json.Unmarshal(raw, &members); err != nil {
			t.Fatal(err)
		}
		line, _ := json.Marshal(withoutEmpty(members))
		fmt.Fprintf(&out, "%s\n", line)
	}
	fmt.Fprintf(&out, "results %d, findings %d, skipped %v, complete %v, error %v\n",
		report.Results, report.Findings, report.Skipped, report.Complete, err)
	for _, s := range report.Scans {
		fmt.Fprintf(&out, "scan %q %q, category %q, rules %v, digest %.8s, complete %v\n",
			s.Scanner.Name, s.Scanner.Version, s.Category, s.Rules, s.RulesDigest, s.Complete)
	}
	return out.String()
}

func withoutEmpty(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			switch member = withoutEmpty(member); fmt.Sprint(member) {
			case "<nil>", "", "0":
				delete(v, k)
			default:
				v[k] = member
			}
		}
		if len(v) == 0 {
			return nil
		}
		return v
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i := range v {
			v[i] = withoutEmpty(v[i])
		}
		raw, _ := json.Marshal(v)
		return json.RawMessage(raw)
	}
	return v
}

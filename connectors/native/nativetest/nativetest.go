// Package nativetest holds every native parser to the same promises: golden files
// that people can read, real reports of which nothing is lost, and a fuzz target.
//
// The awkward truth: a golden file says what a parser does, not that it is right.
package nativetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/memtest"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/test/shared"
)

var update = flag.Bool("update", false, "write what the parser says to the golden files")

// Read parses data and collects what comes out.
func Read(parse native.Parse, data []byte, o native.Options) ([]finding.Finding, finding.Report, error) {
	o.Open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	if o.Secrets == nil {
		o.Secrets = func(s string) string { return fmt.Sprintf("hash of %d bytes", len(s)) }
	}
	var all []finding.Finding
	report, err := parse(context.Background(), o, func(f finding.Finding) error {
		all = append(all, f)
		return nil
	})
	return all, report, err
}

// Inputs are the files in testdata that are no golden files and no folders.
func Inputs(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.*")
	files = slices.DeleteFunc(files, func(f string) bool { return filepath.Ext(f) == ".golden" })
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	return files
}

// Golden parses each file of testdata and compares with the golden file beside it:
// a block for every finding, without what is empty, then what the report says.
// Run with -update to write them.
func Golden(t *testing.T, parse native.Parse, o native.Options) {
	for _, file := range Inputs(t) {
		t.Run(filepath.Base(file), func(t *testing.T) { GoldenFile(t, file, parse, o) })
	}
}

// GoldenFile is Golden of one file.
func GoldenFile(t *testing.T, file string, parse native.Parse, o native.Options) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all, report, err := Read(parse, data, o)
	Check(t, all, report, err)
	got := Describe(all, report, err)
	golden := strings.TrimSuffix(file, filepath.Ext(file)) + ".golden"
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
}

// Describe writes findings and report for people.
func Describe(all []finding.Finding, report finding.Report, err error) string {
	var out strings.Builder
	for _, f := range all {
		raw, _ := json.Marshal(f)
		var members map[string]any
		_ = json.Unmarshal(raw, &members) // it was marshalled a line ago
		for _, name := range []string{
			"rule", "kind", "severity", "severity_from", "score", "vector", "reachability", "epss", "message", "place", "package",
			"advisories", "fix", "state", "dismissal", "category", "scanner", "parts",
		} {
			if v := withoutEmpty(members[name]); v != nil {
				line, _ := json.Marshal(v)
				fmt.Fprintf(&out, "%-13s %s\n", name, line)
			}
		}
		out.WriteByte('\n')
	}
	fmt.Fprintf(&out, "%s: results %d, findings %d, skipped %v, complete %v, error %v\n",
		report.Format, report.Results, report.Findings, report.Skipped, report.Complete, err)
	for _, s := range report.Statements {
		fmt.Fprintf(&out, "statement %v of %v: %s %s %q by %q at %s\n", s.Advisories, s.Products, s.Status, s.Justification, s.Comment, s.Author, s.At.Format(time.RFC3339))
	}
	for _, s := range report.Scans {
		fmt.Fprintf(&out, "scan by %q %q, category %q, rules %v, complete %v\n", s.Scanner.Name, s.Scanner.Version, s.Category, s.Rules, s.Complete)
	}
	return out.String()
}

func withoutEmpty(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			if member = withoutEmpty(member); member == nil {
				delete(v, k)
			} else {
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
	case string:
		if v == "" {
			return nil
		}
	case float64:
		if v == 0 {
			return nil
		}
	}
	return v
}

// Check holds what is true of every report, of every parser.
func Check(t testing.TB, all []finding.Finding, report finding.Report, err error) {
	t.Helper()
	if report.Results != report.Findings+report.SkippedTotal() || report.Findings != len(all) {
		t.Errorf("counts do not add up: %+v, %d emitted", report, len(all))
	}
	if err != nil && report.Complete {
		t.Errorf("complete with error %v", err)
	}
	if err == nil && (report.Format == "" || len(report.Scans) == 0) {
		t.Errorf("the report does not say of what it is: %+v", report)
	}
	for _, f := range all {
		if f.Rule.ID == "" || f.Kind == "" || f.State == "" || f.SeverityFrom == "" || f.Severity < finding.Info || f.Severity > finding.Critical {
			t.Errorf("incomplete finding %+v", f)
		}
		if f.Score < 0 || f.Score > 10 || f.Score != f.Score {
			t.Errorf("impossible score %v", f.Score)
		}
		if f.Kind == finding.SCA && f.Package == nil {
			t.Errorf("a vulnerable dependency without one: %+v", f)
		}
		if f.Kind == finding.Secret && (f.Fix != nil || f.Parts.Snippet != "" && !strings.HasPrefix(f.Parts.Snippet, "[redacted")) {
			t.Errorf("a secret finding shows its source: %+v", f)
		}
		if len(f.Message) > 17<<10 || len(f.Parts.Snippet) > 17<<10 {
			t.Errorf("a finding with a text of %d bytes", max(len(f.Message), len(f.Parts.Snippet)))
		}
		checkPlace(t, f.Place)
	}
}

func checkPlace(t testing.TB, p *finding.Place) {
	t.Helper()
	if p != nil && (p.Path == "" || path.IsAbs(p.Path) || path.Clean(p.Path) != p.Path || p.Path == "." || p.Path == ".." ||
		strings.HasPrefix(p.Path, "../") || strings.ContainsAny(p.Path, "\\\x00") || p.EndLine < p.StartLine || p.StartLine < 0) {
		t.Errorf("impossible place %+v", *p)
	}
}

// Shared parses every file of folders of real reports beside the checkout, which are
// no part of it. count counts the results of a file by another path, -1 where it is
// no such report; then there must be an error. Skips without the reports.
func Shared(t *testing.T, parse native.Parse, count func(data []byte) int, folders ...string) {
	var files []string
	for _, folder := range folders {
		files = append(files, shared.Files(t, "reports/native/"+folder+"/*")...)
	}
	t.Logf("| %-60s | %7s | %8s | %s", "file", "results", "findings", "skipped |")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all, report, err := Read(parse, data, native.Options{})
		Check(t, all, report, err)
		name, want := filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), count(data)
		t.Logf("| %-60.60s | %7d | %8d | %v | %v", name, report.Results, report.Findings, report.Skipped, err)
		switch {
		case want < 0 && !native.Broken(err):
			t.Errorf("%s: no such report, and yet the error is %v", name, err)
		case want >= 0 && err != nil:
			t.Errorf("%s: %v", name, err)
		case want >= 0 && report.Results != want:
			t.Errorf("%s: %d results counted independently, %d by the parser", name, want, report.Results)
		}
	}
}

// Fuzz feeds a parser with what testdata looks like. What is not JSON, or JSON Lines
// if stream, must give an *jsonwalk.Error; the promises of Check hold always.
func Fuzz(f *testing.F, parse native.Parse, stream bool) {
	for _, file := range Inputs(f) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if packed(data) {
			return
		}
		var all []finding.Finding
		var report finding.Report
		var err error
		memtest.Modest(t, len(data), func() { all, report, err = Read(parse, data, native.Options{MaxElement: 64 << 10}) })
		Check(t, all, report, err)
		if err != nil && !native.Broken(err) {
			t.Errorf("an error that is not about the file: %v", err)
		}
		if !stream && err == nil && !json.Valid(data) {
			t.Error("not JSON, and no error")
		}
		if errors.Is(err, jsonwalk.ErrTruncated) && !stream && json.Valid(data) {
			t.Errorf("whole, and yet: %v", err)
		}
	})
}

// packed documents are jsonwalk's matter.
func packed(data []byte) bool {
	for _, magic := range []string{"\x1f\x8b", "\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(data, []byte(magic)) {
			return true
		}
	}
	return false
}

package sarif_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/memtest"
	"github.com/sluice-sec/sluice/connectors/sarif"
)

// FuzzParse compares with encoding/json: what is JSON and what is not, the number
// of results, and the rule and message of every finding.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.sarif")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		var small bytes.Buffer
		if json.Compact(&small, data) == nil {
			f.Add(small.Bytes())
		}
	}
	for _, doc := range []string{``, `{}`, `[1e5,-0.1E+9,"\ud83d\ude00\ud800x\u00e9"]`, "{\"version\":\"2.1.0\",\"runs\":[{\"results\":[{\"ruleId\":\"\xff\"}]}]}"} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if packed(data) {
			return
		}
		compare(t, data)
	})
}

// packed documents are another test's matter.
func packed(data []byte) bool {
	for _, magic := range []string{"\x1f\x8b", "\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(data, []byte(magic)) {
			return true
		}
	}
	return false
}

func compare(t *testing.T, data []byte) {
	t.Helper()
	var found []finding.Finding
	var report finding.Report
	var err error
	memtest.Modest(t, len(data), func() { found, report, err = read(data, sarif.Options{Workers: 2}) })
	if report.Results != report.Findings+report.SkippedTotal() || report.Findings != len(found) {
		t.Errorf("counts do not add up: %+v, %d emitted", report, len(found))
	}
	if err != nil && report.Complete {
		t.Errorf("complete with error %v", err)
	}
	checkFindings(t, found)
	if errors.Is(err, sarif.ErrTooLarge) {
		return
	}
	doc, valid := tree(data)
	var e *sarif.Error
	if valid != json.Valid(data) {
		t.Fatal("the oracle disagrees with itself")
	}
	if !valid {
		if !errors.As(err, &e) {
			t.Errorf("not JSON, and no error: %v", err)
		}
		return
	}
	if errors.Is(err, sarif.ErrVersion) {
		return
	}
	if err != nil {
		if !errors.As(err, &e) || !strings.HasPrefix(e.Detail, "want an") && e.Detail != "no runs" {
			t.Errorf("JSON, and yet: %v", err)
		}
		if e.Path != "" && strings.HasSuffix(e.Path, "runs") || len(e.Path) == 0 {
			return // nothing to count
		}
	}
	check(t, oracle(doc), found, report)
}

func check(t *testing.T, want []expected, found []finding.Finding, report finding.Report) {
	t.Helper()
	if report.Results != len(want) {
		t.Fatalf("encoding/json finds %d results, this %+v", len(want), report)
	}
	for i, w := range want {
		if !w.certain {
			return // from here on nobody knows which finding is which
		}
		if i >= len(found) {
			t.Fatalf("result %d is no finding: %+v", i, w)
		}
		f := found[i]
		if f.Rule.ID != w.rule || w.message != "" && f.Kind != finding.Secret && f.Message != w.message {
			t.Fatalf("result %d: encoding/json reads %q, %q; this %q, %q", i, w.rule, w.message, f.Rule.ID, f.Message)
		}
	}
}

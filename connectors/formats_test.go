package connectors_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors"
)

// Every connector's own test data is recognised as its format and no other.
func TestAutoRecognisesEachFormatByContent(t *testing.T) {
	folders := map[string]string{}
	for _, format := range connectors.Types()[1:] {
		folders[format] = strings.ReplaceAll(strings.ReplaceAll(format, "-", ""), "_", "")
	}
	for format, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "testdata", "*"))
		if err != nil {
			t.Fatal(err)
		}
		tried := 0
		for _, file := range files {
			switch filepath.Ext(file) {
			case ".golden", "":
				continue
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tried++
			if _, r, err := parse(t, connectors.Config{Name: "ci", Type: connectors.Auto}, string(data)); r.Format != format {
				t.Errorf("%s is taken for %q: %v", file, r.Format, err)
			}
		}
		if tried == 0 {
			t.Errorf("no test data of format %s in %s/testdata", format, folder)
		}
	}
}

// Each format is in both tables of the page that people read.
func TestEveryFormatIsToldOf(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "connectors.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range connectors.Types()[1:] {
		if n := strings.Count(string(page), "\n| `"+format+"` |"); n != 2 {
			t.Errorf("docs/connectors.md has %d rows for %s, want 2", n, format)
		}
	}
}

// What tells a format apart may stand behind more than is looked at.
func TestAutoRecognisesLargeReports(t *testing.T) {
	for format, parts := range map[string][3]string{ // before, repeated, after; as the scanners order them
		"bandit":   {`{"errors":[],"generated_at":"2025-03-01T10:00:00Z","metrics":{"a.py":{"loc":1}`, `,"%d.py":{"CONFIDENCE.HIGH":0,"SEVERITY.HIGH":0,"loc":1,"nosec":0}`, `},"results":[]}`},
		"brakeman": {`{"scan_info":{"app_path":"."},"warnings":[{}`, `,{"warning_code":%d,"file":"a.rb"}`, `],"ignored_warnings":[],"errors":[]}`},
		"checkov":  {`{"check_type":"terraform","results":{"passed_checks":[{}`, `,{"check_id":"CKV_%d","file_path":"/a.tf"}`, `],"failed_checks":[]},"summary":{}}`},
		"gitlab":   {`{"vulnerabilities":[{"identifiers":[],"location":{}}`, `,{"identifiers":[{"value":"%d"}],"location":{"file":"a.py"}}`, `],"version":"15.0.0","scan":{}}`},
		"gitleaks": {`[{"RuleID":"r","Secret":"s","File":"f"}`, `,{"RuleID":"r","Secret":"%d","File":"f"}`, `]`},
		"gosec":    {`{"Golang errors":{},"Issues":[{"rule_id":"G1","details":"d"}`, `,{"rule_id":"G1","details":"%d"}`, `],"Stats":{},"GosecVersion":"dev"}`},
		"semgrep":  {`{"version":"1.97.0","results":[{"check_id":"r","extra":{}}`, `,{"check_id":"r","path":"%d.py","extra":{"lines":"x"}}`, `],"errors":[],"paths":{}}`},
		"trufflehog": {`{"level":"info-0","msg":"running source"}`, `
{"SourceMetadata":{"Data":{"Filesystem":{"file":"%d"}}},"DetectorName":"AWS","Raw":"x"}`, ""},
	} {
		var doc strings.Builder
		doc.WriteString(parts[0])
		for i := 0; doc.Len() < 2<<20; i++ {
			fmt.Fprintf(&doc, parts[1], i)
		}
		doc.WriteString(parts[2])
		if _, r, err := parse(t, connectors.Config{Name: "ci", Type: connectors.Auto}, doc.String()); r.Format != format || err != nil {
			t.Errorf("%s is taken for %q: %v", format, r.Format, err)
		}
	}
}

func TestAutoRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, text := range []string{"", "<xml/>", `{"hello":"world"}`, `"text"`, "[]", "{}", "null"} {
		_, r, err := parse(t, connectors.Config{Name: "ci", Type: connectors.Auto}, text)
		if !errors.Is(err, connectors.ErrFormat) || r.Complete || !strings.Contains(err.Error(), "web.sarif") {
			t.Errorf("%q: %+v, %v", text, r, err)
		}
	}
}

func TestAutoReadsCycloneDXOfAllXML(t *testing.T) {
	data, err := os.ReadFile("cyclonedx/testdata/xml/extension.xml")
	if err != nil {
		t.Fatal(err)
	}
	if fs, r, err := parse(t, connectors.Config{Name: "ci", Type: connectors.Auto}, string(data)); err != nil || r.Format != "cyclonedx" || len(fs) != 3 || !r.Complete {
		t.Errorf("%d findings, %+v, %v", len(fs), r, err)
	}
	_, _, err = parse(t, connectors.Config{Name: "ci", Type: connectors.Auto}, `<?xml version="1.0"?><BugCollection version="4.8"></BugCollection>`)
	if !errors.Is(err, connectors.ErrFormat) || !strings.Contains(err.Error(), "of reports in XML only CycloneDX is read; have the scanner write JSON or SARIF") {
		t.Errorf("SpotBugs: %v", err)
	}
}

func TestAutoLooksIntoGzip(t *testing.T) {
	data, err := os.ReadFile("grype/testdata/image.json")
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	fs, r, err := parse(t, connectors.Config{Name: "ci", Type: connectors.Auto}, packed.String())
	if err != nil || r.Format != "grype" || len(fs) != 1 || !r.Complete {
		t.Errorf("%d findings, %+v, %v", len(fs), r, err)
	}
	if _, r, err := parse(t, connectors.Config{Name: "ci", Type: connectors.Auto}, packed.String()[:packed.Len()-12]); err == nil || r.Complete {
		t.Errorf("cut, and yet: %+v, %v", r, err)
	}
}

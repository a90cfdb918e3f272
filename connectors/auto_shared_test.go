package connectors_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/test/shared"
)

// Real reports, by the folder that says what they are.
var sharedFolders = map[string]string{
	"anchore_grype": "grype", "bandit": "bandit", "brakeman": "brakeman", "checkov": "checkov", "cyclonedx": "cyclonedx",
	"gitlab_container_scan": "gitlab", "gitlab_dep_scan": "gitlab", "gitlab_sast": "gitlab", "gitlab_secret_detection_report": "gitlab",
	"gitleaks": "gitleaks", "gosec": "gosec", "govulncheck": "govulncheck", "npm_audit": "npm-audit", "npm_audit_7_plus": "npm-audit",
	"openvex": "openvex", "osv_scanner": "osv-scanner", "pip_audit": "pip-audit", "pnpm_audit": "npm-audit", "sarif": "sarif", "semgrep": "semgrep",
	"semgrep_pro": "semgrep", "snyk": "snyk", "trivy": "trivy", "trufflehog3": "trufflehog", "yarn_audit": "npm-audit",
	"checkmarx_one": "gitlab", // one file of it, in GitLab's format
}

// counts are programs for jq that count the results of a report, whose documents are a
// list. It shares nothing with the parsers: not the language, nor who wrote them.
var counts = map[string]string{
	"bandit":      `.[0].results | length`,
	"brakeman":    `.[0] | .warnings + .ignored_warnings | length`,
	"checkov":     `[flatten[] | .results // {} | .failed_checks, .skipped_checks, .passed_checks | length] | add // 0`,
	"cyclonedx":   `[.[0].vulnerabilities[]? | [1, (.affects | length)] | max] | add // 0`,
	"gitlab":      `.[0].vulnerabilities | length`,
	"gitleaks":    `.[0] | length`,
	"gosec":       `.[0].Issues | length`,
	"govulncheck": `[flatten[].finding? // empty | [.osv, .trace[0].module]] | unique | length`,
	"grype":       `.[0] | .matches + .ignoredMatches | length`,
	"npm-audit": `[.[] | (.vulnerabilities? // {} | to_entries[] | .key as $p | .value.via // [] | .[] | objects | [$p, .]),
		((.advisories? // {} | .[]), (.data?.advisory? // empty) | .id as $id | .findings[] | [$id, .version]),
		(.children? // empty | .ID as $id | .["Tree Versions"][] | [$id, .])] | unique | length`,
	"openvex":     `0`,
	"osv-scanner": `[.[0].results[].packages[].groups | if type == "number" then . else length end] | add // 0`,
	"pip-audit":   `[.[0] | (.dependencies? // .)[] | .vulns | length] | add // 0`,
	"sarif":       `[.[0].runs[].results | length] | add // 0`,
	"semgrep":     `.[0].results | length`,
	"snyk":        `[flatten[] | ., (.applications // [])[] | [.vulnerabilities[] | [.id, .packageName, .version]] | unique | length] | add // 0`,
	"trivy":       `[.. | objects | select(has("Target")) | .Vulnerabilities, .Misconfigurations, .Secrets, .Licenses | length] | add // 0`,
	"trufflehog":  `flatten | length`,
}

// counted is what jq says, as text; "" where it is not installed or finds no such
// report.
func counted(t *testing.T, file, format string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(file) == ".xml" {
		return inMarkup(data)
	}
	jq, err := exec.LookPath("jq")
	if err != nil {
		return ""
	}
	c := exec.Command(jq, "--slurp", counts[format])
	c.Stdin = bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	out, err := c.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// inMarkup counts what CycloneDX in XML says is affected.
func inMarkup(data []byte) string {
	n := 0
	for _, v := range regexp.MustCompile(`<(\w+:)?vulnerability[ >]`).Split(string(data), -1)[1:] {
		n += max(1, strings.Count(v, "<target>"))
	}
	return fmt.Sprint(n)
}

// tally is what became of the reports of one format.
type tally struct {
	files, findings, counted, refused, statements int
	skipped                                       map[finding.Reason]int
	why                                           map[string]bool
}

// Every real report, by its format and by auto: the same either way, results are
// findings and skipped ones, as many as jq counts; or an error that says what is wrong
// with it. Run with -v for a table of formats.
func TestEveryRealReport(t *testing.T) {
	files := append(shared.Files(t, "reports/native/*/*"), shared.Files(t, "reports/sarif/*")...)
	table := map[string]*tally{}
	for _, file := range files {
		folder := filepath.Base(filepath.Dir(file))
		name := folder + "/" + filepath.Base(file)
		format, read := sharedFolders[folder], finding.Report{}
		auto, _, autoErr := readAs(file, connectors.Auto)
		if format == "" || format == "gitlab" && auto.Format == "" && folder == "checkmarx_one" {
			format = "others"
			if !errors.Is(autoErr, connectors.ErrFormat) {
				t.Errorf("%s: there is no parser for it, and auto takes it for %q: %v", name, auto.Format, autoErr)
			}
			entry(table, format).refuse(autoErr)
			continue
		}
		read, found, err := readAs(file, format)
		row := entry(table, format)
		if err != nil {
			row.refuse(err)
			if !native.Broken(err) || auto.Findings != 0 || autoErr == nil {
				t.Errorf("%s as %s: %v; as auto: %+v, %v", name, format, err, auto, autoErr)
			}
			continue
		}
		if !empty(file) && (autoErr != nil || asText(auto) != asText(read)) {
			t.Errorf("%s: %+v as %s, %+v as auto, %v", name, read, format, auto, autoErr)
		}
		if read.Results != read.Findings+read.SkippedTotal() || read.Findings != found {
			t.Errorf("%s: %+v, %d emitted", name, read, found)
		}
		if n := counted(t, file, format); n != "" {
			row.counted++
			if n != fmt.Sprint(read.Results) {
				t.Errorf("%s: jq counts %s results, the parser %d", name, n, read.Results)
			}
		}
		row.read(read)
	}
	t.Log("\n" + tableOf(table))
}

func readAs(file, format string) (r finding.Report, found int, err error) {
	r, err = connectors.Parse(context.Background(), connectors.Config{Type: format},
		connectors.Document{Location: file, Open: func() (io.ReadCloser, error) { return os.Open(file) }}, connectors.ParseOptions{},
		func(finding.Finding) error { found++; return nil })
	return r, found, err
}

func asText(r finding.Report) string {
	raw, _ := json.Marshal(r)
	return string(raw)
}

// empty tells a list without anything in it, which any of several scanners may have
// written.
func empty(file string) bool {
	data, err := os.ReadFile(file)
	return err == nil && string(bytes.Join(bytes.Fields(data), nil)) == "[]"
}

func entry(table map[string]*tally, format string) *tally {
	row := table[format]
	if row == nil {
		row = &tally{skipped: map[finding.Reason]int{}, why: map[string]bool{}}
		table[format] = row
	}
	row.files++
	return row
}

func (y *tally) read(r finding.Report) {
	y.findings += r.Findings
	y.statements += len(r.Statements)
	for why, n := range r.Skipped {
		y.skipped[why] += n
	}
}

// refuse keeps what an error says, without the file and the place.
func (y *tally) refuse(err error) {
	y.refused++
	said := err.Error()
	for _, before := range []string{": not recognised", "malformed: ", "unsupported version: ", "the file ends"} {
		if i := strings.LastIndex(said, before); i >= 0 {
			said = strings.TrimPrefix(said[i:], ": ")
		}
	}
	y.why[strings.SplitN(said, " (", 2)[0]] = true
}

func tableOf(table map[string]*tally) string {
	var out strings.Builder
	out.WriteString("| format | files | findings | skipped | counted by jq, and equal | refused | why |\n|---|---|---|---|---|---|---|\n")
	for _, format := range slices.Sorted(maps.Keys(table)) {
		y := table[format]
		var skipped []string
		for _, why := range slices.Sorted(maps.Keys(y.skipped)) {
			skipped = append(skipped, fmt.Sprintf("%d %s", y.skipped[why], why))
		}
		findings := fmt.Sprint(y.findings)
		if y.statements > 0 {
			findings = fmt.Sprintf("%d (%d statements)", y.findings, y.statements)
		}
		fmt.Fprintf(&out, "| %s | %d | %s | %s | %d files | %d | %s |\n", format, y.files, findings, cmp.Or(strings.Join(skipped, ", "), "0"),
			y.counted, y.refused, strings.Join(slices.Sorted(maps.Keys(y.why)), "; "))
	}
	return out.String()
}

package connectors_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/finding"
)

// Real reports, by the folder that says what they are.
var sharedFolders = map[string]string{
	"anchore_grype": "grype", "bandit": "bandit", "brakeman": "brakeman", "checkov": "checkov", "cyclonedx": "cyclonedx",
	"gitlab_container_scan": "gitlab", "gitlab_dep_scan": "gitlab", "gitlab_sast": "gitlab", "gitlab_secret_detection_report": "gitlab",
	"gitleaks": "gitleaks", "gosec": "gosec", "govulncheck": "govulncheck", "npm_audit": "npm-audit", "npm_audit_7_plus": "npm-audit",
	"openvex": "openvex", "osv_scanner": "osv-scanner", "pip_audit": "pip-audit", "pnpm_audit": "npm-audit", "semgrep": "semgrep",
	"snyk": "snyk", "trivy": "trivy", "trufflehog3": "trufflehog", "yarn_audit": "npm-audit",
	"checkmarx_one": "gitlab", // one file of it, in GitLab's format
}

// Every real report that its parser reads is recognised as its format, and none of a
// format that Sluice has no parser for is taken for another.
func TestAutoRecognisesRealReports(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", "..", "shared"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cmp.Or(os.Getenv("SLUICE_SHARED"), root), "reports")
	files, err := filepath.Glob(filepath.Join(dir, "native", "*", "*"))
	if err != nil || len(files) == 0 {
		t.Skipf("no real reports: %s has no native reports; set SLUICE_SHARED to the folder that has reports", dir)
	}
	more, _ := filepath.Glob(filepath.Join(dir, "sarif", "*"))
	for _, file := range append(files, more...) {
		folder := filepath.Base(filepath.Dir(file))
		want := sharedFolders[folder]
		if folder == "sarif" {
			want = "sarif"
		}
		if want != "" && (empty(file) || parsedAs(file, want) != nil) {
			want = ""
		}
		got, err := recognised(file)
		if got != want {
			t.Errorf("%s/%s: taken for %q, want %q: %v", folder, filepath.Base(file), got, want, err)
		}
	}
}

// empty tells a list without anything in it, which any of several scanners may have
// written.
func empty(file string) bool {
	data, err := os.ReadFile(file)
	return err == nil && string(bytes.Join(bytes.Fields(data), nil)) == "[]"
}

func document(file string) connectors.Document {
	return connectors.Document{Location: file, Open: func() (io.ReadCloser, error) { return os.Open(file) }}
}

func parsedAs(file, format string) error {
	_, err := connectors.Parse(context.Background(), connectors.Config{Type: format}, document(file), connectors.ParseOptions{}, func(finding.Finding) error { return nil })
	return err
}

func recognised(file string) (string, error) {
	r, err := connectors.Parse(context.Background(), connectors.Config{Type: connectors.Auto}, document(file), connectors.ParseOptions{}, func(finding.Finding) error { return nil })
	if err != nil && r.Findings == 0 {
		return "", err
	}
	return r.Format, err
}

package finding_test

import (
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
)

func TestAStatementCoversTheSameVulnerabilityInTheSamePackage(t *testing.T) {
	f := finding.Finding{Advisories: []string{"GHSA-2222-3333-4444", "CVE-2099-0001"}, Package: &finding.Package{PURL: "pkg:npm/%40acme/queue@3.0.0?os=linux"}}
	for _, c := range []struct {
		advisory, product string
		want              bool
	}{
		{"CVE-2099-0001", "pkg:npm/@acme/queue@3.0.0", true},
		{"CVE-2099-0001", "pkg:npm/%40acme/queue@3.0.0?arch=arm", true},
		{"GHSA-2222-3333-4444", "pkg:npm/%40acme/queue", true},
		{"CVE-2099-0001", "pkg:npm/%40acme/queue@3.0.1", false},
		{"CVE-2099-0001", "pkg:npm/queue@3.0.0", false},
		{"CVE-2099-0002", "pkg:npm/%40acme/queue@3.0.0", false},
		{"CVE-2099-0001", "https://example.com/product", false},
		{"CVE-2099-0001", "", false},
	} {
		s := finding.Statement{Advisories: []string{c.advisory}, Products: []string{c.product}}
		if got := s.Covers(f); got != c.want {
			t.Errorf("%s in %s: %v", c.advisory, c.product, got)
		}
	}
	if (finding.Statement{Advisories: f.Advisories, Products: []string{""}}).Covers(finding.Finding{Advisories: f.Advisories}) {
		t.Error("covers a finding without a package")
	}
}

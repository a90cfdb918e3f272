package finding_test

import (
	"testing"
	"time"

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

func TestTheNewestStatementCounts(t *testing.T) {
	queue := finding.Finding{State: finding.Open, Advisories: []string{"CVE-2099-0001", "GHSA-2222-3333-4444"}, Package: &finding.Package{PURL: "pkg:npm/queue@3.0.0"}}
	at := func(day int, status, id string) finding.Statement {
		return finding.Statement{Advisories: []string{id}, Products: []string{"pkg:npm/queue"}, Status: status, At: time.Date(2099, 1, day, 0, 0, 0, 0, time.UTC)}
	}
	for _, c := range []struct {
		name string
		said []finding.Statement
		want finding.State
	}{
		{"nobody said anything", nil, finding.Open},
		{"not affected", []finding.Statement{at(1, finding.NotAffected, "CVE-2099-0001")}, finding.Suppressed},
		{"by its other name", []finding.Statement{at(1, finding.Fixed, "GHSA-2222-3333-4444")}, finding.Suppressed},
		{"being looked at", []finding.Statement{at(1, finding.UnderInvestigation, "CVE-2099-0001")}, finding.Open},
		{"affected after all", []finding.Statement{at(1, finding.NotAffected, "CVE-2099-0001"), at(2, finding.Affected, "GHSA-2222-3333-4444")}, finding.Open},
		{"the older one delivered last", []finding.Statement{at(2, finding.NotAffected, "CVE-2099-0001"), at(1, finding.Affected, "CVE-2099-0001")}, finding.Suppressed},
		{"of something else", []finding.Statement{at(1, finding.NotAffected, "CVE-2099-0002")}, finding.Open},
	} {
		said := finding.Statements{}
		said.Add(c.said...)
		found := []finding.Finding{queue}
		said.Apply(found)
		if found[0].State != c.want {
			t.Errorf("%s: %s", c.name, found[0].State)
		}
	}
	if queue.State != finding.Open || queue.Dismissal != nil {
		t.Error("the finding that was given has changed")
	}
}

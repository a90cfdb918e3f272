// Package wordingtest has what every surface's renderer is tried on: problems
// that several findings tell of. They are made up, but for an advisory that
// everybody has heard of.
package wordingtest

import (
	"fmt"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
)

// Upgrade is one vulnerability in a dependency.
func Upgrade(name, advisory string, severity finding.Severity) promoter.Exhibit {
	return promoter.Exhibit{
		Name: name, Stage: promoter.Advise, Threshold: finding.Medium, Cohort: "core/trivy/" + severity.String(),
		Note: promoter.NoteNoLine,
		Finding: finding.Finding{
			Scanner: finding.Scanner{Name: "trivy"}, Kind: finding.SCA, Severity: severity, Rule: finding.Rule{ID: advisory},
			Message: "Prototype pollution in lodash", Advisories: []string{advisory},
			Package: &finding.Package{Name: "lodash", Version: "4.17.15", FixedIn: "4.17.21", Manifest: "web/package.json"},
			Place:   &finding.Place{Path: "web/package-lock.json", StartLine: 7},
		},
	}
}

// Dangerous is about a dependency that everybody has heard of.
func Dangerous() promoter.Exhibit {
	e := Upgrade("acme/shop:F9", "CVE-2021-44228", finding.Critical)
	e.Finding.Message = "Apache Log4j2 JNDI features do not protect against attacker controlled LDAP and other JNDI related endpoints"
	e.Finding.Package = &finding.Package{Name: "org.apache.logging.log4j:log4j-core", Version: "2.14.0", FixedIn: "2.17.1", Manifest: "pom.xml"}
	e.Finding.Rule.CWEs, e.Finding.Reachability = []string{"CWE-502"}, finding.Called
	e.Attack = "attacked over the network, without an account"
	e.Reasons = []string{"introduced", "known-exploited"}
	e.Risk = finding.Risk{
		Scored: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), Probability: 0.94358, Percentile: 0.99956,
		ExploitedSince: time.Date(2021, 12, 10, 0, 0, 0, 0, time.UTC), Ransomware: true,
	}
	return e
}

// OneUpgrade is nine vulnerabilities that one upgrade fixes, but for one.
func OneUpgrade() []promoter.Exhibit {
	var all []promoter.Exhibit
	for i, advisory := range []string{"CVE-2019-10744", "CVE-2020-8203", "CVE-2021-23337", "CVE-2020-28500", "CVE-2018-16487", "CVE-2018-3721", "CVE-2019-1010266", "GHSA-x5rq-j2xg-h7qm", "CVE-2026-1234"} {
		e := Upgrade(fmt.Sprintf("acme/shop:F%d", 20+i), advisory, finding.Severity(2+i%3))
		e.Group = "fix:npm/lodash@web"
		e.Finding.Package.FixedIn = []string{"4.17.12", "4.17.19", "4.17.21", "4.17.21", "4.17.11", "4.17.5", "4.17.11", "4.17.5", ""}[i]
		all = append(all, e)
	}
	all[1].Risk = finding.Risk{ExploitedSince: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)}
	all[0].Risk = finding.Risk{Scored: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), Probability: 0.024, Percentile: 0.847}
	all[0].Finding.Reachability = finding.Called
	return all
}

// TwoScanners know one advisory by two names, and rate it differently.
func TwoScanners() []promoter.Exhibit {
	trivy, grype := Dangerous(), Dangerous()
	trivy.Finding.Advisories = []string{"CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q"}
	grype.Name, grype.Cohort = "acme/shop:F31", "core/grype/high"
	grype.Finding.Scanner.Name, grype.Finding.Rule.ID = "grype", "GHSA-jfh8-c2jp-5v3q"
	grype.Finding.Severity, grype.Finding.Advisories = finding.High, []string{"GHSA-JFH8-C2JP-5V3Q"}
	grype.Finding.Package = &finding.Package{Name: "log4j-core", Version: "2.14.0", FixedIn: "2.15.0"}
	trivy.Group, grype.Group = "fix:log4j", "fix:log4j"
	return []promoter.Exhibit{trivy, grype}
}

// OneSecret stands on five lines of two files.
func OneSecret() []promoter.Exhibit {
	var all []promoter.Exhibit
	for i, file := range []string{"config/prod.env", "config/prod.env", "deploy/values.yaml", "config/prod.env", "deploy/values.yaml"} {
		all = append(all, promoter.Exhibit{
			Name: fmt.Sprintf("acme/shop:F%d", 40+i), Stage: promoter.Advise, Cohort: "core/gitleaks/high", Reasons: []string{"introduced"},
			Group: promoter.GroupOfSecret + "[redacted:1f0c]",
			Finding: finding.Finding{
				Scanner: finding.Scanner{Name: "gitleaks"}, Kind: finding.Secret, Severity: finding.High, Rule: finding.Rule{ID: "aws-access-token"},
				Message: "Identified a pattern that may indicate AWS credentials", Place: &finding.Place{Path: file, StartLine: 3 + i},
			},
		})
	}
	return all
}

// Unfixed is known to be exploited, and nobody names a version that fixes it.
func Unfixed() promoter.Exhibit {
	e := Dangerous()
	p := *e.Finding.Package
	p.FixedIn = ""
	e.Finding.Package = &p
	return e
}

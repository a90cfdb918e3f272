package npmaudit

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// advisory is one as npm 6, pnpm and yarn 1 have it.
type advisory struct {
	ID         string
	Module     string `json:"module_name"`
	GHSA       string `json:"github_advisory_id"`
	Title, URL string
	Overview   string
	Severity   string
	CVEs       []string
	CWE        json.RawMessage
	CVSS       cvss
	Patched    string `json:"patched_versions"`
	Findings   []struct{ Version string }
}

type cvss struct {
	Score  float64
	Vector string `json:"vectorString"`
}

// advise adds a finding for every installed version.
func (p *parser) advise(a advisory) error {
	versions := []string{}
	for _, f := range a.Findings {
		versions = append(versions, f.Version)
	}
	if len(versions) == 0 {
		versions = append(versions, "")
	}
	for _, version := range versions {
		if !p.seen.First(a.ID, a.Module, version) {
			continue
		}
		pkg := native.Package("npm", a.Module, version)
		pkg.FixedIn = native.Versions(patched(a.Patched)...)
		f := native.Vulnerability{
			ID: ruleID(a.ID, append([]string{a.GHSA, a.URL}, a.CVEs...)), Aliases: append(a.CVEs, a.GHSA, a.URL),
			Title: a.Title, Details: a.Overview, URL: a.URL, CWEs: native.OneOrMany(a.CWE), Word: a.Severity,
			Ratings: []native.Rating{{Score: a.CVSS.Score, Vector: a.CVSS.Vector}}, Package: pkg,
		}.Finding(p.scanner)
		if err := p.report.Add(f); err != nil {
			return err
		}
	}
	return nil
}

// ruleID is GitHub's id of an advisory, else its CVE, else npm's number.
func ruleID(number string, texts []string) string {
	all := clean.FindAdvisories(nil, texts...)
	for _, prefix := range []string{"GHSA-", "CVE-"} {
		for _, id := range all {
			if strings.HasPrefix(id, prefix) {
				return id
			}
		}
	}
	if number == "" {
		return ""
	}
	return "npm:" + number
}

// via is why npm 7 calls a package vulnerable, where that is an advisory and not
// another package.
type via struct {
	Source, Name, Title, URL, Severity, Range string
	CWE                                       json.RawMessage
	CVSS                                      cvss
}

// vulnerable reads a package of npm 7 and later: each advisory in it is a result.
func (p *parser) vulnerable(e jsonwalk.Element) error {
	var v struct {
		Name, Severity string
		Via            []json.RawMessage
		Nodes          []string
		FixAvailable   json.RawMessage
	}
	if ok, err := p.report.Read(e, &v); !ok {
		return err
	}
	for _, raw := range v.Via {
		if len(raw) == 0 || raw[0] == '"' { // a package that is a result itself
			continue
		}
		if raw[0] != '{' {
			p.report.Skip(finding.Malformed)
			continue
		}
		var one via
		_, _ = jsonwalk.Decode(raw, &one) // it was checked with the element
		name := cmp.Or(one.Name, v.Name, e.Key)
		pkg := native.Package("npm", name, "")
		pkg.FixedIn = native.Versions(fixes(one.Range, name, v.FixAvailable)...)
		f := native.Vulnerability{
			ID: ruleID(one.Source, []string{one.URL}), Aliases: []string{one.URL}, Title: one.Title, URL: one.URL,
			CWEs: native.OneOrMany(one.CWE), Word: cmp.Or(one.Severity, v.Severity),
			Ratings: []native.Rating{{Score: one.CVSS.Score, Vector: one.CVSS.Vector}}, Package: pkg,
		}.Finding(p.scanner)
		if err := p.report.Add(f); err != nil {
			return err
		}
	}
	return nil
}

// fixes are the versions that end the vulnerable range, else the one that npm would
// install.
func fixes(vulnerable, name string, available json.RawMessage) (versions []string) {
	for _, m := range upTo.FindAllStringSubmatch(vulnerable, 16) {
		versions = append(versions, m[1])
	}
	if len(versions) > 0 || len(available) == 0 || available[0] != '{' {
		return versions
	}
	var fix struct{ Name, Version string }
	if _, _ = jsonwalk.Decode(available, &fix); fix.Name == name {
		return []string{fix.Version}
	}
	return nil
}

var (
	upTo = regexp.MustCompile(`<\s*v?(\d[^\s|<>=]*)`)
	from = regexp.MustCompile(`>=\s*v?(\d[^\s|<>=]*)`)
)

// patched are the versions that patched ranges begin with; npm writes <0.0.0 where
// there are none.
func patched(ranges string) (versions []string) {
	for _, m := range from.FindAllStringSubmatch(ranges, 16) {
		versions = append(versions, m[1])
	}
	return versions
}

// tree reads a line of yarn 2 and later: an issue of a package in some versions.
func (p *parser) tree(e jsonwalk.Element, name string) error {
	p.scanner.Name = "yarn audit"
	var c struct {
		ID, Issue, URL, Severity string
		Vulnerable               string   `json:"Vulnerable Versions"`
		Versions                 []string `json:"Tree Versions"`
	}
	if ok, err := p.report.Read(e, &c); !ok {
		return err
	}
	if len(c.Versions) == 0 {
		c.Versions = []string{""}
	}
	for _, version := range c.Versions {
		pkg := native.Package("npm", name, version)
		v := native.Vulnerability{
			ID: ruleID(c.ID, []string{c.URL}), Aliases: []string{c.URL}, Title: c.Issue, URL: c.URL, Word: c.Severity, Package: pkg,
		}
		deprecated := strings.HasSuffix(c.ID, "(deprecation)")
		if deprecated {
			v.ID = "deprecated"
		} else {
			pkg.FixedIn = native.Versions(fixes(c.Vulnerable, name, nil)...)
		}
		f := v.Finding(p.scanner)
		if deprecated {
			f.Kind, f.Advisories = finding.Other, nil
		}
		if err := p.report.Add(f); err != nil {
			return err
		}
	}
	return nil
}

package finding

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// The statuses of a Statement (https://www.cisa.gov/resources-tools/resources/minimum-requirements-vulnerability-exploitability-exchange-vex).
const (
	NotAffected        = "not_affected"
	Affected           = "affected"
	Fixed              = "fixed"
	UnderInvestigation = "under_investigation"
)

// Statement is what somebody who knows a product says of a vulnerability in it: VEX.
// It is no finding and speaks of those of any scanner.
type Statement struct {
	Advisories    []string // the vulnerability and its aliases, spelled as a Finding's
	Products      []string // package URLs of what is or is not affected, any version if they have none
	Status        string   // one of the four above
	Justification string   // VEX's word for why it is not affected, as "vulnerable_code_not_in_execute_path"
	Comment       string   // in the author's own words, hostile until escaped
	Author        string
	At            time.Time // zero: not told
}

// Closes tells whether the statement says that there is nothing to do.
func (s Statement) Closes() bool { return s.Status == NotAffected || s.Status == Fixed }

// Covers tells whether the statement is about a finding: the same vulnerability in
// the same package, in the same version if the statement names one. Qualifiers of
// package URLs, such as the architecture, are not compared.
func (s Statement) Covers(f Finding) bool {
	if f.Package == nil || f.Package.PURL == "" {
		return false
	}
	if !slices.ContainsFunc(s.Advisories, func(id string) bool { return slices.Contains(f.Advisories, id) }) {
		return false
	}
	name, version := splitPURL(f.Package.PURL)
	return slices.ContainsFunc(s.Products, func(product string) bool {
		n, v := splitPURL(product)
		return n != "" && n == name && (v == "" || v == version)
	})
}

// Statements are statements by the vulnerability that they are about.
type Statements map[string][]Statement

// Add files statements under each of their vulnerabilities.
func (all Statements) Add(more ...Statement) {
	for _, s := range more {
		for _, id := range s.Advisories {
			all[id] = append(all[id], s)
		}
	}
}

// About is the statement that counts for a finding, the newest of those that cover it;
// of two at one time the one that was added last.
func (all Statements) About(f Finding) (newest Statement, ok bool) {
	for _, id := range f.Advisories {
		for _, s := range all[id] {
			if s.Covers(f) && (!ok || !s.At.Before(newest.At)) {
				newest, ok = s, true
			}
		}
	}
	return newest, ok
}

// Apply suppresses the open findings for which a statement says that there is nothing
// to do.
func (all Statements) Apply(findings []Finding) {
	if len(all) == 0 {
		return
	}
	for i := range findings {
		f := &findings[i]
		if s, ok := all.About(*f); ok && s.Closes() && f.State == Open {
			f.State = Suppressed
			f.Dismissal = &Dismissal{Reason: s.Status, Comment: strings.TrimSpace(s.Justification + " " + s.Comment), At: s.At}
		}
	}
}

// splitPURL takes a package URL apart as far as it names a package; the name is empty
// for anything else.
func splitPURL(purl string) (name, version string) {
	if !strings.HasPrefix(purl, "pkg:") {
		return "", ""
	}
	purl, _, _ = strings.Cut(purl, "#")
	purl, _, _ = strings.Cut(purl, "?")
	if i := strings.LastIndexByte(purl, '@'); i > strings.LastIndexByte(purl, '/') {
		purl, version = purl[:i], purl[i+1:]
	}
	return unescaped(purl), unescaped(version)
}

func unescaped(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

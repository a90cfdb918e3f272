package sarif

import (
	"regexp"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/sluice-sec/sluice/connectors/finding"
)

var (
	// osv-scanner: Package 'name@1.2.3' is vulnerable to ...
	quotedPackage = regexp.MustCompile(`^Package '([^'@]+|@[^'@]+)@([^']+)' is vulnerable`)
	// Snyk names the dependency as logical location: name@1.2.3
	namedVersion = regexp.MustCompile(`^(@?[^@\s]+)@(v?\d[^@/:\s]*)$`)
)

// packageOf finds the dependency a finding is about in what scanners say of it:
// properties with a package URL or names, labelled lines (Trivy in the message,
// Grype in the rule's help), a quoted name (OSV-Scanner), a logical location
// (Snyk). SARIF itself has no member for it.
func packageOf(res *result, one *rule, message, symbol, manifest string) *finding.Package {
	p := res.props.pkg.pkg()
	if p == nil {
		p = labelledPackage(message)
	}
	if m := quotedPackage.FindStringSubmatch(message); p == nil && m != nil {
		p = &finding.Package{Name: m[1], Version: m[2]}
	}
	if m := namedVersion.FindStringSubmatch(symbol); p == nil && m != nil {
		p = &finding.Package{Name: m[1], Version: m[2]}
	}
	if p == nil && one.props.pkg.pkg() != nil {
		p = one.props.pkg.pkg()
	}
	if p == nil && one.pkg != nil {
		shared := *one.pkg
		p = &shared
	}
	if p != nil {
		p.Manifest = manifest
	}
	return p
}

// pkg makes a package of labels; a package URL says more than names.
func (l labels) pkg() *finding.Package {
	if l.purl == "" && l.name == "" {
		return nil
	}
	p := &finding.Package{PURL: l.purl, Name: l.name, Version: l.version, FixedIn: l.fixed, Ecosystem: l.ecosystem}
	u, err := packageurl.FromString(l.purl)
	if err != nil {
		p.PURL = ""
		if p.Name == "" {
			return nil
		}
		return p
	}
	p.Name, p.Ecosystem = u.Name, u.Type
	if u.Namespace != "" {
		p.Name = u.Namespace + "/" + u.Name
	}
	if p.Version == "" {
		p.Version = u.Version
	}
	return p
}

// labelledPackage reads lines such as "Package: openssl" and "Fixed Version: 3.0".
func labelledPackage(text string) *finding.Package {
	if !strings.Contains(text, "Package: ") {
		return nil
	}
	var l labels
	for line := range strings.Lines(text) {
		label, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(label) {
		case "Package":
			l.name = value
		case "Version", "Installed Version":
			l.version = value
		case "Fix Version", "Fixed Version":
			l.fixed = value
		case "Type":
			l.ecosystem = value
		}
	}
	return l.pkg()
}

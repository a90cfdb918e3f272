package sarif

import "github.com/sluice-sec/sluice/connectors/clean"

// properties are the few members of property bags that scanners agree on well
// enough to be of use (SARIF leaves the bags open, 3.8).
type properties struct {
	score    string // security-severity, a number or a word
	severity string // severity: the scanner's own word
	problem  string // problem.severity: error, warning, recommendation (CodeQL)
	tags     []string
	cwes     []string
	pkg      labels
	alert    string // github/alertNumber, which GitHub adds to what it hands out again
}

// labels are what reports say of a package, before it is known to be one.
type labels struct{ purl, name, version, fixed, ecosystem string }

func (s *scanner) properties(p *properties) error {
	return s.Fields(func(name []byte) error {
		switch string(name) {
		case "security-severity", "securityseverity", "security_severity":
			return s.Scalar(&p.score, maxName)
		case "severity":
			return s.Scalar(&p.severity, maxName)
		case "problem.severity":
			return s.Scalar(&p.problem, maxName)
		case "tags":
			return s.Words(func(tag string) {
				if len(p.tags) < maxEntries {
					p.tags = append(p.tags, tag)
				}
			})
		case "cwe", "cwes", "cwe-id", "cweid", "cwe_id":
			return s.Words(func(word string) {
				if isNumber(word) {
					word = "CWE-" + word
				}
				p.cwes = clean.AddCWEs(p.cwes, word)
			})
		case "purl", "packageurl", "package_url":
			return s.Scalar(&p.pkg.purl, maxName)
		case "packagename", "package_name", "package":
			return s.Scalar(&p.pkg.name, maxName)
		case "packageversion", "package_version", "installedversion", "installed_version":
			return s.Scalar(&p.pkg.version, maxName)
		case "fixedversion", "fixed_version", "fixversion", "fixedin":
			return s.Scalar(&p.pkg.fixed, maxName)
		case "github/alertnumber":
			return s.Scalar(&p.alert, maxName)
		case "ecosystem", "packagetype":
			return s.Scalar(&p.pkg.ecosystem, maxName)
		}
		return s.Skip()
	})
}

func (p *properties) size() int {
	n := len(p.score) + len(p.severity) + len(p.problem)
	for _, tag := range p.tags {
		n += 16 + len(tag)
	}
	return n + 24*len(p.cwes)
}

func isNumber(s string) bool {
	return s != "" && len(s) < 7 && consistsOf(s, isDigit)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func consistsOf(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool { return isDigit(c) || c|32 >= 'a' && c|32 <= 'f' }

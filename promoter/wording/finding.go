package wording

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Why says why a finding matters: in the rule's words where they add to the
// message, else in ours; "" where nobody has any. It may be long.
func Why(f finding.Finding) string {
	told := strings.TrimSuffix(strings.TrimSpace(f.Rule.Description), ".")
	if told == "" || told == strings.TrimSuffix(strings.TrimSpace(f.Message), ".") {
		return WeaknessOf(f).Why
	}
	return f.Rule.Description
}

var cweForm = regexp.MustCompile(`^CWE-([0-9]{1,5})$`)

// Definition is the address of a weakness's page; "" if cwe is not written
// like CWE-79.
func Definition(cwe string) string {
	if m := cweForm.FindStringSubmatch(cwe); m != nil {
		return "https://cwe.mitre.org/data/definitions/" + m[1] + ".html"
	}
	return ""
}

const (
	proposalLines = 20
	proposalChars = 2000
)

// Proposal is the text of a fix, if it may be shown as code: not too long, and
// without characters that cannot be seen.
func Proposal(s string) (text string, ok bool) {
	s = strings.TrimSuffix(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	if len(s) > proposalChars || strings.Count(s, "\n") >= proposalLines {
		return "", false
	}
	for _, r := range s {
		if r != '\n' && r != '\t' && r != ' ' && (!Printable(r) || r == unicode.ReplacementChar || unicode.IsSpace(r)) {
			return "", false
		}
	}
	return s, true
}

var hostForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+(:[0-9]{1,5})?$`)

// Address is a plain https address in printable ASCII, or nil for anything
// else.
func Address(s string) *url.URL {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Scheme != "https" || u.User != nil || u.Opaque != "" || len(s) > 500 || !hostForm.MatchString(u.Host) {
		return nil
	}
	u.Host = strings.ToLower(u.Host)
	if strings.ContainsFunc(u.String(), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil
	}
	return u
}

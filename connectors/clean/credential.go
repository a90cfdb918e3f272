package clean

import (
	"regexp"

	"github.com/sluice-sec/sluice/connectors/finding"
)

var credential = regexp.MustCompile(`(?i)secret|credential|passw|token|api[ _-]?key|private[ _-]?key|access[ _-]?key`)

// AboutCredentials tells a rule for hard-coded credentials, whose findings are
// secrets although a scanner of another kind made them: it has one of the CWEs
// for them and words that confirm it.
func AboutCredentials(r finding.Rule) bool {
	for _, cwe := range r.CWEs {
		switch cwe {
		case "CWE-798", "CWE-259", "CWE-321":
			return SpeaksOfCredentials(r)
		}
	}
	return false
}

// SpeaksOfCredentials tells whether a rule's words are about credentials.
func SpeaksOfCredentials(r finding.Rule) bool {
	return credential.MatchString(r.ID) || credential.MatchString(r.Name) || credential.MatchString(r.Description)
}

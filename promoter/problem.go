package promoter

import (
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Problems puts together which exhibits of one notice are one problem to a
// reader: an advisory that several scanners report, under whichever of its
// names, and a secret that stands in several places. Each problem keeps the
// exhibits' order, and so do the problems.
func Problems(exhibits []Exhibit) [][]Exhibit {
	var out [][]Exhibit
	of := map[string]int{} // by what tells a problem
	for _, e := range exhibits {
		names := namesOf(e)
		at := -1
		for _, name := range names {
			if i, known := of[name]; known {
				at = i
				break
			}
		}
		if at < 0 {
			at = len(out)
			out = append(out, nil)
		}
		out[at] = append(out[at], e)
		for _, name := range names {
			if _, known := of[name]; !known {
				of[name] = at
			}
		}
	}
	return out
}

// namesOf are what a finding's problem is known by; none: it is one of its own.
// Within one notice the package is settled, so an advisory is enough.
func namesOf(e Exhibit) []string {
	if e.Finding.Kind == finding.Secret && strings.HasPrefix(e.Group, GroupOfSecret) {
		return []string{e.Group}
	}
	names := make([]string, len(e.Finding.Advisories))
	for i, advisory := range e.Finding.Advisories {
		names[i] = strings.ToUpper(advisory)
	}
	return names
}

// GroupOfSecret begins the groups of findings that are one and the same secret.
const GroupOfSecret = "secret:"

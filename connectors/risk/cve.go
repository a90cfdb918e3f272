package risk

import "strings"

// id is a CVE's year and number, written one after the other.
type id uint64

const (
	shortest = len("CVE-1999-0001")
	longest  = len("CVE-1999-") + 12
)

// number reads CVE-YYYY-N, four digits or more, in any case. A number of more
// than four digits has no leading zero, so that each has one spelling.
func number(cve string) (id, bool) {
	if len(cve) < shortest || len(cve) > longest || !strings.EqualFold(cve[:4], "CVE-") || cve[8] != '-' {
		return 0, false
	}
	if cve[4] == '0' || len(cve) > shortest && cve[9] == '0' {
		return 0, false
	}
	var n id // a year has four digits, so no two of them meet
	for i := 4; i < len(cve); i++ {
		switch c := cve[i]; {
		case i == 8:
			continue
		case c < '0' || c > '9':
			return 0, false
		default:
			n = n*10 + id(c-'0')
		}
	}
	return n, true
}

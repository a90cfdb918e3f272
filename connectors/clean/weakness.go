package clean

import (
	"regexp"
	"slices"
	"strings"
)

// maxEntries is how many of a list are kept.
const maxEntries = 64

// AddCWEs appends the CWEs that a text names, in any of the usual spellings:
// external/cwe/cwe-079, CWE-79: words, cwe:79. They come out as CWE-79.
func AddCWEs(list []string, text string) []string {
	low := strings.ToLower(text)
	for {
		i := strings.Index(low, "cwe")
		if i < 0 {
			return list
		}
		low = strings.TrimLeft(low[i+3:], "-_:/ ")
		n := 0
		for n < len(low) && low[n] >= '0' && low[n] <= '9' {
			n++
		}
		if digits := strings.TrimLeft(low[:n], "0"); digits != "" && len(digits) < 7 {
			list = AppendNew(list, "CWE-"+digits)
		}
	}
}

// AppendNew appends to a list of its own what is not in the list yet.
func AppendNew(list []string, one string) []string {
	if slices.Contains(list, one) || len(list) >= maxEntries {
		return list
	}
	return append(slices.Clip(list), one)
}

// advisory matches the ids of public advisories.
var advisory = regexp.MustCompile(`(?i)\b(?:CVE-\d{4}-\d{4,7}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}|GO-\d{4}-\d{4,6}|` +
	`RUSTSEC-\d{4}-\d{4}|PYSEC-\d{4}-\d+|OSV-\d{4}-\d+|MAL-\d{4}-\d+)\b`)

// FindAdvisories adds the advisories that texts name to a list, as their
// databases spell them: GHSA ids have a lower case rest, the others are upper case.
func FindAdvisories(list []string, texts ...string) []string {
	for _, text := range texts {
		if strings.Count(text, "-") < 2 {
			continue
		}
		for _, id := range advisory.FindAllString(text, maxEntries) {
			id = strings.ToUpper(id)
			if strings.HasPrefix(id, "GHSA") {
				id = "GHSA" + strings.ToLower(id[4:])
			}
			list = AppendNew(list, id)
		}
	}
	return list
}

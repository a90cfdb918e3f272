package wording

import (
	"cmp"
	"strconv"
	"strings"
	"unicode"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Upgrade is the one version that fixes all of these findings of a package, as
// far as their reports name one, and how many name none. A report that names
// several versions means one for each line that is kept up: the nearest above
// what is installed counts.
func Upgrade(packages []finding.Package) (version string, without int) {
	for _, p := range packages {
		fixed := nearest(p)
		switch {
		case fixed == "":
			without++
		case version == "", len(fixed) <= longestVersions && len(version) <= longestVersions && compare(fixed, version) > 0:
			version = fixed
		}
	}
	return version, without
}

const longestVersions = 300 // what is longer is no version

func nearest(p finding.Package) string {
	if len(p.FixedIn) > longestVersions || len(p.Version) > longestVersions {
		return p.FixedIn
	}
	best := ""
	all := strings.FieldsFunc(p.FixedIn, func(r rune) bool { return r == ',' || r == '|' || r == ';' || unicode.IsSpace(r) })
	for _, v := range all {
		if compare(v, p.Version) > 0 && (best == "" || compare(v, best) < 0) {
			best = v
		}
	}
	if best == "" && len(all) > 0 {
		return all[len(all)-1] // the installed version is not known, or is written in a way of its own
	}
	return best
}

// compare orders versions as most ecosystems do: number by number; what has a
// word behind it (1.0.0-rc1) comes before what has not. Where it errs, an
// upgrade is told that is larger or smaller than need be.
func compare(a, b string) int {
	x, y := parts(a), parts(b)
	for i := range max(len(x), len(y)) {
		if c := comparePart(at(x, i), at(y, i)); c != 0 {
			return c
		}
	}
	return 0
}

func comparePart(a, b string) int {
	m, errA := strconv.ParseUint(a, 10, 64)
	n, errB := strconv.ParseUint(b, 10, 64)
	switch {
	case errA == nil && errB == nil:
		return cmp.Compare(m, n)
	case errA == nil:
		return 1
	case errB == nil:
		return -1
	}
	return cmp.Compare(a, b)
}

// parts are the numbers and words of a version, without its v and its build.
func parts(version string) []string {
	version, _, _ = strings.Cut(strings.TrimPrefix(strings.ToLower(version), "v"), "+")
	var out []string
	digit := false
	for _, r := range version {
		switch {
		case !unicode.IsDigit(r) && !unicode.IsLetter(r):
			digit = false
			out = append(out, "")
			continue
		case len(out) == 0 || unicode.IsDigit(r) != digit && out[len(out)-1] != "":
			out = append(out, "")
		}
		digit = unicode.IsDigit(r)
		out[len(out)-1] += string(r)
	}
	return out
}

// at is a part; behind the end stands a zero.
func at(parts []string, i int) string {
	if i < len(parts) && parts[i] != "" {
		return parts[i]
	}
	return "0"
}

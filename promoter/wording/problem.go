package wording

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
)

// Merged tells several findings as one: in the words of the first, which is
// worth most, with the gravest of what any of them says and the one upgrade
// that answers them all. There must be one at least.
func Merged(all []promoter.Exhibit) promoter.Exhibit {
	out := all[0]
	f := &out.Finding
	var packages []finding.Package
	for _, e := range all {
		f.Severity, out.Risk = max(f.Severity, e.Finding.Severity), out.Risk.Worse(e.Risk)
		out.Attack, out.Task = cmp.Or(out.Attack, e.Attack), cmp.Or(out.Task, e.Task)
		f.Reachability = graver(f.Reachability, e.Finding.Reachability)
		f.Rule.HelpURL = cmp.Or(f.Rule.HelpURL, e.Finding.Rule.HelpURL)
		f.Rule.Description = cmp.Or(f.Rule.Description, e.Finding.Rule.Description)
		if len(f.Rule.CWEs) == 0 {
			f.Rule.CWEs = e.Finding.Rule.CWEs
		}
		if f.Fix == nil {
			f.Fix = e.Finding.Fix
		}
		f.Advisories = slices.Clone(f.Advisories)
		for _, advisory := range e.Finding.Advisories {
			if !slices.ContainsFunc(f.Advisories, func(a string) bool { return strings.EqualFold(a, advisory) }) {
				f.Advisories = append(f.Advisories, advisory)
			}
		}
		if p := e.Finding.Package; p != nil {
			packages = append(packages, *p)
		}
	}
	if len(packages) > 0 {
		p := packages[0]
		p.FixedIn, _ = Upgrade(packages)
		for _, other := range packages[1:] {
			p.Version, p.Manifest = cmp.Or(p.Version, other.Version), cmp.Or(p.Manifest, other.Manifest)
		}
		f.Package = &p
	}
	return out
}

// graver is the reachability that says more of a danger.
func graver(a, b string) string {
	for _, r := range []string{finding.Called, finding.Imported, finding.Required} {
		if a == r || b == r {
			return r
		}
	}
	return ""
}

// Advisories are the first of those that findings name and no rule of theirs is
// called after.
func Advisories(all []promoter.Exhibit) []string {
	const most = 4
	var out []string
	for _, advisory := range Merged(all).Finding.Advisories {
		if len(out) < most && !slices.ContainsFunc(all, func(e promoter.Exhibit) bool { return strings.EqualFold(e.Finding.Rule.ID, advisory) }) {
			out = append(out, advisory)
		}
	}
	return out
}

// Shared is what problems that share a notice have in common: so many
// vulnerabilities of one package, or findings of one rule; name is the
// package's or the rule's, or "".
func Shared(problems [][]promoter.Exhibit) (what, name string) {
	first := problems[0][0].Finding
	same := func(has func(finding.Finding) bool) bool {
		return !slices.ContainsFunc(problems, func(p []promoter.Exhibit) bool { return !has(p[0].Finding) })
	}
	switch {
	case first.Package != nil && same(func(f finding.Finding) bool { return f.Package != nil && f.Package.Name == first.Package.Name }):
		return fmt.Sprintf("%d vulnerabilities in", len(problems)), first.Package.Name
	case same(func(f finding.Finding) bool { return f.Rule.ID == first.Rule.ID && f.Rule.ID != "" }):
		return fmt.Sprintf("%d findings of", len(problems)), first.Rule.ID
	}
	return fmt.Sprintf("%d findings with one fix", len(problems)), ""
}

// Unfixed says for how many of problems with one upgrade no report names a
// version that fixes them; "" where there is one for each, and where none is
// about a package.
func Unfixed(problems ...[]promoter.Exhibit) string {
	left := 0
	for _, p := range problems {
		if f := Merged(p).Finding; f.Package != nil && f.Package.FixedIn == "" {
			left++
		}
	}
	switch {
	case left == 0:
		return ""
	case len(problems) == 1:
		return "No version is known that fixes it."
	case left == len(problems):
		return "No version is known that fixes them."
	case left == 1:
		return "For one of them no version is known that fixes it."
	}
	return fmt.Sprintf("For %d of them no version is known that fixes them.", left)
}

// Otherwise is a scanner that finds a problem less severe than its worst, and
// what it says; "" if they agree.
func Otherwise(all []promoter.Exhibit, worst finding.Severity) (scanner, severity string) {
	for _, e := range all {
		if e.Finding.Severity != worst && e.Finding.Scanner.Name != all[0].Finding.Scanner.Name {
			return e.Finding.Scanner.Name, e.Finding.Severity.String()
		}
	}
	return "", ""
}

// File is one in which a secret stands so many times.
type File struct {
	Path  string
	Times int
}

// Files are those in which one secret stands, without lines: they move. None
// where it stands once, and of what is no secret.
func Files(all []promoter.Exhibit) []File {
	var files []File
	for _, e := range all {
		if e.Finding.Kind != finding.Secret || e.Finding.Place == nil {
			continue
		}
		path := e.Finding.Place.Path
		if i := slices.IndexFunc(files, func(f File) bool { return f.Path == path }); i >= 0 {
			files[i].Times++
		} else {
			files = append(files, File{path, 1})
		}
	}
	if len(all) < 2 {
		return nil
	}
	return files
}

package github

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/wording"
)

// merged tells several findings as one: in the words of the first, which is
// worth most, with the gravest of what any of them says and the one upgrade
// that answers them all.
func merged(all []promoter.Exhibit) promoter.Exhibit {
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
		p.FixedIn, _ = wording.Upgrade(packages)
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

// one tells one problem, as one scanner or several see it, in one place or in
// several.
func one(all []promoter.Exhibit) string {
	e := merged(all)
	f := e.Finding
	head := "**" + capital(f.Severity) + " severity**" + otherwise(all, f.Severity)
	if f.Rule.Name != "" && f.Rule.Name != f.Rule.ID {
		head += " · " + text(f.Rule.Name, 120)
	}
	return paragraphs(
		head,
		text(f.Message, 1000),
		places(all),
		labelled("How dangerous it is:", wording.Danger(e.Risk, e.Attack, f.Reachability)),
		labelled("Why it matters:", strings.Join(nonEmpty(text(wording.Why(f), 600), references(f)), " ")),
		labelled("How to fix:", strings.Join(nonEmpty(cmp.Or(fix(f), wording.WeaknessOf(f).How), link("More about this rule", f.Rule.HelpURL)), "\n\n")),
		footer(e, foundByAll(all), findings(all)))
}

// many tells the problems that share a notice, one line each. What does not fit
// is left out by whole problems and counted.
func many(problems [][]promoter.Exhibit) string {
	all := slices.Concat(problems...)
	e := merged(all)
	head := fmt.Sprintf("**%s severity** · %s", capital(e.Finding.Severity), sort(problems))
	tail := paragraphs(
		labelled("How dangerous it is:", wording.Danger(e.Risk, "", e.Finding.Reachability)),
		labelled("How to fix:", strings.Join(nonEmpty(fix(e.Finding), unfixed(problems)), " ")),
		footer(e, scanners(all)))
	items := make([]string, len(problems))
	for i, problem := range problems {
		p := merged(problem)
		items[i] = "- " + strings.Join(nonEmpty(
			"**"+capital(p.Finding.Severity)+"**", inShort(p.Risk), foundByAll(problem), text(p.Finding.Message, 300),
			references(p.Finding), "("+names(problem)+")"), " ")
	}
	return paragraphs(head, fitting(items, maxBody-len(head)-len(tail)), tail)
}

// sort says what sort of problems share a notice.
func sort(problems [][]promoter.Exhibit) string {
	first := problems[0][0].Finding
	same := func(has func(finding.Finding) bool) bool {
		return !slices.ContainsFunc(problems, func(p []promoter.Exhibit) bool { return !has(p[0].Finding) })
	}
	switch {
	case first.Package != nil && same(func(f finding.Finding) bool { return f.Package != nil && f.Package.Name == first.Package.Name }):
		return fmt.Sprintf("%d vulnerabilities in %s", len(problems), code(first.Package.Name, 200))
	case same(func(f finding.Finding) bool { return f.Rule.ID == first.Rule.ID && f.Rule.ID != "" }):
		return fmt.Sprintf("%d findings of %s", len(problems), code(first.Rule.ID, 120))
	}
	return fmt.Sprintf("%d findings with one fix", len(problems))
}

// unfixed says for how many no version is known that fixes them.
func unfixed(problems [][]promoter.Exhibit) string {
	left := 0
	for _, p := range problems {
		if f := merged(p).Finding; f.Package != nil && f.Package.FixedIn == "" {
			left++
		}
	}
	switch {
	case left == 0:
		return ""
	case left == len(problems):
		return "No version is known that fixes them."
	case left == 1:
		return "For one of them no version is known that fixes it."
	}
	return fmt.Sprintf("For %d of them no version is known that fixes them.", left)
}

// otherwise says which scanner finds a problem less severe.
func otherwise(all []promoter.Exhibit, worst finding.Severity) string {
	for _, e := range all {
		if e.Finding.Severity != worst && e.Finding.Scanner.Name != all[0].Finding.Scanner.Name {
			return " (" + code(e.Finding.Scanner.Name, 60) + " says " + e.Finding.Severity.String() + ")"
		}
	}
	return ""
}

// places names the files in which one secret stands, without lines: they move.
func places(all []promoter.Exhibit) string {
	var files []string
	times := map[string]int{}
	for _, e := range all {
		if e.Finding.Kind != finding.Secret || e.Finding.Place == nil {
			continue
		}
		if times[e.Finding.Place.Path]++; times[e.Finding.Place.Path] == 1 {
			files = append(files, e.Finding.Place.Path)
		}
	}
	if len(all) < 2 || len(files) == 0 {
		return ""
	}
	said := make([]string, len(files))
	for i, file := range files {
		if said[i] = code(file, 300); times[file] > 1 {
			said[i] += fmt.Sprintf(" (%d times)", times[file])
		}
	}
	return "It stands in " + listing(said) + "."
}

// foundByAll names each scanner with its rule.
func foundByAll(all []promoter.Exhibit) string {
	return listing(distinct(all, func(e promoter.Exhibit) string { return foundBy(e.Finding) }))
}

func scanners(all []promoter.Exhibit) string {
	return listing(distinct(all, func(e promoter.Exhibit) string { return code(e.Finding.Scanner.Name, 60) }))
}

func names(all []promoter.Exhibit) string {
	return listing(distinct(all, func(e promoter.Exhibit) string { return code(e.Name, 150) }))
}

func findings(all []promoter.Exhibit) string {
	if len(all) == 1 {
		return "finding " + names(all)
	}
	return "findings " + names(all)
}

func distinct(all []promoter.Exhibit, what func(promoter.Exhibit) string) []string {
	var out []string
	for _, e := range all {
		if s := what(e); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// listing joins a few and counts the rest.
func listing(all []string) string {
	const most = 8
	if len(all) > most+1 {
		all = append(slices.Clone(all[:most]), fmt.Sprintf("%d more", len(all)-most))
	}
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

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

// one tells one problem, as one scanner or several see it, in one place or in
// several.
func one(all []promoter.Exhibit) string {
	e := wording.Merged(all)
	f := e.Finding
	head := "**" + capital(f.Severity) + " severity**" + otherwise(all, f.Severity)
	if f.Rule.Name != "" && f.Rule.Name != f.Rule.ID && f.Rule.Name != f.Message {
		head += " · " + text(f.Rule.Name, 120)
	}
	return paragraphs(
		head,
		text(f.Message, 1000),
		places(all),
		labelled("How dangerous it is:", wording.Danger(e.Risk, e.Attack, f.Reachability)),
		why(f, references(all)),
		labelled("How to fix:", strings.Join(nonEmpty(cmp.Or(fix(f), unfixed(f, wording.Unfixed(all)), wording.WeaknessOf(f).How), link("More about this rule", f.Rule.HelpURL)), "\n\n")),
		footer(e, foundByAll(all), findings(all)))
}

// unfixed says in which package a problem is that nobody has fixed yet.
func unfixed(f finding.Finding, words string) string {
	if words == "" {
		return ""
	}
	in := "It is in " + code(f.Package.Name, 200)
	if f.Package.Version != "" {
		in += " " + code(f.Package.Version, 60)
	}
	return in + ". " + words
}

// why says why it matters; where nobody has words for it, where to read about it.
func why(f finding.Finding, refs string) string {
	words := text(wording.Why(f), 600)
	if words == "" {
		return labelled("Read about it:", refs)
	}
	return labelled("Why it matters:", strings.Join(nonEmpty(words, refs), " "))
}

// many tells the problems that share a notice: what to do, then each in a line.
// What does not fit is left out by whole problems and counted.
func many(problems [][]promoter.Exhibit) string {
	all := slices.Concat(problems...)
	e := wording.Merged(all)
	head := paragraphs(
		fmt.Sprintf("**%s severity** · %s", capital(e.Finding.Severity), sort(problems)),
		labelled("How dangerous the worst of them is:", wording.Danger(e.Risk, "", e.Finding.Reachability)),
		labelled("How to fix:", strings.Join(nonEmpty(fix(e.Finding), wording.Unfixed(problems...)), " ")))
	tail := footer(e, scanners(all))
	items := make([]string, len(problems))
	for i, problem := range problems {
		p := wording.Merged(problem)
		items[i] = "- " + strings.Join(nonEmpty(
			"**"+capital(p.Finding.Severity)+"**", inShort(p.Risk), beside(foundByAll(problem), text(p.Finding.Message, 300)),
			strings.Join(advisories(problem), ", "), "("+names(problem)+")"), " ")
	}
	return paragraphs(head, fitting(items, maxBody-len(head)-len(tail)), tail)
}

// beside parts a message from who says it.
func beside(scanner, message string) string {
	if message == "" {
		return scanner
	}
	return scanner + ": " + message
}

// sort says what sort of problems share a notice.
func sort(problems [][]promoter.Exhibit) string {
	what, name := wording.Shared(problems)
	if name == "" {
		return what
	}
	return what + " " + code(name, 200)
}

// otherwise says which scanner finds a problem less severe.
func otherwise(all []promoter.Exhibit, worst finding.Severity) string {
	scanner, severity := wording.Otherwise(all, worst)
	if scanner == "" {
		return ""
	}
	return " (" + code(scanner, 60) + " says " + severity + ")"
}

// places names the files in which one secret stands.
func places(all []promoter.Exhibit) string {
	if in := inFiles(all); in != "" {
		return "It stands in " + in + "."
	}
	return ""
}

func inFiles(all []promoter.Exhibit) string {
	var said []string
	for _, f := range wording.Files(all) {
		in := code(f.Path, 300)
		if f.Times > 1 {
			in += fmt.Sprintf(" (%d times)", f.Times)
		}
		said = append(said, in)
	}
	return listing(said)
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

package jira

import (
	"fmt"
	"slices"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/wording"
)

// one is the description of an issue about one problem, as one scanner or
// several see it, in one place or in several.
func one(all []promoter.Exhibit, withCode bool) document {
	e := wording.Merged(all)
	f := e.Finding
	head := []span{loud(capital(f.Severity) + " severity")}
	if scanner, severity := wording.Otherwise(all, f.Severity); scanner != "" {
		head = append(head, say(" ("), quoted(wording.Line(scanner, 60)), say(" says "+severity+")"))
	}
	files := wording.Files(all)
	if path := pathOf(f); path != "" && len(files) == 0 {
		head = append(head, say(" in "), quoted(wording.Line(path, 300)))
	}
	if f.Parts.Symbol != "" && len(all) == 1 {
		head = append(head, say(", "), quoted(wording.Line(f.Parts.Symbol, 200)))
	}
	d := document{textBlock(head...)}
	if m := wording.Line(f.Message, 1000); m != "" {
		d = append(d, textBlock(say(m)))
	}
	if len(files) > 0 {
		d = append(d, textBlock(places(files)...))
	}
	d = append(d, danger("How dangerous it is:", e, e.Attack)...)
	label, why := "Why it matters:", line(say(wording.Line(wording.Why(f), 600)))
	if len(why) == 0 {
		label = "Read about it:"
	}
	if why = phrase(why, line(references(all)...)); len(why) > 0 {
		d = append(d, labelled(label, why))
	}
	d = append(d, fix(f, withCode, unfixed(f, wording.Unfixed(all)))...)
	if u := wording.Address(f.Rule.HelpURL); u != nil {
		d = append(d, textBlock(span{text: "More about this rule", href: u.String()}))
	}
	word := "· finding"
	if len(all) > 1 {
		word = "· findings"
	}
	return append(d, footer(e, phrase(line(say("Found by")), foundBy(all), line(say(word)), names(all))))
}

// unfixed says in which package a problem is that nobody has fixed yet.
func unfixed(f finding.Finding, words string) []span {
	if words == "" {
		return nil
	}
	in := line(say("It is in"), quoted(wording.Line(f.Package.Name, 200)), quoted(wording.Line(f.Package.Version, 60)))
	return append(in, say(". "+words))
}

// danger says what is known of it besides the severity.
func danger(label string, e promoter.Exhibit, attack string) document {
	if said := wording.Danger(e.Risk, attack, e.Finding.Reachability); said != "" {
		return document{labelled(label, []span{say(said)})}
	}
	return nil
}

// places names the files in which one secret stands.
func places(files []wording.File) []span {
	var said [][]span
	for _, f := range files {
		in := []span{quoted(wording.Line(f.Path, 300))}
		if f.Times > 1 {
			in = append(in, say(fmt.Sprintf(" (%d times)", f.Times)))
		}
		said = append(said, in)
	}
	return append(append([]span{say("It stands in ")}, listing(said)...), say("."))
}

func labelled(label string, rest []span) block {
	return textBlock(append([]span{loud(label), say(" ")}, rest...)...)
}

// many is the description of an issue about several problems with one fix, of
// which it lists the first.
func many(problems [][]promoter.Exhibit, items [][]span) document {
	all := slices.Concat(problems...)
	e := wording.Merged(all)
	what, name := wording.Shared(problems)
	head := []span{loud(capital(e.Finding.Severity) + " severity"), say(" · " + what)}
	if name != "" {
		head = append(head, say(" "), quoted(wording.Line(name, 200)))
	}
	if path := pathOf(e.Finding); path != "" && same(all, pathOf) {
		head = append(head, say(" in "), quoted(wording.Line(path, 300)))
	}
	d := append(document{textBlock(head...)}, danger("How dangerous the worst of them is:", e, "")...)
	d = append(d, fix(e.Finding, false, line(say(wording.Unfixed(problems...))))...)
	if len(items) > 0 {
		d = append(d, block{kind: list, items: items})
	}
	switch left := len(problems) - len(items); left {
	case 0:
	case 1:
		d = append(d, textBlock(say("1 more finding does not fit here.")))
	default:
		d = append(d, textBlock(say(fmt.Sprintf("%d more findings do not fit here.", left))))
	}
	return append(d, footer(e, phrase(line(say("Found by")), scanners(all))))
}

// item is one problem in a list, with its path unless all have the same.
func item(all []promoter.Exhibit, withPath bool) []span {
	e := wording.Merged(all)
	f := e.Finding
	head := phrase(line(loud(capital(f.Severity))), foundBy(all))
	if path := pathOf(f); path != "" && withPath {
		head = phrase(head, line(say("in"), quoted(wording.Line(path, 300))))
	}
	out := append(head, say(": "+wording.Line(f.Message, 300)))
	if !e.Risk.ExploitedSince.IsZero() {
		out = append(out, say(" "), loud("Known to be exploited."))
	}
	out = append(out, say(" ("))
	out = append(out, phrase(line(advisories(all)...), names(all))...)
	return append(out, say(")"))
}

// foundBy names each scanner with its rule.
func foundBy(all []promoter.Exhibit) []span {
	return listing(distinct(all, func(e promoter.Exhibit) []span {
		return line(quoted(wording.Line(e.Finding.Scanner.Name, 60)), quoted(wording.Line(e.Finding.Rule.ID, 120)))
	}))
}

// scanners names each once.
func scanners(all []promoter.Exhibit) []span {
	return listing(distinct(all, func(e promoter.Exhibit) []span { return []span{quoted(wording.Line(e.Finding.Scanner.Name, 60))} }))
}

func names(all []promoter.Exhibit) []span {
	return listing(distinct(all, func(e promoter.Exhibit) []span { return []span{quoted(wording.Line(e.Name, 150))} }))
}

func distinct(all []promoter.Exhibit, what func(promoter.Exhibit) []span) [][]span {
	var out [][]span
	for _, e := range all {
		if s := what(e); !slices.ContainsFunc(out, func(o []span) bool { return slices.Equal(o, s) }) {
			out = append(out, s)
		}
	}
	return out
}

// listing joins a few and counts the rest.
func listing(all [][]span) (out []span) {
	const most = 8
	if len(all) > most+1 {
		all = append(slices.Clone(all[:most]), []span{say(fmt.Sprintf("%d more", len(all)-most))})
	}
	for i, one := range all {
		switch {
		case i == 0:
		case i == len(all)-1:
			out = append(out, say(" and "))
		default:
			out = append(out, say(", "))
		}
		out = append(out, one...)
	}
	return out
}

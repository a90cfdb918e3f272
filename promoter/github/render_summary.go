package github

import (
	"fmt"
	"strings"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/wording"
)

// Summary writes the sticky comment: how many findings have a comment of their
// own, and the others in a list, cut by whole findings.
func (Renderer) Summary(inline int, listed []promoter.Exhibit) string {
	groups := grouped(listed)
	head := "**Sluice: security findings in this change**\n\n" + counts(inline, len(groups))
	var tail string
	if len(listed) > 0 {
		tail = "<sub>Wrong, or not useful? Reply to this pull request and say why."
		if ask := listed[0].Ask; ask != "" {
			tail += " Questions: " + text(ask, 100)
		}
		tail += "</sub>"
	}
	items := make([]string, len(groups))
	for i, group := range groups {
		items[i] = listItem(group)
	}
	return paragraphs(head, fitting(items, maxBody-len(head)-len(tail)), tail)
}

// SummaryEmpty is the sticky comment when nothing is left to list.
func (Renderer) SummaryEmpty() string {
	return "**Sluice:** nothing to list here any more. What stood here is fixed, settled or no longer shown."
}

func counts(inline, listed int) string {
	var s string
	switch inline {
	case 0:
	case 1:
		s = "One has a comment where it stands in the code. "
	default:
		s = fmt.Sprintf("%d have comments where they stand in the code. ", inline)
	}
	switch {
	case listed == 0:
	case listed == 1 && inline == 0:
		s += "There is one:"
	case listed == 1:
		s += "One more:"
	case inline == 0:
		s += fmt.Sprintf("There are %d:", listed)
	default:
		s += fmt.Sprintf("%d more:", listed)
	}
	return strings.TrimSpace(s)
}

// grouped puts what would share a comment into one entry, in the order of the
// first of each.
func grouped(listed []promoter.Exhibit) [][]promoter.Exhibit {
	var out [][]promoter.Exhibit
	at := map[string]int{}
	for _, e := range listed {
		i, known := at[e.Group]
		if !known || e.Group == "" {
			i = len(out)
			at[e.Group] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], e)
	}
	return out
}

func listItem(group []promoter.Exhibit) string {
	e := wording.Merged(group)
	f := e.Finding
	problems := promoter.Problems(group)
	where := ""
	if in := inFiles(group); in != "" {
		where = "in " + in
	} else if f.Place != nil && f.Place.Path != "" {
		where = "in " + code(f.Place.Path, 300)
	}
	what := strings.Join(nonEmpty(foundByAll(group), where+":", text(f.Message, 400)), " ")
	if len(problems) > 1 {
		what = strings.Join(nonEmpty(sort(problems), where, "found by "+scanners(group)), " ")
	}
	mend := unfixed(f, wording.Unfixed(problems...))
	if f.Package != nil && f.Package.FixedIn != "" {
		mend = strings.Join(nonEmpty(upgrade(*f.Package), wording.Unfixed(problems...)), " ")
	}
	note := ""
	if e.Note != "" {
		note = "*" + text(e.Note, 150) + "*"
	}
	first := strings.Join(nonEmpty("- **"+capital(f.Severity)+"**", inShort(e.Risk), what), " ")
	links := strings.Join(nonEmpty(references(group), link("More about this rule", f.Rule.HelpURL)), " · ")
	second := strings.Join(nonEmpty(wording.Likelihood(e.Risk), mend, links, note), " ")
	third := "<sub>" + strings.Join(nonEmpty(names(group), whyShown(e), tracked(e.Task)), ", ") + "</sub>"
	return strings.Join(nonEmpty(first, second, third), "\n  ") // in a comment every line end shows
}

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
	head := "**Sluice: security findings in this change**\n\n" + counts(inline, len(listed))
	var tail string
	if len(listed) > 0 {
		tail = "<sub>Wrong, or not useful? Reply to this pull request and say why."
		if ask := listed[0].Ask; ask != "" {
			tail += " Questions: " + text(ask, 100)
		}
		tail += "</sub>"
	}
	items := make([]string, len(listed))
	for i, e := range listed {
		items[i] = listItem(e)
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

func listItem(e promoter.Exhibit) string {
	f := e.Finding
	where := ""
	if f.Place != nil && f.Place.Path != "" {
		where = "in " + code(f.Place.Path, 300)
	}
	mend := ""
	if f.Package != nil && f.Package.FixedIn != "" {
		mend = upgrade(*f.Package)
	}
	note := ""
	if e.Note != "" {
		note = "*" + text(e.Note, 150) + "*"
	}
	first := strings.Join(nonEmpty("- **"+capital(f.Severity)+"**", inShort(e.Risk), foundBy(f), where+":", text(f.Message, 400)), " ")
	second := strings.Join(nonEmpty(wording.Likelihood(e.Risk), mend, references(f), link("More about this rule", f.Rule.HelpURL), note), " ")
	third := "<sub>" + strings.Join(nonEmpty(code(e.Name, 150), whyShown(e), tracked(e.Task)), ", ") + "</sub>"
	return strings.Join(nonEmpty(first, second, third), "\n  ") // in a comment every line end shows
}

package github

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/wording"
)

// Renderer writes the bodies of comments, in GitHub's Markdown, without
// markers. Its methods are pure. Nothing from outside keeps a meaning in them:
// no mention, no link but a checked https one, no HTML, no image.
type Renderer struct{}

var _ promoter.Renderer = Renderer{}

// maxBody leaves room for a marker below GitHub's 65,536 characters. Counted
// in bytes, which are never fewer.
const maxBody = 65_000

// Comment writes one review comment about findings that are one problem, or
// that share what fixes them.
func (Renderer) Comment(exhibits []promoter.Exhibit) string {
	switch problems := promoter.Problems(exhibits); len(problems) {
	case 0:
		return ""
	case 1:
		return one(problems[0])
	default:
		return many(problems)
	}
}

// footer says who found it, why it is shown, how to answer and whom to ask.
func footer(e promoter.Exhibit, by string, more ...string) string {
	shown := append(append([]string{"Found by " + by}, more...), whyShown(e), tracked(e.Task))
	lines := []string{strings.Join(nonEmpty(shown...), " · "),
		"Wrong, or not useful? Reply `/sluice false-positive` with the reason, react with 👍 or 👎, or ask `/sluice why`; `/sluice help` lists the rest."}
	if e.Ask != "" {
		lines[1] += " Questions: " + text(e.Ask, 100)
	}
	return "<sub>" + strings.Join(lines, "<br>") + "</sub>"
}

// tracked names the task that a finding is in.
func tracked(t promoter.TaskLink) string {
	switch {
	case t.Title == "":
		return ""
	case keyForm.MatchString(t.Title) && link(t.Title, t.URL) != "":
		return "tracked as " + link(t.Title, t.URL)
	}
	return "tracked as " + code(t.Title, 60)
}

var keyForm = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,20}-[0-9]{1,12}$`)

func foundBy(f finding.Finding) string {
	by := code(f.Scanner.Name, 60)
	if f.Rule.ID != "" {
		by += " " + code(f.Rule.ID, 120)
	}
	return by
}

// whyShown says it in a reader's words: what the change has to do with it, and
// which stage let it through. The threshold is left to "sluice explain": with it
// in the text, an edit of the settings would rewrite every comment.
func whyShown(e promoter.Exhibit) string {
	s := fmt.Sprintf("%s is at stage %s", code(e.Cohort, 150), e.Stage)
	var why []string
	for _, reason := range e.Reasons {
		if words, known := reasonWords[reason]; known {
			reason = words
		} else {
			reason = text(reason, 200)
		}
		if reason != "" && len(why) < 5 {
			why = append(why, reason)
		}
	}
	return "shown because " + strings.Join(append(why, s), "; ")
}

// reasonWords are the reasons of the default policy as an engineer would put
// them. Others, which a team's own policy gives, are shown as they are.
var reasonWords = map[string]string{
	"introduced": "this change introduces it",
	"off-diff":   "", // the summary says so beside it

	"known-exploited": "it is known to be exploited",
	"not-called":      "", // said with the danger
}

// inShort says in a list how dangerous something is known to be.
func inShort(known finding.Risk) string {
	if !known.ExploitedSince.IsZero() {
		return "*known to be exploited*"
	}
	return ""
}

// references links weaknesses and names advisories.
func references(all []promoter.Exhibit) string {
	var refs []string
	for _, cwe := range wording.Merged(all).Finding.Rule.CWEs {
		if page := wording.Definition(cwe); page != "" && len(refs) < 3 {
			refs = append(refs, link(cwe, page))
		}
	}
	return strings.Join(append(refs, advisories(all)...), ", ")
}

// advisories names those that no rule is called after.
func advisories(all []promoter.Exhibit) (names []string) {
	for _, name := range wording.Advisories(all) {
		names = append(names, code(name, 60))
	}
	return names
}

// fitting joins list items while they fit and says how many did not.
func fitting(items []string, room int) string {
	const note = "\n\n%d more findings do not fit here."
	used, n := len(note)+20, 0
	for n < len(items) && used+len(items[n])+1 <= room {
		used += len(items[n]) + 1
		n++
	}
	list := strings.Join(items[:n], "\n")
	switch left := len(items) - n; left {
	case 0:
	case 1:
		list += "\n\n1 more finding does not fit here."
	default:
		list += fmt.Sprintf(note, left)
	}
	return strings.TrimSpace(list)
}

func capital(s finding.Severity) string {
	name := s.String()
	return strings.ToUpper(name[:1]) + name[1:]
}

func labelled(label, body string) string {
	if body == "" {
		return ""
	}
	if strings.HasPrefix(body, "```") {
		return "**" + label + "**\n\n" + body
	}
	return "**" + label + "** " + body
}

func paragraphs(parts ...string) string { return strings.Join(nonEmpty(parts...), "\n\n") }

func nonEmpty(parts ...string) []string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

package jira

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/wording"
)

// Renderer writes what people read in Jira, in the markup of its deployment,
// from structure: nothing from outside keeps a meaning in it. Its methods are
// pure.
type Renderer struct{ write markup }

var _ promoter.TaskRenderer = Renderer{}

// NewRenderer is the renderer of a deployment. Cloud gets documents, because
// text in them is never parsed, and Data Center, which knows none, wiki text.
func NewRenderer(d Deployment) Renderer {
	if d == DataCenter {
		return Renderer{wiki}
	}
	return Renderer{adf}
}

const (
	maxTitle = 255 // of Jira's
	// maxBody leaves a little room below Jira's 32,767. Which characters of a
	// document Cloud counts is not published: here they are those of its JSON.
	maxBody = 32_000
)

// Task is the summary and description of an issue about findings that share a
// fix. What does not fit is left out by whole findings and counted. Lines are
// not in it: they move, and each edit is a mail to whoever watches the issue.
func (r Renderer) Task(exhibits []promoter.Exhibit) (title, body string) {
	if len(exhibits) == 0 {
		return "", ""
	}
	title = fitTitle(titleOf(exhibits))
	if len(exhibits) == 1 {
		d := one(exhibits[0], true)
		if body = r.write(d); units(body) > maxBody {
			body = r.write(one(exhibits[0], false))
		}
		return title, body
	}
	items := make([][]span, len(exhibits))
	for i, e := range exhibits {
		items[i] = item(e)
	}
	// The number of items that fit is found by halving: a body grows with them.
	n, over := 0, len(items)+1
	for over-n > 1 {
		middle := (n + over) / 2
		if body = r.write(many(exhibits, items[:middle])); units(body) <= maxBody {
			n = middle
		} else {
			over = middle
		}
	}
	return title, r.write(many(exhibits, items[:n]))
}

// HandBack is the comment that gives an issue back to the security team. The
// surface adds a reference, by which it finds the comment again.
func (r Renderer) HandBack(w promoter.Withdrawal) string { return r.write(handBack(w)) }

func handBack(w promoter.Withdrawal) document {
	var words string
	switch w.Cause {
	case promoter.RemovedFixed:
		words = "The scans no longer find what this issue is about."
		if w.Commit != "" {
			words = "What this issue is about is fixed as of commit " + wording.Line(w.Commit, 12) + "."
		}
		words += " If you agree, this can be closed."
	case promoter.RemovedStage:
		words = "Findings of this kind are not handed to engineers for now. This one goes back to the security team: there is nothing to do here for anybody else. It is not closed, because the finding itself is still there."
	case promoter.RemovedAnswered:
		words = "This is settled by an answer or an exception. It goes back to the security team: there is nothing to do here for anybody else."
	case promoter.RemovedMoved:
		words = "What this issue is about is in another issue now. This one goes back to the security team."
	default:
		words = "The security team's policy no longer asks engineers for this. It goes back to the security team: there is nothing to do here for anybody else. It is not closed, because the finding itself is still there."
	}
	d := document{textBlock(say(words))}
	if w.Decision != "" {
		d = append(d, textBlock(line(say("Decision"), quoted(wording.Line(w.Decision, 80)))...))
	}
	return d
}

func fitTitle(s string) string {
	s = wording.Line(s, maxTitle)
	for units(s) > maxTitle {
		s = wording.Capped(s, len([]rune(s))-2)
	}
	return s
}

// titleOf says what is to be done, and where. It holds no count and no
// severity, which change while the task stays the same.
func titleOf(exhibits []promoter.Exhibit) string {
	first := exhibits[0]
	f := first.Finding
	repository, _, _ := strings.Cut(first.Name, ":F")
	in := " (" + wording.Line(repository, 80) + ")"
	if p := f.Package; p != nil && p.FixedIn != "" && same(exhibits, func(e promoter.Exhibit) string { return packageOf(e.Finding) }) {
		return "Upgrade " + wording.Line(p.Name, 100) + " to " + wording.Line(p.FixedIn, 40) + in
	}
	what := wording.Line(cmp.Or(f.Rule.Name, f.Message, f.Rule.ID), 120)
	if f.Place != nil && f.Place.Path != "" && same(exhibits, func(e promoter.Exhibit) string { return pathOf(e.Finding) }) {
		what += " in " + shortPath(f.Place.Path)
	}
	return what + in
}

func same(exhibits []promoter.Exhibit, of func(promoter.Exhibit) string) bool {
	return !slices.ContainsFunc(exhibits, func(e promoter.Exhibit) bool { return of(e) != of(exhibits[0]) })
}

func packageOf(f finding.Finding) string {
	if f.Package == nil {
		return ""
	}
	return f.Package.Name
}

func pathOf(f finding.Finding) string {
	if f.Place == nil {
		return ""
	}
	return f.Place.Path
}

func shortPath(path string) string {
	path = wording.Line(path, 300)
	if r := []rune(path); len(r) > 60 {
		return "…" + string(r[len(r)-59:])
	}
	return path
}

// one is the description of an issue about one finding.
func one(e promoter.Exhibit, withCode bool) document {
	f := e.Finding
	head := []span{loud(capital(f.Severity) + " severity")}
	if path := pathOf(f); path != "" {
		head = append(head, say(" in "), quoted(wording.Line(path, 300)))
	}
	if f.Parts.Symbol != "" {
		head = append(head, say(", "), quoted(wording.Line(f.Parts.Symbol, 200)))
	}
	d := document{textBlock(head...)}
	if m := wording.Line(f.Message, 1000); m != "" {
		d = append(d, textBlock(say(m)))
	}
	if why := line(append([]span{say(wording.Line(wording.Why(f), 600))}, references(f)...)...); len(why) > 0 {
		d = append(d, labelled("Why it matters:", why))
	}
	d = append(d, fix(f, withCode)...)
	if u := wording.Address(f.Rule.HelpURL); u != nil {
		d = append(d, textBlock(span{text: "More about this rule", href: u.String()}))
	}
	return append(d, footer(e, line(say("Found by"), scanner(f), rule(f), say("· finding"), quoted(wording.Line(e.Name, 150)))))
}

func labelled(label string, rest []span) block {
	return textBlock(append([]span{loud(label), say(" ")}, rest...)...)
}

// many is the description of an issue about several findings with one fix, of
// which it lists the first.
func many(exhibits []promoter.Exhibit, items [][]span) document {
	worst := finding.Unknown
	var mend document
	for _, e := range exhibits {
		worst = max(worst, e.Finding.Severity)
		if mend == nil {
			mend = fix(e.Finding, false)
		}
	}
	d := document{textBlock(loud(capital(worst)+" severity"), say(fmt.Sprintf(" · %d findings that belong together", len(exhibits))))}
	d = append(d, mend...)
	if len(items) > 0 {
		d = append(d, block{kind: list, items: items})
	}
	switch left := len(exhibits) - len(items); left {
	case 0:
	case 1:
		d = append(d, textBlock(say("1 more finding does not fit here.")))
	default:
		d = append(d, textBlock(say(fmt.Sprintf("%d more findings do not fit here.", left))))
	}
	return append(d, footer(exhibits[0], nil))
}

// item is one finding in a list.
func item(e promoter.Exhibit) []span {
	f := e.Finding
	head := []span{loud(capital(f.Severity)), scanner(f), rule(f)}
	if path := pathOf(f); path != "" {
		head = append(head, say("in"), quoted(wording.Line(path, 300)))
	}
	out := append(line(head...), say(": "+wording.Line(f.Message, 300)+" ("))
	out = append(out, line(append(references(f), say("finding"), quoted(wording.Line(e.Name, 150)))...)...)
	return append(out, say(")"))
}

// fix says how to mend a finding; nothing when nobody said.
func fix(f finding.Finding, withCode bool) document {
	how := upgrade(f.Package)
	if f.Fix != nil {
		how = append(how, say(wording.Line(f.Fix.Description, 400)))
	}
	how = line(how...)
	if len(how) == 0 && wording.WeaknessOf(f).How != "" {
		how = line(say(wording.WeaknessOf(f).How))
	}
	var proposed string
	if withCode && f.Fix != nil && len(f.Fix.Edits) == 1 {
		proposed, _ = wording.Proposal(f.Fix.Edits[0].Text)
	}
	if len(how) == 0 && strings.TrimSpace(proposed) == "" {
		return nil
	}
	d := document{labelled("How to fix:", how)}
	if strings.TrimSpace(proposed) != "" {
		d = append(d, textBlock(say("The scanner proposes:")), block{kind: codeBlock, code: proposed})
	}
	return d
}

func upgrade(p *finding.Package) []span {
	if p == nil || p.FixedIn == "" {
		return nil
	}
	s := []span{say("Upgrade"), quoted(wording.Line(p.Name, 200))}
	if p.Version != "" {
		s = append(s, say("from"), quoted(wording.Line(p.Version, 60)))
	}
	s = append(s, say("to"), quoted(wording.Line(p.FixedIn, 60)))
	if p.Manifest != "" {
		s = append(s, say("in"), quoted(wording.Line(p.Manifest, 300)))
	}
	return s
}

func scanner(f finding.Finding) span { return quoted(wording.Line(f.Scanner.Name, 60)) }

func rule(f finding.Finding) span { return quoted(wording.Line(f.Rule.ID, 120)) }

// references links weaknesses and names advisories, unless the rule is one.
func references(f finding.Finding) []span {
	var refs []span
	for _, cwe := range f.Rule.CWEs {
		if page := wording.Definition(cwe); page != "" && len(refs) < 3 {
			refs = append(refs, span{text: cwe, href: page})
		}
	}
	for i, advisory := range f.Advisories {
		if i == 5 {
			break
		}
		if advisory != f.Rule.ID {
			refs = append(refs, quoted(wording.Line(advisory, 60)))
		}
	}
	return refs
}

// footer says who found it, why it is here, how to answer and whom to ask.
func footer(e promoter.Exhibit, found []span) block {
	if len(found) > 0 {
		found = append(found, newLine())
	}
	why := line(say("Here because"), say(reasons(e)), quoted(wording.Line(e.Cohort, 150)), say("is at stage "+e.Stage.String()+"."))
	out := append(append(found, why...), newLine(),
		say("Wrong, or not worth fixing? Close this issue with a resolution that says so, or say why in a comment."))
	if ask := wording.Line(e.Ask, 100); ask != "" {
		out = append(out, say(" Questions: "+ask))
	}
	return textBlock(out...)
}

// reasonWords are the reasons of the default policy as an engineer would put
// them. Others, which a team's own policy gives, are shown as they are.
var reasonWords = map[string]string{
	"standing": "it stands on the base branch",
	"tracked":  "", // the task says so itself

	"known-exploited": "it is known to be exploited",
	"not-called":      "", // said with the danger
}

// reasons are a policy's, as the start of a sentence that goes on with the
// stage.
func reasons(e promoter.Exhibit) string {
	var out []string
	for _, r := range e.Reasons {
		if words, known := reasonWords[r]; known {
			r = words
		}
		if r = wording.Line(r, 200); r != "" && len(out) < 5 {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, "; ") + " and"
}

func capital(s finding.Severity) string {
	name := s.String()
	return strings.ToUpper(name[:1]) + name[1:]
}

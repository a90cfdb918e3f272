package jira

import (
	"cmp"
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
// fix. What does not fit is left out by whole problems and counted. Lines are
// not in it: they move, and each edit is a mail to whoever watches the issue.
func (r Renderer) Task(exhibits []promoter.Exhibit) (title, body string) {
	problems := promoter.Problems(exhibits)
	if len(problems) == 0 {
		return "", ""
	}
	title = fitTitle(titleOf(problems))
	if len(problems) == 1 {
		if body = r.write(one(problems[0], true)); units(body) > maxBody {
			body = r.write(one(problems[0], false))
		}
		return title, body
	}
	items := make([][]span, len(problems))
	withPath := !same(exhibits, pathOf)
	for i, p := range problems {
		items[i] = item(p, withPath)
	}
	// The number of items that fit is found by halving: a body grows with them.
	n, over := 0, len(items)+1
	for over-n > 1 {
		middle := (n + over) / 2
		if body = r.write(many(problems, items[:middle])); units(body) <= maxBody {
			n = middle
		} else {
			over = middle
		}
	}
	return title, r.write(many(problems, items[:n]))
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
		if w.Noisy {
			words = "People answered that too many findings of this kind are noise. This one goes back to the security team: there is nothing to do here for anybody else. It is not closed, because the finding itself is still there."
			break
		}
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
func titleOf(problems [][]promoter.Exhibit) string {
	all := slices.Concat(problems...)
	f := wording.Merged(all).Finding
	repository, _, _ := strings.Cut(all[0].Name, ":F")
	in := " (" + wording.Line(repository, 80) + ")"
	if p := f.Package; p != nil && p.FixedIn != "" && (len(problems) == 1 || same(all, packageOf)) {
		return "Upgrade " + wording.Line(p.Name, 100) + " to " + wording.Line(p.FixedIn, 40) + in
	}
	what := strings.TrimSuffix(wording.Line(cmp.Or(f.Rule.Name, f.Message, f.Rule.ID), 120), ".")
	if path := pathOf(f); path != "" && same(all, pathOf) {
		what += " in " + shortPath(path)
	}
	return what + in
}

func same(all []promoter.Exhibit, of func(finding.Finding) string) bool {
	return !slices.ContainsFunc(all, func(e promoter.Exhibit) bool { return of(e.Finding) != of(all[0].Finding) })
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

// fix says how to mend a finding, and something besides; nothing when nobody
// said.
func fix(f finding.Finding, withCode bool, also []span) document {
	how := upgrade(f.Package)
	if f.Fix != nil {
		how = phrase(how, line(say(wording.Line(f.Fix.Description, 400))))
	}
	if how = phrase(how, also); len(how) == 0 {
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
	return append(line(s...), say("."))
}

// references links weaknesses and names advisories.
func references(all []promoter.Exhibit) []span {
	var refs []span
	for _, cwe := range wording.Merged(all).Finding.Rule.CWEs {
		if page := wording.Definition(cwe); page != "" && len(refs) < 3 {
			refs = append(refs, span{text: cwe, href: page})
		}
	}
	return append(refs, advisories(all)...)
}

// advisories names those that no rule is called after.
func advisories(all []promoter.Exhibit) (names []span) {
	for _, name := range wording.Advisories(all) {
		names = append(names, quoted(wording.Line(name, 60)))
	}
	return names
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
	"standing":   "it stands on the base branch",
	"introduced": "a change introduced it",
	"tracked":    "", // the task says so itself

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

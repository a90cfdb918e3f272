package github

import (
	"fmt"
	"slices"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/wording"
)

var _ promoter.CheckRenderer = Renderer{}

// maxAnnotations keeps a check to a few requests; the summary names the rest.
const maxAnnotations = 5 * batch

// Check writes what a check run says: the reason first, then each finding that
// fails it, and how to go on.
func (Renderer) Check(g promoter.Gate) promoter.Check {
	conclusion, title := g.Decide()
	c := promoter.Check{Conclusion: conclusion, Title: wording.Line(title, 200)}
	switch conclusion {
	case promoter.CheckSuccess:
		c.Summary = "A complete scan of this commit has no finding that keeps it from being merged."
		return c
	case promoter.CheckNeutral:
		c.Summary = "A neutral check does not keep anything from being merged."
		if c.Title != title { // cut, as a person's reason may have to be
			c.Summary = text(title, 500) + ". " + c.Summary
		}
		return c
	}
	groups := grouped(g.Failing)
	items := make([]string, len(groups))
	for i, group := range groups {
		items[i] = listItem(group)
	}
	head, mend := "Findings of these kinds keep a change from being merged here:", "Mend them, or answer where they are shown"
	if len(groups) == 1 {
		head, mend = "A finding of this kind keeps a change from being merged here:", "Mend it, or answer where it is shown"
	}
	tail := mend + ": in the thread of a comment, or below the pull request for what the summary lists. Where neither can wait, the security team lets this pull request through: " +
		code(fmt.Sprintf("sluice check release %s --reason ...", pullName(g.Failing[0])), 200) + "."
	if ask := g.Failing[0].Ask; ask != "" {
		tail += " Questions: " + text(ask, 100)
	}
	c.Summary = paragraphs(head, fitting(items, maxBody-len(head)-len(tail)), tail)
	for _, group := range groups {
		for _, e := range group {
			if p := e.Finding.Place; p != nil && p.StartLine > 0 && len(c.Annotations) < maxAnnotations {
				a := promoter.Annotation{
					Path: p.Path, StartLine: p.StartLine, EndLine: max(p.StartLine, p.EndLine),
					Title:   wording.Line(capital(e.Finding.Severity)+": "+e.Finding.Scanner.Name+" "+e.Finding.Rule.ID, 200),
					Message: wording.Line(e.Finding.Message, 1000),
				}
				if !slices.Contains(c.Annotations, a) {
					c.Annotations = append(c.Annotations, a)
				}
			}
		}
	}
	return c
}

// pullName is acme/shop#12, of the pull request an exhibit is shown in.
func pullName(e promoter.Exhibit) string {
	repository, _, err := promoter.ParseFindingName(e.Name)
	if err != nil {
		return "..."
	}
	return fmt.Sprintf("%s#%d", repository, e.PullRequest)
}

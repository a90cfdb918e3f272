package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// write tells a person about one finding.
func (e *explanation) write(w io.Writer) error {
	fmt.Fprintf(w, "%s  %s %s by %s, rule %s\n", e.Name, e.Severity, e.Kind, e.Scanner, line(e.Rule))
	fmt.Fprintf(w, "  %s\n", line(e.Message))
	fmt.Fprintln(w, "\nwhere it is")
	for _, s := range e.Seen {
		fmt.Fprintf(w, "  %s: %s\n", s.Ref, s.text())
	}
	fmt.Fprintf(w, "\ncohort %s stands at %s%s\n", orNone(e.Cohort), e.Stage, e.movedText())
	if e.Pause != nil {
		fmt.Fprintf(w, "nothing new is shown at the moment: paused by %s, %s\n", e.Pause.Actor, line(e.Pause.Reason))
	}
	for _, c := range e.Contexts {
		e.writeContext(w, c)
	}
	if len(e.Contexts) == 0 {
		fmt.Fprintln(w, "\nnothing has been decided about it where it is present")
	}
	if len(e.Notices) > 0 {
		fmt.Fprintln(w, "\nshown")
	}
	for _, n := range e.Notices {
		fmt.Fprintf(w, "  %s: %s  %s\n", n.where(), n.text(), n.URL)
	}
	if len(e.Answers) > 0 {
		fmt.Fprintln(w, "\nanswered")
	}
	for _, v := range e.Answers {
		fmt.Fprintf(w, "  %s\n", v.text())
	}
	return nil
}

func (s sightingView) text() string {
	text := s.State
	if s.Cause != "" {
		text += " (" + s.Cause + ")"
	}
	text += " at " + where(s.Place)
	if s.Backlog {
		text += ", backlog: there before Sluice was"
	}
	return fmt.Sprintf("%s, by %s", text, s.Source)
}

func (e *explanation) movedText() string {
	if len(e.Moves) == 0 {
		return ", where every cohort begins"
	}
	m := e.Moves[0]
	return fmt.Sprintf(" since %s: moved from %s by %s, %q", day(m.At), m.From, m.Actor, line(m.Reason))
}

func (e *explanation) writeContext(w io.Writer, c contextView) {
	title := "as it stands on branches"
	if c.PullRequest != 0 {
		title = fmt.Sprintf("in pull request #%d", c.PullRequest)
	}
	fmt.Fprintf(w, "\n%s: %s\n", title, surfacesText(e.asked(c)))
	fmt.Fprintf(w, "  because   %s\n", strings.Join(c.Reasons, ", "))
	fmt.Fprintf(w, "  bound by  %s\n", boundsText(c, e.Severity.String()))
	for _, x := range c.Exceptions {
		fmt.Fprintf(w, "  %s\n", exceptionText(x))
	}
	fmt.Fprintf(w, "  decided   in run %d by policy %s with settings %s%s\n", c.Run, short(c.Policy), short(c.Settings), e.changedText(c))
	for _, h := range told(c.Trace) {
		fmt.Fprintf(w, "  rule      %s (%s:%d)%s\n", h.Rule, h.File, h.Line, titleText(h.Title))
	}
	if c.Now != nil {
		fmt.Fprintf(w, "  now       %s\n", c.Now.text())
	}
}

// exceptionText is what the settings accept, with its owner, or the kind of an
// answer that settles it; who gave that stands below, with the answers.
func exceptionText(x input.Exception) string {
	if x.Owner == "" {
		return "settled   by a person's answer: " + line(x.Reason)
	}
	return fmt.Sprintf("exception %s by %s: %s", x.Kind, line(x.Owner), line(x.Reason))
}

// told are the rules whose authors said what they are about, else all. JSON has
// all of them in any case.
func told(trace []heldView) []heldView {
	var out []heldView
	for _, h := range trace {
		if h.Title != "" {
			out = append(out, h)
		}
	}
	if len(out) == 0 {
		return trace
	}
	return out
}

func titleText(title string) string {
	if title == "" {
		return ""
	}
	return ": " + line(title)
}

func (n *nowView) text() string {
	if n.Error != "" {
		return line(n.Error)
	}
	return fmt.Sprintf("the policy in force would say: %s (%s); the next run decides", surfacesText(n.Surfaces), strings.Join(n.Reasons, ", "))
}

// changedText says when a decision is older than what is in force.
func (e *explanation) changedText(c contextView) string {
	if e.inForce == nil || (e.inForce["policy"] == c.Policy && e.inForce["settings"] == c.Settings) {
		return ""
	}
	return "; other ones are in force now"
}

func surfacesText(surfaces []string) string {
	if len(surfaces) == 0 {
		return "shown nowhere"
	}
	return "to be shown in " + strings.Join(surfaces, ", ")
}

// asked are the surfaces of a decision; of backlog the policy's word is not enough for a task.
func (e *explanation) asked(c contextView) []string {
	out := slices.Clone(c.Surfaces)
	i := slices.Index(out, input.SurfaceTask)
	onBase := func(s sightingView) bool {
		return store.ChangeOf(s.Ref) == 0 && s.State == string(store.SightingPresent)
	}
	if i < 0 || c.PullRequest != 0 || !slices.ContainsFunc(e.Seen, onBase) ||
		slices.ContainsFunc(e.Seen, func(s sightingView) bool { return onBase(s) && !s.Backlog }) ||
		slices.ContainsFunc(e.Notices, func(n noticeView) bool { return n.Surface == string(promoter.SurfaceTask) }) {
		return out
	}
	out[i] = "task (once a campaign asks for it)"
	return out
}

// boundsText always names which of stage and threshold bound.
func boundsText(c contextView, severity string) string {
	stage := fmt.Sprintf("the stage (%s: engineers are shown nothing)", c.Stage)
	threshold := fmt.Sprintf("the threshold (%s, and this is %s)", c.Threshold, severity)
	switch {
	case len(c.Bounds) == 2:
		return stage + " and " + threshold
	case len(c.Bounds) == 1 && c.Bounds[0] == "stage" && c.Threshold == "":
		return stage + "; no threshold applies there"
	case len(c.Bounds) == 1 && c.Bounds[0] == "stage":
		return stage + "; the threshold (" + c.Threshold + ") lets it through"
	case len(c.Bounds) == 1:
		return threshold + "; the stage (" + c.Stage.String() + ") lets it through"
	case len(c.Surfaces) == 0:
		return "neither the stage (" + c.Stage.String() + ") nor the threshold (" + c.Threshold + "), but the reasons above"
	}
	return "nothing: the stage (" + c.Stage.String() + ") and the threshold (" + c.Threshold + ") let it through"
}

// where it is shown: a task is of no pull request.
func (n noticeView) where() string {
	if n.PullRequest == 0 {
		return n.Surface
	}
	return fmt.Sprintf("#%d %s", n.PullRequest, n.Surface)
}

func (n noticeView) text() string {
	switch {
	case n.Kept != "":
		return n.State + ", kept: " + line(n.Kept)
	case n.Cause != "":
		return n.State + ": " + n.Cause
	}
	return n.State
}

package github

import (
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter/wording"
)

// Suggestion is the replacement a reader can apply with a click: the text for
// exactly the lines of the finding's place. ok is false where the fix touches
// other lines or a part of a line, or is not safe to apply unread (too long,
// or with characters that cannot be seen).
//
// GitHub applies it to the lines its comment stands on, so the comment must
// be anchored on the whole place.
func Suggestion(f finding.Finding) (text string, ok bool) {
	if f.Fix == nil || len(f.Fix.Edits) != 1 || f.Place == nil || f.Place.StartLine < 1 {
		return "", false
	}
	edit := f.Fix.Edits[0]
	first, last := f.Place.StartLine, max(f.Place.EndLine, f.Place.StartLine)
	at, end := edit.Place, max(edit.Place.EndLine, edit.Place.StartLine)
	if at.EndColumn == 1 && end > at.StartLine {
		end-- // up to the start of a line: the one before is the last
	} else if at.EndColumn != 0 {
		return "", false
	}
	if at.Path != f.Place.Path || at.StartLine != first || end != last || at.StartColumn > 1 {
		return "", false
	}
	return wording.Proposal(edit.Text)
}

// fix says how to mend a finding, in Markdown; "" when nobody said.
func fix(f finding.Finding) string {
	var parts []string
	if f.Package != nil && f.Package.FixedIn != "" {
		parts = append(parts, upgrade(*f.Package))
	}
	if f.Fix != nil && f.Fix.Description != "" {
		parts = append(parts, text(f.Fix.Description, 400))
	}
	out := strings.Join(parts, " ")
	if f.Fix == nil || len(f.Fix.Edits) != 1 {
		return out
	}
	if suggested, ok := Suggestion(f); ok {
		return strings.TrimSpace(out + "\n\n" + block(suggested, "suggestion"))
	}
	if shown, ok := wording.Proposal(f.Fix.Edits[0].Text); ok && strings.TrimSpace(shown) != "" {
		return strings.TrimSpace(out + " The scanner proposes this code:\n\n" + block(shown, ""))
	}
	return out
}

func upgrade(p finding.Package) string {
	s := "Upgrade " + code(p.Name, 200)
	if p.Version != "" {
		s += " from " + code(p.Version, 60)
	}
	s += " to " + code(p.FixedIn, 60)
	if p.Manifest != "" {
		s += " in " + code(p.Manifest, 300)
	}
	return s + "."
}

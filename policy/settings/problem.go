package settings

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with a settings document.
type Problem struct {
	File         string
	Line, Column int    // from 1
	Path         string // "exceptions[0].owner"; "" for the document itself
	What         string // what is wrong and what would be right
	Excerpt      string // the offending line as written
}

func (p Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.What)
	if p.Excerpt != "" {
		fmt.Fprintf(&b, "\n    %4d | %s\n         | %s^", p.Line, p.Excerpt, strings.Repeat(" ", p.Column-1))
	}
	return b.String()
}

// Problems is everything found wrong in one document, in the document's order.
// It is the only error type Parse returns.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].Error()
	}
	return strings.Join(lines, "\n")
}

// position is where something stands in the text, counted from 1.
type position struct{ line, column int }

// maxExcerpt keeps a very long line from filling a terminal.
const maxExcerpt = 160

// excerpt returns the line at a position, tabs as single spaces so that the
// caret stands under the right column, or "" when the position is outside it.
func excerpt(lines []string, at position) string {
	if at.line < 1 || at.line > len(lines) {
		return ""
	}
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.TrimRight(lines[at.line-1], "\r\n"))
	runes := []rune(text)
	if at.column < 1 || at.column > len(runes)+1 || at.column > maxExcerpt {
		return ""
	}
	if len(runes) > maxExcerpt {
		return string(runes[:maxExcerpt]) + "..."
	}
	return text
}

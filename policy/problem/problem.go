// Package problem says what is wrong in a file that a person wrote, where, and
// what would be right. Settings and policies share it, so that both read alike.
//
// The awkward truth: columns count characters as the parsers do, and a line
// longer than 160 of them is cut, so the caret is left out beyond that.
package problem

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with one file.
type Problem struct {
	File         string
	Line, Column int    // from 1
	Path         string // what it is about, such as "exceptions[0].owner"; may be ""
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

// List is everything found wrong, in the order of the text. It is an error.
type List []Problem

func (l List) Error() string {
	lines := make([]string, len(l))
	for i := range l {
		lines[i] = l[i].Error()
	}
	return strings.Join(lines, "\n")
}

// maxExcerpt keeps a very long line from filling a terminal.
const maxExcerpt = 160

// Excerpt returns the line at a position counted from 1, tabs as single spaces
// so that the caret stands under the right column, or "" when the position is
// outside the text.
func Excerpt(lines []string, line, column int) string {
	if line < 1 || line > len(lines) {
		return ""
	}
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.TrimRight(lines[line-1], "\r\n"))
	runes := []rune(text)
	if column < 1 || column > len(runes)+1 || column > maxExcerpt {
		return ""
	}
	if len(runes) > maxExcerpt {
		return string(runes[:maxExcerpt]) + "..."
	}
	return text
}

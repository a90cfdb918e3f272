package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// visible writes control and direction characters in a form that can be seen
// and does nothing to a terminal, and what GitHub Actions would take for a
// command to its runner likewise. Findings and file names are hostile text. The
// form is JSON's, so that JSON that passes through says the same as before.
type visible struct {
	mu   sync.Mutex
	to   io.Writer
	rest []byte // the beginning of a character whose end is still to come
	line inLine
}

// inLine is where in a line a text stands. A runner takes a line for a command
// that begins with two colons, or has "##[" in it
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
type inLine struct {
	begun  bool // something other than blanks has stood in it
	colon  bool // the first that did is the one just before
	hashes int  // just before
}

// command tells whether the next character would complete a command.
func (l *inLine) command(r rune) bool {
	before := *l
	*l = inLine{begun: r != '\n' && (before.begun || !unicode.IsSpace(r)), colon: r == ':' && !before.begun}
	if r == '#' {
		l.hashes = before.hashes + 1
	}
	return r == ':' && before.colon || r == '[' && before.hashes >= 2
}

func (l *inLine) shown(s string) string {
	var out strings.Builder
	for _, r := range s {
		if l.command(r) || acts(r) && r != '\n' && r != '\t' {
			out.WriteString(escape(r))
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

func (v *visible) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	text := append(v.rest, p...)
	whole := 0
	for whole < len(text) && utf8.FullRune(text[whole:]) {
		_, size := utf8.DecodeRune(text[whole:])
		whole += size
	}
	v.rest = append([]byte(nil), text[whole:]...)
	if _, err := io.WriteString(v.to, v.line.shown(string(text[:whole]))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// shown is a text in that form, as it stands somewhere in a line.
func shown(s string) string { return (&inLine{begun: true}).shown(s) }

// redirect sends what follows elsewhere and returns where it went until now.
func (v *visible) redirect(to io.Writer) (before io.Writer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	before, v.to = v.to, to
	return before
}

// acts tells whether a character does something instead of showing something.
func acts(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

func escape(r rune) string {
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// line is a text on one line, for a cell of a table.
func line(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\t' || r == ' ' }), " ")
}

// counted is a number of things, such as "1 line" or "2 lines".
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// countedOf is counted where the plural is no matter of an s.
func countedOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

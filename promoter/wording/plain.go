package wording

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible replaces what cannot be seen (controls, bidirectional overrides,
// zero widths, invalid bytes) by its code in parentheses. Line ends and tabs
// stay if lines is set, else they are blanks.
func Visible(s string, lines bool) string {
	var out strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			if lines && r != '\r' {
				out.WriteRune(r)
			} else {
				out.WriteByte(' ')
			}
		case unicode.IsSpace(r):
			out.WriteByte(' ')
		case r != utf8.RuneError && Printable(r):
			out.WriteRune(r)
		default:
			fmt.Fprintf(&out, "(U+%04X)", r)
		}
	}
	return out.String()
}

// Printable tells whether a reader sees the character.
func Printable(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0: // letters and marks without a shape
		return false
	}
	return unicode.IsGraphic(r) && !unicode.Is(unicode.Variation_Selector, r)
}

// Line makes one visible line, at most so many characters of it.
func Line(s string, most int) string {
	return Capped(strings.Join(strings.Fields(Visible(s, false)), " "), most)
}

// Capped cuts a text to so many characters and marks the cut.
func Capped(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:most])) + "…"
}

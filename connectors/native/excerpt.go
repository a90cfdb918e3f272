package native

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Excerpt is source text that a report shows around a finding, by line number.
type Excerpt map[int]string

// Numbered reads text whose lines begin with their number and a separator, as
// "12: x := y". What does not look so is left out.
func Numbered(text, separator string) Excerpt {
	e := Excerpt{}
	for line := range strings.Lines(text) {
		number, rest, ok := strings.Cut(strings.TrimRight(line, "\r\n"), separator)
		if n, err := strconv.Atoi(number); ok && err == nil {
			e[n] = rest
		}
	}
	return e
}

// Lines is the text from one line to another, without those that are not shown.
func (e Excerpt) Lines(first, last int) string {
	var shown []string
	for _, n := range slices.Sorted(maps.Keys(e)) { // not from first to last: a report may ask for billions
		if n >= first && n <= last {
			shown = append(shown, e[n])
		}
	}
	return strings.Join(shown, "\n")
}

// Column makes a column that counts bytes from 1 one that counts code points, where
// the line is shown; else it stays.
func (e Excerpt) Column(line, column int) int {
	if text := e[line]; column > 1 && column-1 <= len(text) {
		return utf8.RuneCountInString(text[:column-1]) + 1
	}
	return column
}

// Between is the part of a text that columns mark, if they mark a part of one line
// of it; else all of the text. Columns count code points from 1, the second is one
// past the end.
func Between(text string, from, to int) string {
	line := []rune(text)
	if from < 1 || from >= to || to-1 > len(line) || strings.Contains(text, "\n") {
		return text
	}
	return string(line[from-1 : to-1])
}

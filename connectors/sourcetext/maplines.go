package sourcetext

import (
	"bytes"
	"fmt"

	"github.com/rogpeppe/go-internal/diff"
)

// MapLines tells where the lines of one text stand in another: it returns a
// function from a line's number in from, counted from 1, to its number in to,
// and false if the line was changed or removed or never existed. Scans of a
// pull request's merge commit are shown at its head this way.
//
// The diff anchors on lines that are unique in both texts, so a line repeated
// many times inside a changed region may count as changed although it is not.
func MapLines(from, to []byte) func(line int) (int, bool) {
	from, to = ended(from), ended(to)
	target := make([]int, bytes.Count(from, []byte{'\n'})+1) // by line; 0: not there
	line, shift := 1, 0                                      // the next line of from, and how far lines have moved so far
	keepUntil := func(end int) {
		for ; line < end; line++ {
			target[line] = line + shift
		}
	}
	for row := range bytes.Lines(hunks(diff.Diff("from", from, "to", to))) {
		switch row[0] {
		case '@':
			keepUntil(hunkStart(row))
		case ' ':
			keepUntil(line + 1)
		case '-':
			line++
			shift--
		case '+':
			shift++
		}
	}
	keepUntil(len(target))
	return func(line int) (int, bool) {
		if line < 1 || line >= len(target) {
			return 0, false
		}
		return target[line], target[line] != 0
	}
}

// ended is text with a line feed at its end: a missing one is no change here.
func ended(text []byte) []byte {
	if len(text) == 0 || text[len(text)-1] == '\n' {
		return text
	}
	return append(bytes.Clone(text), '\n')
}

// hunks is a unified diff without the lines above its first hunk.
func hunks(unified []byte) []byte {
	i := bytes.Index(unified, []byte("\n@@ "))
	return unified[i+1:]
}

// hunkStart is the first line of from that a hunk holds. An empty range is
// named by the line before it.
func hunkStart(row []byte) int {
	var start, count int
	if _, err := fmt.Sscanf(string(row), "@@ -%d,%d", &start, &count); err == nil && count == 0 {
		start++
	}
	return start
}

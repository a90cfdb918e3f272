package sarif

import (
	"slices"
	"strings"
)

// matched is the part of the snippet that the columns mark, if they mark a part
// of one line; else all of it.
func matched(snippet string, reg region) string {
	text := []rune(strings.TrimRight(snippet, "\r\n"))
	from, to := reg.startColumn-1, reg.endColumn-1
	oneLine := !slices.Contains(text, '\n') && (reg.endLine == 0 || reg.endLine == reg.startLine)
	if oneLine && from >= 0 && from < to && to <= len(text) {
		text = text[from:to]
	}
	return string(text)
}

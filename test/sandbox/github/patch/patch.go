// Package patch reads the hunks of one file's unified diff, as git prints it and as GitHub repeats it in the `patch`
// field of a pull request's files, and answers the two questions the sandbox asks: which lines can carry a comment, and
// where a line of the old file stands in the new one.
//
// The awkward truth: it believes the counts in the hunk headers and refuses a patch that contradicts them; it knows
// nothing about file headers, renames or binary files, which are the caller's business.
package patch

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Side names a column of a split diff, as GitHub does: LEFT is the old file, RIGHT the new one.
type Side string

// The two sides.
const (
	Left  Side = "LEFT"
	Right Side = "RIGHT"
)

// Line is one line of a hunk. Old and New are line numbers from 1, or 0 on the side where the line does not exist.
type Line struct {
	Kind     byte // ' ' context, '+' added, '-' removed
	Old, New int
	Text     string // without the leading kind and the line end
	Position int    // GitHub's count of lines below the first hunk header, from 1
}

// Hunk is one hunk. OldCount or NewCount is 0 where a side is empty; its start is then the line before.
type Hunk struct {
	Header                                 string // the whole "@@ ... @@ ..." line
	OldStart, OldCount, NewStart, NewCount int
	Lines                                  []Line
}

var header = regexp.MustCompile(`^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@`)

// Parse reads the hunks of one file: text that begins with a hunk header, or is empty. It fails, naming the line,
// where a header cannot be read or a hunk is longer or shorter than its header says.
func Parse(text string) ([]Hunk, error) {
	var hunks []Hunk
	var old, new, position int
	if text == "" {
		return nil, nil
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		if len(hunks) == 0 || finished(hunks[len(hunks)-1], old, new) {
			if strings.HasPrefix(line, `\`) && len(hunks) > 0 {
				position++
				continue
			}
			h, err := parseHeader(line)
			if err != nil {
				return nil, fmt.Errorf("parse patch: line %d: %w", i+1, err)
			}
			if len(hunks) > 0 {
				position++ // a later header takes a position, the first is position 0
			}
			hunks = append(hunks, h)
			old, new = first(h.OldStart, h.OldCount), first(h.NewStart, h.NewCount)
			continue
		}
		position++
		if strings.HasPrefix(line, `\`) {
			continue
		}
		l, err := parseLine(line, old, new)
		if err != nil {
			return nil, fmt.Errorf("parse patch: line %d: %w", i+1, err)
		}
		l.Position = position
		h := &hunks[len(hunks)-1]
		if l.Old > 0 {
			old++
		}
		if l.New > 0 {
			new++
		}
		if old > first(h.OldStart, h.OldCount)+h.OldCount || new > first(h.NewStart, h.NewCount)+h.NewCount {
			return nil, fmt.Errorf("parse patch: line %d: hunk is longer than its header says", i+1)
		}
		h.Lines = append(h.Lines, l)
	}
	if !finished(hunks[len(hunks)-1], old, new) {
		return nil, fmt.Errorf("parse patch: line %d: hunk ends before its header says", len(lines))
	}
	return hunks, nil
}

// first is the number of a side's first line; for an empty side git names the line before.
func first(start, count int) int {
	if count == 0 {
		return start + 1
	}
	return start
}

func finished(h Hunk, old, new int) bool {
	return old == first(h.OldStart, h.OldCount)+h.OldCount && new == first(h.NewStart, h.NewCount)+h.NewCount
}

func parseHeader(line string) (Hunk, error) {
	m := header.FindStringSubmatch(line)
	if m == nil {
		return Hunk{}, fmt.Errorf("want a hunk header, have %.40q", line)
	}
	number := func(s string) int {
		if s == "" {
			return 1
		}
		n, _ := strconv.Atoi(s) // at most nine digits
		return n
	}
	h := Hunk{Header: line, OldStart: number(m[1]), OldCount: number(m[2]), NewStart: number(m[3]), NewCount: number(m[4])}
	if h.OldCount == 0 && h.NewCount == 0 {
		return Hunk{}, fmt.Errorf("empty hunk %.40q", line)
	}
	return h, nil
}

func parseLine(line string, old, new int) (Line, error) {
	if line == "" {
		return Line{}, fmt.Errorf("line without a kind")
	}
	l := Line{Kind: line[0], Old: old, New: new, Text: line[1:]}
	switch l.Kind {
	case ' ':
	case '+':
		l.Old = 0
	case '-':
		l.New = 0
	default:
		return Line{}, fmt.Errorf("unknown kind %q", line[0])
	}
	return l, nil
}

// Find returns the hunk and the index in it of the line with this number on this side; ok is false where the line is
// not in the diff, which is where GitHub refuses a comment. Context lines count on both sides.
func Find(hunks []Hunk, side Side, number int) (h Hunk, index int, ok bool) {
	if number < 1 {
		return Hunk{}, 0, false
	}
	for _, h := range hunks {
		for i, l := range h.Lines {
			if side == Right && l.New == number || side == Left && l.Old == number {
				return h, i, true
			}
		}
	}
	return Hunk{}, 0, false
}

// Move tells where line number of the old file stands in the new one, given hunks of a diff between the two (with or
// without context); ok is false where the line was removed or rewritten.
func Move(hunks []Hunk, number int) (moved int, ok bool) {
	shift := 0
	for _, h := range hunks {
		if number < first(h.OldStart, h.OldCount) {
			break
		}
		if number < first(h.OldStart, h.OldCount)+h.OldCount {
			for _, l := range h.Lines {
				if l.Old == number {
					return l.New, l.New > 0
				}
			}
		}
		shift += h.NewCount - h.OldCount
	}
	return number + shift, true
}

// Excerpt is the hunk's header and its lines down to index: GitHub's `diff_hunk`.
func Excerpt(h Hunk, index int) string {
	var b strings.Builder
	b.WriteString(h.Header)
	for _, l := range h.Lines[:index+1] {
		b.WriteByte('\n')
		b.WriteByte(l.Kind)
		b.WriteString(l.Text)
	}
	return b.String()
}

// Lines numbers the lines of an Excerpt; nil where it is none.
func Lines(excerpt string) []Line {
	head, rest, _ := strings.Cut(excerpt, "\n")
	h, err := parseHeader(head)
	if err != nil {
		return nil
	}
	old, new := first(h.OldStart, h.OldCount), first(h.NewStart, h.NewCount)
	for i, text := range strings.Split(rest, "\n") {
		l, err := parseLine(text, old, new)
		if err != nil {
			return nil
		}
		l.Position = i + 1
		if l.Old > 0 {
			old++
		}
		if l.New > 0 {
			new++
		}
		h.Lines = append(h.Lines, l)
	}
	return h.Lines
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// table is what people get where machines get JSON.
type table struct {
	head  []string
	rows  [][]string
	fold  []string // names of the last columns, which go below their row where the table does not fit
	below [][]string
}

func (t *table) add(cells ...string) {
	for i := range cells {
		cells[i] = shown(line(cells[i])) // before columns are measured
	}
	t.rows = append(t.rows, cells)
}

// folded gives the last columns names, under which they are told below their row
// where the whole would be wider than the terminal.
func (t table) folded(names ...string) table {
	t.fold = names
	return t
}

// folding is the table as it is written at that width.
func (t table) folding(width int) table {
	if len(t.fold) == 0 || width == 0 || t.wide() <= width {
		return t
	}
	keep, longest := len(t.head)-len(t.fold), 0
	for _, name := range t.fold {
		longest = max(longest, len(name))
	}
	out := table{head: t.head[:keep]}
	for _, row := range t.rows {
		var below []string
		for i, name := range t.fold {
			if cell := row[keep+i]; cell != "-" {
				below = append(below, wrapped(fmt.Sprintf("%-*s  %s", longest, name, cell), width, 4, 4+longest+2)...)
			}
		}
		out.rows, out.below = append(out.rows, row[:keep]), append(out.below, below)
	}
	return out
}

// wide is how wide the table is if nothing is cut.
func (t table) wide() int {
	used := -gap
	for _, w := range t.widths(0) {
		used += w + gap
	}
	return used
}

// wrapped sets a text in lines of at most that width, broken between words: the
// first one indented by first, the others by rest. Width 0: one line.
func wrapped(text string, width, first, rest int) (lines []string) {
	now := strings.Repeat(" ", first)
	empty := true
	for _, word := range strings.Split(strings.ReplaceAll(text, " %", "\u00a0%"), " ") { // 4 % stays together
		if !empty && width > 0 && utf8.RuneCountInString(now)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, now)
			now, empty = strings.Repeat(" ", rest), true
		}
		if !empty {
			now += " "
		}
		now, empty = now+word, false
	}
	lines = append(lines, now)
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], "\u00a0", " ")
	}
	return lines
}

const (
	gap       = 2  // between two columns
	widestPad = 80 // where nothing is cut: beyond, a long cell does not make those above and below it as wide
)

// write sets the table in columns, or says that it has no rows. Where its lines
// would be longer than width cells are cut, but never those of the first column,
// which people copy; 0 means that nothing is cut.
func (t table) write(w io.Writer, width int) error {
	if len(t.rows) == 0 {
		_, err := fmt.Fprintln(w, "none")
		return err
	}
	t = t.folding(width)
	widths := t.widths(width)
	for i, row := range slices.Concat([][]string{t.head}, t.rows) {
		var text strings.Builder
		for col, cell := range row {
			if t.head[col] == "PLACE" {
				cell = cutBeginning(cell, widths[col])
			} else {
				cell = cut(cell, widths[col])
			}
			pad := widths[col]
			if width == 0 {
				pad = min(pad, widestPad)
			}
			fmt.Fprintf(&text, "%-*s%*s", pad, cell, gap, "")
		}
		lines := []string{strings.TrimRight(text.String(), " ")}
		if i > 0 && i <= len(t.below) {
			lines = append(lines, t.below[i-1]...)
		}
		if _, err := fmt.Fprintln(w, strings.Join(lines, "\n")); err != nil {
			return err
		}
	}
	return nil
}

// narrowest is what a column keeps when a table does not fit.
const narrowest = 12

// widths is how wide each column may be: the last one gives way first, then
// always the widest.
func (t table) widths(width int) []int {
	widths := make([]int, len(t.head))
	used := -gap
	for col := range t.head {
		for _, row := range slices.Concat(t.rows, [][]string{t.head}) {
			widths[col] = max(widths[col], utf8.RuneCountInString(row[col]))
		}
		used += widths[col] + gap
	}
	if width == 0 || len(widths) < 2 {
		return widths
	}
	for last := len(widths) - 1; used > width; {
		widest := last
		if widths[last] <= narrowest {
			for col := last; col > 0; col-- {
				if widths[col] > widths[widest] {
					widest = col
				}
			}
		}
		if widths[widest] <= narrowest {
			break
		}
		widths[widest]--
		used--
	}
	return widths
}

func cut(s string, width int) string {
	runes := []rune(s)
	if len(runes) <= width {
		return s
	}
	return string(runes[:width-3]) + "..."
}

// cutBeginning is for places, of which the file's name and the line tell most.
func cutBeginning(s string, width int) string {
	runes := []rune(s)
	if len(runes) <= width {
		return s
	}
	return "..." + string(runes[len(runes)-width+3:])
}

// writeJSON writes one indented document.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// table is what people get where machines get JSON.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) {
	for i := range cells {
		cells[i] = shown(line(cells[i])) // before columns are measured
	}
	t.rows = append(t.rows, cells)
}

// gap is the space between two columns.
const gap = 2

// write sets the table in columns. Where its lines would be longer than width
// cells are cut, but never those of the first column, which people copy; 0
// means that nothing is cut.
func (t *table) write(w io.Writer, width int) error {
	var set bytes.Buffer
	out := tabwriter.NewWriter(&set, 0, 0, gap, ' ', 0)
	widths := t.widths(width)
	for _, row := range slices.Concat([][]string{t.head}, t.rows) {
		for i := range row {
			row[i] = cut(row[i], widths[i])
		}
		fmt.Fprintln(out, strings.Join(row, "\t"))
	}
	out.Flush() // into memory, where nothing fails
	for text := range strings.Lines(set.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(text, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// narrowest is what a column keeps when a table does not fit.
const narrowest = 12

// widths is how wide each column may be: the last one gives way first, then
// always the widest.
func (t *table) widths(width int) []int {
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

// writeJSON writes one indented document.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

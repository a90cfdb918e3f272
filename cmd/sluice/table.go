package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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

// write sets the table in columns. The last one is cut where the line would be
// longer than width; 0 means that nothing is cut.
func (t *table) write(w io.Writer, width int) error {
	var set bytes.Buffer
	out := tabwriter.NewWriter(&set, 0, 0, gap, ' ', 0)
	room := t.lastWidth(width)
	for _, row := range append([][]string{t.head}, t.rows...) {
		last := len(row) - 1
		row[last] = cut(row[last], room)
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

// lastWidth is what the columns before it leave to the last one; 0: any width.
func (t *table) lastWidth(width int) int {
	if width == 0 {
		return 0
	}
	used := 0
	for col := range len(t.head) - 1 {
		widest := utf8.RuneCountInString(t.head[col])
		for _, row := range t.rows {
			widest = max(widest, utf8.RuneCountInString(row[col]))
		}
		used += widest + gap
	}
	return max(width-used, 12)
}

func cut(s string, width int) string {
	runes := []rune(s)
	if width == 0 || len(runes) <= width {
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

package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// importLine is one verdict of a file.
type importLine struct {
	Finding string `json:"finding"`
	Kind    string `json:"kind"`
	Person  string `json:"person"` // github:alice; "" is who imports
	At      string `json:"at"`     // a date or RFC 3339; "" is now
	Until   string `json:"until"`  // accepted: its last day
	Reason  string `json:"reason"`

	where string
	wrong error // why nothing of it can be used
}

var importColumns = []string{"finding", "kind", "person", "at", "until", "reason"}

// field is what stands in a column, or nil.
func (l *importLine) field(column string) *string {
	fields := []*string{&l.Finding, &l.Kind, &l.Person, &l.At, &l.Until, &l.Reason}
	if i := slices.Index(importColumns, column); i >= 0 {
		return fields[i]
	}
	return nil
}

// largestImport is some half a million lines.
const largestImport = 64 << 20

// readVerdicts reads a file by its first character. An error is about the whole
// of it; what is wrong with a line stands with the line.
func readVerdicts(name string) ([]importLine, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, largestImport+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > largestImport {
		return nil, fmt.Errorf("%s is larger than %d MiB: import it in parts", name, largestImport>>20)
	}
	lines, err := parseVerdicts(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i := range lines {
		for _, column := range importColumns {
			field := lines[i].field(column)
			*field = strings.TrimSpace(*field)
		}
	}
	return lines, nil
}

func parseVerdicts(raw []byte) ([]importLine, error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	switch start := bytes.TrimSpace(raw); {
	case bytes.HasPrefix(raw, []byte("\xff\xfe")) || bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return nil, errors.New("it is UTF-16: save it as UTF-8")
	case bytes.HasPrefix(start, []byte("[")):
		return parseVerdictsJSON(raw)
	case bytes.HasPrefix(start, []byte("{")):
		return nil, errors.New("a JSON file is one list of objects: [{\"finding\": ..., \"kind\": ...}, ...]")
	case len(start) == 0:
		return nil, errors.New("it is empty")
	}
	return parseVerdictsCSV(raw)
}

func parseVerdictsJSON(raw []byte) ([]importLine, error) {
	var entries []json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("line %d: %w", 1+bytes.Count(raw[:min(int(syntax.Offset), len(raw))], []byte("\n")), err)
		}
		return nil, err
	}
	lines := make([]importLine, len(entries))
	for i, entry := range entries {
		dec := json.NewDecoder(bytes.NewReader(entry))
		dec.DisallowUnknownFields()
		err := dec.Decode(&lines[i])
		if err != nil {
			err = plainly(err)
		}
		lines[i].where, lines[i].wrong = fmt.Sprintf("entry %d", i+1), err
	}
	return lines, nil
}

// plainly says what is wrong with an entry without Go's words.
func plainly(err error) error {
	var kind *json.UnmarshalTypeError
	switch field, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); {
	case unknown:
		return fmt.Errorf("field %s is none of %s", field, strings.Join(importColumns, ", "))
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Errorf("it is a %s, and an object is wanted", kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("%s is a %s, and a text is wanted", kind.Field, kind.Value)
	}
	return err
}

func parseVerdictsCSV(raw []byte) ([]importLine, error) {
	r := csv.NewReader(bytes.NewReader(raw))
	r.TrimLeadingSpace, r.FieldsPerRecord = true, -1 // a line with too few or too many is one line's trouble
	if first, _, _ := bytes.Cut(raw, []byte("\n")); !bytes.ContainsRune(first, ',') && bytes.ContainsRune(first, ';') {
		r.Comma = ';' // as spreadsheets write it where the comma is part of numbers
	}
	head, err := r.Read()
	if err == nil {
		err = knownColumns(head)
	}
	if err != nil {
		return nil, fmt.Errorf("it is neither a JSON list nor a CSV file whose first line names its columns: %w", err)
	}
	var lines []importLine
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		var one importLine
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			one.where, one.wrong = fmt.Sprintf("line %d", broken.StartLine), broken.Err
			if broken.Line > broken.StartLine { // a quote that nothing ends takes the rest of the file with it
				one.where = fmt.Sprintf("lines %d to %d", broken.StartLine, broken.Line)
			}
		} else if err != nil {
			return nil, err
		} else {
			at, _ := r.FieldPos(0)
			one.where = fmt.Sprintf("line %d", at)
			if len(row) != len(head) {
				one.wrong = fmt.Errorf("it has %s, and the first line has %d: a text with %q in it stands in quotes", counted(len(row), "column"), len(head), r.Comma)
			}
		}
		for i, column := range head {
			if one.wrong == nil {
				*one.field(column) = row[i]
			}
		}
		lines = append(lines, one)
	}
}

// knownColumns brings the columns' names into our spelling, and says what is wrong with them.
func knownColumns(head []string) error {
	for i, name := range head {
		column := strings.ToLower(strings.TrimSpace(name))
		if column == "verdict" { // as `sluice verdict list` calls it
			column = "kind"
		}
		switch {
		case !slices.Contains(importColumns, column):
			return fmt.Errorf("column %q is none of %s", cut(name, 20), strings.Join(importColumns, ", ")) // the file may be a secret
		case slices.Contains(head[:i], column):
			return fmt.Errorf("there are two columns %q", column)
		}
		head[i] = column
	}
	for _, column := range importColumns[:2] {
		if !slices.Contains(head, column) {
			return fmt.Errorf("there is no column %q", column)
		}
	}
	return nil
}

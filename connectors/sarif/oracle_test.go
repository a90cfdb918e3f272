package sarif_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// The oracle reads a document with encoding/json's tokens, keeping order and
// duplicates, and says what this package must find in it.

type member struct {
	name  string
	value any
}

type object []member

// tree reads one value; false if data is not exactly one JSON value.
func tree(data []byte) (any, bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := node(d)
	if err != nil {
		return nil, false
	}
	_, err = d.Token()
	return v, errors.Is(err, io.EOF)
}

func node(d *json.Decoder) (any, error) {
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch tok {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			value, err := node(d)
			if err != nil {
				return nil, err
			}
			o = append(o, member{lower(name.(string)), value})
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			value, err := node(d)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = d.Token()
		return list, err
	}
	return tok, nil
}

// lower folds ASCII letters only, as the parser does.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// all calls each with every value of that name in v, if v is an object.
func all(v any, name string, each func(any)) {
	o, _ := v.(object)
	for _, m := range o {
		if m.name == name {
			each(m.value)
		}
	}
}

func elements(v any, each func(any)) {
	list, _ := v.([]any)
	for _, e := range list {
		each(e)
	}
}

// text is the last string of that name.
func lastText(v any, name string) (s string) {
	all(v, name, func(v any) {
		if text, ok := v.(string); ok {
			s = text
		}
	})
	return s
}

// expected is what must come out of a result; the zero value promises nothing.
type expected struct {
	certain       bool // a finding comes of it, with this rule
	rule, message string
}

// oracle lists all results of a document.
func oracle(doc any) (list []expected) {
	all(doc, "runs", func(runs any) {
		elements(runs, func(run any) {
			all(run, "results", func(results any) {
				elements(results, func(r any) { list = append(list, expect(r)) })
			})
		})
	})
	return list
}

func expect(r any) expected {
	e := expected{rule: lastText(r, "ruleid")}
	arguments := false
	all(r, "message", func(m any) {
		if text := lastText(m, "text"); text != "" {
			e.message = text
		}
		all(m, "arguments", func(any) { arguments = true })
	})
	switch lower(lastText(r, "kind")) {
	case "pass", "notapplicable", "informational":
		return expected{}
	}
	e.certain = e.rule != "" && len(e.rule) < 1000
	if arguments || len(e.message) > 16000 {
		e.message = ""
	}
	return e
}

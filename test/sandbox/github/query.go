package github

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// A reader of the part of GraphQL the double understands (https://spec.graphql.org/October2021/#sec-Language): one
// operation, its fields with arguments and aliases, inline and named fragments. Types are skipped, not
// checked: Sluice sends constant documents.

// field is one selected field. A fragment spread has Name "..." and the type in On.
type field struct {
	Name, Alias, On string
	Args            map[string]any // variables are put in already
	Fields          []field
}

type reader struct {
	tokens    []string
	at        int
	depth     int
	variables map[string]any
	fragments map[string]field
}

// parseQuery reads a document and returns its first operation's kind (query or mutation) and fields.
func parseQuery(text string, variables map[string]any) (kind string, fields []field, err error) {
	tokens, err := tokenize(text)
	if err != nil {
		return "", nil, err
	}
	r := &reader{tokens: tokens, variables: variables, fragments: map[string]field{}}
	for r.at < len(r.tokens) {
		word := r.peek()
		if word == "fragment" {
			if err := r.fragment(); err != nil {
				return "", nil, err
			}
			continue
		}
		if kind != "" {
			return "", nil, fmt.Errorf("the sandbox takes one operation a request")
		}
		kind = "query"
		if word == "query" || word == "mutation" || word == "subscription" {
			kind = word
			r.at++
		}
		r.skipHead()
		if fields, err = r.selection(); err != nil {
			return "", nil, err
		}
	}
	if kind == "" {
		return "", nil, fmt.Errorf("a query is missing")
	}
	fields, err = r.spread(fields, 0)
	return kind, fields, err
}

func (r *reader) peek() string {
	if r.at < len(r.tokens) {
		return r.tokens[r.at]
	}
	return ""
}

func (r *reader) next() string {
	word := r.peek()
	r.at++
	return word
}

func (r *reader) expect(want string) error {
	if got := r.next(); got != want {
		return fmt.Errorf("expected %q, have %q", want, got)
	}
	return nil
}

// skipHead passes over a name, variable definitions and directives up to the selection.
func (r *reader) skipHead() {
	for depth := 0; r.at < len(r.tokens); r.at++ {
		switch r.peek() {
		case "(":
			depth++
		case ")":
			depth--
		case "{":
			if depth <= 0 {
				return
			}
		}
	}
}

func (r *reader) fragment() error {
	r.at++
	name := r.next()
	f := field{Name: "..."}
	if err := r.expect("on"); err != nil {
		return err
	}
	f.On = r.next()
	r.skipHead()
	var err error
	f.Fields, err = r.selection()
	r.fragments[name] = f
	return err
}

func (r *reader) selection() ([]field, error) {
	if err := r.expect("{"); err != nil {
		return nil, err
	}
	if r.depth++; r.depth > 50 {
		return nil, fmt.Errorf("the query is nested too deeply")
	}
	defer func() { r.depth-- }()
	var fields []field
	for r.peek() != "}" {
		if r.at >= len(r.tokens) {
			return nil, fmt.Errorf("a selection is not closed")
		}
		f, err := r.field()
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	r.at++
	return fields, nil
}

func (r *reader) field() (f field, err error) {
	f = field{Name: r.next()}
	if f.Name == "..." {
		switch {
		case r.peek() == "on":
			r.at++
			f.On = r.next()
		case r.peek() != "{" && r.peek() != "@":
			f.Alias = r.next() // the name of a fragment
			return f, nil
		}
	} else if !isName(f.Name) {
		return f, fmt.Errorf("expected a field, have %q", f.Name)
	}
	if r.peek() == ":" {
		r.at++
		if f.Alias, f.Name = f.Name, r.next(); !isName(f.Name) {
			return f, fmt.Errorf("expected a field, have %q", f.Name)
		}
	}
	if r.peek() == "(" {
		if f.Args, err = r.arguments(")"); err != nil {
			return f, err
		}
	}
	if r.peek() == "@" {
		return f, fmt.Errorf("the sandbox does not know directives")
	}
	if r.peek() == "{" {
		f.Fields, err = r.selection()
	}
	return f, err
}

// arguments reads "(name: value ...)" or an object.
func (r *reader) arguments(end string) (map[string]any, error) {
	r.at++
	args := map[string]any{}
	for r.peek() != end {
		name := r.next()
		if !isName(name) {
			return nil, fmt.Errorf("expected an argument, have %q", name)
		}
		if err := r.expect(":"); err != nil {
			return nil, err
		}
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		args[name] = value
	}
	r.at++
	return args, nil
}

func (r *reader) value() (any, error) {
	if r.depth++; r.depth > 50 {
		return nil, fmt.Errorf("a value is nested too deeply")
	}
	defer func() { r.depth-- }()
	switch word := r.peek(); {
	case word == "{":
		return r.arguments("}")
	case word == "[":
		r.at++
		list := []any{}
		for r.peek() != "]" {
			v, err := r.value()
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		r.at++
		return list, nil
	case word == "$":
		r.at++
		return r.variables[r.next()], nil
	default:
		r.at++
		return scalar(word)
	}
}

func scalar(word string) (any, error) {
	switch {
	case word == "null":
		return nil, nil
	case word == "true" || word == "false":
		return word == "true", nil
	case strings.HasPrefix(word, `"`):
		text, err := strconv.Unquote(word)
		if err != nil {
			return nil, fmt.Errorf("a string cannot be read: %s", word)
		}
		return text, nil
	case isName(word):
		return word, nil // an enum
	}
	n, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return nil, fmt.Errorf("expected a value, have %q", word)
	}
	return n, nil
}

// spread puts named fragments in their places.
func (r *reader) spread(fields []field, depth int) ([]field, error) {
	if depth > 50 {
		return nil, fmt.Errorf("fragments go round in circles")
	}
	for i := range fields {
		f := &fields[i]
		if f.Name == "..." && f.Alias != "" {
			fragment, ok := r.fragments[f.Alias]
			if !ok {
				return nil, fmt.Errorf("fragment %q is not defined", f.Alias)
			}
			*f = field{Name: "...", On: fragment.On, Fields: append([]field(nil), fragment.Fields...)}
		}
		var err error
		if f.Fields, err = r.spread(f.Fields, depth+1); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

func isName(s string) bool {
	for i, c := range s {
		if c != '_' && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && (i == 0 || !(c >= '0' && c <= '9')) {
			return false
		}
	}
	return s != ""
}

// tokenize cuts a document into names, numbers, strings and punctuation; commas and comments vanish.
func tokenize(text string) ([]string, error) {
	var tokens []string
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ',' || c == 0xEF || c == 0xBB || c == 0xBF || unicode.IsSpace(rune(c)):
			i++
		case c == '#':
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case strings.HasPrefix(text[i:], "..."):
			tokens, i = append(tokens, "..."), i+3
		case c == '"':
			end := i + 1
			for end < len(text) && text[end] != '"' && text[end] != '\n' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(text) || text[end] != '"' || strings.HasPrefix(text[i:], `"""`) {
				return nil, fmt.Errorf("a string is not closed")
			}
			tokens, i = append(tokens, text[i:end+1]), end+1
		case strings.IndexByte("{}()[]:$!=@|&", c) >= 0:
			tokens, i = append(tokens, text[i:i+1]), i+1
		default:
			end := i
			for end < len(text) && (isName("a"+text[end:end+1]) || strings.IndexByte("-+.", text[end]) >= 0) {
				end++
			}
			if end == i {
				return nil, fmt.Errorf("unexpected %q", c)
			}
			tokens, i = append(tokens, text[i:end]), end
		}
	}
	return tokens, nil
}

package settings

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/sluice-sec/sluice/policy/problem"
)

// Limits of a document. Settings are written by people; whatever is larger or
// deeper is a mistake, and would cost the parser dearly.
const (
	maxBytes = 1 << 20
	maxDepth = 16
)

// document is a settings file as read: plain values, and where each of them
// and each of their keys stands.
type document struct {
	file   string
	lines  []string
	root   map[string]any
	values map[string]position // by pointer
	keys   map[string]position
	groups []string // names in the file's order, which is the order of matching
	bad    problem.List
}

// position is where something stands in the text, counted from 1.
type position struct{ line, column int }

// pointer joins path elements; names may hold any character but the separator.
func pointer(path []string) string { return strings.Join(path, "\x00") }

// child is path with one element more, never sharing its memory.
func child(path []string, name string) []string {
	return append(path[:len(path):len(path)], name)
}

// read parses YAML into plain JSON values. Anchors, aliases, merge keys, tags
// and several documents are refused: they hide from a reviewer what is in force.
func read(file string, text []byte) *document {
	d := &document{
		file: file, root: map[string]any{},
		values: map[string]position{}, keys: map[string]position{},
	}
	if len(text) > maxBytes {
		d.add(nil, position{1, 1}, fmt.Sprintf("the file is larger than %d bytes", maxBytes))
		return d
	}
	d.lines = strings.Split(string(text), "\n")
	if line := tooDeep(d.lines); line > 0 {
		d.add(nil, position{line, 1}, fmt.Sprintf("nested deeper than %d levels; settings need at most six", maxDepth))
		return d
	}
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil {
		d.addSyntax(err)
		return d
	}
	bodies := make([]*ast.DocumentNode, 0, 1)
	for _, doc := range parsed.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.NullType {
			bodies = append(bodies, doc)
		}
	}
	switch len(bodies) {
	case 0:
	case 1:
		if root, ok := d.value(bodies[0].Body, nil).(map[string]any); ok {
			d.root = root
		} else if len(d.bad) == 0 {
			d.add(nil, position{1, 1}, "settings are a mapping such as `thresholds: {default: {advise: high}}`")
		}
	default:
		d.add(nil, at(bodies[1].Body), "a second YAML document: keep one document in the file")
	}
	return d
}

// tooDeep returns the first line whose indentation or open brackets could
// reach below maxDepth levels, or 0. It is a cheap guard in front of a
// recursive parser and counts brackets in strings and comments too, generously.
func tooDeep(lines []string) int {
	open := 0
	for i, line := range lines {
		dashes := 0
		for _, r := range strings.TrimLeft(line, " ") {
			if r != '-' && r != ' ' && r != '?' {
				break
			}
			dashes++
		}
		open += strings.Count(line, "[") + strings.Count(line, "{")
		if open > 2000 || dashes > 200 || len(line)-len(strings.TrimLeft(line, " ")) > 200 {
			return i + 1
		}
		open = max(0, open-strings.Count(line, "]")-strings.Count(line, "}"))
	}
	return 0
}

// value converts one node. A null inside a mapping counts as not given, so that
// a heading whose entries are all commented out keeps its defaults.
func (d *document) value(n ast.Node, path []string) any {
	d.values[pointer(path)] = at(n)
	if len(path) > maxDepth {
		d.add(path, at(n), fmt.Sprintf("nested deeper than %d levels", maxDepth))
		return nil
	}
	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return d.mapping(n.(ast.MapNode), path)
	case *ast.SequenceNode:
		list := make([]any, 0, len(n.Values))
		for i, item := range n.Values {
			list = append(list, d.value(item, child(path, fmt.Sprint(i))))
		}
		return list
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.BoolNode:
		return n.Value
	case *ast.NullNode:
		return nil
	case *ast.IntegerNode:
		return whole(n.Value)
	case *ast.FloatNode:
		return n.Value
	}
	d.add(path, at(n), "only plain mappings, lists, text, numbers and true/false are allowed here (no anchors, aliases, merge keys, tags, .inf or .nan)")
	return nil
}

func (d *document) mapping(n ast.MapNode, path []string) any {
	out := map[string]any{}
	for pairs := n.MapRange(); pairs.Next(); {
		var name string
		switch key := pairs.Key().(type) {
		case *ast.StringNode:
			name = key.Value
		case *ast.IntegerNode:
			name = key.GetToken().Value
		default:
			d.add(path, at(pairs.Key()), "a key must be plain text; put quotes around it")
			continue
		}
		here := child(path, name)
		if _, twice := d.keys[pointer(here)]; twice {
			d.add(here, at(pairs.Key()), "given twice; keep one")
			continue
		}
		d.keys[pointer(here)] = at(pairs.Key())
		if len(path) == 1 && path[0] == "groups" {
			d.groups = append(d.groups, name)
		}
		if v := d.value(pairs.Value(), here); v != nil {
			out[name] = v
		}
	}
	return out
}

func whole(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	}
	return nil
}

func at(n ast.Node) position {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return at(m.Values[0].Key)
	}
	if m, ok := n.(*ast.MappingValueNode); ok {
		return at(m.Key)
	}
	return tokenAt(n.GetToken())
}

func tokenAt(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{1, 1}
	}
	return position{max(1, t.Position.Line), max(1, t.Position.Column)}
}

func (d *document) addSyntax(err error) {
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) {
		d.add(nil, tokenAt(syntax.Token), "not valid YAML: "+syntax.Message)
		return
	}
	d.add(nil, position{1, 1}, "not valid YAML: "+strings.SplitN(err.Error(), "\n", 2)[0])
}

// add records a problem at a known place.
func (d *document) add(path []string, where position, what string) {
	d.bad = append(d.bad, problem.Problem{
		File: d.file, Line: where.line, Column: where.column,
		Path: spell(path), What: what, Excerpt: problem.Excerpt(d.lines, where.line, where.column),
	})
}

// fault records a problem at a value, or at the nearest thing around it that
// the file itself holds.
func (d *document) fault(what string, path ...string) {
	for up := path; ; up = up[:len(up)-1] {
		if where, ok := d.values[pointer(up)]; ok {
			d.add(path, where, what)
			return
		}
		if len(up) == 0 {
			d.add(path, position{1, 1}, what)
			return
		}
	}
}

// faultKey records a problem at a key.
func (d *document) faultKey(what string, path ...string) {
	if where, ok := d.keys[pointer(path)]; ok {
		d.add(path, where, what)
		return
	}
	d.fault(what, path...)
}

// spell writes a path as people do: exceptions[0].owner.
func spell(path []string) string {
	var b strings.Builder
	for i, p := range path {
		switch {
		case p != "" && strings.Trim(p, "0123456789") == "":
			b.WriteString("[" + p + "]")
		case i > 0:
			b.WriteString("." + p)
		default:
			b.WriteString(p)
		}
	}
	return b.String()
}

package jira

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind is what a custom field holds.
type Kind string

// The kinds, and what Issue.Custom has for them.
const (
	TextField   Kind = "text"        // string, one line of up to 255 characters
	TextArea    Kind = "paragraph"   // string, wiki text; a document on version 3
	NumberField Kind = "number"      // float64
	DateField   Kind = "date"        // string, yyyy-MM-dd
	Select      Kind = "select"      // string, the option's value
	MultiSelect Kind = "multiselect" // []any of strings
	LabelsField Kind = "labels"      // []any of strings
	UserField   Kind = "user"        // string, the person's name
	EpicLink    Kind = "epic-link"   // string, the epic's key; Data Center only
)

// Field is a custom field.
type Field struct {
	ID      string   `json:"id"` // customfield_10010; given if empty
	Name    string   `json:"name"`
	Kind    Kind     `json:"kind"`
	Options []*Named `json:"options"`
}

// schemas are the kinds' types, as Jira names them.
var schemas = map[Kind]struct{ kind, items, custom string }{
	TextField:   {"string", "", "com.atlassian.jira.plugin.system.customfieldtypes:textfield"},
	TextArea:    {"string", "", "com.atlassian.jira.plugin.system.customfieldtypes:textarea"},
	NumberField: {"number", "", "com.atlassian.jira.plugin.system.customfieldtypes:float"},
	DateField:   {"date", "", "com.atlassian.jira.plugin.system.customfieldtypes:datepicker"},
	Select:      {"option", "", "com.atlassian.jira.plugin.system.customfieldtypes:select"},
	MultiSelect: {"array", "option", "com.atlassian.jira.plugin.system.customfieldtypes:multiselect"},
	LabelsField: {"array", "string", "com.atlassian.jira.plugin.system.customfieldtypes:labels"},
	UserField:   {"user", "", "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"},
	EpicLink:    {"any", "", "com.pyxis.greenhopper.jira:gh-epic-link"},
}

func (f *Field) field() *field {
	k := schemas[f.Kind]
	n, _ := strconv.Atoi(strings.TrimPrefix(f.ID, "customfield_"))
	schema := object{"type": k.kind, "custom": k.custom, "customId": n}
	if k.items != "" {
		schema["items"] = k.items
	}
	out := &field{id: f.ID, name: f.Name, schema: schema, ops: setOnly, set: f.set, get: f.get, words: f.words}
	if k.items != "" {
		out.ops = addAndRemove
	}
	if f.Kind == Select || f.Kind == MultiSelect {
		out.allowed = func(c *call, _ *Project) []object { return render(f.Options, c.option) }
	}
	return out
}

func (c *call) option(n *Named) object {
	return object{"self": c.self("/customFieldOption/" + n.ID), "id": n.ID, "value": n.Name}
}

func (f *Field) set(c *call, i *Issue, op string, v any) error {
	value, err := f.read(c, i, op, v)
	if err != nil {
		return err
	}
	if i.Custom == nil {
		i.Custom = map[string]any{}
	}
	if value == nil {
		delete(i.Custom, f.ID)
	} else {
		i.Custom[f.ID] = value
	}
	return nil
}

// read turns a request's value into the one that is kept; nil for none.
func (f *Field) read(c *call, i *Issue, op string, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch f.Kind {
	case NumberField:
		if n, ok := v.(float64); ok {
			return n, nil
		}
		return nil, complain("Operation value must be a number")
	case DateField:
		return date(v)
	case Select:
		return f.option(v)
	case MultiSelect:
		return f.many(i, op, v, f.option)
	case LabelsField:
		return f.many(i, op, v, label)
	case UserField:
		p, err := c.personIn(v)
		if p == nil {
			return nil, err
		}
		return p.Name, nil
	case TextArea:
		t, err := c.readText(v)
		return t.Wiki, err
	}
	text, ok := v.(string)
	if !ok {
		return nil, complain("Operation value must be a string")
	}
	if f.Kind == EpicLink {
		return c.epic(text)
	}
	if units(text) > 255 || strings.ContainsAny(text, "\n\r") {
		return nil, complain("The entered text is too long. It exceeds the allowed limit of 255 characters.")
	}
	return text, nil
}

func (c *call) epic(key string) (any, error) {
	epic, p := c.visible(key)
	if epic == nil || !p.Type(epic.Type).Epic {
		return nil, complain("Issue with key '%s' is not an epic or does not exist.", key)
	}
	return epic.Key, nil
}

func (f *Field) option(v any) (string, error) {
	name := ref(v, "id", "value")
	n := find(f.Options, func(n *Named) bool { return n.ID == name || n.Name == name })
	if n == nil {
		return "", complain("Option value '%s' is not valid", name)
	}
	return n.Name, nil
}

func (f *Field) many(i *Issue, op string, v any, word func(any) (string, error)) (any, error) {
	words, err := oneOrMany(op, v, word)
	if err != nil {
		return nil, err
	}
	var out []any
	for _, w := range combine(op, stringsOf(i.Custom[f.ID]), words) {
		out = append(out, w)
	}
	if out == nil {
		return nil, nil
	}
	return out, nil
}

func stringsOf(v any) []string {
	var out []string
	values, _ := v.([]any)
	for _, x := range values {
		if s, ok := x.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (f *Field) get(c *call, i *Issue) any {
	v, ok := i.Custom[f.ID]
	if !ok {
		return nil
	}
	text, _ := v.(string)
	switch f.Kind {
	case Select:
		return byName(f.Options, text, c.option)
	case MultiSelect:
		out := []any{}
		for _, w := range stringsOf(v) {
			out = append(out, byName(f.Options, w, c.option))
		}
		return out
	case UserField:
		return c.user(text)
	case TextArea:
		return c.text(Text{Wiki: text})
	}
	return v
}

func (f *Field) words(i *Issue) string {
	switch v := i.Custom[f.ID].(type) {
	case nil:
		return ""
	case []any:
		return strings.Join(stringsOf(v), ", ")
	default:
		return fmt.Sprint(v)
	}
}

package jira

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// field is what can be read and set of an issue by its field id. The sentences of errors are Jira's, without the field.
type field struct {
	id, name string
	schema   object
	ops      []string
	set      func(c *call, i *Issue, op string, value any) error
	get      func(c *call, i *Issue) any
	words    func(i *Issue) string // for the history; empty where the field is
	allowed  func(c *call, p *Project) []object
}

// field finds a field by id, or returns nil.
func (s *Server) field(id string) *field {
	if f := s.systems[id]; f != nil {
		return f
	}
	if f := find(s.world.Fields, func(f *Field) bool { return f.ID == id }); f != nil {
		return f.field()
	}
	return nil
}

var setOnly, addAndRemove = []string{"set"}, []string{"add", "set", "remove"}

func system(kind, id string) object { return object{"type": kind, "system": id} }

func systemFields() map[string]*field {
	all := map[string]*field{}
	for _, f := range []*field{
		{id: "summary", name: "Summary", schema: system("string", "summary"), ops: setOnly, set: setSummary,
			get: func(_ *call, i *Issue) any { return i.Summary }, words: func(i *Issue) string { return i.Summary }},
		{id: "description", name: "Description", schema: system("string", "description"), ops: setOnly,
			set: func(c *call, i *Issue, _ string, v any) (err error) { i.Description, err = c.readText(v); return err },
			get: func(c *call, i *Issue) any { return c.text(i.Description) }, words: func(i *Issue) string { return i.Description.Wiki }},
		{id: "labels", name: "Labels", schema: object{"type": "array", "items": "string", "system": "labels"}, ops: addAndRemove, set: setLabels,
			get: func(_ *call, i *Issue) any { return list(i.Labels) }, words: func(i *Issue) string { return strings.Join(i.Labels, " ") }},
		{id: "priority", name: "Priority", schema: system("priority", "priority"), ops: setOnly, set: setPriority,
			get:     func(c *call, i *Issue) any { return byName(c.s.world.Priorities, i.Priority, c.priority) },
			words:   func(i *Issue) string { return i.Priority },
			allowed: func(c *call, _ *Project) []object { return render(c.s.world.Priorities, c.priority) }},
		{id: "components", name: "Components", schema: object{"type": "array", "items": "component", "system": "components"}, ops: addAndRemove, set: setComponents,
			get: getComponentsField, words: func(i *Issue) string { return strings.Join(i.Components, ", ") },
			allowed: func(c *call, p *Project) []object {
				return render(p.Components, func(n *Named) object { return c.component(p, n) })
			}},
		{id: "duedate", name: "Due date", schema: system("date", "duedate"), ops: setOnly, set: setDue,
			get: func(_ *call, i *Issue) any { return orNil(i.Due) }, words: func(i *Issue) string { return i.Due }},
		{id: "assignee", name: "Assignee", schema: system("user", "assignee"), ops: setOnly, set: setAssignee,
			get: func(c *call, i *Issue) any { return c.user(i.Assignee) }, words: func(i *Issue) string { return i.Assignee }},
		{id: "reporter", name: "Reporter", schema: system("user", "reporter"), ops: setOnly, set: setReporter,
			get: func(c *call, i *Issue) any { return c.user(i.Reporter) }, words: func(i *Issue) string { return i.Reporter }},
		{id: "resolution", name: "Resolution", schema: system("resolution", "resolution"), ops: setOnly, set: setResolution,
			get: func(c *call, i *Issue) any {
				return byName(c.s.world.Resolutions, i.Resolution, func(n *Named) object { return c.named("resolution", n) })
			},
			words: func(i *Issue) string { return i.Resolution },
			allowed: func(c *call, _ *Project) []object {
				return render(c.s.world.Resolutions, func(n *Named) object { return c.named("resolution", n) })
			}},
		{id: "parent", name: "Parent", schema: system("issuelink", "parent"), ops: setOnly, set: setParent,
			get: func(c *call, i *Issue) any { return c.issueRef(i.Parent) }, words: func(i *Issue) string { return i.Parent }},
		{id: "security", name: "Security Level", schema: system("securitylevel", "security"), ops: setOnly, set: setSecurity,
			get: getSecurity, words: func(i *Issue) string { return i.Security },
			allowed: func(c *call, p *Project) []object { return render(p.Levels, c.level) }},
		{id: "issuetype", name: "Issue Type", schema: system("issuetype", "issuetype"), ops: setOnly, set: setType,
			get:     func(c *call, i *Issue) any { return c.issueType(c.s.world.Project(i.Project).Type(i.Type)) },
			words:   func(i *Issue) string { return i.Type },
			allowed: func(c *call, p *Project) []object { return render(p.Types, c.issueType) }},
		{id: "project", name: "Project", schema: system("project", "project"), ops: setOnly,
			set: func(*call, *Issue, string, any) error {
				return complain("The project of an issue cannot be changed here.")
			},
			get:     func(c *call, i *Issue) any { return c.projectRef(c.s.world.Project(i.Project)) },
			words:   func(i *Issue) string { return i.Project },
			allowed: func(c *call, p *Project) []object { return []object{c.projectRef(p)} }},
	} {
		all[f.id] = f
	}
	return all
}

func list(words []string) []string {
	if words == nil {
		return []string{}
	}
	return words
}

// ref is the text of one key of an object that names something; empty if it is none.
func ref(value any, keys ...string) string {
	m, _ := value.(map[string]any)
	for _, k := range keys {
		if s, ok := m[k].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

func setSummary(_ *call, i *Issue, _ string, v any) error {
	text, ok := v.(string)
	switch {
	case v == nil || ok && strings.TrimSpace(text) == "":
		return complain("You must specify a summary of the issue.")
	case !ok:
		return complain("Operation value must be a string")
	case strings.ContainsAny(text, "\n\r"):
		return complain("The summary is invalid because it contains newline characters.")
	case units(text) > 255:
		return complain("Summary can't exceed 255 characters.")
	}
	i.Summary = strings.TrimSpace(text)
	return nil
}

// units is the length of a text as Java counts it.
func units(text string) int { return len(utf16.Encode([]rune(text))) }

// maxText is how long a description or comment may be.
const maxText = 32_767

// readText reads rich text as this version writes it.
func (c *call) readText(v any) (t Text, err error) {
	if v == nil {
		return Text{}, nil
	}
	if c.version == "3" {
		document, ok := v.(map[string]any)
		if !ok {
			return Text{}, complain("Operation value must be an Atlassian Document (see the Atlassian Document Format)")
		}
		if err := checkDocument(document); err != nil {
			return Text{}, fmt.Errorf("INVALID_INPUT: %w", err)
		}
		t = Text{Document: document, Wiki: wikiOf(document)}
	} else {
		text, ok := v.(string)
		if !ok {
			return Text{}, complain("Operation value must be a string")
		}
		t = Text{Wiki: text}
	}
	if units(t.Wiki) > maxText {
		return Text{}, complain("The entered text is too long. It exceeds the allowed limit of 32,767 characters.")
	}
	return t, nil
}

// oneOrMany reads one word or a list of them, as the operation has it.
func oneOrMany(op string, v any, word func(any) (string, error)) ([]string, error) {
	if op != "set" {
		w, err := word(v)
		return []string{w}, err
	}
	var out []string
	values, ok := v.([]any)
	if !ok && v != nil {
		return nil, complain("Operation value must be an array")
	}
	for _, x := range values {
		w, err := word(x)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// combine sets, adds to or removes from a list; each word is in it once.
func combine(op string, old, words []string) []string {
	if op == "remove" {
		return slices.DeleteFunc(slices.Clone(old), func(w string) bool { return slices.Contains(words, w) })
	}
	var out []string
	if op == "add" {
		out = slices.Clone(old)
	}
	for _, w := range words {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

func setLabels(_ *call, i *Issue, op string, v any) error {
	words, err := oneOrMany(op, v, label)
	if err != nil {
		return err
	}
	i.Labels = combine(op, i.Labels, words)
	slices.Sort(i.Labels)
	return nil
}

func label(v any) (string, error) {
	text, ok := v.(string)
	switch {
	case !ok:
		return "", complain("Operation value must be a string")
	case strings.ContainsAny(text, " \t\n\r"):
		return "", complain("The label '%s' can't contain spaces.", text)
	case text == "" || units(text) > 255:
		return "", complain("The label '%s' is empty or exceeds 255 characters.", text)
	}
	return text, nil
}

func setPriority(c *call, i *Issue, _ string, v any) error {
	name := ref(v, "id", "name")
	p := find(c.s.world.Priorities, func(n *Named) bool { return n.ID == name || same(n.Name, name) })
	if p == nil {
		return complain("Priority name '%s' is not valid", name)
	}
	i.Priority = p.Name
	return nil
}

func setComponents(c *call, i *Issue, op string, v any) error {
	project := c.s.world.Project(i.Project)
	words, err := oneOrMany(op, v, func(v any) (string, error) {
		name := ref(v, "id", "name")
		n := find(project.Components, func(n *Named) bool { return n.ID == name || same(n.Name, name) })
		if n == nil {
			return "", complain("Component name '%s' is not valid", name)
		}
		return n.Name, nil
	})
	if err != nil {
		return err
	}
	i.Components = combine(op, i.Components, words)
	return nil
}

func getComponentsField(c *call, i *Issue) any {
	p, out := c.s.world.Project(i.Project), []object{}
	for _, name := range i.Components {
		if n := find(p.Components, func(n *Named) bool { return n.Name == name }); n != nil {
			out = append(out, c.component(p, n))
		}
	}
	return out
}

// date reads a day; empty for null.
func date(v any) (string, error) {
	if v == nil || v == "" {
		return "", nil
	}
	text, _ := v.(string)
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "", fmt.Errorf("Error parsing date string: %v", v)
	}
	return text, nil
}

func setDue(_ *call, i *Issue, _ string, v any) (err error) {
	i.Due, err = date(v)
	return err
}

// personIn reads a person: by accountId on Cloud, by name or key on Data Center; nil for nobody.
func (c *call) personIn(v any) (*Person, error) {
	if v == nil {
		return nil, nil
	}
	keys := []string{"accountId", "id"}
	if c.s.world.Deployment == DataCenter {
		keys = []string{"name", "key"}
	}
	id := ref(v, keys...)
	m, _ := v.(map[string]any)
	if given, ok := m[keys[0]]; ok && given == nil {
		return nil, nil
	}
	p := find(c.s.world.People, func(p *Person) bool {
		return p.ID == id || c.s.world.Deployment == DataCenter && same(p.Name, id)
	})
	if p == nil || id == "" {
		return nil, complain("User '%s' does not exist.", id)
	}
	return p, nil
}

func setAssignee(c *call, i *Issue, _ string, v any) error {
	p, err := c.personIn(v)
	if err != nil {
		return err
	}
	if p == nil {
		i.Assignee = ""
		return nil
	}
	if p.Inactive || !c.s.world.Project(i.Project).may(p, Assignable) {
		return complain("User '%s' cannot be assigned issues.", p.DisplayName)
	}
	i.Assignee = p.Name
	return nil
}

func setReporter(c *call, i *Issue, _ string, v any) error {
	p, err := c.personIn(v)
	if err != nil {
		return err
	}
	if p == nil {
		return complain("Reporter is required.")
	}
	i.Reporter = p.Name
	return nil
}

func setResolution(c *call, i *Issue, _ string, v any) error {
	name := ref(v, "id", "name")
	n := find(c.s.world.Resolutions, func(n *Named) bool { return n.ID == name || same(n.Name, name) })
	if n == nil {
		return complain("Resolution name '%s' is not valid", name)
	}
	i.Resolution = n.Name
	return nil
}

func setParent(c *call, i *Issue, _ string, v any) error {
	p := c.s.world.Project(i.Project)
	t := p.Type(i.Type)
	if v == nil {
		i.Parent = ""
		return nil
	}
	parent, in := c.visible(ref(v, "id", "key"))
	if parent == nil || parent.Key == i.Key {
		return complain("Could not find issue by id or key.")
	}
	above := in.Type(parent.Type).hierarchy()
	if c.s.world.Deployment == DataCenter && !t.Subtask {
		return complain("Given issue type is not a sub-task; use the epic link field.")
	}
	if above != t.hierarchy()+1 || t.Subtask && parent.Project != i.Project {
		return complain("Given parent work item does not belong to appropriate hierarchy.")
	}
	i.Parent = parent.Key
	return nil
}

func setSecurity(c *call, i *Issue, _ string, v any) error {
	p := c.s.world.Project(i.Project)
	if !p.may(c.person, SetSecurity) {
		return complain("Field 'security' cannot be set. It is not on the appropriate screen, or unknown.")
	}
	if v == nil {
		i.Security = ""
		return nil
	}
	name := ref(v, "id", "name")
	l := find(p.Levels, func(l *Level) bool { return l.ID == name || same(l.Name, name) })
	if l == nil || !slices.Contains(l.Members, c.person.Name) {
		return complain("Security level '%s' is not valid for this project and user.", name)
	}
	i.Security = l.Name
	return nil
}

func (c *call) level(l *Level) object {
	return object{"self": c.self("/securitylevel/" + l.ID), "id": l.ID, "name": l.Name, "description": ""}
}

func getSecurity(c *call, i *Issue) any {
	if l := c.s.world.Project(i.Project).level(i.Security); l != nil {
		return c.level(l)
	}
	return nil
}

func setType(c *call, i *Issue, _ string, v any) error {
	t := c.s.world.Project(i.Project).Type(ref(v, "id", "name"))
	if t == nil {
		return complain("The issue type selected is invalid.")
	}
	i.Type = t.Name
	return nil
}

package jira

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// searchField is what a query can ask of a field. Words are compared without case.
type searchField struct {
	words  func(c *call, i *Issue) []string
	exists func(c *call, word string) bool // nil: any word may be asked for
	when   func(i *Issue) time.Time        // instead of words: a time
	text   bool                            // words are asked for with ~ only
}

func one(get func(*Issue) string) func(*call, *Issue) []string {
	return func(_ *call, i *Issue) []string {
		if w := get(i); w != "" {
			return []string{w}
		}
		return nil
	}
}

func knows(names func(w *World) []*Named) func(*call, string) bool {
	return func(c *call, word string) bool {
		return slices.ContainsFunc(names(&c.s.world), func(n *Named) bool { return same(n.Name, word) || n.ID == word })
	}
}

var aliases = map[string]string{"issuekey": "key", "issue": "key", "id": "key", "type": "issuetype", "component": "components", "due": "duedate",
	"resolved": "resolutiondate", "createddate": "created", "updateddate": "updated", "level": "security", "parentepic": "parent", "label": "labels"}

// searchFields are the fields a query can name, in lower case.
var searchFields = map[string]searchField{
	"key": {words: func(_ *call, i *Issue) []string { return []string{i.Key, decimal(i.ID)} }, exists: func(c *call, w string) bool { return c.s.world.Issue(w) != nil }},
	"project": {words: func(c *call, i *Issue) []string {
		p := c.s.world.Project(i.Project)
		return []string{p.Key, p.Name, p.ID}
	}, exists: func(c *call, w string) bool {
		return slices.ContainsFunc(c.s.world.Projects, func(p *Project) bool {
			return (same(p.Key, w) || same(p.Name, w) || p.ID == w) && p.may(c.person, Browse)
		})
	}},
	"labels": {words: func(_ *call, i *Issue) []string { return i.Labels }},
	"status": {words: func(c *call, i *Issue) []string { return []string{i.Status, c.s.world.Status(i.Status).ID} },
		exists: func(c *call, w string) bool { return c.s.world.Status(w) != nil }},
	"statuscategory": {words: statusCategoryWords, exists: func(_ *call, w string) bool {
		return slices.ContainsFunc(categories, func(k struct {
			id    int
			key   Category
			name  string
			color string
		}) bool {
			return same(k.name, w) || same(string(k.key), w) || strconv.Itoa(k.id) == w
		})
	}},
	"resolution": {words: func(c *call, i *Issue) []string {
		if i.Resolution == "" {
			return nil
		}
		return []string{i.Resolution}
	}, exists: func(c *call, w string) bool {
		return same(w, "unresolved") || knows(func(w *World) []*Named { return w.Resolutions })(c, w)
	}},
	"priority": {words: one(func(i *Issue) string { return i.Priority }), exists: knows(func(w *World) []*Named { return w.Priorities })},
	"issuetype": {words: one(func(i *Issue) string { return i.Type }), exists: func(c *call, w string) bool {
		return slices.ContainsFunc(c.s.world.Projects, func(p *Project) bool { return p.Type(w) != nil })
	}},
	"components":     {words: func(_ *call, i *Issue) []string { return i.Components }},
	"security":       {words: one(func(i *Issue) string { return i.Security })},
	"parent":         {words: one(func(i *Issue) string { return i.Parent }), exists: func(c *call, w string) bool { return c.s.world.Issue(w) != nil }},
	"assignee":       {words: func(c *call, i *Issue) []string { return c.personWords(i.Assignee) }},
	"reporter":       {words: func(c *call, i *Issue) []string { return c.personWords(i.Reporter) }},
	"creator":        {words: func(c *call, i *Issue) []string { return c.personWords(i.Creator) }},
	"summary":        {words: one(func(i *Issue) string { return i.Summary }), text: true},
	"description":    {words: one(func(i *Issue) string { return i.Description.Wiki }), text: true},
	"text":           {words: func(_ *call, i *Issue) []string { return []string{i.Summary, i.Description.Wiki} }, text: true},
	"created":        {when: func(i *Issue) time.Time { return i.Created }},
	"updated":        {when: func(i *Issue) time.Time { return i.Updated }},
	"resolutiondate": {when: func(i *Issue) time.Time { return i.Resolved }},
	"duedate": {when: func(i *Issue) time.Time {
		t, _ := time.Parse(time.DateOnly, i.Due)
		return t
	}},
}

func (c *call) personWords(name string) []string {
	p := c.s.world.Person(name)
	if p == nil {
		return nil
	}
	if c.s.world.Deployment == Cloud {
		return []string{p.ID, p.DisplayName, p.Email}
	}
	return []string{p.ID, p.Name}
}

func statusCategoryWords(c *call, i *Issue) []string {
	key := c.s.world.Category(i)
	for _, k := range categories {
		if k.key == key {
			return []string{k.name, string(k.key), strconv.Itoa(k.id)}
		}
	}
	return nil
}

var customName = regexp.MustCompile(`^cf\[(\d+)\]$`)

// searchField finds a field by the name a query uses: a system field, a custom field's name or cf[10010], or
// issue.property[key].path.
func (c *call) searchField(name string) (searchField, error) {
	lower := strings.ToLower(name)
	if a, ok := aliases[lower]; ok {
		lower = a
	}
	if f, ok := searchFields[lower]; ok {
		return f, nil
	}
	if rest, ok := strings.CutPrefix(lower, "issue.property["); ok {
		key, path, _ := strings.Cut(name[len(name)-len(rest):], "]")
		return propertyField(key, strings.TrimPrefix(path, ".")), nil
	}
	if m := customName.FindStringSubmatch(lower); m != nil {
		name = "customfield_" + m[1]
	}
	f := c.s.world.Field(name)
	if f == nil {
		return searchField{}, badRequest("Field '%s' does not exist or you do not have permission to view it.", name)
	}
	return searchField{text: f.Kind == TextField || f.Kind == TextArea, words: func(_ *call, i *Issue) []string {
		if many := stringsOf(i.Custom[f.ID]); many != nil {
			return many
		}
		if w := f.words(i); w != "" {
			return []string{w}
		}
		return nil
	}}, nil
}

func propertyField(key, path string) searchField {
	return searchField{words: func(_ *call, i *Issue) []string {
		v := i.Properties[key]
		if path != "" {
			for part := range strings.SplitSeq(path, ".") {
				m, _ := v.(map[string]any)
				v = m[part]
			}
		}
		if many := stringsOf(v); many != nil {
			return many
		}
		if v == nil {
			return nil
		}
		return []string{fmt.Sprint(v)}
	}}
}

// condition turns a clause into a test of an issue, or says what it names that does not exist.
func (c *call) condition(q *clause) (func(*Issue) bool, error) {
	if q == nil {
		return func(*Issue) bool { return true }, nil
	}
	if q.parts == nil {
		return c.simple(q)
	}
	var tests []func(*Issue) bool
	for _, part := range q.parts {
		t, err := c.condition(part)
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	all := func(i *Issue) bool {
		return !slices.ContainsFunc(tests, func(t func(*Issue) bool) bool { return !t(i) })
	}
	switch q.op {
	case "not":
		return func(i *Issue) bool { return !all(i) }, nil
	case "or":
		return func(i *Issue) bool { return slices.ContainsFunc(tests, func(t func(*Issue) bool) bool { return t(i) }) }, nil
	}
	return all, nil
}

func (c *call) simple(q *clause) (func(*Issue) bool, error) {
	f, err := c.searchField(q.field)
	if err != nil {
		return nil, err
	}
	if f.when != nil {
		return c.dated(q, f)
	}
	words, empty, err := c.operands(q, f)
	if err != nil {
		return nil, err
	}
	match := func(i *Issue) bool {
		have := f.words(c, i)
		if empty && len(have) == 0 {
			return true
		}
		return slices.ContainsFunc(have, func(h string) bool { return slices.ContainsFunc(words, func(w string) bool { return same(h, w) }) })
	}
	switch q.op {
	case "=", "in", "is":
		return match, nil
	case "!=", "not in": // an empty field is never unequal to a word, as at Jira
		return func(i *Issue) bool { return !match(i) && (empty || len(f.words(c, i)) > 0) }, nil
	case "is not":
		return func(i *Issue) bool { return len(f.words(c, i)) > 0 }, nil
	case "~", "!~":
		contains := func(i *Issue) bool {
			text := strings.ToLower(strings.Join(f.words(c, i), "\n"))
			return !slices.ContainsFunc(strings.Fields(strings.ToLower(strings.Trim(q.values[0].text, `"*`))), func(w string) bool { return !strings.Contains(text, w) })
		}
		return func(i *Issue) bool { return contains(i) == (q.op == "~") }, nil
	}
	return nil, badRequest("The operator '%s' is not supported by the '%s' field.", q.op, q.field)
}

// operands are the words a clause compares with; empty says that nothing is one of them.
func (c *call) operands(q *clause, f searchField) (words []string, empty bool, err error) {
	contains := strings.HasSuffix(q.op, "~")
	if contains != f.text && !strings.HasPrefix(q.op, "is") {
		return nil, false, badRequest("The operator '%s' is not supported by the '%s' field.", q.op, q.field)
	}
	for _, v := range q.values {
		switch {
		case v.call && v.text == "currentuser" && c.person != nil:
			words = append(words, c.person.ID)
		case v.call && v.text == "currentuser":
		case v.call:
			return nil, false, badRequest("Unable to find JQL function '%s()'.", v.text)
		case same(v.text, "empty") || same(v.text, "null") || same(v.text, "unresolved") && same(q.field, "resolution"):
			empty = true
		case f.exists != nil && !f.exists(c, v.text):
			return nil, false, badRequest("The value '%s' does not exist for the field '%s'.", v.text, q.field)
		default:
			words = append(words, v.text)
		}
	}
	return words, empty, nil
}

// dated compares times: absolute (2026-03-01, "2026-03-01 12:30"), relative (-30d), now().
func (c *call) dated(q *clause, f searchField) (func(*Issue) bool, error) {
	v := q.values[0]
	if same(v.text, "empty") || same(v.text, "null") {
		want := q.op == "is" || q.op == "="
		return func(i *Issue) bool { return f.when(i).IsZero() == want }, nil
	}
	then, err := c.moment(v)
	if err != nil {
		return nil, err
	}
	var holds func(order int) bool
	switch q.op {
	case "=":
		holds = func(o int) bool { return o == 0 }
	case "!=":
		holds = func(o int) bool { return o != 0 }
	case "<":
		holds = func(o int) bool { return o < 0 }
	case "<=":
		holds = func(o int) bool { return o <= 0 }
	case ">":
		holds = func(o int) bool { return o > 0 }
	case ">=":
		holds = func(o int) bool { return o >= 0 }
	default:
		return nil, badRequest("The operator '%s' is not supported by the '%s' field.", q.op, q.field)
	}
	return func(i *Issue) bool { return !f.when(i).IsZero() && holds(f.when(i).Compare(then)) }, nil
}

var relative = regexp.MustCompile(`^([+-]?)(\d{1,6})([wdhm])$`)

func (c *call) moment(v operand) (time.Time, error) {
	if v.call && v.text == "now" {
		return c.s.now(), nil
	}
	for _, layout := range []string{"2006-01-02", "2006/01/02", "2006-01-02 15:04", "2006/01/02 15:04"} {
		if t, err := time.Parse(layout, v.text); err == nil {
			return t, nil
		}
	}
	if m := relative.FindStringSubmatch(v.text); m != nil {
		n, _ := strconv.Atoi(m[1] + m[2])
		unit := map[string]time.Duration{"w": 7 * 24 * time.Hour, "d": 24 * time.Hour, "h": time.Hour, "m": time.Minute}[m[3]]
		return c.s.now().Add(time.Duration(n) * unit), nil
	}
	return time.Time{}, badRequest("Date value '%s' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.", v.text)
}

// sorted puts issues in a query's order: the newest first if it has none.
func (c *call) sorted(issues []*Issue, order []sortBy) error {
	var by []func(a, b *Issue) int
	for _, o := range order {
		less := c.comparison(o.field)
		if less == nil {
			return badRequest("Not able to sort using field '%s'.", o.field)
		}
		if o.down {
			up := less
			less = func(a, b *Issue) int { return up(b, a) }
		}
		by = append(by, less)
	}
	slices.SortStableFunc(issues, func(a, b *Issue) int {
		for _, f := range by {
			if n := f(a, b); n != 0 {
				return n
			}
		}
		return cmp.Compare(b.ID, a.ID)
	})
	return nil
}

func (c *call) comparison(field string) func(a, b *Issue) int {
	if a, ok := aliases[field]; ok {
		field = a
	}
	switch field {
	case "key":
		return func(a, b *Issue) int { return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.ID, b.ID)) }
	case "priority":
		rank := func(i *Issue) int {
			return slices.IndexFunc(c.s.world.Priorities, func(n *Named) bool { return n.Name == i.Priority })
		}
		return func(a, b *Issue) int { return cmp.Compare(rank(b), rank(a)) }
	}
	if f := searchFields[field]; f.when != nil {
		return func(a, b *Issue) int { return f.when(a).Compare(f.when(b)) }
	}
	if f := c.s.systems[field]; f != nil {
		return func(a, b *Issue) int { return cmp.Compare(f.words(a), f.words(b)) }
	}
	return nil
}

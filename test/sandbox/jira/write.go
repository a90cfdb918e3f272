package jira

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/statefile"
)

// update is the body of a request that creates, edits or moves an issue.
type update struct {
	Fields     map[string]any              `json:"fields"`
	Update     map[string][]map[string]any `json:"update"`
	Transition *struct {
		ID string `json:"id"`
	} `json:"transition"`
	Properties []struct {
		Key   string `json:"key"`
		Value any    `json:"value"`
	} `json:"properties"`
}

// draft is an issue while a request changes it; nothing of it is kept if the request is refused.
type draft struct {
	*Issue
	project *Project
	links   []*Link
	comment bool
}

// apply does what a request asks to a draft. Every wrong field is named.
func (c *call) apply(d *draft, screen []ScreenField, in update) error {
	wrong := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(in.Fields)) {
		f := c.s.field(id)
		if f == nil || onScreen(screen, id) == nil {
			wrong[id] = offScreen(id)
			continue
		}
		if _, both := in.Update[id]; both {
			wrong[id] = fmt.Sprintf("Field '%s' cannot be in both 'fields' and 'update'.", id)
			continue
		}
		if err := f.set(c, d.Issue, "set", in.Fields[id]); err != nil {
			wrong[id] = err.Error()
		}
	}
	for _, id := range slices.Sorted(maps.Keys(in.Update)) {
		for _, step := range in.Update[id] {
			if err := c.step(d, screen, id, step); err != nil {
				wrong[id] = err.Error()
			}
		}
	}
	for _, x := range screen {
		f := c.s.field(x.Field)
		if _, known := wrong[x.Field]; x.Required && !known && f != nil && f.words(d.Issue) == "" {
			wrong[x.Field] = f.name + " is required."
			if x.Field == "summary" {
				wrong[x.Field] = "You must specify a summary of the issue."
			}
		}
	}
	if len(wrong) > 0 {
		return invalid(wrong)
	}
	return nil
}

func offScreen(id string) string {
	return fmt.Sprintf("Field '%s' cannot be set. It is not on the appropriate screen, or unknown.", id)
}

// step does one operation of update.
func (c *call) step(d *draft, screen []ScreenField, id string, step map[string]any) error {
	for op, value := range step {
		switch id {
		case "comment":
			if err := c.stepComment(d, op, value); err != nil {
				return err
			}
			continue
		case "issuelinks":
			if err := c.stepLink(d, op, value); err != nil {
				return err
			}
			continue
		}
		f := c.s.field(id)
		if f == nil || onScreen(screen, id) == nil {
			return fmt.Errorf("%s", offScreen(id))
		}
		if !slices.Contains(f.ops, op) {
			return fmt.Errorf("Field with id '%s' and name '%s' does not support operation '%s' Supported operation(s) are: '%s'", id, f.name, op, strings.Join(f.ops, ","))
		}
		if err := f.set(c, d.Issue, op, value); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) stepComment(d *draft, op string, value any) error {
	m, _ := value.(map[string]any)
	if op != "add" || m == nil {
		return complain("Operation '%s' is not supported here for comments.", op)
	}
	if !d.project.may(c.person, AddComment) {
		return complain("You do not have the permission to comment on this issue.")
	}
	t, err := c.readText(m["body"])
	if err != nil {
		return err
	}
	if t.Wiki == "" {
		return complain("Comment body can not be empty!")
	}
	d.Comments = append(d.Comments, c.newComment(t))
	d.comment = true
	return nil
}

func (c *call) newComment(t Text) *Comment {
	now := c.s.now()
	return &Comment{ID: c.s.next(), Author: c.person.Name, Editor: c.person.Name, Body: t, Created: now, Updated: now}
}

// stepLink makes a link of update: {"add": {"type": ..., "outwardIssue": {"key": ...}}}.
func (c *call) stepLink(d *draft, op string, value any) error {
	m, _ := value.(map[string]any)
	if op != "add" || m == nil {
		return complain("Operation '%s' is not supported here for links.", op)
	}
	if !d.project.may(c.person, LinkIssues) {
		return complain("You do not have permission to link issues in this project.")
	}
	t := c.linkTypeIn(m["type"])
	if t == nil {
		return complain("No issue link type with name '%s' found.", ref(m["type"], "name", "id"))
	}
	l := &Link{Type: t.Name, Inward: d.Key, Outward: d.Key}
	key := ref(m["outwardIssue"], "key", "id")
	if key == "" {
		key = ref(m["inwardIssue"], "key", "id")
	}
	other, _ := c.visible(key)
	if other == nil {
		return complain("Issue with key '%s' does not exist.", key)
	}
	if m["outwardIssue"] != nil {
		l.Outward = other.Key
	} else {
		l.Inward = other.Key
	}
	d.links = append(d.links, l)
	return nil
}

func (c *call) linkTypeIn(v any) *LinkType {
	return find(c.s.world.LinkTypes, func(t *LinkType) bool { return same(t.Name, ref(v, "name")) || t.ID == ref(v, "id") && t.ID != "" })
}

func (c *call) draft(i *Issue, p *Project) (*draft, error) {
	copied, err := statefile.Copy(i)
	if err != nil {
		return nil, err
	}
	return &draft{Issue: copied, project: p}, nil
}

// keep makes a draft the issue, with an entry in its history if a field changed.
func (c *call) keep(i *Issue, d *draft) error {
	var items []ChangeItem
	note := func(f *field) {
		if from, to := f.words(i), f.words(d.Issue); from != to {
			items = append(items, ChangeItem{Field: f.id, Name: f.name, From: from, To: to})
		}
	}
	if i.Status != d.Status {
		items = append(items, ChangeItem{Field: "status", Name: "status", From: i.Status, To: d.Status})
	}
	for _, id := range slices.Sorted(maps.Keys(c.s.systems)) {
		note(c.s.systems[id])
	}
	for _, f := range c.s.world.Fields {
		note(f.field())
	}
	for _, l := range d.links {
		l.ID = c.s.newID()
		c.s.world.Links = append(c.s.world.Links, l)
	}
	now := c.s.now()
	if items != nil {
		d.History = append(d.History, &Change{ID: c.s.next(), Author: c.person.Name, At: now, Items: items})
	}
	if i.Status != d.Status {
		d.StatusChange = now
	}
	if i.Resolution != d.Resolution {
		d.Resolved = now
		if d.Resolution == "" {
			d.Resolved = time.Time{}
		}
	}
	if items != nil || d.comment || d.links != nil {
		d.Updated = now
	}
	*i = *d.Issue
	return c.s.index.note(i.ID, i, now)
}

// properties sets what came along with a request.
func (d *draft) properties(in update) error {
	for _, p := range in.Properties {
		if p.Key == "" || len(p.Key) > 255 {
			return refuse(http.StatusBadRequest, "The property key must have between 1 and 255 characters.")
		}
		if d.Properties == nil {
			d.Properties = map[string]any{}
		}
		d.Properties[p.Key] = p.Value
	}
	return nil
}

package jira

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

func createIssue(c *call) (any, error) {
	var in update
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	i, err := c.create(in)
	if err != nil {
		return nil, err
	}
	return answer{status: http.StatusCreated, body: object{"id": decimal(i.ID), "key": i.Key, "self": c.self("/issue/" + decimal(i.ID))}}, nil
}

// create makes an issue, or says everything that is wrong with it.
func (c *call) create(in update) (*Issue, error) {
	p, t, err := c.place(in)
	if err != nil {
		return nil, err
	}
	now := c.s.now()
	blank := &Issue{Project: p.Key, Type: t.Name, Status: p.Workflow.Statuses[0].Name, Reporter: c.person.Name, Creator: c.person.Name, Created: now, Updated: now, StatusChange: now}
	d := &draft{Issue: blank, project: p}
	d.Key = fmt.Sprintf("%s-%d", p.Key, p.LastNumber+1)
	screen := p.screen(t)
	if onScreen(screen, "priority") != nil {
		d.Priority = "Medium"
	}
	for _, x := range screen {
		if f := c.s.field(x.Field); f != nil && x.Default != nil {
			if err := f.set(c, d.Issue, "set", x.Default); err != nil {
				return nil, fmt.Errorf("default of %s: %w", x.Field, err)
			}
		}
	}
	rest := in
	rest.Fields = map[string]any{}
	for id, v := range in.Fields {
		if id != "project" && id != "issuetype" {
			rest.Fields[id] = v
		}
	}
	if err := c.apply(d, screen, rest); err != nil {
		return nil, err
	}
	if t.Subtask && d.Parent == "" {
		return nil, invalid(map[string]string{"issuetype": "Issue type is a sub-task but parent issue key or id not specified."})
	}
	if err := d.properties(in); err != nil {
		return nil, err
	}
	p.LastNumber++
	d.ID = c.s.next()
	for _, l := range d.links {
		l.ID = c.s.newID()
		c.s.world.Links = append(c.s.world.Links, l)
	}
	c.s.world.Issues = append(c.s.world.Issues, d.Issue)
	return d.Issue, c.s.index.note(d.ID, d.Issue, now)
}

// place finds the project and the type of a new issue.
func (c *call) place(in update) (*Project, *IssueType, error) {
	name := ref(in.Fields["project"], "id", "key")
	if name == "" {
		return nil, nil, invalid(map[string]string{"project": "Specify a valid project ID or key"})
	}
	p := c.s.world.Project(name)
	if p == nil || !p.may(c.person, Browse) {
		return nil, nil, invalid(map[string]string{"project": "valid project is required"})
	}
	if !p.may(c.person, Create) {
		return nil, nil, forbidden("create issues in this project")
	}
	name = ref(in.Fields["issuetype"], "id", "name")
	if name == "" {
		return nil, nil, invalid(map[string]string{"issuetype": "Specify an issue type"})
	}
	t := p.Type(name)
	if t == nil {
		return nil, nil, invalid(map[string]string{"issuetype": "Specify a valid issue type"})
	}
	return p, t, nil
}

func getIssue(c *call) (any, error) {
	i, _, err := c.issue()
	if err != nil {
		return nil, err
	}
	return c.showIssue(i, c.words("fields"), c.words("expand"), c.words("properties")), nil
}

// showIssue is an issue with the fields that were asked for; none asked means all.
func (c *call) showIssue(i *Issue, fields, expand, properties []string) object {
	o := object{"expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations", "id": decimal(i.ID), "key": i.Key,
		"self": c.self("/issue/" + decimal(i.ID)), "fields": c.fieldsOf(i, wanted(fields))}
	if slices.Contains(expand, "changelog") {
		o["changelog"] = object{"startAt": 0, "maxResults": len(i.History), "total": len(i.History), "histories": render(newestFirst(i.History), c.change)}
	}
	if slices.Contains(expand, "transitions") {
		o["transitions"] = c.transitions(i, c.s.world.Project(i.Project), false)
	}
	if len(properties) > 0 {
		found := object{}
		for _, key := range properties {
			if v, ok := i.Properties[key]; ok {
				found[key] = v
			}
		}
		o["properties"] = found
	}
	return o
}

func newestFirst(history []*Change) []*Change {
	out := slices.Clone(history)
	slices.Reverse(out)
	return out
}

// wanted says which fields a list names: *all, *navigable (all but comments), names, and names to leave out, with a dash.
func wanted(names []string) func(string) bool {
	all, navigable, some := len(names) == 0, false, false
	yes, no := map[string]bool{}, map[string]bool{}
	for _, n := range names {
		switch without, minus := strings.CutPrefix(n, "-"); {
		case n == "*all":
			all = true
		case n == "*navigable":
			navigable = true
		case minus:
			no[without] = true
		default:
			yes[n], some = true, true
		}
	}
	if len(no) > 0 && !some && !navigable {
		all = true
	}
	return func(id string) bool {
		return !no[id] && (all || yes[id] || navigable && id != "comment")
	}
}

// fieldsOf is an issue's fields, those that were asked for.
func (c *call) fieldsOf(i *Issue, want func(string) bool) object {
	o := object{}
	put := func(id string, value func() any) {
		if want(id) {
			o[id] = value()
		}
	}
	for id, f := range c.s.systems {
		if (id == "parent" || id == "security") && f.words(i) == "" {
			continue
		}
		put(id, func() any { return f.get(c, i) })
	}
	for _, f := range c.s.world.Fields {
		put(f.ID, func() any { return f.get(c, i) })
	}
	status := c.s.world.Status(i.Status)
	put("status", func() any { return c.status(status) })
	put("creator", func() any { return c.user(i.Creator) })
	put("created", func() any { return stamp(i.Created) })
	put("updated", func() any { return stamp(i.Updated) })
	put("resolutiondate", func() any { return stamp(i.Resolved) })
	put("issuelinks", func() any { return c.issueLinks(i) })
	put("subtasks", func() any { return c.subtasks(i) })
	put("comment", func() any {
		return object{"self": c.self("/issue/" + decimal(i.ID) + "/comment"), "startAt": 0, "maxResults": len(i.Comments), "total": len(i.Comments),
			"comments": render(i.Comments, func(m *Comment) object { return c.comment(i, m) })}
	})
	if c.s.world.Deployment == Cloud {
		put("statusCategory", func() any { return c.category(status.Category) })
		put("statuscategorychangedate", func() any { return stamp(i.StatusChange) })
	}
	return o
}

func (c *call) subtasks(i *Issue) []any {
	out := []any{}
	for _, other := range c.s.world.Issues {
		if other.Parent == i.Key && c.s.world.Project(other.Project).Type(other.Type).Subtask {
			out = append(out, c.issueRef(other.Key))
		}
	}
	return out
}

func editIssue(c *call) (any, error) {
	i, p, err := c.write(Edit, "edit issues in this project")
	if err != nil {
		return nil, err
	}
	var in update
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.edit(i, p, in); err != nil {
		return nil, err
	}
	if c.r.URL.Query().Get("returnIssue") == "true" && c.s.world.Deployment == Cloud {
		return c.showIssue(i, nil, nil, nil), nil
	}
	return answer{status: http.StatusNoContent}, nil
}

// edit changes an issue as its edit screen allows.
func (c *call) edit(i *Issue, p *Project, in update) error {
	d, err := c.draft(i, p)
	if err != nil {
		return err
	}
	screen := slices.Clone(p.screen(p.Type(i.Type)))
	for n, x := range screen { // what nobody touches can stay as it is
		_, set := in.Fields[x.Field]
		_, changed := in.Update[x.Field]
		screen[n].Required = x.Required && (set || changed)
	}
	if err := c.apply(d, screen, in); err != nil {
		return err
	}
	if err := d.properties(in); err != nil {
		return err
	}
	return c.keep(i, d)
}

func deleteIssue(c *call) (any, error) {
	i, _, err := c.write(Delete, "delete issues in this project")
	if err != nil {
		return nil, err
	}
	if len(c.subtasks(i)) > 0 && c.r.URL.Query().Get("deleteSubtasks") != "true" {
		return nil, badRequest("The issue '%s' has subtasks.  You must specify the 'deleteSubtasks' parameter to delete this issue and all its subtasks.", i.Key)
	}
	return answer{status: http.StatusNoContent}, c.s.remove(i)
}

// remove deletes an issue with its subtasks and links. Its key is never given again.
func (s *Server) remove(i *Issue) error {
	for _, other := range slices.Clone(s.world.Issues) {
		if other.Parent != i.Key {
			continue
		}
		if !s.world.Project(other.Project).Type(other.Type).Subtask {
			other.Parent = ""
		} else if err := s.remove(other); err != nil {
			return err
		}
	}
	s.world.Issues = slices.DeleteFunc(s.world.Issues, func(o *Issue) bool { return o == i })
	s.world.Links = slices.DeleteFunc(s.world.Links, func(l *Link) bool { return l.Inward == i.Key || l.Outward == i.Key })
	return s.index.note(i.ID, nil, s.now())
}

func assignIssue(c *call) (any, error) {
	i, p, err := c.write(Assign, "assign issues in this project")
	if err != nil {
		return nil, err
	}
	var who map[string]any
	if err := c.decode(&who); err != nil {
		return nil, err
	}
	d, err := c.draft(i, p)
	if err != nil {
		return nil, err
	}
	if err := setAssignee(c, d.Issue, "set", who); err != nil {
		return nil, invalid(map[string]string{"assignee": err.Error()})
	}
	return answer{status: http.StatusNoContent}, c.keep(i, d)
}

func getChangelog(c *call) (any, error) {
	i, _, err := c.issue()
	if err != nil {
		return nil, err
	}
	changes, startAt, size, err := page(c, i.History, 100, 100)
	if err != nil {
		return nil, err
	}
	return object{"self": c.self("/issue/" + i.Key + "/changelog"), "startAt": startAt, "maxResults": size, "total": len(i.History),
		"isLast": startAt+len(changes) >= len(i.History), "values": render(changes, c.change)}, nil
}

package jira

import (
	"net/url"
	"strconv"
	"time"
)

// stamp is a time as Jira writes it; null for none.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000-0700")
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// user is an account as it is shown inside other things; null for nobody.
func (c *call) user(name string) any {
	p := c.s.world.Person(name)
	if p == nil {
		return nil
	}
	return c.account(p)
}

func (c *call) account(p *Person) object {
	o := object{"displayName": p.DisplayName, "emailAddress": p.Email, "active": !p.Inactive, "timeZone": "Etc/UTC", "avatarUrls": object{"48x48": c.host + "/ui/jira/avatar/" + url.PathEscape(p.Name)}}
	if c.s.world.Deployment == Cloud {
		o["accountId"], o["accountType"], o["self"] = p.ID, "atlassian", c.self("/user?accountId="+url.QueryEscape(p.ID))
	} else {
		o["key"], o["name"], o["self"] = p.ID, p.Name, c.self("/user?username="+url.QueryEscape(p.Name))
	}
	return o
}

func (c *call) named(kind string, n *Named) object {
	return object{"self": c.self("/" + kind + "/" + n.ID), "id": n.ID, "name": n.Name, "description": ""}
}

func (c *call) priority(n *Named) object {
	o := c.named("priority", n)
	o["iconUrl"], o["statusColor"] = c.host+"/ui/jira/priority/"+n.ID, "#888888"
	return o
}

// byName shows what a name stands for; null if there is none.
func byName(list []*Named, name string, shape func(*Named) object) any {
	n := find(list, func(n *Named) bool { return n.Name == name })
	if n == nil {
		return nil
	}
	return shape(n)
}

var categories = []struct {
	id    int
	key   Category
	name  string
	color string
}{{2, ToDo, "To Do", "blue-gray"}, {4, InProgress, "In Progress", "yellow"}, {3, Done, "Done", "green"}}

func (c *call) category(key Category) object {
	for _, k := range categories {
		if k.key == key {
			return object{"self": c.self("/statuscategory/" + strconv.Itoa(k.id)), "id": k.id, "key": string(k.key), "name": k.name, "colorName": k.color}
		}
	}
	return nil
}

func (c *call) status(s *Status) object {
	return object{"self": c.self("/status/" + s.ID), "id": s.ID, "name": s.Name, "description": "", "iconUrl": c.host + "/", "statusCategory": c.category(s.Category)}
}

func (c *call) issueType(t *IssueType) object {
	o := object{"self": c.self("/issuetype/" + t.ID), "id": t.ID, "name": t.Name, "description": "", "iconUrl": c.host + "/", "subtask": t.Subtask}
	if c.s.world.Deployment == Cloud {
		o["hierarchyLevel"] = t.hierarchy()
	}
	return o
}

func (t *IssueType) hierarchy() int {
	switch {
	case t.Epic:
		return 1
	case t.Subtask:
		return -1
	}
	return 0
}

func (c *call) projectRef(p *Project) object {
	return object{"self": c.self("/project/" + p.ID), "id": p.ID, "key": p.Key, "name": p.Name, "projectTypeKey": "software"}
}

func (c *call) fullProject(p *Project) object {
	o := c.projectRef(p)
	o["lead"], o["description"], o["assigneeType"] = c.user(p.Lead), "", "UNASSIGNED"
	if o["lead"] == nil {
		delete(o, "lead")
	}
	o["components"] = render(p.Components, func(n *Named) object { return c.component(p, n) })
	o["issueTypes"] = render(p.Types, c.issueType)
	o["versions"], o["roles"] = []object{}, object{}
	return o
}

func (c *call) component(p *Project, n *Named) object {
	id, _ := strconv.Atoi(p.ID)
	return object{"self": c.self("/component/" + n.ID), "id": n.ID, "name": n.Name, "project": p.Key, "projectId": id}
}

// text is rich text in this version's form; null if empty.
func (c *call) text(t Text) any {
	switch {
	case t.Wiki == "" && t.Document == nil:
		return nil
	case c.version == "3":
		return t.document()
	}
	return t.Wiki
}

func (c *call) comment(i *Issue, m *Comment) object {
	return object{"self": c.self("/issue/" + decimal(i.ID) + "/comment/" + decimal(m.ID)), "id": decimal(m.ID), "author": c.user(m.Author), "updateAuthor": c.user(m.Editor),
		"body": c.text(m.Body), "created": stamp(m.Created), "updated": stamp(m.Updated), "jsdPublic": true}
}

func (c *call) remoteLink(i *Issue, l *RemoteLink) object {
	o := object{"id": l.ID, "self": c.self("/issue/" + i.Key + "/remotelink/" + decimal(l.ID)), "object": l.Object}
	if l.GlobalID != "" {
		o["globalId"] = l.GlobalID
	}
	if l.Relationship != "" {
		o["relationship"] = l.Relationship
	}
	if l.Application != nil {
		o["application"] = l.Application
	}
	return o
}

// issueRef is an issue inside another one's fields.
func (c *call) issueRef(key string) any {
	i := c.s.world.Issue(key)
	if i == nil {
		return nil
	}
	p := c.s.world.Project(i.Project)
	return object{"id": decimal(i.ID), "key": i.Key, "self": c.self("/issue/" + decimal(i.ID)), "fields": object{"summary": i.Summary,
		"status": c.status(c.s.world.Status(i.Status)), "priority": byName(c.s.world.Priorities, i.Priority, c.priority), "issuetype": c.issueType(p.Type(i.Type))}}
}

func (c *call) linkType(t *LinkType) object {
	return object{"self": c.self("/issueLinkType/" + t.ID), "id": t.ID, "name": t.Name, "inward": t.Inward, "outward": t.Outward}
}

func (c *call) linkTypeNamed(name string) *LinkType {
	return find(c.s.world.LinkTypes, func(t *LinkType) bool { return t.Name == name })
}

// issueLinks shows the links of an issue, each from its side.
func (c *call) issueLinks(i *Issue) []object {
	out := []object{}
	for _, l := range c.s.world.Links {
		o := object{"id": l.ID, "self": c.self("/issueLink/" + l.ID), "type": c.linkType(c.linkTypeNamed(l.Type))}
		switch i.Key {
		case l.Inward:
			o["outwardIssue"] = c.issueRef(l.Outward)
		case l.Outward:
			o["inwardIssue"] = c.issueRef(l.Inward)
		default:
			continue
		}
		out = append(out, o)
	}
	return out
}

func (c *call) change(h *Change) object {
	items := []object{}
	for _, x := range h.Items {
		items = append(items, object{"field": x.Name, "fieldId": x.Field, "fieldtype": "jira", "fromString": x.From, "toString": x.To})
	}
	return object{"id": decimal(h.ID), "author": c.user(h.Author), "created": stamp(h.At), "items": items}
}

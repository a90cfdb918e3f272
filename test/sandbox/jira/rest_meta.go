package jira

import (
	"net/http"
	"slices"
)

// fieldMeta says what can be done with a field on a screen.
func (c *call) fieldMeta(p *Project, f *field, x ScreenField) object {
	o := object{"required": x.Required, "schema": f.schema, "name": f.name, "key": f.id, "hasDefaultValue": x.Default != nil, "operations": f.ops}
	if x.Default != nil {
		o["defaultValue"] = x.Default
	}
	if f.id == "priority" || f.id == "reporter" {
		o["hasDefaultValue"] = true
	}
	if f.allowed != nil {
		o["allowedValues"] = f.allowed(c, p)
	}
	if f.id == "labels" {
		o["autoCompleteUrl"] = c.host + "/rest/api/1.0/labels/suggest?query="
	}
	return o
}

// createProject finds the project the route names, for somebody who may create issues in it.
func (c *call) createProject() (*Project, error) {
	p := c.s.world.Project(c.params["projectIdOrKey"])
	if p == nil || !p.may(c.person, Browse) || !p.may(c.person, Create) {
		return nil, badRequest("The project '%s' does not exist or you do not have permission to create issues in it.", c.params["projectIdOrKey"])
	}
	return p, nil
}

// paged is a page of createmeta: Cloud and Data Center name the list differently.
func paged(c *call, name string, all []object) (any, error) {
	values, startAt, size, err := page(c, all, 50, 200)
	if err != nil {
		return nil, err
	}
	o := object{"startAt": startAt, "maxResults": size, "total": len(all)}
	if c.s.world.Deployment == DataCenter {
		o["values"], o["isLast"] = values, startAt+len(values) >= len(all)
	} else {
		o[name] = values
	}
	return o, nil
}

func getCreateTypes(c *call) (any, error) {
	p, err := c.createProject()
	if err != nil {
		return nil, err
	}
	return paged(c, "issueTypes", render(p.Types, c.issueType))
}

func getCreateFields(c *call) (any, error) {
	p, err := c.createProject()
	if err != nil {
		return nil, err
	}
	t := find(p.Types, func(t *IssueType) bool { return t.ID == c.params["issueTypeId"] })
	if t == nil {
		return nil, badRequest("The issue type with id '%s' does not exist in this project.", c.params["issueTypeId"])
	}
	fields := []object{}
	for _, x := range p.screen(t) {
		if f := c.s.field(x.Field); f != nil {
			o := c.fieldMeta(p, f, x)
			o["fieldId"] = f.id
			if c.s.world.Deployment == DataCenter {
				delete(o, "key")
			}
			fields = append(fields, o)
		}
	}
	return paged(c, "fields", fields)
}

// getOldCreateMeta is deprecated on Cloud and gone from Data Center 9.0.
func getOldCreateMeta(c *call) (any, error) {
	if c.s.world.Deployment == DataCenter && !c.s.opt.OldCreateMeta {
		return nil, refuse(http.StatusNotFound, "Issue Does Not Exist")
	}
	keys, ids, fields := c.words("projectKeys"), c.words("projectIds"), slices.Contains(c.words("expand"), "projects.issuetypes.fields")
	types, typeIDs := c.words("issuetypeNames"), c.words("issuetypeIds")
	projects := []object{}
	for _, p := range c.s.world.Projects {
		if !p.may(c.person, Create) || len(keys)+len(ids) > 0 && !slices.Contains(keys, p.Key) && !slices.Contains(ids, p.ID) {
			continue
		}
		list := []object{}
		for _, t := range p.Types {
			if len(types)+len(typeIDs) > 0 && !slices.Contains(types, t.Name) && !slices.Contains(typeIDs, t.ID) {
				continue
			}
			o := c.issueType(t)
			if fields {
				o["fields"] = c.screenFields(p, p.screen(t))
			}
			list = append(list, o)
		}
		projects = append(projects, object{"self": c.self("/project/" + p.ID), "id": p.ID, "key": p.Key, "name": p.Name, "issuetypes": list})
	}
	return object{"expand": "projects", "projects": projects}, nil
}

func getEditMeta(c *call) (any, error) {
	i, p, err := c.issue()
	if err != nil {
		return nil, err
	}
	screen := p.screen(p.Type(i.Type))
	if !p.may(c.person, Edit) {
		screen = nil
	}
	fields := c.screenFields(p, screen)
	delete(fields, "project")
	return object{"fields": fields}, nil
}

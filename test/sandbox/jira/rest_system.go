package jira

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

func getServerInfo(c *call) (any, error) {
	o := object{"baseUrl": c.host, "displayUrl": c.host, "serverTitle": "Sandbox", "scmInfo": "0000000", "serverTime": stamp(c.s.now()), "buildDate": "2026-01-01T00:00:00.000+0000"}
	if c.s.world.Deployment == Cloud {
		o["deploymentType"], o["version"], o["versionNumbers"], o["buildNumber"] = "Cloud", "1001.0.0-SNAPSHOT", []int{1001, 0, 0}, 100_000
	} else {
		o["deploymentType"], o["version"], o["versionNumbers"], o["buildNumber"] = "Server", "10.3.0", []int{10, 3, 0}, 10_030_000
	}
	return o, nil
}

func getMyself(c *call) (any, error) { return c.account(c.person), nil }

func getMyPermissions(c *call) (any, error) {
	query := c.r.URL.Query()
	asked := c.words("permissions")
	if len(asked) == 0 && c.s.world.Deployment == Cloud {
		return nil, badRequest("The 'permissions' query parameter is required.")
	}
	var p *Project
	if name := query.Get("projectKey") + query.Get("projectId"); name != "" {
		if p = c.s.world.Project(name); p == nil || !p.may(c.person, Browse) {
			return nil, refuse(http.StatusNotFound, "No project could be found with key '"+name+"'.")
		}
	} else if key := query.Get("issueKey") + query.Get("issueId"); key != "" {
		if _, p = c.visible(key); p == nil {
			return nil, noIssue()
		}
	}
	out := object{}
	for _, k := range Everything() {
		if len(asked) > 0 && !slices.Contains(asked, string(k)) {
			continue
		}
		have := p != nil && p.may(c.person, k)
		if p == nil {
			have = slices.ContainsFunc(c.s.world.Projects, func(p *Project) bool { return p.may(c.person, k) })
		}
		out[string(k)] = object{"id": string(k), "key": string(k), "name": strings.ReplaceAll(strings.ToLower(string(k)), "_", " "), "type": "PROJECT", "description": "", "havePermission": have}
	}
	for _, k := range asked {
		if out[k] == nil {
			return nil, badRequest("Unrecognized permission: %s", k)
		}
	}
	return object{"permissions": out}, nil
}

func getUser(c *call) (any, error) {
	query := c.r.URL.Query()
	p := find(c.s.world.People, func(p *Person) bool {
		if c.s.world.Deployment == Cloud {
			return p.ID == query.Get("accountId")
		}
		return same(p.Name, query.Get("username")) || p.ID == query.Get("key")
	})
	if p == nil {
		return nil, refuse(http.StatusNotFound, "The user does not exist.")
	}
	return c.account(p), nil
}

func searchUsers(c *call) (any, error) {
	name := "query"
	if c.s.world.Deployment == DataCenter {
		name = "username"
	}
	query := strings.ToLower(c.r.URL.Query().Get(name))
	if query == "" {
		return nil, badRequest("The '%s' query parameter was not provided", name)
	}
	var found []*Person
	for _, p := range c.s.world.People {
		text := strings.ToLower(p.DisplayName + "\n" + p.Email)
		if c.s.world.Deployment == DataCenter {
			text += "\n" + strings.ToLower(p.Name)
		}
		if strings.Contains(text, query) {
			found = append(found, p)
		}
	}
	found, _, _, err := page(c, found, 50, 1000)
	return render(found, c.account), err
}

func getFields(c *call) (any, error) {
	out := []object{}
	add := func(f *field, custom bool) {
		out = append(out, object{"id": f.id, "key": f.id, "name": f.name, "custom": custom, "orderable": true, "navigable": true, "searchable": true, "clauseNames": []string{f.id}, "schema": f.schema})
	}
	for _, id := range slices.Sorted(maps.Keys(c.s.systems)) {
		add(c.s.systems[id], false)
	}
	for _, f := range c.s.world.Fields {
		add(f.field(), true)
	}
	return out, nil
}

func getPriorities(c *call) (any, error) { return render(c.s.world.Priorities, c.priority), nil }

func getResolutions(c *call) (any, error) {
	return render(c.s.world.Resolutions, func(n *Named) object { return c.named("resolution", n) }), nil
}

func getStatuses(c *call) (any, error) { return render(c.s.world.Statuses, c.status), nil }

func getCategories(c *call) (any, error) {
	out := []object{}
	for _, k := range categories {
		out = append(out, c.category(k.key))
	}
	return out, nil
}

func getLabels(c *call) (any, error) {
	seen := map[string]bool{}
	for _, i := range c.s.world.Issues {
		if c.s.world.Project(i.Project).sees(c.person, i) {
			for _, l := range i.Labels {
				seen[l] = true
			}
		}
	}
	all := slices.Sorted(maps.Keys(seen))
	labels, startAt, size, err := page(c, all, 1000, 1000)
	if err != nil {
		return nil, err
	}
	return object{"startAt": startAt, "maxResults": size, "total": len(all), "isLast": startAt+len(labels) >= len(all), "values": list(labels)}, nil
}

func getLinkTypes(c *call) (any, error) {
	return object{"issueLinkTypes": render(c.s.world.LinkTypes, c.linkType)}, nil
}

func getProjects(c *call) (any, error) {
	out := []object{}
	for _, p := range c.s.world.Projects {
		if p.may(c.person, Browse) {
			out = append(out, c.projectRef(p))
		}
	}
	return out, nil
}

func getProject(c *call) (any, error) {
	p, err := c.project("projectIdOrKey")
	if err != nil {
		return nil, err
	}
	return c.fullProject(p), nil
}

func getComponents(c *call) (any, error) {
	p, err := c.project("projectIdOrKey")
	if err != nil {
		return nil, err
	}
	return render(p.Components, func(n *Named) object { return c.component(p, n) }), nil
}

// getProjectStatuses lists the statuses that issues of each type can have.
func getProjectStatuses(c *call) (any, error) {
	p, err := c.project("projectIdOrKey")
	if err != nil {
		return nil, err
	}
	statuses := []object{}
	for _, s := range p.Workflow.Statuses {
		statuses = append(statuses, c.status(c.s.world.Status(s.Name)))
	}
	return render(p.Types, func(t *IssueType) object {
		return object{"self": c.self("/issuetype/" + t.ID), "id": t.ID, "name": t.Name, "subtask": t.Subtask, "statuses": statuses}
	}), nil
}

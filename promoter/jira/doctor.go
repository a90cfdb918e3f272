package jira

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter/wording"
)

// Verdict is the outcome of a check.
type Verdict string

// The verdicts. A warning is something that could not be asked for, or that
// will hurt soon.
const (
	Passed  Verdict = "ok"
	Warning Verdict = "warning"
	Failed  Verdict = "failed"
)

// Check is one thing Doctor looked at.
type Check struct {
	Name    string
	Verdict Verdict
	Detail  string // what was seen
	Mend    string // what to do about it; "" when it passed
}

// Doctor checks the credentials and, for each route, that its tasks can be
// made: project, type, mandatory fields, and that everything the route names
// is there. It creates, changes and deletes nothing.
func (s *Surface) Doctor(ctx context.Context) []Check {
	checks := s.checkServer(ctx)
	if checks[len(checks)-1].Verdict == Failed {
		return checks
	}
	if err := s.learnFields(ctx); err != nil {
		return append(checks, failed("fields", err))
	}
	routes := 0
	for _, r := range s.config.Routes {
		if r.Jira == nil {
			continue
		}
		routes++
		c := &checkup{Surface: s, route: r, place: *r.Jira}
		c.look(ctx)
		if !slices.ContainsFunc(c.checks, func(c Check) bool { return c.Verdict != Passed }) {
			c.add(Passed, fmt.Sprintf("%s in %s can be made", cmp.Or(r.Jira.IssueType, defaultType), r.Jira.Project), "")
		}
		checks = append(checks, c.checks...)
	}
	if routes == 0 {
		checks = append(checks, Check{Name: "routes", Verdict: Warning, Detail: "no route has a jira part: no task will be made", Mend: "give a route in settings.yaml a jira part"})
	}
	return checks
}

func (s *Surface) checkServer(ctx context.Context) []Check {
	var server struct {
		Type    string `json:"deploymentType"`
		Version string `json:"version"`
	}
	if err := s.read(ctx, "serverInfo", &server); err != nil {
		return []Check{failed("server", err)}
	}
	ok := Check{Name: "server", Verdict: Passed, Detail: wording.Line(server.Type+" "+server.Version, 100)}
	if isCloud := server.Type == "Cloud"; isCloud != (s.config.Deployment == Cloud) {
		ok.Verdict, ok.Mend = Failed, fmt.Sprintf("jira.deployment is %q: set the other one of %s and %s", s.config.Deployment, Cloud, DataCenter)
		return []Check{ok}
	}
	var me struct {
		person
		Display string `json:"displayName"`
	}
	if err := s.read(ctx, "myself", &me); err != nil {
		return []Check{ok, failed("credentials", err)}
	}
	return []Check{ok, {Name: "credentials", Verdict: Passed, Detail: wording.Line(cmp.Or(me.Display, me.id()), 100)}}
}

// failed says what an error kept from being looked at.
func failed(name string, err error) Check {
	c := Check{Name: name, Verdict: Failed, Detail: err.Error()}
	var no *answerError
	switch {
	case !errors.As(err, &no):
	case no.status == http.StatusUnauthorized:
		c.Mend = mendCredentials
	case no.status != http.StatusForbidden:
		c.Mend = "check jira.url and jira.deployment"
	}
	return c
}

// checkup looks over one route.
type checkup struct {
	*Surface
	route  settings.Route
	place  settings.JiraRoute
	checks []Check
}

func (c *checkup) add(v Verdict, detail, mend string) {
	c.checks = append(c.checks, Check{Name: "route " + c.route.Name, Verdict: v, Detail: detail, Mend: mend})
}

func (c *checkup) fail(mend, format string, args ...any) {
	c.add(Failed, fmt.Sprintf(format, args...), mend)
}

func (c *checkup) look(ctx context.Context) {
	types, err := c.issueTypes(ctx, c.place.Project)
	var no *answerError
	if errors.As(err, &no) && (no.status == http.StatusBadRequest || no.status == http.StatusNotFound) {
		c.fail("check jira.project of the route, and that Sluice's account may create issues in it", "project %s: %s", c.place.Project, no.Error())
		return
	}
	if err != nil {
		c.checks = append(c.checks, failed("route "+c.route.Name, err))
		return
	}
	name := cmp.Or(c.place.IssueType, defaultType)
	n := slices.IndexFunc(types, func(t issueType) bool { return strings.EqualFold(t.Name, name) && !t.Subtask })
	if n < 0 {
		var names []string
		for _, t := range types {
			if !t.Subtask {
				names = append(names, t.Name)
			}
		}
		c.fail("set issue_type to one of: "+choice(names), "project %s has no issue type %q", c.place.Project, name)
		return
	}
	fields, err := c.createFields(ctx, c.place.Project, types[n].ID)
	if err != nil {
		c.checks = append(c.checks, failed("route "+c.route.Name, err))
		return
	}
	c.screen(fields)
	for _, look := range []func(context.Context) error{c.permissions, c.statuses, c.resolutions, c.people} {
		if err := look(ctx); err != nil {
			c.checks = append(c.checks, failed("route "+c.route.Name, err))
		}
	}
}

// setting is something a route sets, where it stands in the settings, and the
// field that has to take it.
type setting struct {
	key, field string
	value      any
}

func (c *checkup) settings() []setting {
	p := c.place
	all := []setting{{"", "summary", nil}, {"", "description", nil}, {"labels", "labels", nil}}
	add := func(set bool, s setting) {
		if set {
			all = append(all, s)
		}
	}
	add(p.Priority != "", setting{"priority", "priority", map[string]any{"name": p.Priority}})
	add(p.SecurityLevel != "", setting{"security_level", "security", map[string]any{"name": p.SecurityLevel}})
	add(len(p.Components) > 0, setting{"components", "components", named(p.Components)})
	add(len(p.Due) > 0, setting{"due", "duedate", nil})
	add(c.route.Assignee != "", setting{"assignee", "assignee", nil})
	if p.Epic != "" && c.config.Deployment == Cloud {
		add(true, setting{"epic", "parent", nil})
	} else if p.Epic != "" {
		add(true, setting{"epic", cmp.Or(c.epicField(), "Epic Link"), nil})
	}
	for name, value := range p.Fields {
		c.mu.Lock()
		id := cmp.Or(c.fields[name], name)
		c.mu.Unlock()
		all = append(all, setting{"fields." + name, id, value})
	}
	slices.SortStableFunc(all, func(a, b setting) int { return cmp.Compare(a.key, b.key) })
	return all
}

// screen compares what the route sets with what the screen takes and requires.
func (c *checkup) screen(fields []metaField) {
	taken := map[string]bool{"project": true, "issuetype": true, "reporter": true}
	for _, s := range c.settings() {
		taken[s.field] = true
		n := slices.IndexFunc(fields, func(f metaField) bool { return f.ID == s.field })
		switch {
		case n < 0 && s.field == "summary":
		case n < 0:
			mend := fmt.Sprintf("ask a Jira administrator to put %q on the screen that creates %s in %s", s.field, cmp.Or(c.place.IssueType, defaultType), c.place.Project)
			if s.key != "" && s.key != "labels" {
				mend += ", or take " + s.key + " from the route"
			}
			c.fail(mend, "field %q cannot be set when an issue is created", s.field)
		case s.value != nil:
			if bad := fields[n].wrong(s.value); bad != "" {
				c.fail(fmt.Sprintf("set %s to one of: %s", s.key, choice(fields[n].names())), "%s: %s is not among the values of %q", s.key, wording.Line(bad, 100), fields[n].Name)
			}
		}
	}
	for _, f := range fields {
		if f.Required && !f.HasDefault && !taken[f.ID] {
			mend := fmt.Sprintf("give it a value under jira.fields of the route: %q", f.ID)
			if names := f.names(); names != nil {
				mend += ", one of: " + choice(names)
			}
			c.fail(mend, "field %q is mandatory in %s and has no value", wording.Line(f.Name, 100), c.place.Project)
		}
	}
}

// permissions asks for what the route's verbs need.
func (c *checkup) permissions(ctx context.Context) error {
	need := []string{"BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "LINK_ISSUES"}
	if c.place.WithdrawnStatus+c.place.FixedStatus != "" {
		need = append(need, "TRANSITION_ISSUES")
	}
	if c.place.SecurityLevel != "" {
		need = append(need, "SET_ISSUE_SECURITY")
	}
	if c.route.Assignee != "" {
		need = append(need, "ASSIGN_ISSUES")
	}
	var have struct {
		Permissions map[string]struct {
			Have bool `json:"havePermission"`
		} `json:"permissions"`
	}
	query := url.Values{"projectKey": {c.place.Project}, "permissions": {strings.Join(need, ",")}}
	if err := c.read(ctx, "mypermissions?"+query.Encode(), &have); err != nil {
		return err
	}
	need = slices.DeleteFunc(need, func(p string) bool { return have.Permissions[p].Have })
	if len(need) > 0 {
		c.fail("give Sluice's account these permissions in project "+c.place.Project, "missing: %s", strings.Join(need, ", "))
	}
	return nil
}

// statuses checks that what a task may be handed back to exists. Whether a
// transition leads there is known of an issue only.
func (c *checkup) statuses(ctx context.Context) error {
	if c.place.WithdrawnStatus+c.place.FixedStatus == "" {
		return nil
	}
	var types []struct {
		Name     string   `json:"name"`
		Statuses []status `json:"statuses"`
	}
	if err := c.read(ctx, "project/"+url.PathEscape(c.place.Project)+"/statuses", &types); err != nil {
		return err
	}
	var names []string
	for _, t := range types {
		if strings.EqualFold(t.Name, cmp.Or(c.place.IssueType, defaultType)) {
			for _, s := range t.Statuses {
				names = append(names, s.Name)
			}
		}
	}
	c.oneOf("withdrawn_status", c.place.WithdrawnStatus, names)
	c.oneOf("fixed_status", c.place.FixedStatus, names)
	return nil
}

func (c *checkup) resolutions(ctx context.Context) error {
	if c.place.WithdrawnResolution+c.place.FixedResolution == "" {
		return nil
	}
	var all []struct{ Name string }
	if err := c.read(ctx, "resolution", &all); err != nil {
		return err
	}
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
	}
	c.oneOf("withdrawn_resolution", c.place.WithdrawnResolution, names)
	c.oneOf("fixed_resolution", c.place.FixedResolution, names)
	return nil
}

func (c *checkup) oneOf(key, value string, names []string) {
	if value != "" && !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, value) }) {
		c.fail(fmt.Sprintf("set %s to one of: %s", key, choice(names)), "%s: project %s knows no %q", key, c.place.Project, value)
	}
}

// people checks the assignee and the epic.
func (c *checkup) people(ctx context.Context) error {
	t := &task{Surface: c.Surface, route: c.route, place: c.place}
	for key, id := range t.assignee(c.route.Assignee) {
		if key == "name" {
			key = "username"
		}
		var p struct {
			Active bool `json:"active"`
		}
		err := c.read(ctx, "user?"+url.Values{key: {fmt.Sprint(id)}}.Encode(), &p)
		if c.missing(err) || err == nil && !p.Active {
			c.fail("set the route's assignee to a login that `people` joins to a Jira account, or to an account of Jira's", "assignee: Jira knows no active account %q", fmt.Sprint(id))
		} else if err != nil {
			return err
		}
	}
	if c.place.Epic == "" {
		return nil
	}
	var epic issue
	err := c.read(ctx, "issue/"+url.PathEscape(c.place.Epic)+"?fields=status", &epic)
	if c.missing(err) {
		c.fail("set epic to the key of an epic that Sluice's account may see", "epic: there is no issue %s", c.place.Epic)
		return nil
	}
	if err == nil && epic.Fields.Status.Category.Key == categoryDone {
		c.add(Warning, fmt.Sprintf("epic %s is done", c.place.Epic), "name another one in epic, or none")
	}
	return err
}

func (c *checkup) missing(err error) bool {
	var no *answerError
	return errors.As(err, &no) && (no.status == http.StatusNotFound || no.status == http.StatusBadRequest)
}

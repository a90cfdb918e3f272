package jira_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

// TestWhatCreatingRefuses names the field and says why, for each thing that is wrong, and keeps nothing.
func TestWhatCreatingRefuses(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		ok := func() m {
			return m{"project": m{"key": "PAY"}, "issuetype": m{"name": "Bug"}, "summary": "A bug", f.team: m{"value": "Web"}}
		}
		for name, test := range map[string]struct {
			field string
			value any
			on    string
			says  string
		}{
			"no project":                {"project", nil, "project", "valid project"},
			"an unknown project":        {"project", m{"key": "NO"}, "project", "valid project is required"},
			"no type":                   {"issuetype", nil, "issuetype", "issue type"},
			"an unknown type":           {"issuetype", m{"name": "Story"}, "issuetype", "valid issue type"},
			"no summary":                {"summary", nil, "summary", "must specify a summary"},
			"a summary of two lines":    {"summary", "a\nb", "summary", "newline"},
			"a long summary":            {"summary", strings.Repeat("ä", 256), "summary", "255"},
			"a long description":        {"description", strings.Repeat("x", 32_768), "description", "32,767"},
			"characters of two units":   {"description", strings.Repeat("😀", 16_384), "description", "32,767"},
			"a label with a space":      {"labels", []any{"a b"}, "labels", "spaces"},
			"labels that are no list":   {"labels", "a", "labels", "array"},
			"an unknown priority":       {"priority", m{"name": "P1"}, "priority", "not valid"},
			"an unknown option":         {f.team, m{"value": "Ops"}, f.team, "not valid"},
			"no required field":         {f.team, nil, f.team, "Team is required."},
			"an unknown field":          {"customfield_1", "x", "customfield_1", "not on the appropriate screen"},
			"a field on another screen": {"components", []any{m{"name": "api"}}, "components", "not on the appropriate screen"},
			"a bad date":                {"duedate", "01/02/2026", "duedate", "date"},
			"an unknown level":          {"security", m{"name": "Public"}, "security", "not valid"},
		} {
			fields := ok()
			if fields[test.field] = test.value; test.value == nil {
				delete(fields, test.field)
			}
			r := f.ask("sluice", "POST", "/rest/api/2/issue", m{"fields": fields})
			if r.status != 400 || !strings.Contains(r.wrong(test.on), test.says) {
				t.Errorf("%s: %d %s", name, r.status, r.text)
			}
		}
		if r := f.ask("sluice", "POST", "/rest/api/2/issue", "{"); r.status != 400 || !strings.Contains(r.text, "parsing JSON") {
			t.Errorf("no JSON: %d %s", r.status, r.text)
		}
		fields := ok()
		fields["summary"], fields["labels"] = nil, []any{"a b"}
		if r := f.ask("sluice", "POST", "/rest/api/2/issue", m{"fields": fields}); r.wrong("summary") == "" || r.wrong("labels") == "" {
			t.Errorf("two faults: %s", r.text)
		}
		if n := len(f.world().Issues); n != 0 {
			t.Errorf("%d issues were made", n)
		}
		if r := f.ask("sluice", "POST", "/rest/api/2/issue", m{"fields": ok()}); r.status != 201 || r.at("key") != "PAY-1" {
			t.Errorf("all well: %d %s", r.status, r.text)
		}
		if d := f.issue("PAY-1"); d.Priority != "Medium" || d.Reporter != "sluice" || d.Status != "Open" {
			t.Errorf("defaults: %+v", d)
		}
	})
}

func TestEditing(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		for name, test := range map[string]struct {
			body   m
			status int
			labels []string
			says   string
		}{
			"add and remove":      {m{"update": m{"labels": []m{{"add": "new"}, {"remove": "theirs"}}}}, 204, []string{"new", "ours"}, ""},
			"adding twice":        {m{"update": m{"labels": []m{{"add": "ours"}}}}, 204, []string{"ours", "theirs"}, ""},
			"removing what isn't": {m{"update": m{"labels": []m{{"remove": "x"}}}}, 204, []string{"ours", "theirs"}, ""},
			"setting replaces":    {m{"fields": m{"labels": []string{"z", "a"}}}, 204, []string{"a", "z"}, ""},
			"the verb set":        {m{"update": m{"labels": []m{{"set": []string{"one"}}}}}, 204, []string{"one"}, ""},
			"in both":             {m{"fields": m{"labels": []string{"z"}}, "update": m{"labels": []m{{"add": "y"}}}}, 400, []string{"ours", "theirs"}, "both"},
			"an unknown verb":     {m{"update": m{"summary": []m{{"add": "y"}}}}, 400, []string{"ours", "theirs"}, "does not support operation"},
			"half wrong":          {m{"fields": m{"summary": ""}, "update": m{"labels": []m{{"add": "y"}}}}, 400, []string{"ours", "theirs"}, "must specify a summary"},
			"an unknown field":    {m{"fields": m{"severity": "high"}}, 400, []string{"ours", "theirs"}, "appropriate screen"},
			"a resolution":        {m{"fields": m{"resolution": m{"name": "Done"}}}, 400, []string{"ours", "theirs"}, "appropriate screen"},
		} {
			key := f.make(m{"labels": []any{"ours", "theirs"}})
			r := f.ask("sluice", "PUT", "/rest/api/2/issue/"+key, test.body)
			if r.status != test.status || !strings.Contains(r.text, test.says) {
				t.Errorf("%s: %d %s", name, r.status, r.text)
			}
			if diff := cmp.Diff(test.labels, f.issue(key).Labels); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		key := f.make(m{})
		r := f.ask("sluice", "PUT", "/rest/api/2/issue/"+key, m{"fields": m{"components": []m{{"name": "api"}}, "duedate": "2026-04-01"}, "update": m{"comment": []m{{"add": m{"body": "hello"}}}}})
		if i := f.issue(key); r.status != 204 || len(i.Comments) != 1 || i.Components[0] != "api" || i.Due != "2026-04-01" {
			t.Errorf("fields and a comment: %d %s %+v", r.status, r.text, i)
		}
		f.Busy(key, f.clock.Now().Add(time.Second))
		if r := f.ask("sluice", "PUT", "/rest/api/2/issue/"+key, m{"fields": m{"summary": "x"}}); r.status != 409 {
			t.Errorf("busy: %d", r.status)
		}
		f.clock.Pass(time.Second)
		if r := f.ask("sluice", "PUT", "/rest/api/2/issue/"+key, m{"fields": m{"summary": "x"}}); r.status != 204 {
			t.Errorf("no longer busy: %d", r.status)
		}
	})
}

func TestPeopleAreNamedAsTheDeploymentDoes(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		key, w := f.make(m{}), f.world()
		mine, other := "accountId", "name"
		id := w.Person("bob").ID
		if f.at == jira.DataCenter {
			mine, other, id = "name", "accountId", "bob"
		}
		if r := f.ask("sluice", "PUT", "/rest/api/2/issue/"+key+"/assignee", m{mine: id}); r.status != 204 || f.issue(key).Assignee != "bob" {
			t.Errorf("by %s: %d %s", mine, r.status, r.text)
		}
		if r := f.ask("sluice", "PUT", "/rest/api/2/issue/"+key, m{"fields": m{"assignee": m{other: id}}}); r.status != 400 || r.wrong("assignee") == "" {
			t.Errorf("by %s: %d %s", other, r.status, r.text)
		}
		if r := f.ask("sluice", "PUT", "/rest/api/2/issue/"+key, m{"fields": m{"assignee": nil}}); r.status != 204 || f.issue(key).Assignee != "" {
			t.Errorf("nobody: %d %s", r.status, r.text)
		}
		p := *w.Person("bob")
		p.Inactive = true
		f.AddPerson(p)
		if r := f.ask("sluice", "PUT", "/rest/api/2/issue/"+key, m{"fields": m{"assignee": m{mine: id}}}); r.status != 400 || !strings.Contains(r.wrong("assignee"), "cannot be assigned") {
			t.Errorf("who left: %d %s", r.status, r.text)
		}
	})
}

func TestTransitions(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		how := m{"resolution": m{"name": "Won't Do"}}
		for name, test := range map[string]struct {
			body       m
			status     int
			on, says   string
			to, ending string
		}{
			"a way without a screen":    {m{"transition": m{"id": "4"}}, 204, "", "", "In Progress", ""},
			"a screen filled in":        {m{"transition": m{"id": "5"}, "fields": how, "update": m{"comment": []m{{"add": m{"body": "no"}}}}}, 204, "", "", "Resolved", "Won't Do"},
			"a screen left empty":       {m{"transition": m{"id": "5"}}, 400, "resolution", "required", "Open", ""},
			"an unknown resolution":     {m{"transition": m{"id": "5"}, "fields": m{"resolution": m{"name": "Meh"}}}, 400, "resolution", "not valid", "Open", ""},
			"a field without a screen":  {m{"transition": m{"id": "4"}, "fields": how}, 400, "resolution", "appropriate screen", "Open", ""},
			"a comment without one":     {m{"transition": m{"id": "4"}, "update": m{"comment": []m{{"add": m{"body": "no"}}}}}, 400, "comment", "appropriate screen", "Open", ""},
			"a way from another status": {m{"transition": m{"id": "3"}}, 400, "", "not valid for this issue", "Open", ""},
			"no transition":             {m{"fields": how}, 400, "", "transition", "Open", ""},
		} {
			key, err := f.CreateIssue("alice", "PAY", "Bug", m{"summary": "s", f.team: m{"value": "Web"}})
			f.must(err)
			r := f.ask("sluice", "POST", "/rest/api/2/issue/"+key+"/transitions", test.body)
			if r.status != test.status || !strings.Contains(r.wrong(test.on), test.says) {
				t.Errorf("%s: %d %s", name, r.status, r.text)
			}
			if i := f.issue(key); i.Status != test.to || i.Resolution != test.ending || i.Resolved.IsZero() != (test.ending == "") {
				t.Errorf("%s: %s, %q", name, i.Status, i.Resolution)
			}
		}
	})
}

func TestAPersonReopens(t *testing.T) {
	f := newFixture(t, jira.Options{})
	key := f.make(m{})
	f.must(f.Transition("bob", key, "Done", nil))
	if i := f.issue(key); i.Resolution != "Done" || i.Status != "Done" {
		t.Errorf("done: %+v", i)
	}
	f.clock.Pass(time.Hour)
	f.must(f.Transition("alice", key, "In Progress", nil))
	i := f.issue(key)
	if i.Resolution != "" || !i.Resolved.IsZero() || !i.StatusChange.Equal(f.clock.Now()) {
		t.Errorf("reopened: %+v", i)
	}
	last := i.History[len(i.History)-1]
	if diff := cmp.Diff([]jira.ChangeItem{{Field: "status", Name: "status", From: "Done", To: "In Progress"}, {Field: "resolution", Name: "Resolution", From: "Done"}}, last.Items); last.Author != "alice" || diff != "" {
		t.Error(diff)
	}
	if r := f.ask("sluice", "GET", "/rest/api/3/issue/"+key+"/changelog?maxResults=1&startAt=1", nil); r.at("total") != 2.0 || r.at("isLast") != true {
		t.Errorf("changelog: %s", r.text)
	}
}

func TestEpicsAndParents(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		epic, err := f.CreateIssue("alice", "SEC", "Epic", m{"summary": "The backlog"})
		f.must(err)
		task := f.make(m{})
		body := m{"fields": m{"project": m{"key": "SEC"}, "issuetype": m{"name": "Task"}, "summary": "below", "parent": m{"key": epic}}}
		r := f.ask("sluice", "POST", "/rest/api/2/issue", body)
		if f.at == jira.Cloud && (r.status != 201 || f.issue("SEC-3").Parent != epic) {
			t.Errorf("below an epic: %d %s", r.status, r.text)
		}
		if f.at == jira.DataCenter {
			if r.status != 400 || r.wrong("parent") == "" {
				t.Errorf("a parent that is an epic: %d %s", r.status, r.text)
			}
			f.must(f.SetScreen("SEC", "Task", []jira.ScreenField{{Field: "customfield_10100"}}))
			f.must(f.EditField("alice", task, "customfield_10100", epic))
			if err := f.EditField("alice", task, "customfield_10100", task); err == nil {
				t.Error("a task is an epic")
			}
			if r := f.ask("sluice", "GET", "/rest/api/2/search?jql="+`"Epic%20Link"%20=%20`+epic, nil); r.at("total") != 1.0 {
				t.Errorf("by epic: %s", r.text)
			}
		}
		r = f.ask("sluice", "POST", "/rest/api/2/issue", m{"fields": m{"project": m{"key": "SEC"}, "issuetype": m{"name": "Sub-task"}, "summary": "part"}})
		if r.status != 400 || !strings.Contains(r.wrong("issuetype"), "parent") {
			t.Errorf("a sub-task of nothing: %d %s", r.status, r.text)
		}
		sub, err := f.CreateIssue("alice", "SEC", "Sub-task", m{"summary": "part", "parent": m{"key": task}})
		f.must(err)
		if r := f.ask("alice", "DELETE", "/rest/api/2/issue/"+task, nil); r.status != 400 {
			t.Errorf("with subtasks: %d", r.status)
		}
		if r := f.ask("alice", "DELETE", "/rest/api/2/issue/"+task+"?deleteSubtasks=true", nil); r.status != 204 {
			t.Errorf("delete: %d %s", r.status, r.text)
		}
		if w := f.world(); w.Issue(task) != nil || w.Issue(sub) != nil || w.Issue(epic) == nil {
			t.Error("the wrong issues are left")
		}
		next := f.make(m{})
		if next == task || next == sub {
			t.Errorf("key %s was given twice", next)
		}
	})
}

func TestIssueLinks(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		a, b := f.make(m{}), f.make(m{})
		for range 2 {
			if r := f.ask("sluice", "POST", "/rest/api/2/issueLink", m{"type": m{"name": "Duplicate"}, "inwardIssue": m{"key": a}, "outwardIssue": m{"key": b}}); r.status != 201 {
				t.Errorf("link: %d %s", r.status, r.text)
			}
		}
		w := f.world()
		if len(w.Links) != 1 || w.Links[0].Inward != a || w.Links[0].Outward != b {
			t.Fatalf("links: %+v", w.Links)
		}
		if r := f.ask("sluice", "GET", "/rest/api/2/issue/"+a+"?fields=issuelinks", nil); !strings.Contains(r.text, `"outwardIssue":{`) || strings.Contains(r.text, `"inwardIssue":{`) {
			t.Errorf("from its side: %s", r.text)
		}
		if r := f.ask("sluice", "GET", "/rest/api/2/issueLink/"+w.Links[0].ID, nil); r.at("inwardIssue", "key") != a {
			t.Errorf("the link: %s", r.text)
		}
		if r := f.ask("sluice", "POST", "/rest/api/2/issueLink", m{"type": m{"name": "Duplicate"}, "inwardIssue": m{"key": a}, "outwardIssue": m{"key": "SEC-99"}}); r.status != 404 {
			t.Errorf("to nothing: %d", r.status)
		}
		if r := f.ask("sluice", "DELETE", "/rest/api/2/issueLink/"+w.Links[0].ID, nil); r.status != 204 || len(f.world().Links) != 0 {
			t.Errorf("delete: %d", r.status)
		}
	})
}

func TestComments(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		key := f.make(m{})
		path := "/rest/api/2/issue/" + key + "/comment"
		for name, test := range map[string]struct {
			body any
			says string
		}{"empty": {m{"body": ""}, "empty"}, "no body": {m{}, "empty"}, "too long": {m{"body": strings.Repeat("x", 32_768)}, "32,767"}} {
			if r := f.ask("sluice", "POST", path, test.body); r.status != 400 || !strings.Contains(r.wrong("comment"), test.says) {
				t.Errorf("%s: %d %s", name, r.status, r.text)
			}
		}
		for _, text := range []string{"one", "two", "three"} {
			if _, err := f.Comment("bob", key, text); err != nil {
				t.Fatal(err)
			}
		}
		r := f.ask("sluice", "GET", path+"?startAt=1&maxResults=1", nil)
		if r.at("total") != 3.0 || !strings.Contains(r.text, "two") || strings.Contains(r.text, "three") {
			t.Errorf("a page: %s", r.text)
		}
		first := f.issue(key).Comments[0]
		f.must(f.EditComment("alice", key, first.ID, "one, edited"))
		if got := f.issue(key).Comments[0]; got.Editor != "alice" || got.Author != "bob" || got.Edits != 1 || got.Body.Wiki != "one, edited" {
			t.Errorf("edited: %+v", got)
		}
		f.must(f.DeleteComment("alice", key, first.ID))
		if r := f.ask("sluice", "PUT", path+"/"+id(first.ID), m{"body": "again"}); r.status != 404 {
			t.Errorf("a deleted comment: %d", r.status)
		}
	})
}

func TestProperties(t *testing.T) {
	f := newFixture(t, jira.Options{})
	key := f.make(m{})
	before := f.issue(key).Updated
	f.clock.Pass(time.Minute)
	path := "/rest/api/3/issue/" + key + "/properties/sluice.notice"
	for _, test := range []struct {
		name   string
		body   any
		status int
	}{{"first", m{"id": "n1"}, 201}, {"again", m{"id": "n2"}, 200}, {"nothing", "", 400}, {"no JSON", "{", 400}, {"too long", m{"id": strings.Repeat("x", 33_000)}, 400}} {
		if r := f.ask("sluice", "PUT", path, test.body); r.status != test.status {
			t.Errorf("%s: %d %s", test.name, r.status, r.text)
		}
	}
	if r := f.ask("sluice", "GET", path, nil); r.at("value", "id") != "n2" {
		t.Errorf("get: %s", r.text)
	}
	if r := f.ask("sluice", "POST", "/rest/api/3/search/jql", m{"jql": "issue.property[sluice.notice].id = n2"}); !strings.Contains(r.text, id(f.issue(key).ID)) {
		t.Errorf("search: %s", r.text)
	}
	if i := f.issue(key); !i.Updated.Equal(before) || len(i.History) != 0 {
		t.Error("a property is in the history")
	}
	if r := f.ask("sluice", "DELETE", path, nil); r.status != 204 || f.ask("sluice", "GET", path, nil).status != 404 {
		t.Errorf("delete: %d", r.status)
	}
}

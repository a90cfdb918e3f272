package jira_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

// TestCustomFields sets each kind of field, and reads it in the world, in the interface, and after it was emptied.
func TestCustomFields(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		bob := m{"name": "bob"}
		if w := f.world(); f.at == jira.Cloud {
			bob = m{"accountId": w.Person("bob").ID}
		}
		var screen []jira.ScreenField
		tests := []struct {
			kind  jira.Kind
			good  any
			kept  any
			shown string // in the interface's answer
			bad   any
		}{
			{kind: jira.TextField, good: "one line", kept: "one line", shown: `"one line"`, bad: strings.Repeat("x", 256)},
			{kind: jira.TextArea, good: "h1. x", kept: "h1. x", shown: `"h1. x"`, bad: 3},
			{kind: jira.NumberField, good: 2.5, kept: 2.5, shown: `2.5`, bad: "2.5"},
			{kind: jira.DateField, good: "2026-05-01", kept: "2026-05-01", shown: `"2026-05-01"`, bad: "tomorrow"},
			{kind: jira.Select, good: m{"value": "red"}, kept: "red", shown: `"value":"red"`, bad: m{"value": "green"}},
			{kind: jira.MultiSelect, good: []m{{"value": "red"}, {"value": "blue"}}, kept: []any{"red", "blue"}, shown: `"value":"blue"`, bad: []m{{"value": "green"}}},
			{kind: jira.LabelsField, good: []string{"a", "b"}, kept: []any{"a", "b"}, shown: `["a","b"]`, bad: []string{"a b"}},
			{kind: jira.UserField, good: bob, kept: "bob", shown: `"displayName":"Bob"`, bad: m{"name": "nobody", "accountId": "x"}},
		}
		ids := map[jira.Kind]string{}
		for _, test := range tests {
			field, err := f.AddField(jira.Field{Name: "A " + string(test.kind), Kind: test.kind, Options: []*jira.Named{{Name: "red"}, {Name: "blue"}}})
			f.must(err)
			ids[test.kind] = field.ID
			screen = append(screen, jira.ScreenField{Field: field.ID})
		}
		f.must(f.SetScreen("SEC", "Task", screen))
		for _, test := range tests {
			key, id := f.make(m{}), ids[test.kind]
			path := "/rest/api/2/issue/" + key
			if r := f.ask("sluice", "PUT", path, m{"fields": m{id: test.bad}}); r.status != 400 || r.wrong(id) == "" {
				t.Errorf("%s: a bad value: %d %s", test.kind, r.status, r.text)
			}
			r := f.ask("sluice", "PUT", path, m{"fields": m{id: test.good}})
			if diff := cmp.Diff(test.kept, f.issue(key).Custom[id]); r.status != 204 || diff != "" {
				t.Errorf("%s: %d %s %s", test.kind, r.status, r.text, diff)
			}
			if shown, _ := json.Marshal(f.ask("sluice", "GET", path, nil).at("fields", id)); !strings.Contains(string(shown), test.shown) {
				t.Errorf("%s is shown as %s", test.kind, shown)
			}
			if f.ask("sluice", "PUT", path, m{"fields": m{id: nil}}); f.issue(key).Custom[id] != nil {
				t.Errorf("%s cannot be emptied", test.kind)
			}
		}
		key, id := f.make(m{}), ids[jira.MultiSelect]
		r := f.ask("sluice", "PUT", "/rest/api/2/issue/"+key, m{"update": m{id: []m{{"add": m{"value": "red"}}, {"add": m{"value": "blue"}}, {"remove": m{"value": "red"}}}}})
		if diff := cmp.Diff(any([]any{"blue"}), f.issue(key).Custom[id]); diff != "" {
			t.Errorf("add and remove: %d %s", r.status, diff)
		}
	})
}

func TestTheOtherFields(t *testing.T) {
	f := newFixture(t, jira.Options{})
	key, err := f.CreateIssue("alice", "PAY", "Bug", m{"summary": "s", f.team: m{"value": "Web"}})
	f.must(err)
	path := "/rest/api/3/issue/" + key
	if r := f.ask("sluice", "PUT", path, m{"fields": m{"security": m{"name": "Secret"}, "issuetype": m{"name": "Epic"}}}); r.status != 204 {
		t.Errorf("level and type: %d %s", r.status, r.text)
	}
	if r := f.ask("sluice", "GET", path+"?fields=security,issuetype", nil); r.at("fields", "security", "name") != "Secret" || r.at("fields", "issuetype", "hierarchyLevel") != 1.0 {
		t.Errorf("shown: %s", r.text)
	}
	if r := f.ask("carol", "GET", path, nil); r.status != 404 {
		t.Errorf("carol sees a secret: %d", r.status)
	}
	plain, w := f.make(m{"components": []any{m{"name": "api"}}}), f.world()
	path = "/rest/api/3/issue/" + plain
	if r := f.ask("sluice", "PUT", path, m{"fields": m{"reporter": m{"accountId": w.Person("carol").ID}}, "update": m{"components": []m{{"add": m{"name": "web"}}, {"remove": m{"name": "api"}}}}}); r.status != 204 {
		t.Errorf("reporter and components: %d %s", r.status, r.text)
	}
	if i := f.issue(plain); i.Reporter != "carol" || strings.Join(i.Components, " ") != "web" || i.Creator != "alice" {
		t.Errorf("kept: %+v", i)
	}
	if r := f.ask("sluice", "GET", path+"?fields=components", nil); !strings.Contains(r.text, `"name":"web"`) {
		t.Errorf("shown: %s", r.text)
	}
	f.AddResolution("Risk accepted")
	other := f.make(m{})
	body := m{"fields": m{"project": m{"key": "SEC"}, "issuetype": m{"name": "Task"}, "summary": "linked"}, "properties": []m{{"key": "sluice", "value": m{"n": 1}}},
		"update": m{"issuelinks": []m{{"add": m{"type": m{"name": "Blocks"}, "outwardIssue": m{"key": other}}}}}}
	r := f.ask("sluice", "POST", "/rest/api/3/issue", body)
	made, _ := r.at("key").(string)
	w = f.world()
	if r.status != 201 || len(w.Links) != 1 || w.Links[0].Inward != made || w.Links[0].Outward != other || w.Issue(made).Properties["sluice"] == nil {
		t.Errorf("created with a link and a property: %d %s %+v", r.status, r.text, w.Links)
	}
	if r := f.ask("sluice", "GET", "/rest/api/3/issue/"+made+"/properties", nil); !strings.Contains(r.text, `"key":"sluice"`) {
		t.Errorf("properties: %s", r.text)
	}
	for path, says := range map[string]string{"serverInfo": `"deploymentType":"Cloud"`, "resolution": "Risk accepted", "issueLinkType": "is blocked by", "project/SEC/components": `"api"`,
		"user?accountId=" + w.Person("bob").ID: `"Bob"`} {
		if r := f.ask("sluice", "GET", "/rest/api/3/"+path, nil); r.status != 200 || !strings.Contains(r.text, says) {
			t.Errorf("%s: %d %s", path, r.status, r.text)
		}
	}
	link := f.ask("sluice", "POST", "/rest/api/3/issue/"+made+"/remotelink", m{"globalId": "g", "object": m{"url": "https://example.com", "title": "t"}})
	if r := f.ask("sluice", "DELETE", "/rest/api/3/issue/"+made+"/remotelink?globalId=g", nil); link.status != 201 || r.status != 204 || len(f.issue(made).RemoteLinks) != 0 {
		t.Errorf("delete a remote link: %d %d", link.status, r.status)
	}
	comment, err := f.Comment("alice", made, "x")
	f.must(err)
	if r := f.ask("sluice", "GET", "/rest/api/3/issue/"+made+"/comment/"+id(comment), nil); r.at("author", "displayName") != "Alice" {
		t.Errorf("a comment: %s", r.text)
	}
	if r := f.ask("sluice", "DELETE", "/rest/api/3/issue/"+made+"/comment/"+id(comment), nil); r.status != 204 || len(f.issue(made).Comments) != 0 {
		t.Errorf("delete a comment: %d", r.status)
	}
}

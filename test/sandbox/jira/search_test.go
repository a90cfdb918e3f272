package jira_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

// find asks Cloud's search, and returns the keys it finds and the answer.
func (f *fixture) find(jql string, more m) ([]string, reply) {
	f.t.Helper()
	body := m{"jql": jql, "fields": []string{"summary"}}
	for k, v := range more {
		if body[k] = v; v == nil {
			delete(body, k)
		}
	}
	r := f.ask("sluice", "POST", "/rest/api/3/search/jql", body)
	var keys []string
	list, _ := r.json["issues"].([]any)
	for _, x := range list {
		if key, named := x.(m)["key"].(string); named {
			keys = append(keys, key)
		}
	}
	return keys, r
}

func TestSearchLags(t *testing.T) {
	f := newFixture(t, jira.Options{SearchLag: time.Minute})
	key := f.make(m{"labels": []any{"sluice-t1"}})
	number := f.issue(key).ID
	look := func(want string, more m) {
		t.Helper()
		keys, _ := f.find("labels = sluice-t1", more)
		if got := strings.Join(keys, " "); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
	look("", nil)
	look(key, m{"reconcileIssues": []int64{number}})
	f.clock.Pass(59 * time.Second)
	look("", nil)
	f.clock.Pass(time.Second)
	look(key, nil)

	f.must(f.RemoveLabel("bob", key, "sluice-t1"))
	look(key, nil)
	look("", m{"reconcileIssues": []int64{number}})
	f.must(f.AddLabel("bob", key, "sluice-t1"))
	f.clock.Pass(time.Minute)
	f.must(f.Delete("alice", key))
	look(key, nil)
	if r := f.ask("sluice", "GET", "/rest/api/3/issue/"+key, nil); r.status != 404 {
		t.Errorf("a deleted issue: %d", r.status)
	}
	f.clock.Pass(time.Minute)
	look("", nil)

	f.SetSearchLag(0)
	key = f.make(m{"labels": []any{"sluice-t1"}})
	look(key, nil)
}

func TestALagThatShrinksUndoesNothing(t *testing.T) {
	f := newFixture(t, jira.Options{SearchLag: time.Hour})
	key := f.make(m{})
	f.must(f.AddLabel("bob", key, "old"))
	f.SetSearchLag(time.Second)
	f.must(f.RemoveLabel("bob", key, "old"))
	for _, wait := range []time.Duration{time.Minute, time.Hour} {
		f.clock.Pass(wait)
		if keys, _ := f.find("labels = old", nil); keys != nil {
			t.Errorf("after %v an older change came last: %v", wait, keys)
		}
	}
}

func TestCloudSearch(t *testing.T) {
	f := newFixture(t, jira.Options{})
	for range 3 {
		f.make(m{})
	}
	_, r := f.find("project = SEC", m{"fields": nil})
	if _, total := r.json["total"]; total || r.at("isLast") != true {
		t.Errorf("there is a total: %s", r.text)
	}
	for _, x := range r.json["issues"].([]any) {
		if i := x.(m); len(i) != 1 || i["id"] == nil {
			t.Errorf("more than an id: %v", i)
		}
	}
	_, r = f.find("project = SEC", m{"maxResults": 2})
	token := r.at("nextPageToken")
	if r.at("isLast") != false || token == nil {
		t.Fatalf("first page: %s", r.text)
	}
	keys, r := f.find("project = SEC", m{"maxResults": 2, "nextPageToken": token})
	if diff := cmp.Diff([]string{"SEC-1"}, keys); diff != "" || r.at("nextPageToken") != nil {
		t.Errorf("last page: %s %s", diff, r.text)
	}
	many := make([]int64, 51)
	for name, test := range map[string]struct {
		jql  string
		more m
		says string
	}{
		"another query's token": {"project = PAY", m{"nextPageToken": token}, "token"},
		"a token of nobody":     {"project = SEC", m{"nextPageToken": "x"}, "token"},
		"no restriction":        {"order by created", nil, "Unbounded"},
		"nothing":               {"", nil, "Unbounded"},
		"too many to reconcile": {"project = SEC", m{"reconcileIssues": many}, "50"},
		"no results":            {"project = SEC", m{"maxResults": 0}, "maxResults"},
	} {
		if _, r := f.find(test.jql, test.more); r.status != 400 || !strings.Contains(r.wrong(""), test.says) {
			t.Errorf("%s: %d %s", name, r.status, r.text)
		}
	}
	if r := f.ask("sluice", "GET", "/rest/api/3/search/jql?jql=project%3DSEC&fields=summary,-labels&properties=x&reconcileIssues=1,2", nil); r.status != 200 {
		t.Errorf("by GET: %d %s", r.status, r.text)
	}
	for _, path := range []string{"/rest/api/3/search?jql=project=SEC", "/rest/api/2/search?jql=project=SEC"} {
		if r := f.ask("sluice", "GET", path, nil); r.status != 410 || !strings.Contains(r.text, "/rest/api/3/search/jql") {
			t.Errorf("%s: %d %s", path, r.status, r.text)
		}
	}
	if r := f.ask("sluice", "POST", "/rest/api/3/search", m{"jql": "project = SEC"}); r.status != 410 {
		t.Errorf("by POST: %d", r.status)
	}
	if r := f.ask("sluice", "POST", "/rest/api/3/search/approximate-count", m{"jql": "project = SEC"}); r.at("count") != 3.0 {
		t.Errorf("count: %s", r.text)
	}
	if r := f.ask("sluice", "GET", "/rest/api/3/label", nil); r.status != 200 || r.at("total") != 0.0 {
		t.Errorf("labels: %s", r.text)
	}
}

func TestJQL(t *testing.T) {
	f := newFixture(t, jira.Options{})
	plain := f.make(m{"summary": "Upgrade log4j", "labels": []any{"sluice-1", "java"}, "priority": m{"name": "High"}})
	f.clock.Pass(48 * time.Hour)
	done := f.make(m{"summary": "Remove MD5", "labels": []any{"sluice-2"}, "duedate": "2026-03-20"})
	f.must(f.Transition("bob", done, "Done", nil))
	pay, err := f.CreateIssue("sluice", "PAY", "Bug", m{"summary": "Leak", f.team: m{"value": "Web"}, "security": m{"name": "Secret"}})
	f.must(err)
	f.must(f.Transition("alice", pay, "Start Progress", nil))
	w := f.world()
	for jql, want := range map[string]string{
		"project = SEC":                                                   done + " " + plain,
		"project in (SEC, PAY)":                                           pay + " " + done + " " + plain,
		`labels = "sluice-1"`:                                             plain,
		"labels in (sluice-1, sluice-2)":                                  done + " " + plain,
		"project = SEC AND labels not in (java)":                          done,
		"labels != java":                                                  done,
		"labels is EMPTY":                                                 pay,
		"labels is not empty and status = 'To Do'":                        plain,
		"statusCategory != Done and project != PAY":                       plain,
		"statusCategory = indeterminate":                                  pay,
		"resolution = Unresolved":                                         pay + " " + plain,
		"resolution = Done":                                               done,
		"resolution is not empty OR issuetype = Bug":                      pay + " " + done,
		"NOT (project = SEC OR status = Open)":                            pay,
		`summary ~ "log4j"`:                                               plain,
		`text ~ "upgrade LOG4J" and priority = high`:                      plain,
		"key in (" + plain + ", " + done + ")":                            done + " " + plain,
		"key = " + plain + " order by created":                            plain,
		"project = SEC order by created ASC":                              plain + " " + done,
		"project = SEC order by priority desc, key asc":                   plain + " " + done,
		"created >= -1d":                                                  pay + " " + done,
		`created < "2026-03-02"`:                                          plain,
		"created <= now() and due <= 2026-03-20":                          done,
		"duedate is empty and project = SEC":                              plain,
		"reporter = currentUser()":                                        pay,
		"creator = '" + w.Person("alice").ID + "'":                        done + " " + plain,
		"Team = Web":                                                      pay,
		"cf[" + strings.TrimPrefix(f.team, "customfield_") + "] in (Web)": pay,
		"level = Secret":                                                  pay,
		`summary ~ "x" or (labels = java)`:                                plain,
		`labels = "with \"quote"`:                                         "",
		"assignee is empty && project = PAY":                              pay,
	} {
		keys, r := f.find(jql, nil)
		if got := strings.Join(keys, " "); r.status != 200 || got != want {
			t.Errorf("%s: %d, %q, want %q %s", jql, r.status, got, want, r.wrong(""))
		}
	}
	for jql, says := range map[string]string{
		"project = NOPE":              "does not exist for the field 'project'",
		"colour = red":                "Field 'colour' does not exist",
		"key = SEC-99":                "does not exist",
		"status = Nowhere":            "does not exist",
		"labels ~ x":                  "not supported",
		"summary = x":                 "not supported",
		"project = ":                  "Unexpected end",
		"project SEC":                 "not expected",
		"project = SEC and":           "Unexpected end",
		"(project = SEC":              "Unexpected end",
		"labels in ()":                "not expected",
		`labels = "open`:              "has not been completed",
		"labels = f()":                "function",
		"created > yesterday":         "Date value",
		"project = SEC order by mood": "sort",
		"project = SEC limit 3":       "not expected",
		"labels is red":               "EMPTY",
		strings.Repeat("not ", 200) + "labels = x": "nested",
	} {
		if _, r := f.find(jql, nil); r.status != 400 || !strings.Contains(r.wrong(""), says) {
			t.Errorf("%s: %d %s", jql, r.status, r.text)
		}
	}
}

func TestDataCenterSearch(t *testing.T) {
	f := newFixture(t, jira.Options{Deployment: jira.DataCenter})
	for range 3 {
		f.make(m{})
	}
	r := f.ask("sluice", "GET", "/rest/api/2/search?maxResults=2&jql="+url.QueryEscape("project = SEC order by key"), nil)
	if r.at("total") != 3.0 || r.at("maxResults") != 2.0 || len(r.json["issues"].([]any)) != 2 || !strings.Contains(r.text, `"summary":"Something"`) {
		t.Errorf("by GET: %s", r.text)
	}
	if r := f.ask("sluice", "POST", "/rest/api/2/search", m{"jql": "", "startAt": 2, "fields": []string{"labels"}}); r.at("total") != 3.0 || len(r.json["issues"].([]any)) != 1 || strings.Contains(r.text, "summary") {
		t.Errorf("by POST: %s", r.text)
	}
	for _, path := range []string{"/rest/api/3/myself", "/rest/api/2/search/jql?jql=project=SEC"} {
		if r := f.ask("sluice", "GET", path, nil); r.status != 404 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
	if r := f.ask("sluice", "GET", "/rest/api/latest/myself", nil); r.at("name") != "sluice" || r.at("accountId") != nil {
		t.Errorf("myself: %s", r.text)
	}
}

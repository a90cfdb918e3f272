package jira_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

func TestCredentials(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		f.AddToken(jira.Token{Value: "old", Person: "alice", Expires: f.clock.Now()})
		f.AddToken(jira.Token{Value: "revoked", Person: "alice"})
		f.RevokeToken("revoked")
		f.AddPerson(jira.Person{Name: "gone", Inactive: true})
		f.AddToken(jira.Token{Value: "gone-token", Person: "gone"})
		basic := func(user, secret string) func(*http.Request) {
			return func(r *http.Request) { r.SetBasicAuth(user, secret) }
		}
		bearer := func(secret string) func(*http.Request) {
			return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+secret) }
		}
		cloud := f.at == jira.Cloud
		pick := func(onCloud, onDataCenter int) int {
			if cloud {
				return onCloud
			}
			return onDataCenter
		}
		for name, test := range map[string]struct {
			sign   func(*http.Request)
			status int
		}{
			"e-mail address and token":   {basic("alice@example.com", "alice-token"), pick(200, 401)},
			"personal access token":      {bearer("alice-token"), pick(403, 200)},
			"nothing":                    {func(*http.Request) {}, 401},
			"another's token":            {basic("bob@example.com", "alice-token"), 401},
			"a user name":                {basic("alice", "alice-token"), 401},
			"an unknown token":           {bearer("x"), pick(403, 401)},
			"an expired token":           {basic("alice@example.com", "old"), 401},
			"a revoked token":            {bearer("revoked"), pick(403, 401)},
			"the token of who left":      {basic("gone@example.com", "gone-token"), 401},
			"an empty token":             {bearer(""), pick(403, 401)},
			"a scheme that is not known": {func(r *http.Request) { r.Header.Set("Authorization", "Token alice-token") }, 401},
		} {
			r, err := http.NewRequest(http.MethodGet, f.url+"/rest/api/2/myself", nil)
			f.must(err)
			test.sign(r)
			if got := f.roundTrip(r); got.status != test.status {
				t.Errorf("%s: %d %s", name, got.status, got.text)
			}
		}
	})
}

func TestPermissions(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		open, err := f.CreateIssue("alice", "PAY", "Bug", m{"summary": "s", f.team: m{"value": "Web"}})
		f.must(err)
		secret, err := f.CreateIssue("alice", "PAY", "Bug", m{"summary": "s", f.team: m{"value": "Web"}, "security": m{"name": "Secret"}})
		f.must(err)
		new := m{"fields": m{"project": m{"key": "PAY"}, "issuetype": m{"name": "Bug"}, "summary": "x", f.team: m{"value": "Web"}}}
		link := m{"object": m{"url": "https://example.com", "title": "t"}}
		const api = "/rest/api/2/"
		for _, test := range []struct {
			who, method, path string
			body              any
			status            int
		}{
			{"carol", "GET", "issue/" + open, nil, 200},
			{"carol", "GET", "issue/" + secret, nil, 404},
			{"carol", "GET", "issue/" + open + "/transitions", nil, 200},
			{"carol", "POST", "issue", new, 403},
			{"carol", "PUT", "issue/" + open, m{"fields": m{"summary": "x"}}, 403},
			{"carol", "PUT", "issue/" + secret, m{"fields": m{"summary": "x"}}, 404},
			{"carol", "POST", "issue/" + open + "/comment", m{"body": "x"}, 400},
			{"carol", "POST", "issue/" + open + "/transitions", m{"transition": m{"id": "4"}}, 400},
			{"carol", "POST", "issue/" + open + "/remotelink", link, 403},
			{"carol", "PUT", "issue/" + open + "/properties/x", m{"a": 1}, 403},
			{"carol", "DELETE", "issue/" + open, nil, 403},
			{"carol", "GET", "issue/createmeta/PAY/issuetypes", nil, 400},
			{"bob", "GET", "issue/" + open, nil, 404},
			{"bob", "POST", "issue", new, 400},
			{"bob", "GET", "project/PAY", nil, 404},
			{"bob", "POST", "issue/" + open + "/comment", m{"body": "x"}, 404},
			{"", "GET", "issue/" + open, nil, 404},
			{"", "POST", "issue", new, 401},
			{"", "PUT", "issue/" + open, m{"fields": m{"summary": "x"}}, 401},
			{"sluice", "GET", "issue/PAY-99", nil, 404},
			{"sluice", "GET", "nothing", nil, 404},
		} {
			if r := f.ask(test.who, test.method, api+test.path, test.body); r.status != test.status {
				t.Errorf("%s %s %s: %d %s", test.who, test.method, test.path, r.status, r.text)
			}
		}
		if r := f.ask("carol", "GET", api+"issue/"+open+"/transitions", nil); len(r.json["transitions"].([]any)) != 0 {
			t.Errorf("carol can move: %s", r.text)
		}
		w := f.world()
		if i := w.Issue(open); i.Summary != "s" || len(w.Issues) != 2 || len(i.Comments)+len(i.RemoteLinks)+len(i.Properties) != 0 {
			t.Errorf("something was changed: %+v", i)
		}
		f.must(f.Grant("PAY", "carol", jira.Browse, jira.AddComment))
		id, err := f.Comment("carol", open, "mine")
		f.must(err)
		theirs, err := f.Comment("alice", open, "theirs")
		f.must(err)
		f.must(f.EditComment("carol", open, id, "mine, edited"))
		if err := f.EditComment("carol", open, theirs, "not mine"); err == nil {
			t.Error("carol edits another's comment")
		}
		search := map[jira.Deployment]string{jira.Cloud: "search/jql", jira.DataCenter: "search"}[f.at]
		for who, want := range map[string]int{"sluice": 2, "carol": 1} {
			if r := f.ask(who, "GET", api+search+"?jql=project%3DPAY&fields=id", nil); len(r.json["issues"].([]any)) != want {
				t.Errorf("%s finds %s", who, r.text)
			}
		}
		r := f.ask("carol", "GET", api+"mypermissions?projectKey=PAY&permissions=BROWSE_PROJECTS,EDIT_ISSUES", nil)
		if r.at("permissions", "BROWSE_PROJECTS", "havePermission") != true || r.at("permissions", "EDIT_ISSUES", "havePermission") != false {
			t.Errorf("my permissions: %s", r.text)
		}
	})
}

func TestCreateMeta(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		types, fields := "issueTypes", "fields"
		if f.at == jira.DataCenter {
			types, fields = "values", "values"
		}
		r := f.ask("sluice", "GET", "/rest/api/2/issue/createmeta/PAY/issuetypes", nil)
		var bug string
		for _, x := range r.json[types].([]any) {
			if x.(m)["name"] == "Bug" {
				bug = x.(m)["id"].(string)
			}
		}
		r = f.ask("sluice", "GET", "/rest/api/2/issue/createmeta/PAY/issuetypes/"+bug, nil)
		required := map[string]any{}
		for _, x := range r.json[fields].([]any) {
			field := x.(m)
			if field["required"] == true && field["hasDefaultValue"] == false {
				required[field["fieldId"].(string)] = field["name"]
			}
			if field["fieldId"] == f.team {
				if got := field["allowedValues"].([]any)[1].(m)["value"]; got != "Web" {
					t.Errorf("allowed: %v", field)
				}
			}
		}
		if diff := cmp.Diff(m{"project": "Project", "issuetype": "Issue Type", "summary": "Summary", f.team: "Team"}, required); diff != "" {
			t.Error(diff)
		}
		if r := f.ask("sluice", "GET", "/rest/api/2/issue/createmeta/PAY/issuetypes?maxResults=1&startAt=1", nil); r.at("total") != 2.0 || !strings.Contains(r.text, "Epic") || strings.Contains(r.text, "Bug") {
			t.Errorf("a page: %s", r.text)
		}
		for _, path := range []string{"NO/issuetypes", "PAY/issuetypes/1"} {
			if r := f.ask("sluice", "GET", "/rest/api/2/issue/createmeta/"+path, nil); r.status != 400 {
				t.Errorf("%s: %d", path, r.status)
			}
		}
		old := f.ask("sluice", "GET", "/rest/api/2/issue/createmeta?projectKeys=SEC", nil)
		if cloud := f.at == jira.Cloud; cloud && old.status != 200 || !cloud && old.status != 404 {
			t.Errorf("the old form: %d", old.status)
		}
		if r := f.ask("carol", "GET", "/rest/api/2/issue/createmeta?projectKeys=PAY", nil); f.at == jira.Cloud && len(r.json["projects"].([]any)) != 0 {
			t.Errorf("carol may create: %s", r.text)
		}
		key := f.make(m{})
		if r := f.ask("sluice", "GET", "/rest/api/2/issue/"+key+"/editmeta", nil); r.at("fields", "labels", "operations") == nil || r.at("fields", "project") != nil {
			t.Errorf("editmeta: %s", r.text)
		}
	})
	f := newFixture(t, jira.Options{Deployment: jira.DataCenter, OldCreateMeta: true})
	if r := f.ask("sluice", "GET", "/rest/api/2/issue/createmeta?projectKeys=SEC&issuetypeNames=Bug&expand=projects.issuetypes.fields", nil); r.status != 200 || !strings.Contains(r.text, `"labels"`) {
		t.Errorf("before 9.0: %d %s", r.status, r.text)
	}
}

func TestLimits(t *testing.T) {
	limits := jira.Limits{Burst: map[string]int{"GET": 3, "POST": 9, "PUT": 9}, IssueShort: 2, IssueLong: 4, Quota: 30}
	f := newFixture(t, jira.Options{Limits: limits})
	key := f.make(m{})
	put := func() reply {
		return f.ask("sluice", "PUT", "/rest/api/3/issue/"+key, m{"fields": m{"summary": "s"}})
	}
	get := func() reply { return f.ask("sluice", "GET", "/rest/api/3/issue/"+key, nil) }
	refused := func(what string, r reply, reason jira.Reason, after string) {
		t.Helper()
		if r.status != 429 || r.header.Get("RateLimit-Reason") != string(reason) || r.header.Get("Retry-After") != after || r.header.Get("X-RateLimit-Remaining") != "0" {
			t.Errorf("%s: %d %v", what, r.status, r.header)
		}
	}
	for range 2 {
		if r := put(); r.status != 204 {
			t.Fatalf("within the limits: %d %s", r.status, r.text)
		}
	}
	refused("a third write", put(), jira.IssueReason, "2")
	for range 3 {
		get()
	}
	refused("a fourth read", get(), jira.BurstReason, "1")
	f.clock.Pass(2 * time.Second)
	if r := get(); r.status != 200 {
		t.Errorf("a second later: %d", r.status)
	}
	put()
	put()
	f.clock.Pass(2 * time.Second)
	refused("a fifth in thirty seconds", put(), jira.IssueReason, "26")
	for range 30 {
		f.clock.Pass(time.Second)
		get()
	}
	refused("the hour is used up", get(), jira.QuotaReason, "3566")
	if f.issue(key).Summary != "s" {
		t.Error("nothing was written")
	}

	f = newFixture(t, jira.Options{})
	f.Throttle(jira.BurstReason, f.clock.Now().Add(90*time.Second), true)
	refused("throttled in silence", f.ask("sluice", "GET", "/rest/api/3/myself", nil), jira.BurstReason, "")
	f.clock.Pass(90 * time.Second)
	if r := f.ask("sluice", "GET", "/rest/api/3/myself", nil); r.status != 200 {
		t.Errorf("no longer: %d", r.status)
	}
}

func TestDataCenterLimits(t *testing.T) {
	f := newFixture(t, jira.Options{Deployment: jira.DataCenter, Limits: jira.Limits{Bucket: 2}})
	ask := func(who string) reply { return f.ask(who, "GET", "/rest/api/2/myself", nil) }
	ask("sluice")
	ask("sluice")
	if r := ask("sluice"); r.status != 429 || r.header.Get("Retry-After") != "1" || r.header.Get("RateLimit-Reason") != "" || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
		t.Errorf("an empty bucket: %d %v", r.status, r.header)
	}
	if r := ask("bob"); r.status != 200 {
		t.Errorf("another's bucket: %d", r.status)
	}
	f.clock.Pass(time.Second)
	if r := ask("sluice"); r.status != 200 {
		t.Errorf("refilled: %d", r.status)
	}
}

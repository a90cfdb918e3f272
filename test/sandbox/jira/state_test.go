package jira_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

func TestStateSurvives(t *testing.T) {
	dir := t.TempDir()
	s, err := jira.New(dir, jira.Options{Deployment: jira.DataCenter})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	_, err = s.AddProject(jira.Project{Key: "SEC"})
	must(err)
	key, err := s.CreateIssue("bob", "SEC", "Task", m{"summary": "s", "labels": []any{"a"}, "description": "d"})
	must(err)
	must(s.Transition("alice", key, "Done", nil))
	_, err = s.Comment("bob", key, "hello")
	must(err)
	before, err := s.World()
	must(err)
	must(s.Save())
	s, err = jira.New(dir, jira.Options{})
	must(err)
	after, err := s.World()
	must(err)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	after.Issues[0].Comments[0].Body.Wiki = "changed in the copy"
	again, err := s.World()
	must(err)
	if got := again.Issues[0].Comments[0].Body.Wiki; got != "hello" {
		t.Errorf("a snapshot shares with the server: %q", got)
	}
	if _, err := jira.New(dir, jira.Options{Deployment: "server"}); err == nil {
		t.Error("any deployment will do")
	}
}

func TestConcurrentUse(t *testing.T) {
	f := newFixture(t, jira.Options{})
	key := f.make(m{})
	done := make(chan error)
	for range 8 {
		go func() {
			_, _, err := f.sluice.Issue.Get(key, nil)
			done <- err
		}()
		go func() {
			_, err := f.Comment("bob", key, "hi")
			done <- err
		}()
	}
	for range 16 {
		f.must(<-done)
	}
	if n := len(f.issue(key).Comments); n != 8 {
		t.Errorf("%d comments", n)
	}
}

func TestRequestsAreLogged(t *testing.T) {
	f := newFixture(t, jira.Options{})
	f.ask("sluice", "GET", "/rest/api/3/issue/SEC-1", nil)
	w := f.world()
	want := jira.LoggedRequest{At: f.clock.Now(), Route: "GET /rest/api/3/issue/{issue}", Path: "/rest/api/3/issue/SEC-1", Person: "sluice", Status: 404}
	if diff := cmp.Diff(want, w.Log[len(w.Log)-1]); diff != "" {
		t.Error(diff)
	}
	if got := w.Requests[want.Route]; got != (jira.RouteCount{Requests: 1, Refused: 1}) {
		t.Errorf("counted: %+v", got)
	}
}

// control sends an order and returns the answer.
func control(t *testing.T, h http.Handler, command, body string) (int, map[string]any) {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/_sandbox/jira/"+command, strings.NewReader(body)))
	var out map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
		t.Fatalf("%s: %v: %s", command, err, rec.Body)
	}
	return rec.Code, out
}

func TestControls(t *testing.T) {
	s, err := jira.New(t.TempDir(), jira.Options{SaveEachWrite: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range [][2]string{
		{"people", `{"name":"alice","display_name":"Alice"}`},
		{"tokens", `{"value":"t","person":"alice"}`},
		{"fields", `{"id":"customfield_7","name":"Team","kind":"select","options":[{"name":"Web"}]}`},
		{"projects", `{"key":"PAY","name":"Payments","workflow":"classic","components":[{"name":"api"}],"types":[{"name":"Bug","screen":[{"field":"labels"},{"field":"customfield_7","required":true}]}]}`},
		{"projects", `{"key":"SEC","workflow":"simple"}`},
		{"projects", `{"key":"WEB"}`},
		{"issues", `{"as":"alice","project":"PAY","type":"Bug","fields":{"summary":"s","customfield_7":{"value":"Web"}}}`},
		{"comment", `{"as":"bob","issue":"PAY-1","body":"hi"}`},
		{"label", `{"as":"bob","issue":"PAY-1","label":"seen"}`},
		{"transition", `{"as":"bob","issue":"PAY-1","name":"Resolve Issue","fields":{"resolution":{"name":"Done"}}}`},
		{"edit", `{"as":"bob","issue":"PAY-1","field":"summary","value":"better"}`},
		{"assign", `{"as":"bob","issue":"PAY-1","name":"alice"}`},
		{"unlabel", `{"as":"bob","issue":"PAY-1","label":"seen"}`},
		{"search-lag", `{"seconds":2.5}`},
		{"grant", `{"project":"PAY","name":"carol","permissions":["BROWSE_PROJECTS"]}`},
	} {
		if code, out := control(t, s, step[0], step[1]); code != http.StatusOK {
			t.Errorf("%s: %d %v", step[0], code, out)
		}
	}
	for name, step := range map[string]struct {
		command, body string
		want          int
	}{
		"unknown command": {"dance", `{}`, 404},
		"unknown issue":   {"comment", `{"as":"bob","issue":"PAY-9","body":"x"}`, 404},
		"no JSON":         {"comment", `{`, 422},
		"a bad key":       {"projects", `{"key":"pay"}`, 422},
		"no name":         {"people", `{}`, 422},
		"a bad kind":      {"fields", `{"name":"X","kind":"magic"}`, 422},
		"no permission":   {"edit", `{"as":"carol","issue":"PAY-1","field":"summary","value":"x"}`, 422},
		"an odd workflow": {"projects", `{"key":"ODD","workflow":{"statuses":[{"name":"A","category":"new"}],"transitions":[{"name":"x","to":"B"}]}}`, 404},
	} {
		if code, out := control(t, s, step.command, step.body); code != step.want || out["error"] == nil {
			t.Errorf("%s: %d %v", name, code, out)
		}
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/_sandbox/jira/world", nil))
	var w jira.World
	if err := json.Unmarshal(rec.Body.Bytes(), &w); err != nil {
		t.Fatal(err)
	}
	i := w.Issue("PAY-1")
	if i == nil || i.Summary != "better" || i.Assignee != "alice" || i.Resolution != "Done" || len(i.Comments) != 1 || len(i.Labels) != 0 {
		t.Errorf("world: %+v", i)
	}
	r := httptest.NewRequest(http.MethodPost, "/_sandbox/jira/delete", strings.NewReader(`{"as":"alice","issue":"PAY-1"}`))
	r.Header.Set("Origin", "https://evil.example")
	rec = httptest.NewRecorder()
	if s.ServeHTTP(rec, r); rec.Code != http.StatusForbidden {
		t.Errorf("a page of another origin: %d", rec.Code)
	}
}

func (f *fixture) page(path string) string {
	f.t.Helper()
	res, err := http.Get(f.url + path)
	f.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	f.must(err)
	if res.StatusCode != http.StatusOK {
		f.t.Fatalf("%s: %d %s", path, res.StatusCode, body)
	}
	return string(body)
}

func TestPagesShowWhatHappened(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		const hostile = "<script>alert(1)</script> [x|javascript:alert(2)] [y|https://example.com/\"onmouseover=z] {{<b>code</b>}}\n\n{code}\n</pre><img src=x>\n{code}"
		key := f.make(m{"summary": "Upgrade <i>log4j</i>", "labels": []any{"sluice-1", "<u>"}, "priority": m{"name": "Highest"}, "description": hostile})
		other := f.make(m{"summary": "The other"})
		urgent := f.make(m{"summary": "Third", "priority": m{"name": "Highest"}})
		f.must(f.EditField("bob", key, "priority", m{"name": "Low"}))
		f.must(f.Transition("bob", other, "In Progress", nil))
		_, err := f.Comment("<b>eve</b>", key, hostile)
		f.must(err)
		f.ask("sluice", "POST", "/rest/api/2/issueLink", m{"type": m{"name": "Blocks"}, "inwardIssue": m{"key": key}, "outwardIssue": m{"key": other}})
		f.ask("sluice", "POST", "/rest/api/2/issue/"+key+"/remotelink", m{"object": m{"url": "javascript:alert(4)", "title": "<b>PR</b>"}})
		f.must(f.RemoveLabel("bob", key, "sluice-1"))
		html := f.page("/browse/" + key)
		for _, want := range []string{"Upgrade &lt;i&gt;log4j", "blocks", "The other", "In Progress", "changed Labels", "sluice-1", "&lt;b&gt;eve", "<pre>&lt;/pre&gt;&lt;img src=x&gt;</pre>", "<code>&lt;b&gt;code", "Nobody"} {
			if !strings.Contains(html, want) {
				t.Errorf("the page lacks %q", want)
			}
		}
		for _, bad := range []string{"<script", "<img", `href="javascript`, "<i>log4j", "<b>eve", "<b>code", `"onmouseover`, "<u>"} {
			if strings.Contains(html, bad) {
				t.Errorf("the page has %q", bad)
			}
		}
		if board := f.page("/ui/jira/SEC"); !strings.Contains(board, "Highest") || !strings.Contains(board, other) || strings.Index(board, urgent) > strings.Index(board, key) {
			t.Errorf("the board: %s", board)
		}
		if home := f.page("/ui/jira"); !strings.Contains(home, "Security") || !strings.Contains(home, "3 open issues") {
			t.Errorf("home: %s", home)
		}
		if res, err := http.Get(f.url + "/ui/jira/browse/SEC-99"); err != nil || res.StatusCode != 404 {
			t.Errorf("no issue: %v", err)
		}
	})
}

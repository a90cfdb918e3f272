package github_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

func TestStateSurvives(t *testing.T) {
	dir := t.TempDir()
	s, err := github.New(dir, github.Options{})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	_, err = s.CreateRepository("acme", "shop", true)
	must(err)
	for _, branch := range []string{"main", "fix"} {
		_, err = s.Commit("acme/shop", gitrepo.Change{Branch: branch, Write: map[string]string{"a": branch}, From: map[string]string{"fix": "main"}[branch]})
		must(err)
	}
	s.AddToken(github.Token{Value: "t", Login: "bob"})
	_, err = s.OpenPullRequest("acme/shop", github.NewPullRequest{Title: "T", Head: "fix"})
	must(err)
	_, err = s.CommentOnPullRequest("acme/shop", 1, "bob", "hello")
	must(err)
	before, err := s.World()
	must(err)
	must(s.Save())
	s, err = github.New(dir, github.Options{})
	must(err)
	after, err := s.World()
	must(err)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	after.Repositories[0].PullRequests[0].Comments[0].Body = "changed in the copy"
	again, err := s.World()
	must(err)
	if got := again.Repositories[0].PullRequests[0].Comments[0].Body; got != "hello" {
		t.Errorf("a snapshot shares with the server: %q", got)
	}
}

func TestConcurrentUse(t *testing.T) {
	f := newFixture(t, github.Options{})
	done := make(chan error)
	for range 8 {
		go func() {
			_, _, err := f.sluice.PullRequests.Get(context.Background(), "acme", "shop", 1)
			done <- err
		}()
		go func() {
			_, err := f.CommentOnPullRequest(shop, 1, "bob", "hi")
			done <- err
		}()
	}
	for range 16 {
		f.must(<-done)
	}
	if n := len(f.pull().Comments); n != 8 {
		t.Errorf("%d comments", n)
	}
}

// control sends an order and returns the answer.
func control(t *testing.T, h http.Handler, command, body string) (int, map[string]any) {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/_sandbox/"+command, strings.NewReader(body)))
	var out map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
		t.Fatalf("%s: %v: %s", command, err, rec.Body)
	}
	return rec.Code, out
}

func TestControls(t *testing.T) {
	s, err := github.New(t.TempDir(), github.Options{SaveEachWrite: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range [][2]string{
		{"repositories", `{"owner":"acme","name":"shop","private":true}`},
		{"grant", `{"repository":"acme/shop","login":"bob","level":"write"}`},
		{"tokens", `{"token":"t","login":"bob"}`},
		{"commits", `{"repository":"acme/shop","branch":"main","write":{"a":"1\n"}}`},
		{"commits", `{"repository":"acme/shop","branch":"x","from":"main","write":{"a":"2\n"}}`},
		{"pulls", `{"repository":"acme/shop","title":"T","head":"x","author":"alice","number":7}`},
		{"comment", `{"repository":"acme/shop","number":7,"login":"bob","body":"hi"}`},
		{"draft", `{"repository":"acme/shop","number":7,"draft":true}`},
	} {
		if code, out := control(t, s, step[0], step[1]); code != http.StatusOK {
			t.Errorf("%s: %d %v", step[0], code, out)
		}
	}
	for name, step := range map[string]struct {
		command, body string
		want          int
	}{
		"unknown command":    {"dance", `{}`, 404},
		"unknown repository": {"close", `{"repository":"a/b"}`, 404},
		"no JSON":            {"close", `{`, 422},
		"a bad name":         {"repositories", `{"owner":"..","name":"x"}`, 422},
		"no such branch":     {"pulls", `{"repository":"acme/shop","head":"nothing"}`, 404},
	} {
		if code, out := control(t, s, step.command, step.body); code != step.want || out["error"] == nil {
			t.Errorf("%s: %d %v", name, code, out)
		}
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/_sandbox/world", nil))
	var w github.World
	if err := json.Unmarshal(rec.Body.Bytes(), &w); err != nil {
		t.Fatal(err)
	}
	p := w.Repository("acme/shop").PullRequest(7)
	if p == nil || !p.Draft || len(p.Comments) != 1 || len(w.Mails) != 1 {
		t.Errorf("world: %+v", p)
	}
	r := httptest.NewRequest(http.MethodPost, "/_sandbox/close", strings.NewReader(`{"repository":"acme/shop","number":7}`))
	r.Header.Set("Origin", "https://evil.example")
	rec = httptest.NewRecorder()
	if s.ServeHTTP(rec, r); rec.Code != http.StatusForbidden {
		t.Errorf("a page of another origin: %d", rec.Code)
	}
}

package githubapi_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	sandbox "github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

// github is a sandbox with acme/shop, formerly acme/store, and an App.
func github(t *testing.T, permissions map[string]string) (url string, app githubapi.App) {
	t.Helper()
	s, err := sandbox.New(t.TempDir(), sandbox.Options{})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	_, err = s.CreateRepository("acme", "store", true)
	must(err)
	_, err = s.Commit("acme/store", gitrepo.Change{Branch: "main", Write: map[string]string{"dir/a b#1.json": `{"a": 1}`}})
	must(err)
	must(s.RenameRepository("acme/store", "shop"))
	must(s.Grant("acme/shop", "bob", sandbox.Write))
	s.AddToken(sandbox.Token{Value: "bob", Login: "bob"})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	must(err)
	added := s.AddApp(sandbox.App{ID: 5, Slug: "sluice", Installation: 6, Permissions: permissions,
		PublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))})
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return srv.URL + "/api/v3/", githubapi.App{ID: added.ID, InstallationID: added.Installation, PrivateKey: private}
}

func as(t *testing.T, url, token string, app *githubapi.App) *githubapi.Client {
	t.Helper()
	c, err := githubapi.New(githubapi.Config{URL: url, Token: token, App: app})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhoWeAre(t *testing.T) {
	url, app := github(t, map[string]string{"metadata": "read", "contents": "read", "pull_requests": "write"})
	ctx := context.Background()
	if login, kind, err := as(t, url, "", &app).Self(ctx); login != "sluice[bot]" || kind != githubapi.KindApp || err != nil {
		t.Errorf("App: %s %s %v", login, kind, err)
	}
	if login, kind, err := as(t, url, "bob", nil).Self(ctx); login != "bob" || kind != githubapi.KindUser || err != nil {
		t.Errorf("bob: %s %s %v", login, kind, err)
	}
	if _, _, err := as(t, url, "wrong", nil).Self(ctx); err == nil || !strings.Contains(err.Error(), "check the token") {
		t.Errorf("wrong token: %v", err)
	}
	app.InstallationID++
	if _, _, err := as(t, url, "", &app).Self(ctx); err == nil || !strings.Contains(err.Error(), "installation 7") {
		t.Errorf("wrong installation: %v", err)
	}
}

func TestRepositoryAndContents(t *testing.T) {
	url, app := github(t, map[string]string{"metadata": "read", "contents": "read", "pull_requests": "write"})
	ctx := context.Background()
	c := as(t, url, "", &app)
	r, err := c.Repository(ctx, "acme", "store")
	if err != nil || r.ExternalID == "" {
		t.Fatal(r, err)
	}
	want := githubapi.Repository{ExternalID: r.ExternalID, Owner: "acme", Name: "shop", DefaultBranch: "main", Visibility: "private", RenamedTo: "acme/shop"}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	if data, err := c.Contents(ctx, "acme", "shop", "main", "dir/a b#1.json"); string(data) != `{"a": 1}` || err != nil {
		t.Errorf("have %q %v", data, err)
	}
	for _, path := range []string{"dir/none", "dir", "../x", "", "a//b"} {
		if data, err := c.Contents(ctx, "acme", "shop", "main", path); err == nil {
			t.Errorf("%q: have %q", path, data)
		}
	}
	if _, err := c.Contents(ctx, "acme", "shop", "main", "dir/none"); !githubapi.IsNotFound(err) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestDoctor(t *testing.T) {
	full := map[string]string{"metadata": "read", "contents": "read", "pull_requests": "write"}
	url, app := github(t, full)
	if diff := cmp.Diff([]string{"credentials ok", "repository acme/shop ok", "read pull requests ok", "read code ok", "write reviews ok", "write checks warning", "rate limit ok"},
		verdicts(as(t, url, "", &app), "shop")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"credentials ok", "repository acme/none failed", "rate limit ok"}, verdicts(as(t, url, "", &app), "none")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"credentials failed"}, verdicts(as(t, url, "wrong", nil), "shop")); diff != "" {
		t.Error(diff)
	}
	url, app = github(t, map[string]string{"metadata": "read", "pull_requests": "read"})
	if diff := cmp.Diff([]string{"credentials ok", "repository acme/shop ok", "read pull requests ok", "read code failed", "write reviews failed", "write checks warning", "rate limit ok"},
		verdicts(as(t, url, "", &app), "shop")); diff != "" {
		t.Error(diff)
	}
}

func verdicts(c *githubapi.Client, name string) []string {
	var out []string
	for _, check := range c.Doctor(context.Background(), "acme", name) {
		out = append(out, check.Name+" "+string(check.Verdict))
	}
	return out
}

// An answer that names no repository is none: with an id that is missing, two
// repositories would be taken for one.
func TestAnAnswerThatNamesNoRepository(t *testing.T) {
	for _, answer := range []string{
		`{}`, `{"id":0,"name":"shop","owner":{"login":"acme"}}`, `{"id":-1,"name":"shop","owner":{"login":"acme"}}`,
		`{"id":1,"name":"","owner":{"login":"acme"}}`, `{"id":1,"name":"shop"}`, `{"id":1,"name":"a/../../user","owner":{"login":"acme"}}`,
		`{"id":"1","name":"shop","owner":{"login":"acme"}}`, `[]`, `null`,
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { say(w, 200, answer) })
		if got, err := s.client(t).Repository(context.Background(), "acme", "shop"); err == nil {
			t.Errorf("%s: taken for %+v", answer, got)
		}
		s = serve(t, func(w http.ResponseWriter, r *http.Request) { say(w, 200, "["+answer+"]") })
		if got, _, err := s.client(t).Inventory(context.Background(), "acme"); err == nil || len(got) > 0 {
			t.Errorf("[%s]: taken for %+v", answer, got)
		}
	}
}

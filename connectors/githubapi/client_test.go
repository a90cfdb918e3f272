package githubapi_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sluice-sec/sluice/connectors/githubapi"
)

// cut breaks the connection instead of answering.
func cut(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

func gateway(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusBadGateway, "<html>") }

func truncated(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	say(w, http.StatusCreated, `{"id":`)
}

func TestReadsAreRetried(t *testing.T) {
	for name, fail := range map[string]http.HandlerFunc{"502": gateway, "reset": cut, "truncated": truncated} {
		t.Run(name, func(t *testing.T) {
			left := 3
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if left > 0 {
					left--
					fail(w, r)
					return
				}
				ok(w, r)
			})
			c := s.client(t)
			if err := read(c); err != nil {
				t.Error(err)
			}
			if log := s.requests(); len(log) < 4 || log[len(log)-1].At != 7*time.Second {
				t.Errorf("want retries after 1, 2 and 4 seconds, have %+v", log)
			}
			left = 99
			var down *githubapi.UnavailableError
			if err := read(c); !errors.As(err, &down) {
				t.Errorf("have %v", err)
			}
		})
	}
}

func TestWritesAreSentOnce(t *testing.T) {
	for name, fail := range map[string]http.HandlerFunc{"502": gateway, "reset": cut, "truncated": truncated} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, fail)
			c := s.client(t)
			for what, err := range map[string]error{
				"create": create(c), "edit": edit(c), "delete": c.Delete(context.Background(), "x"),
				"mutation": c.Query(context.Background(), `mutation { x }`, nil, nil),
			} {
				var unknown *githubapi.UnknownOutcomeError
				if !errors.As(err, &unknown) {
					t.Errorf("%s: have %v", what, err)
				}
			}
			if n := len(s.requests()); n != 4 {
				t.Errorf("%d requests for 4 writes", n)
			}
		})
	}
}

func TestWriteThatNeverLeft(t *testing.T) {
	s := serve(t, ok)
	c := s.client(t)
	s.Close()
	var down *githubapi.UnavailableError
	if err := create(c); !errors.As(err, &down) {
		t.Errorf("nobody listens, so nothing was done: have %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Edit(ctx, "x", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("have %v", err)
	}
}

func TestRedirects(t *testing.T) {
	other := serve(t, ok)
	var s *server
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusMovedPermanently
		if r.Method != http.MethodGet {
			status = http.StatusTemporaryRedirect
		}
		switch r.URL.Path {
		case "/api/v3/repos/a/old/pulls/1":
			say(w, status, `{}`, "Location", s.URL+"/api/v3/repositories/7/pulls/1")
		case "/api/v3/by/name":
			say(w, status, `{}`, "Location", "/api/v3/repos/a/new")
		case "/api/v3/elsewhere":
			say(w, status, `{}`, "Location", other.URL+"/api/v3/repositories/7")
		case "/api/v3/circle":
			say(w, status, `{}`, "Location", "/api/v3/circle?/repositories/7/")
		default:
			ok(w, r)
		}
	})
	c := s.client(t)
	get := func(path string) error {
		var out any
		_, err := c.Get(context.Background(), path, &out)
		return err
	}
	post := func(path string) error {
		return c.Create(context.Background(), path, map[string]string{"body": "text"}, nil)
	}
	if err := get("repos/a/old/pulls/1"); err != nil {
		t.Error(err)
	}
	if err := post("repos/a/old/pulls/1"); err != nil {
		t.Error(err)
	}
	if last := s.requests()[3]; last.Method != http.MethodPost || last.Path != "/api/v3/repositories/7/pulls/1" || last.Body != "{\"body\":\"text\"}\n" {
		t.Errorf("the write was sent again as %+v", last)
	}
	if err := get("by/name"); err != nil {
		t.Error(err)
	}
	for _, err := range []error{post("by/name"), get("elsewhere"), post("elsewhere"), get("circle")} {
		if err == nil {
			t.Error("a redirect was followed that must not be")
		}
	}
	if n := len(other.requests()); n != 0 {
		t.Errorf("another host got %d requests", n)
	}
}

// The page after a page is named by the server, and asked for with the token.
func TestAPageOnAnotherHostIsNotAskedFor(t *testing.T) {
	other := serve(t, ok)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		say(w, http.StatusOK, `[]`, "Link", `<`+other.URL+`/api/v3/list?page=2>; rel="next"`)
	})
	c := s.client(t)
	if _, err := githubapi.All[int](context.Background(), c, "list"); err == nil || !strings.Contains(err.Error(), "another host") {
		t.Errorf("All: %v", err)
	}
	plain := strings.Replace(s.URL, "http:", "ftp:", 1)
	for _, address := range []string{other.URL + "/api/v3/list", plain + "/api/v3/list", "//" + strings.TrimPrefix(other.URL, "http://") + "/x"} {
		var out any
		if _, err := c.Get(context.Background(), address, &out); err == nil {
			t.Errorf("%s was asked", address)
		}
	}
	if n := len(other.requests()); n != 0 {
		t.Errorf("another host got %d requests", n)
	}
}

func TestConditionalReads(t *testing.T) {
	patch := "@@ -1,2 +1,3 @@ func main() {\n a\n+password = hunter2\n b\n\\ No newline at end of file"
	page := `[{"patch":` + quoted(patch) + `,"diff_hunk":"@@ secret @@","n":12345678901234567890}]`
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Remaining", "10")
		if r.Header.Get("If-None-Match") == `W/"1"` {
			say(w, http.StatusNotModified, "", "ETag", `W/"1"`)
			return
		}
		say(w, http.StatusOK, page, "ETag", `W/"1"`, "Link", `<`+"http://"+r.Host+`/api/v3/x?page=2>; rel="next", <z>; rel="last"`)
	})
	kept := &memory{}
	cached := func(c *githubapi.Config) { c.Cache = kept }
	var first, again []map[string]any
	next, err := s.client(t, cached).Get(context.Background(), "x", &first)
	if err != nil || next != s.URL+"/api/v3/x?page=2" {
		t.Fatal(next, err)
	}
	replayed, err := s.client(t, cached).Get(context.Background(), "x", &again)
	if err != nil || replayed != next {
		t.Errorf("replayed: %q %v", replayed, err)
	}
	want := "@@ -1,2 +1,3 @@\n \n+\n \n\\ No newline at end of file"
	if again[0]["patch"] != want || first[0]["patch"] != patch || again[0]["diff_hunk"] != "" {
		t.Errorf("replayed as %q", again[0])
	}
	for _, e := range kept.kept {
		if all := strings.Join(e[:], ""); strings.Contains(all, "hunter2") || strings.Contains(all, "secret") || !strings.Contains(all, "12345678901234567890") {
			t.Errorf("kept: %s", all)
		}
	}
	for key := range kept.kept {
		if strings.Contains(key[1], secret) {
			t.Error("the token is a key of the cache")
		}
	}
	other := func(c *githubapi.Config) { c.Cache, c.Token = kept, "another" }
	if err := read(s.client(t, other)); err != nil {
		t.Error(err)
	}
	kept.fail = errors.New("disk full")
	if err := read(s.client(t, cached)); err != nil {
		t.Errorf("a broken cache costs the answer: %v", err)
	}
	var asked []string
	for _, r := range s.requests() {
		asked = append(asked, r.IfNoneMatch)
	}
	if diff := cmp.Diff([]string{"", `W/"1"`, "", ""}, asked); diff != "" {
		t.Errorf("If-None-Match:\n%s", diff)
	}
}

func quoted(s string) string {
	return `"` + strings.NewReplacer("\n", `\n`, `\`, `\\`).Replace(s) + `"`
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	const integration = `{"message":"Resource not accessible by integration"}`
	tests := map[string]struct {
		status     int
		body       string
		header     []string
		path       string
		permission string
		mend       string
	}{
		"header":           {403, integration, []string{"X-Accepted-GitHub-Permissions", "issues=write; pull_requests=write,metadata=read"}, "x", "issues: write, or pull requests: write and metadata: read", ""},
		"pull requests":    {403, integration, nil, "repos/a/b/pulls/1/reviews", "pull requests: write", ""},
		"comments":         {403, integration, nil, "repos/a/b/issues/1/comments", "pull requests: write", ""},
		"not a permission": {403, `{"message":"Repository was archived so is read-only."}`, nil, "repos/a/b/pulls/1/reviews", "", ""},
		"sso":              {403, `{"message":"Resource protected by organization SAML enforcement."}`, []string{"X-GitHub-SSO", "required; url=https://github.example/sso"}, "x", "", "authorise the token for the organisation at https://github.example/sso"},
		"credentials":      {401, `{"message":"Bad credentials"}`, nil, "x", "", "check the token"},
		"sentences":        {422, `{"message":"Unprocessable Entity","errors":["Line could not be resolved"]}`, nil, "x", "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) { say(w, test.status, test.body, test.header...) })
			err := s.client(t).Create(context.Background(), test.path, nil, nil)
			var refused *githubapi.RefusedError
			if !errors.As(err, &refused) || refused.Status != test.status || refused.Permission != test.permission || !strings.Contains(refused.Mend(), test.mend) {
				t.Errorf("have %+v", refused)
			}
			if name == "sentences" && !strings.Contains(err.Error(), "Line could not be resolved") {
				t.Errorf("have %v", err)
			}
			if n := len(s.requests()); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestGraphQLErrors(t *testing.T) {
	tests := map[string]struct {
		reply string
		want  func(error) bool
	}{
		"fine":      {`{"data":{"a":1}}`, func(err error) bool { return err == nil }},
		"not found": {`{"data":null,"errors":[{"type":"NOT_FOUND","message":"Could not resolve to a node"}]}`, githubapi.IsNotFound},
		"forbidden": {`{"errors":[{"type":"FORBIDDEN","message":"Resource not accessible by integration"}]}`, func(err error) bool {
			var e *githubapi.RefusedError
			return errors.As(err, &e) && e.Permission == "pull requests: write"
		}},
		"used up": {`{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}`, func(err error) bool {
			var e *githubapi.RateLimitError
			return errors.As(err, &e) && e.After == time.Minute
		}},
		"timeout": {`{"errors":[{"message":"Something went wrong while executing your query."}]}`, func(err error) bool {
			var e *githubapi.UnknownOutcomeError
			return errors.As(err, &e)
		}},
		"syntax": {`{"errors":[{"message":"Parse error\non line 1"}]}`, func(err error) bool {
			var e *githubapi.GraphQLError
			return errors.As(err, &e) && err.Error() == "graphql: Parse error on line 1"
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, test.reply) })
			var out struct{ A int }
			if err := s.client(t).Query(context.Background(), "mutation { a }", map[string]any{"id": 1}, &out); !test.want(err) {
				t.Errorf("have %v", err)
			}
			if r := s.requests()[0]; r.Path != "/api/graphql" || r.Body != "{\"query\":\"mutation { a }\",\"variables\":{\"id\":1}}\n" {
				t.Errorf("asked %+v", r)
			}
		})
	}
}

// Whatever fails, and however it is answered, the token is in no error and in
// no log line.
func TestTokenStaysSecret(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	for name, answer := range map[string]http.HandlerFunc{
		"502": gateway, "reset": cut, "truncated": truncated,
		"echo": func(w http.ResponseWriter, r *http.Request) {
			say(w, 400, `{"message":"`+r.Header.Get("Authorization")+`"}`)
		},
		"401": func(w http.ResponseWriter, r *http.Request) { say(w, 401, `{"message":"Bad credentials"}`) },
		"graphql": func(w http.ResponseWriter, r *http.Request) {
			say(w, 200, `{"errors":[{"message":"`+r.Header.Get("Authorization")+`"}]}`)
		},
	} {
		s := serve(t, answer)
		c := s.client(t, func(c *githubapi.Config) {
			c.Logger, c.Cache = zap.New(core), &memory{fail: errors.New("disk full")}
		})
		errs := []error{read(c), create(c), edit(c), c.Query(context.Background(), "query { x }", nil, nil)}
		for _, check := range c.Doctor(context.Background(), "a", "b") {
			errs = append(errs, errors.New(check.Detail+check.Mend))
		}
		for _, err := range errs {
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if r := s.requests()[0]; r.Authorized != "Bearer "+secret {
			t.Errorf("%s: the server was not shown the token: %q", name, r.Authorized)
		}
	}
	for _, line := range logs.All() {
		for _, value := range line.ContextMap() {
			if text, _ := value.(string); strings.Contains(text, secret) || strings.Contains(line.Message, secret) {
				t.Errorf("logged: %+v", line)
			}
		}
	}
	if logs.Len() == 0 {
		t.Error("nothing was logged: this test sees nothing")
	}
}

func TestConfiguration(t *testing.T) {
	bad := map[string]githubapi.Config{
		"no url":            {Token: "t"},
		"credentials":       {URL: "https://user:pass@ghe.example/api/v3/", Token: "t"},
		"scheme":            {URL: "ftp://ghe.example/", Token: "t"},
		"no identity":       {URL: "https://api.github.com/"},
		"two identities":    {URL: "https://api.github.com/", Token: "t", App: &githubapi.App{}},
		"token with a line": {URL: "https://api.github.com/", Token: "t\n"},
		"key":               {URL: "https://api.github.com/", App: &githubapi.App{ID: 1, InstallationID: 2, PrivateKey: []byte("no key")}},
		"graphql elsewhere": {URL: "https://api.github.com/", Token: "t", GraphQLURL: "https://evil.example/graphql"},
		"limits":            {URL: "https://api.github.com/", Token: "t", Limits: githubapi.Limits{ContentPerHour: -1}},
	}
	for name, config := range bad {
		if _, err := githubapi.New(config); err == nil || strings.Contains(err.Error(), "pass") {
			t.Errorf("%s: %v", name, err)
		}
	}
	hosts := map[string]string{"https://api.github.com": "github.com", "https://ghe.example/api/v3/": "ghe.example", "http://127.0.0.1:8080": "127.0.0.1:8080"}
	for url, want := range hosts {
		c, err := githubapi.New(githubapi.Config{URL: url, Token: "t"})
		if err != nil || c.Host() != want {
			t.Errorf("%s: %v", url, err)
		}
	}
}

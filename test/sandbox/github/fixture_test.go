package github_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	client "github.com/google/go-github/v60/github"

	"github.com/sluice-sec/sluice/test/sandbox/clock"
	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

// fixture is a server with acme/shop and one open pull request of alice. Lines 9 to 17 of main.go are in its diff
// (12 and 13 rewritten, 14 new); the other lines are not.
type fixture struct {
	*github.Server
	t      *testing.T
	url    string
	git    string
	clock  *clock.Clock
	sluice *client.Client // sluice[bot], with an App's token
	bob    *client.Client // may write
	carol  *client.Client // may read
}

const shop = "acme/shop"

func source(lines int, change map[int]string) string {
	var b strings.Builder
	for n := 1; n <= lines; n++ {
		text, ok := change[n]
		if !ok {
			text = fmt.Sprintf("line %d", n)
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}

func newFixture(t *testing.T, opt github.Options) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.Standing(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))}
	opt.Clock = f.clock.Now
	var err error
	if f.Server, err = github.New(t.TempDir(), opt); err != nil {
		t.Fatal(err)
	}
	if f.git, err = f.CreateRepository("acme", "shop", true); err != nil {
		t.Fatal(err)
	}
	f.commit(gitrepo.Change{Branch: "main", Write: map[string]string{"main.go": source(30, nil), "old.txt": source(9, nil), "bin": "\x00\x01"}})
	f.commit(gitrepo.Change{Branch: "fix", From: "main", Rename: map[string]string{"old.txt": "new name.txt"},
		Write: map[string]string{"main.go": source(30, map[int]string{12: "twelve", 13: "thirteen\nthirteen and a half"}), "bin": "\x00\x02"}})
	for login, level := range map[string]github.Level{"alice": github.Write, "bob": github.Write, "carol": github.Read} {
		f.must(f.Grant(shop, login, level))
		f.AddToken(github.Token{Value: login, Login: login})
	}
	f.AddToken(github.Token{Value: "bot", Login: "sluice[bot]", App: true,
		Permissions: map[string]string{"metadata": "read", "contents": "read", "pull_requests": "write"}})
	number, err := f.OpenPullRequest(shop, github.NewPullRequest{Title: "Fix it", Body: "Please.", Head: "fix", Author: "alice"})
	if err != nil || number != 1 {
		t.Fatal(number, err)
	}
	srv := httptest.NewServer(contract(t, f.Server))
	t.Cleanup(srv.Close)
	f.url = srv.URL
	f.sluice, f.bob, f.carol = f.client("bot"), f.client("bob"), f.client("carol")
	return f
}

func (f *fixture) client(token string) *client.Client {
	c := client.NewClient(nil)
	if token != "" {
		c = c.WithAuthToken(token)
	}
	c.BaseURL, _ = url.Parse(f.url + "/")
	return c
}

func (f *fixture) commit(c gitrepo.Change) string {
	f.t.Helper()
	hash, err := f.Commit(shop, c)
	f.must(err)
	return hash
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) pull() *github.PullRequest {
	f.t.Helper()
	w, err := f.World()
	f.must(err)
	return w.Repository(shop).PullRequest(1)
}

// status is the status of a refusal, or 0.
func status(err error) int {
	var plain *client.ErrorResponse
	var abuse *client.AbuseRateLimitError
	var rate *client.RateLimitError
	switch {
	case errors.As(err, &plain):
		return plain.Response.StatusCode
	case errors.As(err, &abuse):
		return abuse.Response.StatusCode
	case errors.As(err, &rate):
		return rate.Response.StatusCode
	case err != nil:
		return -1
	}
	return 0
}

func wantStatus(t *testing.T, what string, err error, want int) {
	t.Helper()
	if got := status(err); got != want {
		t.Errorf("%s: status %d (%v), want %d", what, got, err, want)
	}
}

func comment(line int) *client.DraftReviewComment {
	return &client.DraftReviewComment{Path: client.String("main.go"), Line: client.Int(line), Side: client.String("RIGHT"), Body: client.String(fmt.Sprintf("about line %d", line))}
}

// get asks without a client, for headers.
func (f *fixture) get(token, path string, header map[string]string) *http.Response {
	f.t.Helper()
	r, err := http.NewRequest(http.MethodGet, f.url+path, nil)
	f.must(err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(r)
	f.must(err)
	body, err := io.ReadAll(res.Body)
	f.must(err)
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res
}

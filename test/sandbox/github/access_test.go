package github_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	client "github.com/google/go-github/v60/github"

	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

func TestPermissions(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	f.AddToken(github.Token{Value: "readonly", Login: "sluice[bot]", App: true, Permissions: map[string]string{"metadata": "read", "pull_requests": "read"}})
	f.AddToken(github.Token{Value: "fine", Login: "bob", Permissions: map[string]string{"contents": "read"}})
	f.AddToken(github.Token{Value: "old", Login: "bob", Expires: f.clock.Now()})
	f.AddToken(github.Token{Value: "stranger", Login: "mallory"})
	f.AddToken(github.Token{Value: "elsewhere", Login: "sluice[bot]", App: true, Repositories: []string{"acme/other"}, Permissions: map[string]string{"pull_requests": "write"}})
	write := func(c *client.Client) error {
		_, _, err := c.PullRequests.CreateReview(ctx, "acme", "shop", 1, &client.PullRequestReviewRequest{Body: client.String("x")})
		return err
	}
	read := func(c *client.Client) error {
		_, _, err := c.PullRequests.Get(ctx, "acme", "shop", 1)
		return err
	}
	for token, want := range map[string][2]int{"bot": {0, 0}, "readonly": {0, 403}, "fine": {403, 403}, "old": {401, 401}, "wrong": {401, 401},
		"stranger": {404, 404}, "elsewhere": {404, 404}, "": {404, 404}, "carol": {0, 0}} {
		c := f.client(token)
		wantStatus(t, token+" reads", read(c), want[0])
		wantStatus(t, token+" writes", write(c), want[1])
	}
	var refused *client.ErrorResponse
	if err := write(f.client("readonly")); !errors.As(err, &refused) || refused.Message != "Resource not accessible by integration" ||
		refused.Response.Header.Get("X-Accepted-GitHub-Permissions") != "pull_requests=write" {
		t.Errorf("refusal: %v", refused)
	}
	_, _, err := f.client("readonly").Issues.CreateComment(ctx, "acme", "shop", 1, &client.IssueComment{Body: client.String("x")})
	wantStatus(t, "an issue comment with a read-only token", err, 403)
}

func TestPublicRepository(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	_, err := f.CreateRepository("acme", "open", false)
	f.must(err)
	_, err = f.Commit("acme/open", gitrepo.Change{Branch: "main", Write: map[string]string{"a": "1\n"}})
	f.must(err)
	_, _, err = f.client("").Repositories.Get(ctx, "acme", "open")
	wantStatus(t, "reading without a token", err, 0)
	_, _, err = f.client("").Issues.CreateComment(ctx, "acme", "open", 1, &client.IssueComment{Body: client.String("x")})
	wantStatus(t, "writing to no pull request", err, 404)
	level, _, err := f.sluice.Repositories.GetPermissionLevel(ctx, "acme", "open", "carol")
	f.must(err)
	if level.GetPermission() != "read" {
		t.Errorf("level %s", level.GetPermission())
	}
}

func TestAppAuthentication(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	f.clock.Pass(time.Since(f.clock.Now())) // the transport signs with the system's clock
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	f.must(err)
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	f.must(err)
	app := f.AddApp(github.App{Slug: "gate", PublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		Permissions: map[string]string{"metadata": "read", "pull_requests": "write"}})
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	transport, err := ghinstallation.New(http.DefaultTransport, app.ID, app.Installation, private)
	f.must(err)
	transport.BaseURL = f.url
	c := f.client("")
	base := c.BaseURL
	c = client.NewClient(&http.Client{Transport: transport})
	c.BaseURL = base
	v, _, err := c.PullRequests.CreateReview(ctx, "acme", "shop", 1, &client.PullRequestReviewRequest{Body: client.String("x")})
	f.must(err)
	if v.GetUser().GetLogin() != "gate[bot]" || v.GetUser().GetType() != "Bot" {
		t.Errorf("author %v", v.GetUser())
	}
	apps, err := ghinstallation.NewAppsTransport(http.DefaultTransport, app.ID, private)
	f.must(err)
	jwt := client.NewClient(&http.Client{Transport: apps})
	jwt.BaseURL = base
	me, _, err := jwt.Apps.Get(ctx, "")
	f.must(err)
	if me.GetSlug() != "gate" {
		t.Errorf("app %v", me)
	}
	installation, _, err := jwt.Apps.GetInstallation(ctx, app.Installation)
	f.must(err)
	if installation.GetPermissions().GetPullRequests() != "write" {
		t.Errorf("installation %v", installation)
	}
	repos, _, err := c.Apps.ListRepos(ctx, nil)
	f.must(err)
	if repos.GetTotalCount() != 1 {
		t.Errorf("repositories %v", repos)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	f.must(err)
	forged, err := ghinstallation.NewAppsTransport(http.DefaultTransport, app.ID, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(other)}))
	f.must(err)
	wrong := client.NewClient(&http.Client{Transport: forged})
	wrong.BaseURL = base
	_, _, err = wrong.Apps.Get(ctx, "")
	wantStatus(t, "a forged token", err, 401)
}

func TestConditionalRequests(t *testing.T) {
	f := newFixture(t, github.Options{})
	const path = "/repos/acme/shop/pulls/1"
	first := f.get("bot", path, nil)
	tag, left := first.Header.Get("ETag"), first.Header.Get("X-RateLimit-Remaining")
	again := f.get("bot", path, map[string]string{"If-None-Match": tag})
	if again.StatusCode != 304 || again.Header.Get("X-RateLimit-Remaining") != left {
		t.Errorf("unchanged: %d, remaining %s after %s", again.StatusCode, again.Header.Get("X-RateLimit-Remaining"), left)
	}
	if other := f.get("bob", path, map[string]string{"If-None-Match": tag}); other.StatusCode != 200 {
		t.Errorf("somebody else's tag: %d", other.StatusCode)
	}
	f.commit(gitrepo.Change{Branch: "fix", Write: map[string]string{"x": "1\n"}})
	if changed := f.get("bot", path, map[string]string{"If-None-Match": tag}); changed.StatusCode != 200 {
		t.Errorf("after a push: %d", changed.StatusCode)
	}
	w, err := f.World()
	f.must(err)
	if got := w.Requests["GET /repos/{owner}/{repo}/pulls/{pull_number}"]; got != (github.RouteCount{Requests: 4, NotModified: 1}) {
		t.Errorf("counted %+v", got)
	}
}

func TestPages(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	for i := range 7 {
		_, err := f.CommentOnPullRequest(shop, 1, "bob", fmt.Sprint(i))
		f.must(err)
	}
	var got []string
	opt := &client.IssueListCommentsOptions{ListOptions: client.ListOptions{PerPage: 3}}
	for pages := 1; ; pages++ {
		list, res, err := f.sluice.Issues.ListComments(ctx, "acme", "shop", 1, opt)
		f.must(err)
		for _, m := range list {
			got = append(got, m.GetBody())
		}
		if res.NextPage == 0 {
			if pages != 3 || len(got) != 7 || got[6] != "6" {
				t.Errorf("%d pages: %v", pages, got)
			}
			break
		}
		opt.Page = res.NextPage
	}
	opt.Page = 9
	list, _, err := f.sluice.Issues.ListComments(ctx, "acme", "shop", 1, opt)
	f.must(err)
	if len(list) != 0 {
		t.Errorf("beyond the last page: %v", list)
	}
}

// TestLimits sends requests at a rate and counts how many are let through before the first refusal.
func TestLimits(t *testing.T) {
	tests := map[string]struct {
		limits  github.Limits
		pause   time.Duration
		create  bool
		through int
		wait    time.Duration
	}{
		"content a minute":       {github.GitHubLimits(), 500 * time.Millisecond, true, 80, time.Minute},
		"points a minute, reads": {github.GitHubLimits(), 50 * time.Millisecond, false, 900, time.Minute},
		"content an hour":        {github.Limits{ContentPerHour: 500}, 5 * time.Second, true, 500, 1100 * time.Second},
		"points, writes":         {github.Limits{PointsPerMinute: 20}, time.Second, true, 4, time.Minute},
		"primary":                {github.Limits{Hourly: 30}, time.Second, false, 30, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f, ctx := newFixture(t, github.Options{Limits: test.limits}), context.Background()
			send := func() error {
				if test.create {
					_, _, err := f.sluice.Issues.CreateComment(ctx, "acme", "shop", 1, &client.IssueComment{Body: client.String("x")})
					return err
				}
				_, _, err := f.sluice.Issues.ListComments(ctx, "acme", "shop", 1, nil)
				return err
			}
			n, err := 0, error(nil)
			for ; n < 1000; n++ {
				if err = send(); err != nil {
					break
				}
				f.clock.Pass(test.pause)
			}
			var abuse *client.AbuseRateLimitError
			var primary *client.RateLimitError
			switch {
			case n != test.through:
				t.Fatalf("%d let through, want %d (%v)", n, test.through, err)
			case test.wait == 0:
				if !errors.As(err, &primary) || primary.Rate.Remaining != 0 {
					t.Fatalf("refusal %v", err)
				}
				return
			case !errors.As(err, &abuse) || abuse.GetRetryAfter() != test.wait:
				t.Fatalf("refusal %v", err)
			}
			w, err := f.World()
			f.must(err)
			if want := len(w.Repository(shop).PullRequest(1).Comments); w.Content != want {
				t.Errorf("%d counted, %d made", w.Content, want)
			}
			f.clock.Pass(test.wait)
			// go-github itself holds back until the time is over, by the system's clock
			f.sluice = f.client("bot")
			wantStatus(t, "after waiting", send(), 0)
		})
	}
}

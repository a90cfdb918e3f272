package faults_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/test/sandbox/clock"
	"github.com/sluice-sec/sluice/test/sandbox/faults"
	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

func scene(t *testing.T) (*github.Server, *faults.Injector, *githubapi.Client, *clock.Clock) {
	t.Helper()
	c := clock.Standing(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC))
	s, err := github.New(t.TempDir(), github.Options{Clock: c.Now})
	must(t, err)
	_, err = s.CreateRepository("acme", "shop", true)
	must(t, err)
	for _, change := range []gitrepo.Change{
		{Branch: "main", Write: map[string]string{"a.go": "one\n"}}, {Branch: "fix", From: "main", Write: map[string]string{"a.go": "two\n"}}} {
		_, err = s.Commit("acme/shop", change)
		must(t, err)
	}
	_, err = s.OpenPullRequest("acme/shop", github.NewPullRequest{Head: "fix", Author: "dev"})
	must(t, err)
	s.AddToken(github.Token{Value: "t", Login: "bot"})
	must(t, s.Grant("acme/shop", "bot", github.Write))
	i := faults.New(s, faults.Options{Describe: faults.GitHub(s), Now: c.Now, Advance: c.Pass})
	client, err := githubapi.New(githubapi.Config{URL: "http://sandbox/", Token: "t", Clock: c, Transport: faults.Direct(i)})
	must(t, err)
	return s, i, client, c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const comments = "/repos/{owner}/{repo}/issues/{issue_number}/comments"

// The sandbox's real client reads each refusal as GitHub means it.
func TestTheClientReadsEachRefusal(t *testing.T) {
	cases := []struct {
		fault faults.Fault
		want  any // pointer to the error type
		mend  string
		made  int
	}{
		{faults.Secondary(403, 2*time.Minute), new(*githubapi.RateLimitError), "", 0},
		{faults.Secondary(429, 0), nil, "", 1}, // waits a minute and goes on
		{faults.Primary(time.Date(2026, 5, 4, 9, 40, 0, 0, time.UTC)), new(*githubapi.RateLimitError), "", 0},
		{faults.NoPermission("issues=write"), new(*githubapi.RefusedError), "give the token the permission issues: write", 0},
		{faults.SSO("https://example.com/sso"), new(*githubapi.RefusedError), "authorise the token for the organisation at https://example.com/sso", 0},
		{faults.BadCredentials(), new(*githubapi.RefusedError), "check the token or the App's key: it is wrong, revoked or expired", 0},
		{faults.Conflict(), new(*githubapi.RefusedError), "", 0},
		{faults.Unprocessable("no"), new(*githubapi.RefusedError), "", 0},
		{faults.ResetAfter(), new(*githubapi.UnknownOutcomeError), "", 1},
		{faults.ResetBefore(), new(*githubapi.UnknownOutcomeError), "", 0},
		{faults.Delayed(time.Minute), new(*githubapi.UnknownOutcomeError), "", 1},
		{faults.CutShort(), new(*githubapi.UnknownOutcomeError), "", 1},
		{faults.Truncated(), new(*githubapi.UnknownOutcomeError), "", 1},
		{faults.Malformed(), new(*githubapi.UnknownOutcomeError), "", 1},
		{faults.HTML(), new(*githubapi.UnknownOutcomeError), "", 1},
		{faults.StatusAfter(503), new(*githubapi.UnknownOutcomeError), "", 1},
	}
	for _, c := range cases {
		t.Run(c.fault.Name, func(t *testing.T) {
			s, i, client, _ := scene(t)
			i.Inject(faults.Rule{Method: "POST", Route: comments, Times: 1, Fault: c.fault})
			var out map[string]any
			err := client.Create(t.Context(), "repos/acme/shop/issues/1/comments", map[string]string{"body": "hello"}, &out)
			if c.want == nil && err != nil || c.want != nil && !errors.As(err, c.want) {
				t.Errorf("error %T %v", err, err)
			}
			var refused *githubapi.RefusedError
			if errors.As(err, &refused) && refused.Mend() != c.mend {
				t.Errorf("mend %q, want %q", refused.Mend(), c.mend)
			}
			w, err := s.World()
			must(t, err)
			if got := len(w.Repository("acme/shop").PullRequest(1).Comments); got != c.made {
				t.Errorf("%d comments, want %d", got, c.made)
			}
		})
	}
}

// The login page of a proxy says 200, also to who wants nothing but that.
func TestAPageIsNoAnswer(t *testing.T) {
	for _, fault := range []faults.Fault{faults.HTML(), faults.Malformed()} {
		_, i, client, _ := scene(t)
		var made struct{ ID int64 }
		must(t, client.Create(t.Context(), "repos/acme/shop/issues/1/comments", map[string]string{"body": "hello"}, &made))
		path := fmt.Sprintf("repos/acme/shop/issues/comments/%d", made.ID)
		i.Inject(faults.Rule{Method: "PATCH", Times: 1, Fault: fault})
		var unknown *githubapi.UnknownOutcomeError
		if err := client.Edit(t.Context(), path, map[string]string{"body": "better"}, nil); !errors.As(err, &unknown) {
			t.Errorf("%s: %v", fault.Name, err)
		}
		must(t, client.Delete(t.Context(), path))
	}
}

func TestOperationsHaveTheRoutesNames(t *testing.T) {
	s, _, _, _ := scene(t)
	i := faults.New(s, faults.Options{Describe: faults.GitHub(s)})
	i.Inject(faults.Rule{Fault: faults.Meanwhile("look", func() {})})
	client, err := githubapi.New(githubapi.Config{URL: "http://sandbox/api/v3/", Token: "t", Transport: faults.Direct(i), Clock: clock.Standing(time.Time{})})
	must(t, err)
	var out any
	for _, path := range []string{"repos/acme/shop/pulls/1", "repos/acme/shop/pulls?page=2"} {
		if _, err := client.Get(t.Context(), path, &out); err != nil {
			t.Fatal(err)
		}
	}
	_ = client.Query(t.Context(), "query { viewer { login } }", nil, nil)
	_ = client.Query(t.Context(), `mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { id } } }`, map[string]any{"id": "no"}, nil)
	var got []string
	for _, m := range i.Met() {
		got = append(got, m.Operation.String())
	}
	want := []string{"GET /repos/{owner}/{repo}/pulls/{pull_number}", "GET /repos/{owner}/{repo}/pulls page 2", "QUERY /graphql", "MUTATION /graphql"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A list that loses an entry of its first page while its second is read has
// its entries move up: the reader never sees one of them.
func TestAListChangesBetweenTwoPages(t *testing.T) {
	s, i, client, _ := scene(t)
	var ids []int64
	for range 4 {
		id, err := s.CommentOnPullRequest("acme/shop", 1, "dev", "words")
		must(t, err)
		ids = append(ids, id)
	}
	i.Inject(faults.Rule{Method: http.MethodGet, Route: comments, Page: "2", Times: 1,
		Fault: faults.Meanwhile("the first comment is deleted", func() { must(t, s.DeleteComment(ids[0])) })})
	all, err := githubapi.All[struct {
		ID int64 `json:"id"`
	}](t.Context(), client, "repos/acme/shop/issues/1/comments?per_page=2")
	must(t, err)
	if len(all) != 3 || all[0].ID != ids[0] || all[2].ID != ids[3] {
		t.Errorf("read %v of %v", all, ids)
	}
}

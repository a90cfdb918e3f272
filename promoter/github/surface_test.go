package github_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/github"
	sandbox "github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

func refusal(t *testing.T, err error) *promoter.RefusedError {
	t.Helper()
	var refused *promoter.RefusedError
	if !errors.As(err, &refused) {
		t.Fatalf("want a refusal, have %v", err)
	}
	return refused
}

func later(t *testing.T, err error) {
	t.Helper()
	var e *promoter.LaterError
	if !errors.As(err, &e) {
		t.Fatalf("want a later error, have %v", err)
	}
}

func TestReviewIsOneMailWithAllComments(t *testing.T) {
	b := newBench(t)
	e := b.effect(promoter.VerbReview, "tok", inline(1, 12), inline(2, 17))
	e.Notices[1].Anchor.StartLine = 16
	shown := b.do(e)
	again := b.do(e)
	if diff := cmp.Diff(shown, again); diff != "" {
		t.Errorf("doing it again shows something else:\n%s", diff)
	}
	p := b.pull()
	if len(p.Reviews) != 1 || p.Reviews[0].State != sandbox.Commented || len(p.ReviewComments) != 2 || b.mails() != 1 {
		t.Fatalf("want one review with two comments and one mail, have %d, %d, %d", len(p.Reviews), len(p.ReviewComments), b.mails())
	}
	for i, c := range p.ReviewComments {
		n := shown[i]
		if n.Remote.ID != c.ID || n.Remote.ReviewID != p.Reviews[0].ID || n.Posted != promoter.HashBody(c.Body) || n.Remote.URL == "" {
			t.Errorf("comment %d is remembered as %+v", c.ID, n)
		}
		if !strings.HasPrefix(c.Body, n.Body+"\n\n<!-- sluice:1 comment tok ") || c.Line != n.Anchor.Line || c.StartLine != n.Anchor.StartLine {
			t.Errorf("comment stands as %+v", c)
		}
	}
}

func TestReviewOfAWorldThatMovedOn(t *testing.T) {
	tests := map[string]struct {
		notice promoter.Notice
		move   func(*bench)
		want   string
	}{
		"head moved":    {inline(1, 12), func(b *bench) { b.commit(gitrepo.Change{Branch: "fix", Write: map[string]string{"x": "y"}}) }, "has moved"},
		"closed":        {inline(1, 12), func(b *bench) { b.must(b.ClosePullRequest(shop, 1)) }, "is closed"},
		"gone":          {inline(1, 12), func(b *bench) { b.must(b.DeletePullRequest(shop, 1)) }, "is gone"},
		"line not ours": {inline(1, 25), func(*bench) {}, "main.go:25"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			e := b.effect(promoter.VerbReview, "tok", test.notice)
			test.move(b)
			_, err := b.surface().Do(context.Background(), e)
			if refused := refusal(t, err); !refused.Stale || !strings.Contains(refused.Why, test.want) {
				t.Errorf("refused with %+v", refused)
			}
			if b.mails() != 0 {
				t.Error("somebody was mailed")
			}
		})
	}
}

// An unsubmitted review of another effect of ours goes; a person's makes us wait.
func TestUnsubmittedReviews(t *testing.T) {
	b := newBench(t)
	b.token = "bob"
	stale := b.effect(promoter.VerbReview, "stale", inline(1, 12))
	b.wire.Deny = func(r *http.Request) *http.Response {
		if strings.HasSuffix(r.URL.Path, "/events") {
			return answer(http.StatusBadGateway, "")
		}
		return nil
	}
	if _, err := b.surface().Do(context.Background(), stale); !errors.Is(err, promoter.ErrUnknownOutcome) {
		t.Fatalf("want an unknown outcome, have %v", err)
	}
	b.wire.Deny = nil
	b.do(b.effect(promoter.VerbReview, "next", inline(2, 13)))
	if p := b.pull(); len(p.Reviews) != 1 || len(p.ReviewComments) != 1 || !strings.Contains(p.ReviewComments[0].Body, "finding 2") {
		t.Fatalf("want the next review alone, have %+v", p.Reviews)
	}
	req, _ := http.NewRequest(http.MethodPost, b.url+"/repos/acme/shop/pulls/1/reviews", strings.NewReader(`{"body":"still thinking"}`))
	req.Header.Set("Authorization", "Bearer bob")
	if resp, err := http.DefaultClient.Do(req); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(err, resp)
	}
	_, err := b.surface().Do(context.Background(), b.effect(promoter.VerbReview, "third", inline(3, 14)))
	later(t, err)
	if p := b.pull(); len(p.Reviews) != 2 || p.Reviews[1].Body != "still thinking" {
		t.Errorf("bob's unfinished review was touched: %+v", p.Reviews)
	}
}

func answer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

func TestTokenThatMayNotHavePendingReviews(t *testing.T) {
	b := newBench(t)
	b.wire.Deny = func(r *http.Request) *http.Response {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/reviews") {
			return nil
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if strings.Contains(string(body), `"event"`) {
			return nil
		}
		return answer(http.StatusForbidden, `{"message":"Pending reviews are not available to this token"}`)
	}
	e := b.effect(promoter.VerbReview, "tok", inline(1, 12))
	shown := b.do(e)
	if p := b.pull(); len(p.Reviews) != 1 || p.Reviews[0].State != sandbox.Commented || shown[0].Remote.ID != p.ReviewComments[0].ID {
		t.Fatalf("have %+v", p.Reviews)
	}
	b.do(e)
	if b.mails() != 1 {
		t.Errorf("%d mails", b.mails())
	}
	// People see it at once: when it cannot be read back, nobody may think that nothing happened.
	direct := b.wire.Deny
	b.wire.Deny = func(r *http.Request) *http.Response {
		if strings.Contains(r.URL.Path, "/reviews/") {
			return answer(http.StatusTooManyRequests, "")
		}
		return direct(r)
	}
	if _, err := b.surface().Do(context.Background(), b.effect(promoter.VerbReview, "unread", inline(2, 13))); !errors.Is(err, promoter.ErrUnknownOutcome) {
		t.Errorf("want an unknown outcome, have %v", err)
	}
}

// Anyone can copy our marker; it counts under our own name only.
func TestForgedMarker(t *testing.T) {
	b := newBench(t)
	summary := promoter.Notice{No: 7, Surface: promoter.SurfaceSummary, Body: "the summary", State: promoter.NoticePlanned}
	e := b.effect(promoter.VerbSummary, "tok", summary)
	first := b.do(e)
	body := b.pull().Comments[0].Body
	b.must(b.DeleteComment(first[0].Remote.ID))
	if _, err := b.CommentOnPullRequest(shop, 1, "bob", body); err != nil {
		t.Fatal(err)
	}
	seen, err := b.surface().Find(context.Background(), e)
	if err != nil || seen.Found {
		t.Fatalf("a marker of bob's was believed: %+v %v", seen, err)
	}
	b.do(e)
	if p := b.pull(); len(p.Comments) != 2 || p.Comments[1].Author != "sluice[bot]" {
		t.Errorf("have %+v", p.Comments)
	}
}

func TestEditLeavesWhatPeopleDid(t *testing.T) {
	tests := map[string]struct {
		meddle     func(*bench, int64)
		kept       string
		gone       bool
		wantEdited bool
	}{
		"nothing":          {func(*bench, int64) {}, "", false, true},
		"edited":           {func(b *bench, id int64) { b.must(b.EditComment(id, "I know better")) }, "edited by a person", false, false},
		"answered":         {func(b *bench, id int64) { _, err := b.Reply(id, "alice", "we need this"); b.must(err) }, "answered", false, false},
		"answered by self": {func(b *bench, id int64) { _, err := b.Reply(id, "sluice[bot]", "note"); b.must(err) }, "", false, true},
		"deleted":          {func(b *bench, id int64) { b.must(b.DeleteComment(id)) }, "", true, false},
		"repository renamed": {func(b *bench, _ int64) { b.must(b.RenameRepository(shop, "store")) },
			"", false, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			shown := b.do(b.effect(promoter.VerbReview, "tok", inline(1, 12)))
			e := b.effect(promoter.VerbEditComment, "edit", withdrawn(shown[0]))
			test.meddle(b, shown[0].Remote.ID)
			seen, err := b.surface().Do(context.Background(), e)
			b.must(err)
			post := seen.Notices[0]
			if post.Kept != test.kept || post.Gone != test.gone {
				t.Fatalf("observed %+v", post)
			}
			w, err := b.World()
			b.must(err)
			edited := false
			for _, c := range w.Repositories[0].PullRequests[0].ReviewComments {
				edited = edited || strings.HasPrefix(c.Body, "Withdrawn: finding 1\n\n<!-- sluice:1 comment edit 1 ")
			}
			if edited != test.wantEdited {
				t.Errorf("edited: %v", edited)
			}
			if b.mails() != 1 && name != "answered by self" {
				t.Errorf("%d mails", b.mails())
			}
		})
	}
}

func TestCommentOfAnotherAccountIsLeft(t *testing.T) {
	b := newBench(t)
	b.token = "bob"
	shown := b.do(b.effect(promoter.VerbReview, "tok", inline(1, 12)))
	b.token = "bot"
	seen, err := b.surface().Do(context.Background(), b.effect(promoter.VerbEditComment, "edit", withdrawn(shown[0])))
	if err != nil || seen.Notices[0].Kept != github.KeptForeign || !strings.HasPrefix(b.pull().ReviewComments[0].Body, "finding 1") {
		t.Errorf("observed %+v %v", seen, err)
	}
}

func TestSummaryAdoptsTheOldest(t *testing.T) {
	b := newBench(t)
	n := promoter.Notice{No: 3, Surface: promoter.SurfaceSummary, Body: "two findings", State: promoter.NoticePlanned}
	b.do(b.effect(promoter.VerbSummary, "one", n))
	body := b.pull().Comments[0].Body
	for range 2 { // a lost database posted twice more; one of them a person wrote into
		if _, err := b.CommentOnPullRequest(shop, 1, "sluice[bot]", body); err != nil {
			t.Fatal(err)
		}
	}
	b.must(b.clock.Sleep(context.Background(), 5e9))
	b.must(b.EditComment(b.pull().Comments[1].ID, "my notes\n"+body))
	n.Body = "three findings"
	shown := b.do(b.effect(promoter.VerbSummary, "two", n))
	p := b.pull()
	if len(p.Comments) != 2 || !strings.HasPrefix(p.Comments[0].Body, "three findings") || !strings.HasPrefix(p.Comments[1].Body, "my notes") {
		t.Fatalf("have %+v", p.Comments)
	}
	if shown[0].Remote.ID != p.Comments[0].ID || shown[0].Posted != promoter.HashBody(p.Comments[0].Body) {
		t.Errorf("remembered as %+v", shown[0])
	}
	edited := shown[0]
	edited.Body = "none left"
	b.do(b.effect(promoter.VerbEditSummary, "three", edited))
	if p := b.pull(); !strings.HasPrefix(p.Comments[0].Body, "none left\n\n<!-- sluice:1 summary three 3 ") {
		t.Errorf("have %q", p.Comments[0].Body)
	}
}

func TestResolve(t *testing.T) {
	b := newBench(t)
	shown := b.do(b.effect(promoter.VerbReview, "tok", inline(1, 12), inline(2, 13)))
	resolved := b.do(b.effect(promoter.VerbResolve, "res", shown[1]))
	if resolved[0].Remote.ThreadID == "" || resolved[0].Remote.ID != shown[1].Remote.ID {
		t.Errorf("remembered as %+v", resolved[0].Remote)
	}
	state := func() string {
		p := b.pull()
		return fmt.Sprint(p.Thread(shown[0].Remote.ID).Resolved, p.Thread(shown[1].Remote.ID).Resolved)
	}
	if have := state(); have != "false true" {
		t.Fatalf("threads: %s", have)
	}
	b.do(b.effect(promoter.VerbUnresolve, "un", resolved[0]))
	if have := state(); have != "false false" {
		t.Errorf("threads: %s", have)
	}
	b.must(b.DeleteComment(shown[0].Remote.ID))
	seen, err := b.surface().Do(context.Background(), b.effect(promoter.VerbResolve, "gone", shown[0]))
	if err != nil || !seen.Notices[0].Gone {
		t.Errorf("a thread that is gone: %+v %v", seen, err)
	}
}

func TestMissingPermissionIsNamed(t *testing.T) {
	b := newBench(t)
	shown := b.do(b.effect(promoter.VerbReview, "tok", inline(1, 12)))
	b.AddToken(sandbox.Token{Value: "reader", Login: "sluice[bot]", App: true,
		Permissions: map[string]string{"metadata": "read", "contents": "read", "pull_requests": "read"}})
	b.token = "reader"
	for _, e := range []promoter.Effect{
		b.effect(promoter.VerbReview, "a", inline(2, 13)),
		b.effect(promoter.VerbSummary, "b", promoter.Notice{No: 3, Body: "summary"}),
		b.effect(promoter.VerbEditComment, "c", withdrawn(shown[0])),
		b.effect(promoter.VerbResolve, "d", shown[0]),
	} {
		_, err := b.surface().Do(context.Background(), e)
		if refused := refusal(t, err); refused.Stale || !strings.Contains(refused.Mend, "pull requests: write") {
			t.Errorf("%s: refused with %+v", e.Verb, refused)
		}
	}
}

func TestChange(t *testing.T) {
	b := newBench(t)
	repo := promoter.Repository{Owner: "acme", Name: "shop"}
	c, err := b.surface().Change(context.Background(), repo, 1)
	b.must(err)
	p := b.pull()
	want := promoter.Change{
		Author: "alice",
		Number: 1, Open: true, Head: p.HeadSHA, Merge: p.MergeCommit, Base: "main", MergeBase: p.MergeBase, FilesComplete: true,
		Files: []promoter.ChangedFile{
			{Path: "bin", Unknown: true},
			{Path: "main.go", Added: []promoter.LineRange{{First: 12, Last: 14}}, Context: []promoter.LineRange{{First: 9, Last: 11}, {First: 15, Last: 17}}},
			{Path: "new name.txt", Previous: "old.txt"},
		},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	b.must(b.ClosePullRequest(shop, 1))
	if c, err = b.surface().Change(context.Background(), repo, 1); err != nil || c.Open {
		t.Errorf("closed: %+v %v", c, err)
	}
	if c, err = b.surface().Change(context.Background(), repo, 99); err != nil || c.Open {
		t.Errorf("missing: %+v %v", c, err)
	}
	b.token = "nobody"
	b.AddToken(sandbox.Token{Value: "nobody", Login: "mallory"})
	if c, err = b.surface().Change(context.Background(), repo, 1); err == nil {
		t.Errorf("a repository that cannot be seen counts as a closed pull request: %+v", c)
	}
}

// A pull request that did not change costs no quota the next time, and what is
// stored of it holds no line of its source.
func TestChangeFromStoredAnswers(t *testing.T) {
	b := newBench(t)
	b.cache = &memory{}
	repo := promoter.Repository{Owner: "acme", Name: "shop"}
	first, err := b.surface().Change(context.Background(), repo, 1)
	b.must(err)
	b.wire.Sent = 0
	again, err := b.surface().Change(context.Background(), repo, 1)
	b.must(err)
	if diff := cmp.Diff(first, again); diff != "" || len(first.Files) == 0 {
		t.Errorf("replayed as another change:\n%s", diff)
	}
	w, err := b.World()
	b.must(err)
	free := 0
	for _, r := range w.Requests {
		free += r.NotModified
	}
	if free != b.wire.Sent {
		t.Errorf("%d of %d requests were free", free, b.wire.Sent)
	}
	for _, e := range b.cache.kept {
		if strings.Contains(e[1], "twelve") || strings.Contains(e[1], "line 11") {
			t.Errorf("source code is stored: %s", e[1])
		}
	}
}

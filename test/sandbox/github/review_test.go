package github_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	client "github.com/google/go-github/v60/github"

	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

// pending makes a pending review of sluice[bot] with comments on these lines.
func (f *fixture) pending(lines ...int) *client.PullRequestReview {
	f.t.Helper()
	in := &client.PullRequestReviewRequest{Body: client.String("found something")}
	for _, n := range lines {
		in.Comments = append(in.Comments, comment(n))
	}
	v, _, err := f.sluice.PullRequests.CreateReview(context.Background(), "acme", "shop", 1, in)
	f.must(err)
	return v
}

func (f *fixture) submit(v *client.PullRequestReview) *client.PullRequestReview {
	f.t.Helper()
	out, _, err := f.sluice.PullRequests.SubmitReview(context.Background(), "acme", "shop", 1, v.GetID(), &client.PullRequestReviewRequest{Event: client.String("COMMENT")})
	f.must(err)
	return out
}

// posted submits a review with one comment on each line and returns the comments' ids.
func (f *fixture) posted(lines ...int) []int64 {
	f.t.Helper()
	v := f.submit(f.pending(lines...))
	list, _, err := f.sluice.PullRequests.ListReviewComments(context.Background(), "acme", "shop", 1, v.GetID(), nil)
	f.must(err)
	var ids []int64
	for _, m := range list {
		ids = append(ids, m.GetID())
	}
	return ids
}

func TestAReviewInTwoSteps(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	v := f.pending(12, 14)
	if v.GetState() != "PENDING" || !v.GetSubmittedAt().IsZero() {
		t.Errorf("created: %v", v)
	}
	see := func(c *client.Client) (reviews, comments int) {
		r, _, err := c.PullRequests.ListReviews(ctx, "acme", "shop", 1, nil)
		f.must(err)
		m, _, err := c.PullRequests.ListComments(ctx, "acme", "shop", 1, nil)
		f.must(err)
		return len(r), len(m)
	}
	if r, m := see(f.bob); r != 0 || m != 0 {
		t.Errorf("bob sees %d reviews and %d comments before the submission", r, m)
	}
	if r, m := see(f.sluice); r != 1 || m != 0 {
		t.Errorf("the author sees %d reviews and %d listed comments before the submission", r, m)
	}
	own, _, err := f.sluice.PullRequests.ListReviewComments(ctx, "acme", "shop", 1, v.GetID(), nil)
	f.must(err)
	if len(own) != 2 || own[1].GetLine() != 14 || own[1].GetDiffHunk() == "" {
		t.Errorf("the author's comments: %v", own)
	}
	_, _, err = f.bob.PullRequests.GetReview(ctx, "acme", "shop", 1, v.GetID())
	wantStatus(t, "somebody else's pending review", err, 404)
	_, _, err = f.bob.PullRequests.GetComment(ctx, "acme", "shop", own[0].GetID())
	wantStatus(t, "its comment", err, 404)
	_, _, err = f.bob.PullRequests.CreateCommentInReplyTo(ctx, "acme", "shop", 1, "?", own[0].GetID())
	wantStatus(t, "a reply to it", err, 404)
	w, err := f.World()
	f.must(err)
	if len(w.Mails) != 0 {
		t.Errorf("mails before the submission: %v", w.Mails)
	}

	if v = f.submit(v); v.GetState() != "COMMENTED" || v.GetBody() != "found something" {
		t.Errorf("submitted: %v", v)
	}
	if r, m := see(f.bob); r != 1 || m != 2 {
		t.Errorf("bob sees %d reviews and %d comments", r, m)
	}
	w, err = f.World()
	f.must(err)
	want := []github.Mail{{At: f.clock.Now(), Repository: shop, Number: 1, Kind: "review", From: "sluice[bot]", ID: v.GetID(), Comments: 2}}
	if diff := cmp.Diff(want, w.Mails); diff != "" {
		t.Error(diff)
	}
}

func TestReviewsRefused(t *testing.T) {
	multi := comment(14)
	multi.StartLine = client.Int(30)
	apart := comment(14)
	apart.StartLine = client.Int(2)
	lost := comment(3)
	lost.Path = client.String("nothing.go")
	binary := comment(1)
	binary.Path = client.String("bin")
	left := comment(12)
	left.Side = client.String("LEFT")
	tests := map[string]struct {
		in   client.PullRequestReviewRequest
		want int
	}{
		"fine":                      {client.PullRequestReviewRequest{Comments: []*client.DraftReviewComment{comment(9)}}, 0},
		"the removed line":          {client.PullRequestReviewRequest{Comments: []*client.DraftReviewComment{left}}, 0},
		"one line outside the diff": {client.PullRequestReviewRequest{Comments: []*client.DraftReviewComment{comment(12), comment(8)}}, 422},
		"after the hunk":            {client.PullRequestReviewRequest{Comments: []*client.DraftReviewComment{comment(18)}}, 422},
		"a file not in the diff":    {client.PullRequestReviewRequest{Comments: []*client.DraftReviewComment{lost}}, 422},
		"a binary file":             {client.PullRequestReviewRequest{Comments: []*client.DraftReviewComment{binary}}, 422},
		"start after end":           {client.PullRequestReviewRequest{Comments: []*client.DraftReviewComment{multi}}, 422},
		"start in no hunk":          {client.PullRequestReviewRequest{Comments: []*client.DraftReviewComment{apart}}, 422},
		"unknown commit":            {client.PullRequestReviewRequest{CommitID: client.String(strings.Repeat("a", 40))}, 422},
		"COMMENT without a body":    {client.PullRequestReviewRequest{Event: client.String("COMMENT")}, 422},
		"longest body":              {client.PullRequestReviewRequest{Body: client.String(strings.Repeat("ü", 65_536))}, 0},
		"body too long":             {client.PullRequestReviewRequest{Body: client.String(strings.Repeat("ü", 65_537))}, 422},
	}
	f := newFixture(t, github.Options{})
	for name, test := range tests {
		v, _, err := f.sluice.PullRequests.CreateReview(context.Background(), "acme", "shop", 1, &test.in)
		wantStatus(t, name, err, test.want)
		p := f.pull()
		if test.want == 0 {
			_, _, err := f.sluice.PullRequests.DeletePendingReview(context.Background(), "acme", "shop", 1, v.GetID())
			f.must(err)
			p = f.pull()
		}
		if len(p.Reviews)+len(p.ReviewComments)+len(p.Threads) != 0 {
			t.Errorf("%s: left behind: %v %v", name, p.Reviews, p.ReviewComments)
		}
	}
}

func TestStatesOfReviews(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	v := f.pending(12)
	_, _, err := f.sluice.PullRequests.CreateReview(ctx, "acme", "shop", 1, &client.PullRequestReviewRequest{})
	wantStatus(t, "a second pending review", err, 422)
	other, _, err := f.bob.PullRequests.CreateReview(ctx, "acme", "shop", 1, &client.PullRequestReviewRequest{})
	wantStatus(t, "somebody else's pending review", err, 0)
	_, _, err = f.bob.PullRequests.SubmitReview(ctx, "acme", "shop", 1, other.GetID(), &client.PullRequestReviewRequest{Event: client.String("COMMENT")})
	wantStatus(t, "submitting COMMENT without a body", err, 422)
	f.submit(v)
	_, _, err = f.sluice.PullRequests.SubmitReview(ctx, "acme", "shop", 1, v.GetID(), &client.PullRequestReviewRequest{Event: client.String("COMMENT")})
	wantStatus(t, "submitting again", err, 422)
	_, _, err = f.sluice.PullRequests.DeletePendingReview(ctx, "acme", "shop", 1, v.GetID())
	wantStatus(t, "deleting what is submitted", err, 422)
	why := &client.PullRequestReviewDismissalRequest{Message: client.String("wrong")}
	_, _, err = f.bob.PullRequests.DismissReview(ctx, "acme", "shop", 1, v.GetID(), why)
	wantStatus(t, "dismissing a COMMENT review", err, 422)
	_, _, err = f.bob.PullRequests.SubmitReview(ctx, "acme", "shop", 1, other.GetID(), &client.PullRequestReviewRequest{Event: client.String("APPROVE")})
	wantStatus(t, "approving", err, 0)
	d, _, err := f.sluice.PullRequests.DismissReview(ctx, "acme", "shop", 1, other.GetID(), why)
	wantStatus(t, "dismissing an approval", err, 0)
	if d.GetState() != "DISMISSED" {
		t.Errorf("state %s", d.GetState())
	}
	_, _, err = f.client("alice").PullRequests.CreateReview(ctx, "acme", "shop", 1, &client.PullRequestReviewRequest{Event: client.String("APPROVE")})
	wantStatus(t, "approving one's own", err, 422)
	u, _, err := f.sluice.PullRequests.UpdateReview(ctx, "acme", "shop", 1, v.GetID(), "better words")
	wantStatus(t, "editing the summary", err, 0)
	if u.GetBody() != "better words" {
		t.Errorf("body %q", u.GetBody())
	}
}

func TestComments(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	id := f.posted(12)[0]
	reply, _, err := f.bob.PullRequests.CreateCommentInReplyTo(ctx, "acme", "shop", 1, "false positive", id)
	f.must(err)
	if reply.GetInReplyTo() != id || reply.GetLine() != 12 {
		t.Errorf("reply: %v", reply)
	}
	_, err = f.Reply(id, "alice", "I agree")
	f.must(err)
	m, _, err := f.sluice.PullRequests.EditComment(ctx, "acme", "shop", id, &client.PullRequestComment{Body: client.String("withdrawn")})
	f.must(err)
	if m.GetBody() != "withdrawn" {
		t.Errorf("edited: %v", m)
	}
	_, _, err = f.carol.PullRequests.EditComment(ctx, "acme", "shop", id, &client.PullRequestComment{Body: client.String("mine")})
	wantStatus(t, "editing without write access", err, 403)
	_, _, err = f.bob.Reactions.CreatePullRequestCommentReaction(ctx, "acme", "shop", id, "-1")
	f.must(err)
	f.must(f.React(id, "alice", "-1"))
	again, _, err := f.bob.Reactions.CreatePullRequestCommentReaction(ctx, "acme", "shop", id, "-1")
	f.must(err)
	reactions, _, err := f.sluice.Reactions.ListPullRequestCommentReactions(ctx, "acme", "shop", id, nil)
	f.must(err)
	if len(reactions) != 2 || reactions[0].GetID() != again.GetID() || reactions[1].GetUser().GetLogin() != "alice" {
		t.Errorf("reactions: %v", reactions)
	}
	single, _, err := f.sluice.PullRequests.CreateComment(ctx, "acme", "shop", 1, &client.PullRequestComment{
		Body: client.String("one"), Path: client.String("main.go"), Line: client.Int(14), CommitID: client.String(f.pull().HeadSHA)})
	f.must(err)
	_, _, err = f.sluice.PullRequests.CreateComment(ctx, "acme", "shop", 1, &client.PullRequestComment{
		Body: client.String("one"), Path: client.String("main.go"), Line: client.Int(1), CommitID: client.String(f.pull().HeadSHA)})
	wantStatus(t, "a single comment outside the diff", err, 422)
	_, err = f.sluice.PullRequests.DeleteComment(ctx, "acme", "shop", single.GetID())
	f.must(err)
	_, _, err = f.sluice.PullRequests.GetComment(ctx, "acme", "shop", single.GetID())
	wantStatus(t, "what was deleted", err, 404)
	w, err := f.World()
	f.must(err)
	var kinds []string
	for _, m := range w.Mails {
		kinds = append(kinds, m.Kind)
	}
	if diff := cmp.Diff([]string{"review", "reply", "reply", "review"}, kinds); diff != "" {
		t.Errorf("mails: %s", diff)
	}
	if p := w.Repository(shop).PullRequest(1); len(p.Threads) != 1 || len(p.ReviewComments) != 3 || p.ReviewComments[0].Edits != 1 {
		t.Errorf("comments: %v", p.ReviewComments)
	}
}

func TestIssueComments(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	m, _, err := f.sluice.Issues.CreateComment(ctx, "acme", "shop", 1, &client.IssueComment{Body: client.String("summary")})
	f.must(err)
	_, _, err = f.sluice.Issues.EditComment(ctx, "acme", "shop", m.GetID(), &client.IssueComment{Body: client.String("newer")})
	f.must(err)
	_, err = f.CommentOnPullRequest(shop, 1, "bob", "thanks")
	f.must(err)
	f.must(f.React(m.GetID(), "bob", "heart"))
	list, _, err := f.sluice.Issues.ListComments(ctx, "acme", "shop", 1, nil)
	f.must(err)
	if len(list) != 2 || list[0].GetBody() != "newer" || list[0].GetReactions().GetHeart() != 1 {
		t.Errorf("comments: %v", list)
	}
	for name, body := range map[string]string{"an empty body": " ", "a body too long": strings.Repeat("x", 65_537)} {
		_, _, err = f.sluice.Issues.CreateComment(ctx, "acme", "shop", 1, &client.IssueComment{Body: client.String(body)})
		wantStatus(t, name, err, 422)
	}
	_, err = f.carol.Issues.DeleteComment(ctx, "acme", "shop", m.GetID())
	wantStatus(t, "deleting without write access", err, 403)
	_, err = f.sluice.Issues.DeleteComment(ctx, "acme", "shop", m.GetID())
	f.must(err)
	w, err := f.World()
	f.must(err)
	if len(w.Mails) != 2 || len(w.Repository(shop).PullRequest(1).Comments) != 1 {
		t.Errorf("mails %v", w.Mails)
	}
}

// TestPushes follows comments through what happens to a branch.
func TestPushes(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	ids := f.posted(12, 14)
	where := func() map[int64]int {
		got := map[int64]int{}
		list, _, err := f.sluice.PullRequests.ListComments(ctx, "acme", "shop", 1, nil)
		f.must(err)
		for _, m := range list {
			if m.GetOriginalLine() == 0 {
				t.Errorf("original line of %d is lost", m.GetID())
			}
			got[m.GetID()] = m.GetLine()
		}
		return got
	}
	first := f.pull().HeadSHA
	check := func(what string, lines ...int) {
		t.Helper()
		if diff := cmp.Diff(map[int64]int{ids[0]: lines[0], ids[1]: lines[1]}, where()); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	check("at first", 12, 14)
	f.commit(gitrepo.Change{Branch: "fix", Write: map[string]string{"main.go": "new first line\n" + source(30, map[int]string{12: "twelve", 13: "thirteen\nthirteen and a half"})}})
	check("a line above", 13, 15)
	f.commit(gitrepo.Change{Branch: "fix", Rename: map[string]string{"main.go": "other.go"}})
	check("a renamed file", 13, 15)
	f.commit(gitrepo.Change{Branch: "fix", Rename: map[string]string{"other.go": "main.go"},
		Write: map[string]string{"main.go": source(30, map[int]string{12: "12", 13: "thirteen\nthirteen and a half"})}})
	check("one line rewritten", 0, 14)
	f.commit(gitrepo.Change{Branch: "fix", Delete: []string{"main.go"}})
	check("the file is gone", 0, 0)
	f.commit(gitrepo.Change{Branch: "fix", From: first, Write: map[string]string{"else": "1\n"}})
	check("force-pushed back", 12, 14)
	m, _, err := f.sluice.PullRequests.GetComment(ctx, "acme", "shop", ids[0])
	f.must(err)
	if m.GetOriginalCommitID() != first || m.GetCommitID() != f.pull().HeadSHA {
		t.Errorf("commits: %s, %s", m.GetOriginalCommitID(), m.GetCommitID())
	}
	ref, _, err := f.sluice.Git.GetRef(ctx, "acme", "shop", "pull/1/head")
	f.must(err)
	if ref.GetObject().GetSHA() != f.pull().HeadSHA {
		t.Error("refs/pull/1/head is behind")
	}
}

func TestReviewOfAnOldCommit(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	old := f.pull().HeadSHA
	f.commit(gitrepo.Change{Branch: "fix", Write: map[string]string{"main.go": source(30, map[int]string{1: "one"})}})
	v, _, err := f.sluice.PullRequests.CreateReview(ctx, "acme", "shop", 1, &client.PullRequestReviewRequest{CommitID: &old,
		Body: client.String("x"), Event: client.String("COMMENT"), Comments: []*client.DraftReviewComment{comment(12)}})
	f.must(err)
	list, _, err := f.sluice.PullRequests.ListReviewComments(ctx, "acme", "shop", 1, v.GetID(), nil)
	f.must(err)
	if len(list) != 1 || list[0].Line != nil || list[0].GetOriginalLine() != 12 || list[0].GetOriginalCommitID() != old {
		t.Errorf("comment: %v", list)
	}
}

func TestClosedAndVanished(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	_, _, err := f.sluice.PullRequests.Get(ctx, "acme", "shop", 7)
	wantStatus(t, "an unknown pull request", err, 404)
	_, _, err = f.sluice.PullRequests.Get(ctx, "acme", "nothing", 1)
	wantStatus(t, "an unknown repository", err, 404)
	f.must(f.MergePullRequest(shop, 1, "bob"))
	p, _, err := f.sluice.PullRequests.Get(ctx, "acme", "shop", 1)
	f.must(err)
	main, _, err := f.sluice.Git.GetRef(ctx, "acme", "shop", "heads/main")
	f.must(err)
	if !p.GetMerged() || p.GetState() != "closed" || p.GetMergeCommitSHA() != main.GetObject().GetSHA() || p.GetMergedBy().GetLogin() != "bob" {
		t.Errorf("merged: %v", p)
	}
	f.must(f.DeletePullRequest(shop, 1))
	_, _, err = f.sluice.PullRequests.Get(ctx, "acme", "shop", 1)
	wantStatus(t, "a vanished pull request", err, 404)
	f.must(f.DeleteRepository(shop))
	_, _, err = f.sluice.Repositories.Get(ctx, "acme", "shop")
	wantStatus(t, "a vanished repository", err, http.StatusNotFound)
}

package github_test

import (
	"context"
	"fmt"
	"testing"

	client "github.com/google/go-github/v60/github"
	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

// TestWhatAlwaysHolds lets several people do anything in any order and then looks at the world: one pending review a
// person, a mail for each visible review and comment and no other, every comment in a thread and on a line of the diff
// or outdated.
func TestWhatAlwaysHolds(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	people := []*client.Client{f.sluice, f.bob, f.carol}
	head := f.pull().HeadSHA
	rapid.Check(t, func(t *rapid.T) {
		before := f.anew(head)
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			who := rapid.SampledFrom(people).Draw(t, "who")
			p := f.pull()
			review, remark := pick(t, p)
			switch rapid.IntRange(0, 7).Draw(t, "what") {
			case 0:
				in := &client.PullRequestReviewRequest{Body: client.String("b"), Comments: []*client.DraftReviewComment{comment(rapid.IntRange(7, 20).Draw(t, "line"))}}
				if rapid.Bool().Draw(t, "at once") {
					in.Event = client.String("COMMENT")
				}
				_, _, _ = who.PullRequests.CreateReview(ctx, "acme", "shop", 1, in)
			case 1:
				_, _, _ = who.PullRequests.SubmitReview(ctx, "acme", "shop", 1, review, &client.PullRequestReviewRequest{Event: client.String("COMMENT")})
			case 2:
				_, _, _ = who.PullRequests.DeletePendingReview(ctx, "acme", "shop", 1, review)
			case 3:
				if remark == 0 {
					continue
				}
				_, _, _ = who.PullRequests.CreateCommentInReplyTo(ctx, "acme", "shop", 1, "reply", remark)
			case 4:
				_, _, _ = who.Issues.CreateComment(ctx, "acme", "shop", 1, &client.IssueComment{Body: client.String("c")})
			case 5:
				_, _, _ = who.PullRequests.EditComment(ctx, "acme", "shop", remark, &client.PullRequestComment{Body: client.String("edited")})
			case 6:
				text := source(30, map[int]string{rapid.IntRange(8, 16).Draw(t, "rewritten"): "rewritten", 12: "twelve"})
				_, _ = f.Commit(shop, gitrepo.Change{Branch: "fix", Write: map[string]string{"main.go": text}})
			case 7:
				_ = f.ResolveThread(remark, "bob", rapid.Bool().Draw(t, "resolved"))
			}
		}
		if err := f.sound(before); err != nil {
			t.Fatal(err)
		}
	})
}

func pick(t *rapid.T, p *github.PullRequest) (review, comment int64) {
	if n := len(p.Reviews); n > 0 {
		review = p.Reviews[rapid.IntRange(0, n-1).Draw(t, "review")].ID
	}
	if n := len(p.ReviewComments); n > 0 {
		comment = p.ReviewComments[rapid.IntRange(0, n-1).Draw(t, "comment")].ID
	}
	return review, comment
}

// anew opens the pull request again as it was at first, and returns how many mails there are.
func (f *fixture) anew(head string) (mails int) {
	f.must(f.DeletePullRequest(shop, 1))
	f.commit(gitrepo.Change{Branch: "fix", From: head})
	_, err := f.OpenPullRequest(shop, github.NewPullRequest{Title: "Fix it", Head: "fix", Author: "alice", Number: 1})
	f.must(err)
	w, err := f.World()
	f.must(err)
	return len(w.Mails)
}

func (f *fixture) sound(before int) error {
	w, err := f.World()
	if err != nil {
		return err
	}
	p := w.Repository(shop).PullRequest(1)
	pending, mails := map[string]int{}, before+len(p.Comments)
	for _, v := range p.Reviews {
		if v.State == github.Pending {
			pending[v.Author]++
			continue
		}
		mails++ // a reply has a review of its own
	}
	for login, n := range pending {
		if n > 1 {
			return fmt.Errorf("%s has %d pending reviews", login, n)
		}
	}
	if len(w.Mails) != mails {
		return fmt.Errorf("%d mails, want %d", len(w.Mails), mails)
	}
	for _, m := range p.ReviewComments {
		switch {
		case p.Thread(m.ID) == nil:
			return fmt.Errorf("comment %d is in no thread", m.ID)
		case p.Review(m.Review) == nil:
			return fmt.Errorf("comment %d is in no review", m.ID)
		case m.OriginalLine == 0 || (m.Line == 0) != (m.Position == 0):
			return fmt.Errorf("comment %d stands nowhere: %+v", m.ID, m)
		}
	}
	return nil
}

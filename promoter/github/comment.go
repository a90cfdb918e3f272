package github

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
)

// Why a notice is left as it is.
const (
	KeptEdited   = "edited by a person"
	KeptAnswered = "answered"
	KeptForeign  = "posted by another account"
)

// comment is what review comments and issue comments share.
type comment struct {
	ID        int64            `json:"id"`
	Body      string           `json:"body"`
	HTMLURL   string           `json:"html_url"`
	ReviewID  int64            `json:"pull_request_review_id"`
	User      github.User      `json:"user"`
	CreatedAt github.Timestamp `json:"created_at"`
	UpdatedAt github.Timestamp `json:"updated_at"`
	Reactions github.Reactions `json:"reactions"`
}

// edit replaces a body, unless a person changed or answered it.
func (t *target) edit(ctx context.Context, n promoter.Notice) (promoter.ObservedPost, error) {
	c, want, err := t.current(ctx, n)
	isGone, err := t.isGone(ctx, t.repo, err)
	switch {
	case isGone:
		return gone(n), nil
	case err != nil:
		return promoter.ObservedPost{}, err
	case !t.mine(c.User.GetLogin()):
		return kept(n, c, KeptForeign), nil
	}
	if same(c.Body, want) {
		return shown(n, c, promoter.HashBody(c.Body)), nil
	}
	if promoter.HashBody(c.Body) != n.Posted {
		return kept(n, c, KeptEdited), nil
	}
	if t.effect.Verb == promoter.VerbEditComment && n.State == promoter.NoticeWithdrawn {
		why, err := t.stays(ctx, n, c)
		if err != nil {
			return promoter.ObservedPost{}, err
		}
		if why != "" {
			return t.mark(ctx, n, c, why)
		}
	}
	now, err := t.write(ctx, n, want)
	return shown(n, now, promoter.HashBody(now.Body)), err
}

// stays says why a comment is not withdrawn; "" if it is. A thumb up that came
// after anybody listened counts as well, whoever gave it.
func (t *target) stays(ctx context.Context, n promoter.Notice, c comment) (string, error) {
	if why := n.KeptBy(); why != "" {
		return why, nil
	}
	if n.Cause == promoter.RemovedStage && c.Reactions.GetPlusOne() > 0 {
		return promoter.KeptUseful, nil
	}
	answered, err := t.answered(ctx, n.Remote.ID)
	if err != nil || !answered {
		return "", err
	}
	return KeptAnswered, nil
}

// mark says on a comment that it is kept, and why it would have gone. What
// people answered stays readable where it was.
func (t *target) mark(ctx context.Context, n promoter.Notice, c comment, why string) (promoter.ObservedPost, error) {
	now, err := t.write(ctx, n, t.marked(n, c.Body, why))
	post := kept(n, now, why)
	post.Marked = true
	return post, err
}

// marked is a comment's body with a line in front of it, sealed anew.
func (t *target) marked(n promoter.Notice, body, why string) string {
	original := strings.TrimSpace(t.signer.strip(body))
	if line := keptLine(n.Cause, t.effect.Commit, why); !strings.HasPrefix(original, line) && len(line)+len(original) < maxBody {
		original = line + "\n\n" + original
	}
	n.Body = original
	return t.sealed(inComment, n)
}

func (t *target) write(ctx context.Context, n promoter.Notice, body string) (now comment, err error) {
	err = t.client.Edit(ctx, t.commentPath(n.Remote.ID), map[string]string{"body": body}, &now)
	return now, err
}

func (t *target) findEdit(ctx context.Context, n promoter.Notice) (promoter.ObservedPost, bool, error) {
	c, want, err := t.current(ctx, n)
	isGone, err := t.isGone(ctx, t.repo, err)
	if isGone {
		return gone(n), true, nil
	}
	if err != nil {
		return promoter.ObservedPost{}, false, err
	}
	if !t.mine(c.User.GetLogin()) {
		return promoter.ObservedPost{}, false, nil
	}
	for _, why := range []string{promoter.KeptUseful, promoter.KeptAccepted, KeptAnswered} {
		if n.State == promoter.NoticeWithdrawn && same(c.Body, t.marked(n, c.Body, why)) {
			post := kept(n, c, why)
			post.Marked = true
			return post, true, nil
		}
	}
	m, ok := t.signer.open(c.Body)
	if same(c.Body, want) || ok && m.token == t.effect.Token && m.notice == n.No {
		return shown(n, c, posted(c.Body, want)), true, nil
	}
	return promoter.ObservedPost{}, false, nil
}

// current reads a notice's comment and says what its body should be.
func (t *target) current(ctx context.Context, n promoter.Notice) (c comment, want string, err error) {
	if n.Remote.ID == 0 {
		return c, "", &promoter.RefusedError{Why: fmt.Sprintf("notice %d was never posted", n.No)}
	}
	if _, err := t.client.Get(ctx, t.commentPath(n.Remote.ID), &c); err != nil {
		return c, "", err
	}
	k := inComment
	if t.effect.Verb == promoter.VerbEditSummary {
		k = inSummary
	}
	return c, t.sealed(k, n), nil
}

func (t *target) commentPath(id int64) string {
	if t.effect.Verb == promoter.VerbEditComment {
		return t.path("/pulls/comments/%d", id)
	}
	return t.path("/issues/comments/%d", id)
}

// answered tells whether somebody else replied in a comment's thread in words.
// A command is an answer too, but it says what to do and nothing to be read on.
func (t *target) answered(ctx context.Context, id int64) (bool, error) {
	all, err := githubapi.All[github.PullRequestComment](ctx, t.client, t.pull("/comments?per_page=100"))
	if err != nil {
		return false, err
	}
	for _, c := range all {
		if c.GetInReplyTo() == id && !t.mine(c.GetUser().GetLogin()) && promoter.ParseCommand(c.GetBody(), c.GetUpdatedAt().Time).Topic == promoter.TopicWords {
			return true, nil
		}
	}
	return false, nil
}

func shown(n promoter.Notice, c comment, hash string) promoter.ObservedPost {
	remote := n.Remote
	remote.ID, remote.URL = c.ID, c.HTMLURL
	if c.ReviewID != 0 {
		remote.ReviewID = c.ReviewID
	}
	at := c.UpdatedAt.Time
	if n.State == promoter.NoticePlanned {
		at = c.CreatedAt.Time // a person may have edited it since
	}
	return promoter.ObservedPost{No: n.No, Remote: remote, Posted: hash, At: at}
}

func kept(n promoter.Notice, c comment, why string) promoter.ObservedPost {
	post := shown(n, c, promoter.HashBody(c.Body))
	post.Kept = why
	return post
}

func gone(n promoter.Notice) promoter.ObservedPost {
	return promoter.ObservedPost{No: n.No, Remote: n.Remote, Gone: true}
}

// same compares bodies as GitHub may give them back: it can change line ends
// and trim blanks.
func same(a, b string) bool { return trimmed(a) == trimmed(b) }

func trimmed(body string) string {
	return strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n"))
}

// posted is the hash to remember for a body found in the world: its own, if it
// is what we sent; else what we sent, so that a person's edit is seen as one.
func posted(found, sent string) string {
	if same(found, sent) {
		return promoter.HashBody(found)
	}
	return promoter.HashBody(sent)
}

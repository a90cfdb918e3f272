package github

import (
	"context"
	"fmt"
	"slices"

	"github.com/sluice-sec/sluice/promoter"
)

// reply answers a comment once: the marker of a reply names the comment that it
// answers, and a comment that one of ours names is not answered again.
func (t *target) reply(ctx context.Context) (promoter.Observed, error) {
	seen, asked, err := t.findReply(ctx)
	switch {
	case err != nil || seen.Found:
		return seen, err
	case asked == nil:
		return seen, stale("the comment to answer is gone")
	}
	space, id, err := commentID(t.effect.Reply.Comment)
	if err != nil {
		return seen, err
	}
	body := t.signer.seal(t.effect.Reply.Body, marker{kind: inReply, token: t.effect.Token, notice: id})
	address := t.path("/issues/%d/comments", t.effect.Target.PullRequest)
	if space == "review" {
		top := asked.InReplyTo
		if top == 0 {
			top = asked.ID
		}
		address = t.pull(fmt.Sprintf("/comments/%d/replies", top))
	} else {
		// Nothing on the page says what it answers.
		body = fmt.Sprintf("<sub>In answer to [this comment](#issuecomment-%d).</sub>\n\n%s", id, body)
	}
	return t.replied(), t.client.Create(ctx, address, map[string]string{"body": body}, nil)
}

// replied says that nothing is different about the notice answered beside.
func (t *target) replied() promoter.Observed {
	seen := promoter.Observed{Found: true}
	for _, n := range t.effect.Notices {
		seen.Notices = append(seen.Notices, promoter.ObservedPost{No: n.No, Remote: n.Remote, Posted: n.Posted})
	}
	return seen
}

// findReply looks for our answer to the comment, and for the comment.
func (t *target) findReply(ctx context.Context) (seen promoter.Observed, asked *said, err error) {
	if t.effect.Reply == nil {
		return seen, nil, &promoter.RefusedError{Why: fmt.Sprintf("effect %d has nothing to reply", t.effect.ID)}
	}
	space, id, err := commentID(t.effect.Reply.Comment)
	if err != nil {
		return seen, nil, err
	}
	onLines, whole, err := t.said(ctx)
	if err != nil {
		return seen, nil, err
	}
	all := whole
	if space == "review" {
		all = onLines
	}
	if t.answeredBy(all)[id] {
		return t.replied(), nil, nil
	}
	if i := slices.IndexFunc(all, func(c said) bool { return c.ID == id }); i >= 0 {
		asked = &all[i]
	}
	return seen, asked, nil
}

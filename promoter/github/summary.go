package github

import (
	"context"
	"fmt"
	"slices"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
)

// summary makes sure that there is exactly one sticky comment: it deletes all
// of ours but the oldest that nobody edited, and adopts the oldest, or posts
// one. What anybody notices comes last, so that a failure before it is none.
func (t *target) summary(ctx context.Context) (promoter.Observed, error) {
	if err := t.fresh(ctx); err != nil {
		return promoter.Observed{}, err
	}
	n := t.effect.Notices[0]
	mine, err := t.summaries(ctx)
	if err != nil {
		return promoter.Observed{}, err
	}
	if len(mine) == 0 {
		var made comment
		address := t.path("/issues/%d/comments", t.effect.Target.PullRequest)
		err := t.client.Create(ctx, address, map[string]string{"body": t.sealed(inSummary, n)}, &made)
		return promoter.Observed{Notices: []promoter.ObservedPost{shown(n, made, promoter.HashBody(made.Body))}}, err
	}
	for _, extra := range mine[1:] {
		if !untouched(extra) {
			continue
		}
		if err := t.client.Delete(ctx, t.path("/issues/comments/%d", extra.ID)); err != nil && !githubapi.IsNotFound(err) {
			return promoter.Observed{}, err
		}
	}
	post, err := t.adopt(ctx, n, mine[0])
	return promoter.Observed{Notices: []promoter.ObservedPost{post}}, err
}

// adopt takes over a summary that the database does not know. Its text is
// replaced only if it was never edited; else it stays, and what we would have
// written is remembered, so that later edits see the difference.
func (t *target) adopt(ctx context.Context, n promoter.Notice, c comment) (promoter.ObservedPost, error) {
	want := t.sealed(inSummary, n)
	if same(c.Body, want) || !untouched(c) {
		return shown(n, c, posted(c.Body, want)), nil
	}
	var now comment
	if err := t.client.Edit(ctx, t.path("/issues/comments/%d", c.ID), map[string]string{"body": want}, &now); err != nil {
		return promoter.ObservedPost{}, err
	}
	return shown(n, now, promoter.HashBody(now.Body)), nil
}

func (t *target) findSummary(ctx context.Context) (promoter.Observed, error) {
	n := t.effect.Notices[0]
	return t.twice(ctx, func() (promoter.Observed, bool, error) {
		mine, err := t.summaries(ctx)
		if err != nil {
			return promoter.Observed{}, true, err
		}
		for _, c := range mine {
			if m, _ := t.signer.open(c.Body); m.token == t.effect.Token {
				post := shown(n, c, posted(c.Body, t.sealed(inSummary, n)))
				return promoter.Observed{Found: true, Notices: []promoter.ObservedPost{post}}, true, nil
			}
		}
		return promoter.Observed{}, false, nil
	})
}

// summaries are our own sticky comments on the pull request, oldest first.
func (t *target) summaries(ctx context.Context) ([]comment, error) {
	all, err := githubapi.All[comment](ctx, t.client, t.path("/issues/%d/comments?per_page=100", t.effect.Target.PullRequest))
	if err != nil {
		return nil, fmt.Errorf("read summaries: %w", err)
	}
	for _, c := range all {
		if !t.mine(c.User.GetLogin()) {
			t.meet(&c.User)
		}
	}
	mine := slices.DeleteFunc(all, func(c comment) bool {
		m, ok := t.signer.open(c.Body)
		return !ok || m.kind != inSummary || !t.mine(c.User.GetLogin())
	})
	slices.SortFunc(mine, func(a, b comment) int { return int(a.ID - b.ID) })
	return mine, nil
}

func untouched(c comment) bool { return c.CreatedAt.Equal(c.UpdatedAt) }

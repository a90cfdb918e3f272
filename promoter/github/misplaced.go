package github

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/go-github/v60/github"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
)

// GitHub refuses a review whole for one comment that it does not take, and does
// not say which. So parts of the review are posted until each such comment is
// known: unsubmitted, which nobody sees, and deleted at once.

// maxParts bounds what that costs. Of a part that is left then every comment
// counts as refused: the summary has room for all.
const maxParts = 24

// asRefused reads GitHub's refusal of a review.
func (t *target) asRefused(ctx context.Context, err error, direct bool) error {
	var refused *githubapi.RefusedError
	switch {
	case !errors.As(err, &refused) || refused.Status != http.StatusUnprocessableEntity:
		return err
	case says(err, http.StatusUnprocessableEntity, "pending review"):
		// One of ours that was on its way has arrived: the next attempt finds it.
		return &promoter.LaterError{Why: "another unsubmitted review of ours has just appeared"}
	case says(err, http.StatusUnprocessableEntity, "commit"):
		return stale("GitHub refuses the commit of a review (%s): %v", t.places(), err)
	}
	place := says(err, http.StatusUnprocessableEntity, "line", "path", "diff", "hunk", "position")
	all := t.effect.Notices
	if direct || len(all) == 1 {
		if !place {
			return err
		}
		return t.misplaced(all, refused)
	}
	parts := maxParts
	bad, failed := t.refusedOf(ctx, all, &parts)
	switch {
	case failed != nil:
		return failed
	case len(bad) == 0 && place:
		return stale("GitHub refused the place of a comment (%s), and then took each: %v", t.places(), err)
	case len(bad) == 0 || len(bad) == len(all) && !place:
		return err // it is not about one of them
	}
	return t.misplaced(bad, refused)
}

func (t *target) misplaced(bad []promoter.Notice, refused *githubapi.RefusedError) error {
	out := &promoter.MisplacedError{Why: "GitHub takes no comment at " + anchors(bad) + " (" + refused.Message + ")"}
	for _, n := range bad {
		out.Notices = append(out.Notices, n.No)
	}
	return out
}

// refusedOf are those notices of a part which make GitHub refuse it.
func (t *target) refusedOf(ctx context.Context, part []promoter.Notice, parts *int) (bad []promoter.Notice, err error) {
	if len(part) == 1 || *parts < 2 {
		return part, nil
	}
	*parts -= 2
	for _, half := range [][]promoter.Notice{part[:len(part)/2], part[len(part)/2:]} {
		taken, err := t.takes(ctx, half)
		if err != nil {
			return nil, err
		}
		if taken {
			continue
		}
		more, err := t.refusedOf(ctx, half, parts)
		if err != nil {
			return nil, err
		}
		bad = append(bad, more...)
	}
	return bad, nil
}

// takes tells whether GitHub would take a review of these notices.
func (t *target) takes(ctx context.Context, part []promoter.Notice) (bool, error) {
	made := &github.PullRequestReview{}
	err := t.client.Create(ctx, t.pull("/reviews"), t.request(part), made)
	if says(err, http.StatusUnprocessableEntity, "") && !says(err, http.StatusUnprocessableEntity, "pending review", "commit") {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, t.without(ctx, made, nil)
}

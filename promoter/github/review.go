package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
)

// review posts one review with a comment per notice, in two steps: pending,
// which nobody sees and which can be found and deleted, then submitted.
func (t *target) review(ctx context.Context) (promoter.Observed, error) {
	own, err := t.ownReviews(ctx)
	if githubapi.IsNotFound(err) {
		err = cmp.Or(t.fresh(ctx), err) // stale, if it is the pull request that is gone
	}
	if err != nil {
		return promoter.Observed{}, err
	}
	if own.submitted != nil {
		return t.asSubmitted(ctx, own.submitted)
	}
	for _, r := range own.stale {
		if err := t.dropReview(ctx, r.GetID()); err != nil {
			return promoter.Observed{}, err
		}
	}
	if own.foreign {
		// After stays 0 here and below: nothing keeps effects elsewhere waiting.
		return promoter.Observed{}, &promoter.LaterError{
			Why: fmt.Sprintf("%s has an unsubmitted review on pull request %d, and GitHub allows one at a time", t.login, t.effect.Target.PullRequest),
		}
	}
	if err := t.fresh(ctx); err != nil {
		return promoter.Observed{}, t.without(ctx, own.pending, err)
	}
	if own.pending != nil {
		seen, complete, err := t.finish(ctx, own.pending)
		if complete || err != nil {
			return seen, err
		}
	}
	if err := t.placed(ctx); err != nil {
		return promoter.Observed{}, err
	}
	made, err := t.createReview(ctx)
	if err != nil {
		return promoter.Observed{}, err
	}
	if made.GetState() != pending {
		return t.asSubmitted(ctx, made)
	}
	seen, complete, err := t.finish(ctx, made)
	if !complete && err == nil {
		err = &promoter.LaterError{Why: "GitHub kept only a part of the review's comments"}
	}
	return seen, err
}

// pending is the state of a review that nobody but its author sees.
const pending = "PENDING"

// finish submits an unsubmitted review if it has a comment for each notice,
// and deletes it otherwise. From here on every failure but a refusal leaves
// the outcome unknown, so that Find looks after the review.
func (t *target) finish(ctx context.Context, r *github.PullRequestReview) (seen promoter.Observed, complete bool, err error) {
	seen, complete, err = t.readBack(ctx, r.GetID())
	if err == nil && !complete {
		return promoter.Observed{}, false, t.dropReview(ctx, r.GetID())
	}
	if err == nil {
		err = t.submit(ctx, r.GetID())
	}
	var refused *githubapi.RefusedError
	switch {
	case errors.As(err, &refused):
		err = t.without(ctx, r, err)
	case err != nil:
		err = fmt.Errorf("%w: %v", promoter.ErrUnknownOutcome, err)
	}
	return seen, complete, err
}

// without drops this effect's unsubmitted review, if any, because of err. One
// that cannot be dropped is left to Find.
func (t *target) without(ctx context.Context, r *github.PullRequestReview, err error) error {
	if r == nil {
		return err
	}
	if failed := t.dropReview(ctx, r.GetID()); failed != nil {
		return fmt.Errorf("%w: %v; and its unsubmitted review is still there: %v", promoter.ErrUnknownOutcome, err, failed)
	}
	return err
}

// ownReviews are the reviews of our login that matter to an effect.
type ownReviews struct {
	submitted *github.PullRequestReview   // this effect's, visible
	pending   *github.PullRequestReview   // this effect's, unsubmitted
	stale     []*github.PullRequestReview // unsubmitted ones of other effects
	foreign   bool                        // an unsubmitted one that a person is writing with our account
}

func (t *target) ownReviews(ctx context.Context) (ownReviews, error) {
	var own ownReviews
	all, err := githubapi.All[*github.PullRequestReview](ctx, t.client, t.pull("/reviews?per_page=100"))
	if err != nil {
		return own, err
	}
	for _, r := range all {
		if !t.mine(r.GetUser().GetLogin()) {
			t.meet(r.GetUser())
			continue
		}
		m, ok := t.signer.open(r.GetBody())
		ok = ok && m.kind == inReview
		ours := ok && m.token == t.effect.Token
		switch {
		case r.GetState() != pending:
			if ours && own.submitted == nil {
				own.submitted = r
			}
		case ours:
			own.pending = r
		case ok:
			own.stale = append(own.stale, r)
		default:
			own.foreign = true
		}
	}
	return own, nil
}

// meet notes another scanner's bot that speaks in the pull request, too.
func (t *target) meet(u *github.User) {
	login := u.GetLogin()
	bot := u.GetType() == "Bot" || strings.HasSuffix(strings.ToLower(login), "-bot") // some are accounts
	if bot && scans(login) && !slices.Contains(t.beside, login) {
		t.beside = append(t.beside, login)
	}
}

// scans tells the bots of other scanners from those that do something else.
func scans(login string) bool {
	login = strings.ToLower(login)
	return slices.ContainsFunc([]string{"advanced-security", "code-scanning", "snyk", "semgrep", "sonar", "codacy", "deepsource", "checkmarx", "veracode"},
		func(part string) bool { return strings.Contains(login, part) })
}

// createReview posts the review without an event, which leaves it pending. A
// kind of token that may not have pending reviews posts it directly.
func (t *target) createReview(ctx context.Context) (*github.PullRequestReview, error) {
	request := t.request(t.effect.Notices)
	made := &github.PullRequestReview{}
	err := t.client.Create(ctx, t.pull("/reviews"), request, made)
	if says(err, http.StatusForbidden, "") || says(err, http.StatusUnprocessableEntity, "event") {
		request.Event = github.String("COMMENT")
		err = t.client.Create(ctx, t.pull("/reviews"), request, made)
	}
	return made, t.asRefused(ctx, err, request.Event != nil)
}

// request is the review with these comments, unsubmitted.
func (t *target) request(notices []promoter.Notice) *github.PullRequestReviewRequest {
	body := t.reviewBody()
	r := &github.PullRequestReviewRequest{CommitID: &t.effect.Commit, Body: &body}
	for _, n := range notices {
		r.Comments = append(r.Comments, t.draft(n))
	}
	return r
}

func (t *target) draft(n promoter.Notice) *github.DraftReviewComment {
	d := &github.DraftReviewComment{
		Path: github.String(n.Anchor.Path), Body: github.String(t.sealed(inComment, n)),
		Line: github.Int(n.Anchor.Line), Side: github.String("RIGHT"),
	}
	if start := first(*n.Anchor); start < n.Anchor.Line {
		d.StartLine, d.StartSide = github.Int(start), github.String("RIGHT")
	}
	return d
}

// places names where the review's comments were to stand.
func (t *target) places() string { return anchors(t.effect.Notices) }

// anchors names where comments were to stand, the first few.
func anchors(notices []promoter.Notice) string {
	var names []string
	for i, n := range notices {
		if i == 5 {
			names = append(names, "...")
			break
		}
		names = append(names, fmt.Sprintf("%s:%d", n.Anchor.Path, n.Anchor.Line))
	}
	return strings.Join(names, ", ")
}

func (t *target) reviewBody() string {
	text := "Sluice commented on one place in this change."
	if n := len(t.effect.Notices); n > 1 {
		text = fmt.Sprintf("Sluice commented on %d places in this change.", n)
	}
	return t.signer.seal(text, marker{kind: inReview, token: t.effect.Token})
}

func (t *target) submit(ctx context.Context, id int64) error {
	request := map[string]string{"event": "COMMENT", "body": t.reviewBody()}
	return t.client.Create(ctx, t.pull(fmt.Sprintf("/reviews/%d/events", id)), request, nil)
}

// dropReview deletes an unsubmitted review; one that is gone is fine.
func (t *target) dropReview(ctx context.Context, id int64) error {
	err := t.client.Delete(ctx, t.pull(fmt.Sprintf("/reviews/%d", id)))
	if githubapi.IsNotFound(err) {
		return nil
	}
	return err
}

// readBack matches a review's comments with the effect's notices, by marker;
// complete when all were found. Of two for one notice the older counts.
func (t *target) readBack(ctx context.Context, id int64) (seen promoter.Observed, complete bool, err error) {
	comments, err := githubapi.All[github.PullRequestComment](ctx, t.client, t.pull(fmt.Sprintf("/reviews/%d/comments?per_page=100", id)))
	if err != nil {
		return seen, false, err
	}
	byNotice := map[int64]github.PullRequestComment{}
	for _, c := range comments {
		m, ok := t.signer.open(c.GetBody())
		if !ok || m.kind != inComment || m.token != t.effect.Token || !t.mine(c.GetUser().GetLogin()) {
			continue
		}
		if old, twice := byNotice[m.notice]; !twice || c.GetID() < old.GetID() {
			byNotice[m.notice] = c
		}
	}
	complete = true
	for _, n := range t.effect.Notices {
		c, ok := byNotice[n.No]
		if !ok {
			complete = false
			seen.Notices = append(seen.Notices, promoter.ObservedPost{No: n.No, Gone: true})
			continue
		}
		seen.Notices = append(seen.Notices, promoter.ObservedPost{
			No: n.No, Remote: promoter.Remote{ID: c.GetID(), ReviewID: id, URL: c.GetHTMLURL()},
			Posted: posted(c.GetBody(), t.sealed(inComment, n)), At: c.GetCreatedAt().Time,
		})
	}
	return seen, complete, nil
}

// asSubmitted tells what a submitted review shows; a comment that is missing
// was deleted by somebody. People have seen it: as long as it cannot be read,
// the outcome is unknown, whatever the reason.
func (t *target) asSubmitted(ctx context.Context, r *github.PullRequestReview) (promoter.Observed, error) {
	seen, _, err := t.readBack(ctx, r.GetID())
	if err != nil {
		return promoter.Observed{}, fmt.Errorf("%w: read a submitted review: %v", promoter.ErrUnknownOutcome, err)
	}
	if at := r.GetSubmittedAt(); !at.IsZero() { // nobody saw them before
		for i := range seen.Notices {
			seen.Notices[i].At = at.Time
		}
	}
	seen.Found = true
	return seen, nil
}

// findReview looks for the effect's review. An unsubmitted one was seen by
// nobody and is deleted, so that the effect can be done again from the start.
func (t *target) findReview(ctx context.Context) (promoter.Observed, error) {
	return t.twice(ctx, func() (promoter.Observed, bool, error) {
		own, err := t.ownReviews(ctx)
		if err != nil {
			return promoter.Observed{}, true, err
		}
		if own.submitted != nil {
			seen, err := t.asSubmitted(ctx, own.submitted)
			return seen, true, err
		}
		if own.pending == nil {
			return promoter.Observed{}, false, nil
		}
		err = t.dropReview(ctx, own.pending.GetID())
		if says(err, http.StatusUnprocessableEntity, "") {
			return promoter.Observed{}, false, nil // submitted meanwhile: look again
		}
		return promoter.Observed{}, true, err
	})
}

// twice looks, and when nothing was settled looks once more after the settle
// delay: a request may still have been on its way.
func (t *target) twice(ctx context.Context, look func() (promoter.Observed, bool, error)) (promoter.Observed, error) {
	seen, settled, err := look()
	if settled || err != nil {
		return seen, err
	}
	if err := t.opt.Clock.Sleep(ctx, t.opt.SettleDelay); err != nil {
		return promoter.Observed{}, err
	}
	seen, _, err = look()
	return seen, err
}

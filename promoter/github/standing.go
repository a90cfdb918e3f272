package github

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
)

// Standing lists the comments of our own account on a pull request that carry
// our marker, in the order of their ids: what is shown, whatever the store
// knows. One that is gone has none. Its requests are those of Listen, and
// conditional.
func (s *Surface) Standing(ctx context.Context, repo promoter.Repository, number int) ([]promoter.StandingPost, error) {
	posts, err := s.standing(ctx, repo, number)
	return posts, translate(fmt.Sprintf("look at pull request %d", number), err)
}

func (s *Surface) standing(ctx context.Context, repo promoter.Repository, number int) ([]promoter.StandingPost, error) {
	t, err := s.target(ctx, promoter.Effect{Repository: repo.FullName(), RepositoryID: repo.ExternalID, Target: promoter.Target{RepoID: repo.ID, PullRequest: number}})
	if err != nil {
		return nil, err
	}
	onLines, err := githubapi.All[placed](ctx, t.client, t.pull("/comments?per_page=100"))
	if isGone, err := t.isGone(ctx, t.repo, err); isGone || err != nil {
		return nil, err
	}
	whole, err := githubapi.All[placed](ctx, t.client, t.path("/issues/%d/comments?per_page=100", number))
	if err != nil {
		return nil, err
	}
	var out []promoter.StandingPost
	for _, c := range append(onLines, whole...) {
		if post, ok := t.standingPost(c); ok {
			out = append(out, post)
		}
	}
	return out, nil
}

// placed is a comment with where it stands.
type placed struct {
	comment
	Path string `json:"path"`
	Line int    `json:"line"`
}

func (t *target) standingPost(c placed) (promoter.StandingPost, bool) {
	m, ok := t.signer.open(c.Body)
	if !ok || !t.mine(c.User.GetLogin()) || m.kind != inComment && m.kind != inSummary {
		return promoter.StandingPost{}, false
	}
	surface := promoter.SurfaceReview
	if m.kind == inSummary {
		surface = promoter.SurfaceSummary
	}
	body := trimmed(t.signer.strip(c.Body))
	return promoter.StandingPost{
		Surface: surface, Token: m.token, Path: c.Path, Line: c.Line, Body: body, Posted: promoter.HashBody(c.Body),
		Remote: promoter.Remote{ID: c.ID, ReviewID: c.ReviewID, URL: c.HTMLURL},
		Intact: t.signer.intact(c.Body, m), Withdrawn: isWithdrawn(body), Created: c.CreatedAt.UTC(),
	}, true
}

// isWithdrawn tells whether a body is what takes the place of one.
func isWithdrawn(body string) bool {
	if body == (Renderer{}).SummaryEmpty() {
		return true
	}
	line, _, _ := strings.Cut(body, "\n")
	line, _, _ = strings.Cut(line, " <sub>")
	for _, cause := range []promoter.RemovalCause{promoter.RemovedStage, promoter.RemovedPolicy, promoter.RemovedAnswered, promoter.RemovedMoved} {
		if line == whyWithdrawn(promoter.Withdrawal{Cause: cause}) || line == whyWithdrawn(promoter.Withdrawal{Cause: cause, Noisy: true}) {
			return true
		}
	}
	return line == "Fixed." || strings.HasPrefix(line, "Fixed in ") && len(line) == len("Fixed in 1234567.")
}

package github

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
)

// Repository asks for a repository's id, name and facts as they are now. A
// renamed one comes back under its new name.
func (s *Surface) Repository(ctx context.Context, owner, name string) (promoter.Repository, error) {
	r, listed := s.client.Listed(owner, name)
	if !listed {
		var err error
		if r, err = s.client.Repository(ctx, owner, name); err != nil {
			return promoter.Repository{}, translate("repository", err)
		}
	}
	s.mu.Lock()
	s.repos[strings.ToLower(owner+"/"+name)] = r // what follows need not ask again
	s.mu.Unlock()
	return known(r), nil
}

// RepositoryByID asks the same by GitHub's id.
func (s *Surface) RepositoryByID(ctx context.Context, externalID string) (promoter.Repository, error) {
	r, err := s.byID(ctx, externalID)
	if err != nil {
		return promoter.Repository{}, translate("repository", err)
	}
	return known(r), nil
}

func known(r githubapi.Repository) promoter.Repository {
	return promoter.Repository{
		ExternalID: r.ExternalID, Owner: r.Owner, Name: r.Name,
		Facts: promoter.RepositoryFacts{DefaultBranch: r.DefaultBranch, Visibility: r.Visibility, Archived: r.Archived,
			Language: r.Language, Topics: r.Topics, Properties: r.Properties},
	}
}

// Merges tells whether a commit has a pull request's head among its parents. A
// commit GitHub does not have merges nothing.
func (s *Surface) Merges(ctx context.Context, repo promoter.Repository, commit, head string) (bool, error) {
	r, err := s.repository(ctx, repo)
	if err != nil {
		return false, translate("commit", err)
	}
	var c github.Commit
	_, err = s.client.Get(ctx, repositoryPath(r)+"/git/commits/"+commit, &c)
	if isGone, err := s.isGone(ctx, r, err); isGone || err != nil {
		return false, translate("commit", err)
	}
	return len(c.Parents) > 1 && slices.ContainsFunc(c.Parents, func(p *github.Commit) bool { return p.GetSHA() == head }), nil
}

// Contains tells whether a branch or commit rests on another commit, or is it.
// What GitHub does not have neither contains anything nor is contained.
func (s *Surface) Contains(ctx context.Context, repo promoter.Repository, tip, commit string) (bool, error) {
	r, err := s.repository(ctx, repo)
	if err != nil {
		return false, translate("commit", err)
	}
	var compared github.CommitsComparison
	// The second page has no files: all that is wanted is who is ahead of whom.
	_, err = s.client.Get(ctx, fmt.Sprintf("%s/compare/%s...%s?per_page=1&page=2", repositoryPath(r), url.PathEscape(commit), url.PathEscape(tip)), &compared)
	if isGone, err := s.isGone(ctx, r, err); isGone || err != nil {
		return false, translate("commit", err)
	}
	status := compared.GetStatus()
	return status == "ahead" || status == "identical", nil
}

// isGone tells whether what GitHub says it does not have is really gone. It
// says so of everything in a repository that a token may not see (any more),
// and that is no deletion: then the error is about the repository. Nor is it
// one when the repository has another name since this process asked for it.
// Any other error comes back as it is.
func (s *Surface) isGone(ctx context.Context, in githubapi.Repository, err error) (bool, error) {
	if !githubapi.IsNotFound(err) {
		return false, err
	}
	now, err := s.client.Repository(ctx, in.Owner, in.Name)
	if err != nil {
		return false, err
	}
	if now.Owner == in.Owner && now.Name == in.Name && now.ExternalID == in.ExternalID {
		return true, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.repos, func(_ string, known githubapi.Repository) bool { return known.ExternalID == in.ExternalID })
	return false, &promoter.LaterError{Why: fmt.Sprintf("%s/%s has just become %s/%s", in.Owner, in.Name, now.Owner, now.Name)}
}

package github

import (
	"context"
	"strings"

	"github.com/sluice-sec/sluice/promoter"
)

// Repository asks for a repository's id, name and facts as they are now. A
// renamed one comes back under its new name.
func (s *Surface) Repository(ctx context.Context, owner, name string) (promoter.Repository, error) {
	r, err := s.client.Repository(ctx, owner, name)
	if err != nil {
		return promoter.Repository{}, translate("repository", err)
	}
	s.mu.Lock()
	s.repos[strings.ToLower(owner+"/"+name)] = r // what follows need not ask again
	s.mu.Unlock()
	return promoter.Repository{
		ExternalID: r.ExternalID, Owner: r.Owner, Name: r.Name,
		Facts: promoter.RepositoryFacts{DefaultBranch: r.DefaultBranch, Visibility: r.Visibility, Archived: r.Archived},
	}, nil
}

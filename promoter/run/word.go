package run

import (
	"context"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// A finding is one, wherever it is seen, and its facts decide about it
// everywhere. But what a pull request's report says, its author may have
// written: whose word it is has to be minded, or anybody could call what others
// see harmless.

// maySay tells whether a scan may change what is said of a finding: one of a
// branch may; one of a pull request only where no branch has the finding, and no
// other pull request that comes first.
func (b *book) maySay(no int64, scope store.Scope, outsider func(number int) bool) bool {
	if !isChangeRef(scope.Ref) {
		return true
	}
	mine := store.ChangeOf(scope.Ref)
	var since int64 // 0: this scan is the first to see it there
	for _, s := range b.of(no) {
		if s.Until == 0 && s.Scope == scope.No {
			since = s.Since
		}
	}
	for _, s := range b.of(no) {
		ref := b.scopes[s.Scope].Ref
		other := store.ChangeOf(ref)
		switch {
		case s.Until != 0 || isChangeRef(ref) && other == mine:
		case !isChangeRef(ref):
			return false
		case outsider(mine) != outsider(other):
			if outsider(mine) {
				return false
			}
		case since == 0 || s.Since < since:
			return false
		}
	}
	return true
}

// home is where a finding stands, for what depends on its path alone: on a
// branch, where it was seen last; else in the pull request that brought it.
func (b *book) home(no int64) *finding.Place {
	var home *store.Sighting
	for _, s := range b.of(no) {
		if home == nil || b.nearer(s, home) {
			home = s
		}
	}
	if home == nil {
		return nil
	}
	return home.Place
}

func (b *book) nearer(s, than *store.Sighting) bool {
	rank := func(s *store.Sighting) int {
		switch change := isChangeRef(b.scopes[s.Scope].Ref); {
		case s.Until != 0:
			return 2
		case change:
			return 1
		}
		return 0
	}
	switch x, y := rank(s), rank(than); {
	case x != y:
		return x < y
	case x == 1:
		return s.Since < than.Since
	}
	return s.LastScan > than.LastScan
}

// outsider tells whether a pull request was opened by somebody without write
// access, as far as the platform says. Of whom nobody can say anything is one.
func (r *runner) outsider(ctx context.Context, repo promoter.Repository, number int) bool {
	if r.Platform == nil {
		return false // nobody to ask about anybody
	}
	c, err := r.askChange(ctx, promoter.Target{RepoID: repo.ID, PullRequest: number})
	if err != nil || c.Author == "" {
		return true
	}
	if r.Listener == nil {
		return c.Fork
	}
	may, err := r.mayAnswer(ctx, repo, c.Author)
	return err != nil || !may
}

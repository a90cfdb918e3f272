package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/promoter"
)

// A repository that the platform does not find was deleted, or is out of the
// token's sight: it says the same of both. For a week that is a failure, so that
// somebody looks. After that it is known, and fails no run any more. Either way
// nothing of it is closed, withdrawn or forgotten, it is asked for once a run,
// and all goes on where it is found again.
const unseenFails = 7 * 24 * time.Hour

// UnseenLine is a repository that has not been found for so long that it is no
// failure any more.
type UnseenLine struct {
	Repository string    `json:"repository"`
	Since      time.Time `json:"since"`
}

// outOfSight tells whether an error is about a repository that is not found, and
// reports that, once a run.
func (r *runner) outOfSight(ctx context.Context, repoID int64, err error) bool {
	if _, known := r.unseen[repoID]; known {
		return true
	}
	repo, ok := r.repos[repoID]
	if !ok || !absent(err) {
		return false
	}
	if _, err = r.lookUp(ctx, repo); !absent(err) {
		return false
	}
	now := r.Now().UTC().Truncate(time.Second)
	if since := repo.Facts.UnseenSince; since.IsZero() || since.After(now) {
		repo.Facts.UnseenSince = now
		if repo, err = r.Store.EnsureRepository(r.keep, repo, r.id); err != nil {
			r.report.fail("store", fmt.Errorf("repository %s: %w", repo.FullName(), err))
			return true
		}
		r.repos[repoID] = repo
	}
	since := repo.Facts.UnseenSince
	why := fmt.Errorf("%s has not been found since %s: it was deleted, or the token may not see it any more; what is shown there stays as it is",
		repo.FullName(), since.Format(time.DateOnly))
	r.unseen[repoID] = why
	if now.Sub(since) >= unseenFails {
		r.report.Unseen = append(r.report.Unseen, UnseenLine{repo.FullName(), since})
		r.Log.Info("repository is not found", zap.String("repository", repo.FullName()), zap.Time("since", since))
	} else {
		r.report.fail("platform", fmt.Errorf("%w; if it was deleted, there is nothing to do: from %s on this fails no run", why, since.Add(unseenFails).Format(time.DateOnly)))
	}
	return true
}

// seenAgain forgets that a repository was not found.
func (r *runner) seenAgain(ctx context.Context, repoID int64) {
	if repo := r.repos[repoID]; !repo.Facts.UnseenSince.IsZero() {
		r.current[repoID] = false
		if err := r.refresh(ctx, repo); err != nil {
			r.report.fail("store", err)
		}
	}
}

func absent(err error) bool {
	var refused *promoter.RefusedError
	return errors.As(err, &refused) && refused.Absent
}

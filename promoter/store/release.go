package store

import (
	"context"
	"time"

	"github.com/sluice-sec/sluice/promoter"
)

// Releases keeps the pull requests that a person let through the check.
type Releases interface {
	// Releases returns those that stand, oldest first.
	Releases(ctx context.Context) ([]promoter.Release, error)
	// Release lets a pull request through, in place of an earlier word on it,
	// with its ledger entry, and forgets the repository's digest.
	Release(ctx context.Context, r promoter.Release) error
	// Hold takes a release back, likewise. It fails with *ConflictError when
	// there is none.
	Hold(ctx context.Context, repoID int64, change int, actor, reason string, at time.Time) error
}

package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Releases returns the pull requests that were let through.
func (db *DB) Releases(ctx context.Context) ([]promoter.Release, error) {
	return collect(ctx, db.read, "releases", func(rows *sql.Rows, r *promoter.Release) error {
		return rows.Scan(&r.RepoID, &r.PullRequest, &r.Actor, &r.Reason, (*moment)(&r.At))
	}, `SELECT repo_id, change, actor, reason, at FROM check_release ORDER BY at, repo_id, change`)
}

// Release lets a pull request through.
func (db *DB) Release(ctx context.Context, r promoter.Release) error {
	return db.change(ctx, "release", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, upsert("check_release", []string{"repo_id", "change"}, "actor", "reason", "at"),
			r.RepoID, r.PullRequest, r.Actor, r.Reason, micro(r.At))
		if err != nil {
			return err
		}
		return released(ctx, tx, "release", r)
	})
}

// Hold takes a release back.
func (db *DB) Hold(ctx context.Context, repoID int64, change int, actor, reason string, at time.Time) error {
	return db.change(ctx, "hold", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM check_release WHERE repo_id = $1 AND change = $2`, repoID, change)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return &store.ConflictError{What: fmt.Sprintf("pull request %d was not let through", change)}
		}
		return released(ctx, tx, "hold", promoter.Release{RepoID: repoID, PullRequest: change, Actor: actor, Reason: reason, At: at})
	})
}

// released has the repository looked at again, and puts it into the ledger.
func released(ctx context.Context, tx *sql.Tx, kind string, r promoter.Release) error {
	_, err := tx.ExecContext(ctx, `UPDATE repository_state SET input_digest = NULL, change_no = change_no + 1 WHERE repo_id = $1`, r.RepoID)
	if err != nil {
		return err
	}
	return appendEntries(ctx, tx, 0, r.At, []store.Entry{{Kind: kind, Body: r}})
}

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

const repositoryColumns = `
	SELECT r.repo_id, r.host, r.external_id, r.owner, r.name, v.facts
	FROM repository r JOIN repository_version v ON v.repo_id = r.repo_id AND v.version = r.version `

type rowScanner interface{ Scan(...any) error }

func scanRepository(row rowScanner, r *promoter.Repository) error {
	return row.Scan(&r.ID, &r.Host, &r.ExternalID, &r.Owner, &r.Name, document{&r.Facts})
}

// EnsureRepository finds, renames or adds a repository; see
// store.Repositories. Only a caller who knows the external id renames. Names
// are compared without regard to case, as the hosts do.
func (db *DB) EnsureRepository(ctx context.Context, r promoter.Repository, runID int64) (promoter.Repository, error) {
	what := "repository " + r.FullName()
	var have *promoter.Repository
	err := db.view(ctx, what, func(tx *sql.Tx) (err error) {
		have, err = findRepository(ctx, tx, r)
		return err
	})
	if err == nil && have != nil && merged(*have, r).Equal(*have) {
		return *have, nil // the usual case takes no write lock
	}
	if err != nil {
		return promoter.Repository{}, err
	}
	var now promoter.Repository
	err = db.change(ctx, what, func(tx *sql.Tx) error {
		have, err := findRepository(ctx, tx, r)
		if err != nil {
			return err
		}
		if have == nil {
			now, err = addRepository(ctx, tx, r, runID)
			return err
		}
		now = merged(*have, r)
		return updateRepository(ctx, tx, *have, now, runID)
	})
	return now, err
}

// merged is what is known once seen has been told. Without an external id the
// caller knows a name only; facts that are all empty are not known.
func merged(have, seen promoter.Repository) promoter.Repository {
	if seen.ExternalID != "" {
		have.ExternalID, have.Owner, have.Name = seen.ExternalID, seen.Owner, seen.Name
	}
	if !seen.Facts.Equal(promoter.RepositoryFacts{}) {
		have.Facts = seen.Facts
	}
	return have
}

// findRepository returns nil for none. A name may belong to several for a
// while, when one was renamed and another took its name: then it means the one
// whose external id is known, and of those the newest.
func findRepository(ctx context.Context, tx *sql.Tx, r promoter.Repository) (*promoter.Repository, error) {
	var have promoter.Repository
	err := sql.ErrNoRows
	if r.ExternalID != "" {
		err = scanRepository(tx.QueryRowContext(ctx, repositoryColumns+
			`WHERE r.host = $1 AND r.external_id = $2 AND r.external_id <> ''`, r.Host, r.ExternalID), &have)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = scanRepository(tx.QueryRowContext(ctx, repositoryColumns+`
			WHERE r.host = $1 AND r.owner = $2 AND r.name = $3 AND ($4 = '' OR r.external_id = '')
			ORDER BY r.external_id = '', r.repo_id DESC LIMIT 1`, r.Host, r.Owner, r.Name, r.ExternalID), &have)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &have, err
}

func addRepository(ctx context.Context, tx *sql.Tx, r promoter.Repository, runID int64) (promoter.Repository, error) {
	err := tx.QueryRowContext(ctx, `
		INSERT INTO repository (host, external_id, owner, name, version) VALUES ($1, $2, $3, $4, 1) RETURNING repo_id`,
		r.Host, r.ExternalID, r.Owner, r.Name).Scan(&r.ID)
	if err != nil {
		return r, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO repository_version (repo_id, version, facts, from_run) VALUES ($1, 1, $2, $3)`,
		r.ID, document{r.Facts}, runID)
	if err != nil {
		return r, err
	}
	return r, touch(ctx, tx, r.ID)
}

func updateRepository(ctx context.Context, tx *sql.Tx, have, now promoter.Repository, runID int64) error {
	if have.Equal(now) {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE repository SET external_id = $1, owner = $2, name = $3 WHERE repo_id = $4`,
		now.ExternalID, now.Owner, now.Name, now.ID)
	if err != nil {
		return err
	}
	if !have.Facts.Equal(now.Facts) {
		if _, err := tx.ExecContext(ctx, `UPDATE repository SET version = version + 1 WHERE repo_id = $1`, now.ID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO repository_version (repo_id, version, facts, from_run)
			SELECT repo_id, version, $1, $2 FROM repository WHERE repo_id = $3`, document{now.Facts}, runID, now.ID)
		if err != nil {
			return err
		}
	}
	return touch(ctx, tx, now.ID)
}

// touch lets the repository's mark change.
func touch(ctx context.Context, tx *sql.Tx, repoID int64) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO repository_state (repo_id, change_no) VALUES ($1, 1)
		ON CONFLICT (repo_id) DO UPDATE SET change_no = change_no + 1`, repoID)
	return err
}

// Repositories returns all repositories in the order they were first seen.
func (db *DB) Repositories(ctx context.Context) ([]promoter.Repository, error) {
	return collect(ctx, db.read, "repositories",
		func(rows *sql.Rows, r *promoter.Repository) error { return scanRepository(rows, r) }, repositoryColumns+`ORDER BY r.repo_id`)
}

// Digests returns the stored input digests.
func (db *DB) Digests(ctx context.Context) (map[int64]string, error) {
	digests := map[int64]string{}
	_, err := collect(ctx, db.read, "digests", func(rows *sql.Rows, _ *struct{}) error {
		var id int64
		var digest string
		err := rows.Scan(&id, &digest)
		digests[id] = digest
		return err
	}, `SELECT repo_id, input_digest FROM repository_state WHERE input_digest IS NOT NULL`)
	return digests, err
}

// Marks returns each repository's change counter.
func (db *DB) Marks(ctx context.Context) (map[int64]string, error) {
	marks := map[int64]string{}
	_, err := collect(ctx, db.read, "marks", func(rows *sql.Rows, _ *struct{}) error {
		var id, n int64
		err := rows.Scan(&id, &n)
		marks[id] = strconv.FormatInt(n, 10)
		return err
	}, `SELECT repo_id, change_no FROM repository_state`)
	return marks, err
}

// OpenChanges lists the pull requests something is known to stand in, in
// ascending order.
func (db *DB) OpenChanges(ctx context.Context) (map[int64][]int, error) {
	type ref struct {
		repo   int64
		ref    string
		change int
	}
	refs, err := collect(ctx, db.read, "open changes", func(rows *sql.Rows, r *ref) error { return rows.Scan(&r.repo, &r.ref, &r.change) }, `
		SELECT repo_id, ref, 0 FROM scope c WHERE ref LIKE 'refs/pull/%' AND EXISTS (
			SELECT 1 FROM sighting s WHERE s.repo_id = c.repo_id AND s.scope_no = c.scope_no AND s.state <> 'gone')
		UNION SELECT repo_id, '', change FROM notice WHERE state IN ('planned', 'posted')`)
	if err != nil {
		return nil, err
	}
	open := map[int64][]int{}
	for _, r := range refs {
		if r.ref != "" {
			r.change = store.ChangeOf(r.ref)
		}
		if r.change > 0 {
			open[r.repo] = append(open[r.repo], r.change)
		}
	}
	for repo := range open {
		slices.Sort(open[repo])
		open[repo] = slices.Compact(open[repo])
	}
	return open, nil
}

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// Backup writes a consistent and checked copy to path, which must not exist.
// The copy appears under that name only when it is complete.
func (db *DB) Backup(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("backup to %s: %w", path, err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("backup to %s: it exists: give the name of a new file", path), err)
	}
	partial := path + ".partial"
	if err := db.copyTo(ctx, partial); err != nil {
		return fmt.Errorf("backup to %s: %w", path, errors.Join(explain(err), removeIfThere(partial)))
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("backup to %s: %w", path, errors.Join(err, removeIfThere(partial)))
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (db *DB) copyTo(ctx context.Context, path string) error {
	// VACUUM INTO takes an empty file, which so has the right mode from the start.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	source, err := pool(db.path, 1, func(q url.Values) { q.Set("mode", "ro") }) // query_only would refuse the copy
	if err != nil {
		return err
	}
	defer source.Close()
	if _, err := source.ExecContext(ctx, `VACUUM INTO $1`, path); err != nil {
		return err
	}
	if err := check(ctx, path); err != nil {
		return err
	}
	return f.Sync()
}

func check(ctx context.Context, path string) error {
	copied, err := pool(path, 1, readerParams)
	if err != nil {
		return err
	}
	defer copied.Close()
	problems, err := collect(ctx, copied, "check the copy", func(rows *sql.Rows, s *string) error { return rows.Scan(s) }, `PRAGMA integrity_check(1)`)
	if err == nil && (len(problems) != 1 || problems[0] != "ok") {
		err = fmt.Errorf("%w: %v", ErrCorrupt, problems)
	}
	return err
}

// RowCounts returns the number of rows of every table, for tests that say what
// may grow and for a doctor's view.
func (db *DB) RowCounts(ctx context.Context) (map[string]int64, error) {
	counts := map[string]int64{}
	err := db.view(ctx, "count rows", func(tx *sql.Tx) error {
		tables, err := collect(ctx, tx, "tables", func(rows *sql.Rows, s *string) error { return rows.Scan(s) },
			`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version'`)
		for _, table := range tables {
			var n int64
			if err == nil {
				err = tx.QueryRowContext(ctx, `SELECT count(*) FROM "`+table+`"`).Scan(&n)
			}
			counts[table] = n
		}
		return err
	})
	return counts, err
}

package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/sluice-sec/sluice/promoter/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

func embedded() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the name is a constant
	}
	return sub
}

// versions returns the schema version the database has (0: none) and the one
// this program knows. Unlike goose's own question it writes nothing.
func (db *DB) versions(ctx context.Context) (have, know int64, err error) {
	names, err := fs.Glob(db.schema, "*.sql")
	if err != nil {
		return 0, 0, err
	}
	for _, name := range names {
		n, err := goose.NumericComponent(name)
		if err != nil {
			return 0, 0, err
		}
		know = max(know, n)
	}
	pool := db.write
	if pool == nil {
		pool = db.read
	}
	var tables int
	err = pool.QueryRowContext(ctx,
		`SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'`).Scan(&tables)
	if err != nil || tables == 0 {
		return 0, know, err
	}
	err = pool.QueryRowContext(ctx, `SELECT COALESCE(max(version_id), 0) FROM goose_db_version`).Scan(&have)
	return have, know, err
}

func (db *DB) requireCurrentSchema(ctx context.Context) error {
	have, know, err := db.versions(ctx)
	switch {
	case err != nil:
		return err
	case have > know:
		return db.newer(ctx, have, know)
	case have < know:
		return fmt.Errorf("database schema %d is older than this program's (%d) and is opened to be read only: "+
			"`sluice run` brings it up to date", have, know)
	}
	return nil
}

// migrate brings the schema up to date. A database that holds something is
// migrated under the run lock, so that no run finds its tables changed.
func (db *DB) migrate(ctx context.Context, app string) error {
	have, know, err := db.versions(ctx)
	switch {
	case err != nil:
		return err
	case have > know:
		return db.newer(ctx, have, know)
	case have == know:
		return nil
	case have > 0:
		host, _ := os.Hostname()
		holding, release, err := db.Lock(ctx, store.Holder{Actor: "sluice", Host: host, PID: os.Getpid(), Command: "migrate"}, 0)
		if err != nil {
			return err
		}
		defer func() { _ = release() }()
		ctx = holding
	}
	if err := db.up(ctx, know); err != nil {
		return fmt.Errorf("migrate from schema %d to %d: %w", have, know, err)
	}
	_, err = db.write.ExecContext(ctx,
		`INSERT INTO schema_origin (version, app_version, at) VALUES ($1, $2, $3)`, know, app, micro(db.clock()))
	return err
}

// up applies what is missing. Each migration is a transaction, but goose reads
// what is missing before it begins one: of two processes that create a
// database at the same time, one finds that its work has been done.
func (db *DB) up(ctx context.Context, know int64) error {
	provider, err := goose.NewProvider(goose.DialectSQLite3, db.write, db.schema,
		goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		if _, err = provider.Up(ctx); err == nil {
			return nil
		}
		if have, _, again := db.versions(ctx); again == nil && have >= know {
			return nil
		}
		if attempt == 5 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (db *DB) newer(ctx context.Context, have, know int64) error {
	pool := db.write
	if pool == nil {
		pool = db.read
	}
	newer := &NewerError{Have: have, Know: know}
	err := pool.QueryRowContext(ctx,
		`SELECT app_version FROM schema_origin ORDER BY version DESC, at DESC LIMIT 1`).Scan(&newer.App)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	if err != nil {
		db.log.Debug("schema origin is not readable") // a much newer schema may have dropped it
	}
	return newer
}

// Package sqlite keeps what Sluice remembers in one SQLite file, without cgo.
//
// One connection writes and a few read. The file is in WAL mode with
// synchronous=FULL: a transaction that was reported as committed survives the
// process and the machine. That matters more than its cost here, because an
// effect that was sent but is forgotten may be sent twice.
//
// The awkward truth: SQLite's locks need a real file system. On network file
// systems they are often only pretended, and two hosts writing to one file
// there will corrupt it; the run lock cannot prevent that, since it is stored
// in the same file.
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
	"strings"
	"time"

	"go.uber.org/zap"
	"modernc.org/sqlite"

	"github.com/sluice-sec/sluice/promoter/store"
)

// Options are what a database needs from outside. The zero value works.
type Options struct {
	Clock      func() time.Time // for the run lock's heartbeat; nil: time.Now
	Logger     *zap.Logger      // nil: silent
	ReadOnly   bool             // an existing database of this program's schema; every write fails with ErrReadOnly
	AppVersion string           // recorded with each migration, so that an older program can name the newer one
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	path   string
	clock  func() time.Time
	log    *zap.Logger
	write  *sql.DB // one connection; nil when read-only
	read   *sql.DB
	beat   time.Duration // how often a held run lock is renewed
	schema fs.FS
	life   context.Context // ends with Close, and heartbeats with it
	end    context.CancelFunc
}

var _ store.Store = (*DB)(nil)

// busyTimeout is how long a statement waits for another process's transaction.
// Those are one repository long: well under a second.
const busyTimeout = 15 * time.Second

// Open opens the database at path, adding it if it is not there and bringing
// its schema up to date. It fails with *NewerError, or an error that wraps
// ErrNotDatabase, ErrCorrupt, ErrReadOnly, ErrFull, ErrIO or ErrLocked, or with
// *store.HeldError if an older database is to be migrated while a run works
// on it.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	return open(ctx, path, o, embedded())
}

func open(ctx context.Context, path string, o Options, schema fs.FS) (*DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	db := &DB{path: abs, clock: o.Clock, log: o.Logger, beat: 20 * time.Second, schema: schema}
	db.life, db.end = context.WithCancel(context.Background())
	if db.clock == nil {
		db.clock = time.Now
	}
	if db.log == nil {
		db.log = zap.NewNop()
	}
	if err := db.connect(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", path, err), db.Close())
	}
	return db, nil
}

func (db *DB) connect(ctx context.Context, o Options) error {
	if err := prepareFile(db.path, o.ReadOnly); err != nil {
		return err
	}
	var err error
	if !o.ReadOnly {
		if db.write, err = pool(db.path, 1, writerParams); err != nil {
			return err
		}
	}
	if db.read, err = pool(db.path, 4, readerParams); err != nil {
		return err
	}
	if db.write == nil {
		return explain(db.requireCurrentSchema(ctx))
	}
	return explain(db.migrate(ctx, o.AppVersion))
}

// prepareFile makes sure that the file can be used, and creates it readable by
// its owner only: findings are nobody else's business.
func prepareFile(path string, readOnly bool) error {
	if readOnly {
		_, err := os.Stat(path)
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		return f.Close()
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrPermission), strings.Contains(err.Error(), "read-only file system"):
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

func writerParams(q url.Values) {
	q.Set("_txlock", "immediate")
	q.Add("_pragma", "page_size(8192)") // settled by the first write, which the journal's mode is
	q.Set("_journal_mode", "WAL")
	q.Set("_synchronous", "FULL")
	q.Set("_foreign_keys", "on")
	q.Add("_pragma", "cache_size(-32768)")
}

func readerParams(q url.Values) {
	q.Set("mode", "ro")
	q.Set("_query_only", "1")
}

func pool(path string, conns int, params func(url.Values)) (*sql.DB, error) {
	q := url.Values{}
	q.Set("_busy_timeout", fmt.Sprint(busyTimeout.Milliseconds()))
	q.Set("_dqs", "0")
	q.Set("_error_rc", "1")
	params(q)
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/... on Windows
	}
	connector, err := sqlite.NewConnector((&url.URL{Scheme: "file", Path: slashed, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Close closes all connections. A lock still held stays in the database until
// somebody takes it over.
func (db *DB) Close() error {
	db.end()
	var errs []error
	if db.read != nil {
		errs = append(errs, db.read.Close())
	}
	if db.write != nil {
		errs = append(errs, db.write.Close())
	}
	return errors.Join(errs...)
}

// change runs f in one writing transaction: all of it is kept or nothing.
func (db *DB) change(ctx context.Context, what string, f func(*sql.Tx) error) error {
	if db.write == nil {
		return fmt.Errorf("%s: %w", what, ErrReadOnly)
	}
	return inTx(ctx, db.write, nil, what, f)
}

// view runs f on one consistent state of the database.
func (db *DB) view(ctx context.Context, what string, f func(*sql.Tx) error) error {
	return inTx(ctx, db.read, &sql.TxOptions{ReadOnly: true}, what, f)
}

func inTx(ctx context.Context, pool *sql.DB, o *sql.TxOptions, what string, f func(*sql.Tx) error) error {
	tx, err := pool.BeginTx(ctx, o)
	if err != nil {
		return fmt.Errorf("%s: %w", what, explain(err))
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	if err := f(tx); err != nil {
		return fmt.Errorf("%s: %w", what, explain(err))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: commit: %w", what, explain(err))
	}
	return nil
}

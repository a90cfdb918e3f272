package sqlite

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// grown is today's schema and one more migration.
func grown(t *testing.T, sql string) fs.FS {
	t.Helper()
	grown := fstest.MapFS{"00099_later.sql": {Data: []byte("-- +goose Up\n" + sql)}}
	names, err := fs.Glob(embedded(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(embedded(), name)
		if err != nil {
			t.Fatal(err)
		}
		grown[name] = &fstest.MapFile{Data: data}
	}
	return grown
}

func openSchema(t *testing.T, path string, o Options, schema fs.FS) (*DB, error) {
	t.Helper()
	db, err := open(t.Context(), path, o, schema)
	if err == nil {
		t.Cleanup(func() { _ = db.Close() })
	}
	return db, err
}

func TestAnOlderDatabaseIsMigratedWithItsData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	old, err := Open(t.Context(), path, Options{AppVersion: "1.0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := old.SetPause(t.Context(), promoter.Pause{Actor: "os:alice", Reason: "why"}); err != nil {
		t.Fatal(err)
	}

	later := grown(t, "ALTER TABLE pause ADD COLUMN ticket TEXT;")
	if _, err := openSchema(t, path, Options{ReadOnly: true}, later); err == nil || !strings.Contains(err.Error(), "is older than") {
		t.Errorf("an older database opened to be read only: %v", err)
	}
	_, release, err := old.Lock(t.Context(), store.Holder{Command: "sluice run", Host: "elsewhere"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	held := (*store.HeldError)(nil)
	if _, err := openSchema(t, path, Options{}, later); !errors.As(err, &held) {
		t.Errorf("migrated under a run: %v", err)
	}
	if err := errors.Join(release(), old.Close()); err != nil {
		t.Fatal(err)
	}
	now, err := openSchema(t, path, Options{AppVersion: "2.0"}, later)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := now.Pause(t.Context()); err != nil || p == nil || p.Reason != "why" {
		t.Errorf("after the migration the pause is %+v, %v", p, err)
	}
	if _, _, err := now.Lock(t.Context(), store.Holder{}, 0); err != nil {
		t.Errorf("the migration kept the run lock: %v", err)
	}
}

func TestTheFirstSchemaCanBeMigrated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	data, err := fs.ReadFile(embedded(), "00001_first.sql")
	if err != nil {
		t.Fatal(err)
	}
	first := fstest.MapFS{"00001_first.sql": {Data: data}}
	for _, schema := range []fs.FS{first, embedded()} {
		db, err := openSchema(t, path, Options{}, schema)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.SetPause(t.Context(), promoter.Pause{Actor: "os:alice"}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADatabaseOfANewerProgramIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	if _, err := openSchema(t, path, Options{AppVersion: "9.1"}, grown(t, "CREATE TABLE later (x);")); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{}, {ReadOnly: true}} {
		_, err := Open(t.Context(), path, o)
		newer := (*NewerError)(nil)
		if !errors.As(err, &newer) || newer.Have != 99 || newer.App != "9.1" {
			t.Errorf("opened with %+v: %v", o, err)
		}
	}
}

func TestAMigrationThatFailsLeavesTheDatabaseAsItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	if _, err := openSchema(t, path, Options{}, embedded()); err != nil {
		t.Fatal(err)
	}
	_, err := openSchema(t, path, Options{}, grown(t, "CREATE TABLE half (x);\nCREATE TABLE half (x);"))
	if err == nil || !strings.Contains(err.Error(), " to 99: ") {
		t.Errorf("a broken migration: %v", err)
	}
	db, err := openSchema(t, path, Options{}, embedded())
	if err != nil {
		t.Fatal(err)
	}
	counts, err := db.RowCounts(t.Context())
	if _, there := counts["half"]; there || err != nil {
		t.Errorf("half a migration is there (%v)", err)
	}
}

func TestManyProcessesMayCreateOneDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			db, err := Open(t.Context(), path, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.SetPause(t.Context(), promoter.Pause{Actor: "os:alice"}); err != nil {
				t.Error(err)
			}
			_ = db.Close()
		})
	}
	all.Wait()
}

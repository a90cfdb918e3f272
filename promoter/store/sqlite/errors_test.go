package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
	"github.com/sluice-sec/sluice/promoter/store/storetest"
)

// raw opens the file beneath the store.
func raw(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=1000")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func sqlExec(t testing.TB, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// filled is a closed database with some findings.
func filled(t testing.TB, path string) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	repo, cohort := storetest.Repository(t, db, "shop"), storetest.Cohort(t, db)
	if err := db.Apply(t.Context(), storetest.First(repo.ID, cohort.ID, 500)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAFileThatIsNoDatabaseIsNamedAndLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	content := bytes.Repeat([]byte("dear diary\n"), 500)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if !errors.Is(err, sqlite.ErrNotDatabase) || !strings.Contains(err.Error(), path) {
		t.Errorf("opened a diary: %v", err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, content) {
		t.Errorf("the diary was changed (%v)", err)
	}
}

func TestDamageIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	filled(t, path)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(content) / 4 * 3; i < len(content); i += 512 { // the schema stands in front
		content[i] ^= 0xff
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	db := openAt(t, path, sqlite.Options{})
	if err := db.Backup(t.Context(), path+".copy"); !errors.Is(err, sqlite.ErrCorrupt) {
		t.Errorf("a backup of a damaged database: %v", err)
	}
	if left, _ := filepath.Glob(path + ".copy*"); len(left) > 0 {
		t.Errorf("a failed backup left %v", left)
	}
}

func TestAReadOnlyDatabaseCanBeReadAndNotWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	if _, err := sqlite.Open(t.Context(), path, sqlite.Options{ReadOnly: true}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a database that is not there: %v", err)
	}
	filled(t, path)
	db := openAt(t, path, sqlite.Options{ReadOnly: true})
	s, err := db.Load(t.Context(), 1)
	if err != nil || len(s.Findings) != 500 {
		t.Errorf("loaded %d findings: %v", len(s.Findings), err)
	}
	for what, err := range map[string]error{
		"apply": db.Apply(t.Context(), storetest.First(1, 1, 1)),
		"pause": db.SetPause(t.Context(), promoter.Pause{}),
		"lock":  func() error { _, _, err := db.Lock(t.Context(), store.Holder{}, 0); return err }(),
	} {
		if !errors.Is(err, sqlite.ErrReadOnly) {
			t.Errorf("%s on a read-only database: %v", what, err)
		}
	}
}

func TestAFolderThatCannotBeWrittenIsNamed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Create(filepath.Join(dir, "probe")); err == nil {
		_ = f.Close()
		t.Skip("this user (root?) may write anywhere")
	}
	_, err := sqlite.Open(t.Context(), filepath.Join(dir, "sluice.db"), sqlite.Options{})
	if !errors.Is(err, sqlite.ErrReadOnly) {
		t.Errorf("opened in a read-only folder: %v", err)
	}
}

// A quota on the pages of the file stands for a full disk: SQLite answers both
// with SQLITE_FULL.
func TestAFullDiskKeepsNothingOfTheStep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	filled(t, path)
	db := openAt(t, path, sqlite.Options{})
	sqlExec(t, db.Writer(), "PRAGMA max_page_count = 200")
	var err error
	repos := 0
	for ; err == nil && repos < 20; repos++ {
		repo := storetest.Repository(t, db, fmt.Sprint("more-", repos))
		err = db.Apply(t.Context(), storetest.First(repo.ID, 1, 100))
	}
	if !errors.Is(err, sqlite.ErrFull) {
		t.Fatalf("after %d repositories: %v", repos, err)
	}
	s, loadErr := db.Load(t.Context(), int64(repos+1))
	if loadErr != nil || len(s.Findings)+len(s.Scopes)+len(s.Scans) != 0 {
		t.Errorf("of the step that failed there is %+v (%v)", s, loadErr)
	}
}

func TestWhoWaitsForAnotherWriterInVainIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	filled(t, path)
	db := openAt(t, path, sqlite.Options{})
	sqlExec(t, db.Writer(), "PRAGMA busy_timeout = 1")
	other := raw(t, path)
	other.SetMaxOpenConns(1)
	sqlExec(t, other, "BEGIN IMMEDIATE")
	if err := db.SetPause(context.Background(), promoter.Pause{}); !errors.Is(err, sqlite.ErrLocked) {
		t.Errorf("written beside another writer: %v", err)
	}
	if _, err := db.Load(t.Context(), 1); err != nil {
		t.Errorf("reading waits for a writer: %v", err)
	}
}

func TestFindingsAreReadableByTheirOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	db := openAt(t, path, sqlite.Options{})
	if err := db.Backup(t.Context(), path+".copy"); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(path + "*")
	if len(files) < 2 {
		t.Fatalf("files: %v", files)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", filepath.Base(file), info.Mode(), err)
		}
	}
}

func TestAPathMayHoldAnyCharacter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c=d#e%20&_pragma=x.db")
	filled(t, path)
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

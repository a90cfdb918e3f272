package sqlite_test

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
	"github.com/sluice-sec/sluice/promoter/store/storetest"
)

func openAt(t testing.TB, path string, o sqlite.Options) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestSQLiteIsAStore(t *testing.T) {
	defer goleak.VerifyNone(t)
	storetest.Exercise(t, func(t *testing.T) store.Store {
		return openAt(t, filepath.Join(t.TempDir(), "sluice.db"), sqlite.Options{})
	})
}

// The driver runs PRAGMAs in an order of its own, and SQLite ignores what comes
// too late.
func TestTheWriterHasTheSettingsItAskedFor(t *testing.T) {
	db := openAt(t, filepath.Join(t.TempDir(), "sluice.db"), sqlite.Options{})
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "page_size": "8192", "busy_timeout": "15000",
	} {
		var got string
		if err := db.Writer().QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", pragma, got, err, want)
		}
	}
}

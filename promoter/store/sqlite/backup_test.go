package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter/store/sqlite"
	"github.com/sluice-sec/sluice/promoter/store/storetest"
)

func TestABackupHoldsWhatTheDatabaseHeld(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "sluice.db"), filepath.Join(dir, "copy's.db")
	filled(t, path)
	db := openAt(t, path, sqlite.Options{})
	before, err := db.RowCounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	repo := storetest.Repository(t, db, "later")
	if err := db.Apply(t.Context(), storetest.First(repo.ID, 1, 3)); err != nil {
		t.Fatal(err)
	}
	second := openAt(t, copied, sqlite.Options{})
	after, err := second.RowCounts(t.Context())
	if diff := cmp.Diff(before, after); err != nil || diff != "" {
		t.Errorf("rows of the copy (%v, -database +copy):\n%s", err, diff)
	}
	want, err := db.Load(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := second.Load(t.Context(), 1)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("the copy's repository (%v, -database +copy):\n%s", err, diff)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.partial*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestABackupReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	db := openAt(t, filepath.Join(dir, "sluice.db"), sqlite.Options{})
	precious := filepath.Join(dir, "precious")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{precious, filepath.Join(dir, "sluice.db")} {
		if err := db.Backup(t.Context(), target); err == nil || !strings.Contains(err.Error(), "it exists") {
			t.Errorf("backup to %s: %v", target, err)
		}
	}
	if err := db.Backup(t.Context(), filepath.Join(dir, "no", "folder")); err == nil {
		t.Error("backup into a folder that is not there")
	}
}

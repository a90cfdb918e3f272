package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
	"github.com/sluice-sec/sluice/promoter/store/storetest"
)

const benchRepositories, benchFindings = 200, 500

// fill writes 100,000 findings with sightings, memberships and decisions.
func fill(b *testing.B, path string) *sqlite.DB {
	b.Helper()
	db := openAt(b, path, sqlite.Options{})
	cohort := storetest.Cohort(b, db)
	digest := "d"
	for i := range benchRepositories {
		repo := storetest.Repository(b, db, fmt.Sprint("shop-", i))
		c := storetest.First(repo.ID, cohort.ID, benchFindings)
		c.Digest = &digest
		if err := db.Apply(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := db.Seal(b.Context(), storetest.At(1)); err != nil {
		b.Fatal(err)
	}
	return db
}

// BenchmarkFirstRun writes 100,000 findings in 200 repositories, one
// transaction for each repository.
func BenchmarkFirstRun(b *testing.B) {
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "sluice.db")
		db := fill(b, path)
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/(1<<20), "MiB")
	}
	b.ReportMetric(float64(benchRepositories*benchFindings*b.N)/b.Elapsed().Seconds(), "findings/s")
}

func BenchmarkLoad500(b *testing.B) {
	db := fill(b, filepath.Join(b.TempDir(), "sluice.db"))
	i := int64(0)
	for b.Loop() {
		i = i%benchRepositories + 1
		if s, err := db.Load(b.Context(), i); err != nil || len(s.Findings) != benchFindings {
			b.Fatal(len(s.Findings), err)
		}
	}
}

// BenchmarkUnchanged asks what a run asks before it knows that nothing is to
// be done.
func BenchmarkUnchanged(b *testing.B) {
	db := fill(b, filepath.Join(b.TempDir(), "sluice.db"))
	for b.Loop() {
		marks, err := db.Marks(b.Context())
		if err != nil || len(marks) != benchRepositories {
			b.Fatal(len(marks), err)
		}
		if digests, err := db.Digests(b.Context()); err != nil || len(digests) != benchRepositories {
			b.Fatal(len(digests), err)
		}
		if read, err := db.Deliveries(b.Context(), "ci"); err != nil || len(read) != benchRepositories {
			b.Fatal(len(read), err)
		}
	}
}

func BenchmarkOpenChanges(b *testing.B) {
	db := fill(b, filepath.Join(b.TempDir(), "sluice.db"))
	for b.Loop() {
		if _, err := db.OpenChanges(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCohortCounts(b *testing.B) {
	db := fill(b, filepath.Join(b.TempDir(), "sluice.db"))
	for b.Loop() {
		if counts, err := db.CohortCounts(b.Context()); err != nil || len(counts) != 1 {
			b.Fatal(counts, err)
		}
	}
}

// BenchmarkSmallStep is the cost of one durable transaction.
func BenchmarkSmallStep(b *testing.B) {
	db := openAt(b, filepath.Join(b.TempDir(), "sluice.db"), sqlite.Options{})
	for b.Loop() {
		if err := db.Append(b.Context(), 1, storetest.At(0), store.Entry{Kind: "plan", Body: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBackup(b *testing.B) {
	dir := b.TempDir()
	db := fill(b, filepath.Join(dir, "sluice.db"))
	for i := 0; b.Loop(); i++ {
		if err := db.Backup(b.Context(), filepath.Join(dir, fmt.Sprint("copy-", i))); err != nil {
			b.Fatal(err)
		}
	}
}

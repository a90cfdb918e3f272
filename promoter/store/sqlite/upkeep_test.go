package sqlite_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
	"github.com/sluice-sec/sluice/promoter/store/storetest"
)

// BenchmarkPrune: 100 repositories with 1,000 standing findings each, and 1,000
// pull requests each in which one finding came and went. Nothing is old: that
// is what nearly every run pays. Then, once, all of it is.
func BenchmarkPrune(b *testing.B) {
	const repositories, pulls = 100, 1000
	db := openAt(b, filepath.Join(b.TempDir(), "sluice.db"), sqlite.Options{})
	cohort := storetest.Cohort(b, db)
	for i := range repositories {
		repo := storetest.Repository(b, db, fmt.Sprint("r", i))
		c := storetest.First(repo.ID, cohort.ID, 1000)
		for n := int64(2); n < pulls+2; n++ {
			scope, scan, gone := c.Scopes[0], c.Scans[0], storetest.Sighting(1)
			scope.No, scope.Ref, scope.FirstScan = n, fmt.Sprintf("refs/pull/%d/head", n), n
			scan.No, scan.Scope = n, n
			gone.Scope, gone.Since, gone.Until, gone.State, gone.Cause = n, n, n, store.SightingGone, store.GoneRef
			c.Scopes, c.Scans, c.Sightings = append(c.Scopes, scope), append(c.Scans, scan), append(c.Sightings, gone)
		}
		if err := db.Apply(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
	prune := func(before time.Time, want int64) {
		got, err := db.Prune(b.Context(), store.Horizon{Runs: before, Gone: before, Responses: before})
		if err != nil || got.Sightings != want {
			b.Fatalf("%+v, %v", got, err)
		}
	}
	for b.Loop() {
		prune(storetest.At(-1), 0)
	}
	began := time.Now()
	prune(storetest.At(1), repositories*pulls)
	b.ReportMetric(time.Since(began).Seconds(), "s/everything")
}

package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
	"github.com/sluice-sec/sluice/promoter/store/storetest"
)

// Of 100,000 clusters the last 5,000 are read, each tenth with a verdict: what
// weighing one verdict that came late takes.
func BenchmarkExposuresAfterACheckpoint(b *testing.B) {
	ctx := b.Context()
	db := openAt(b, filepath.Join(b.TempDir(), "sluice.db"), sqlite.Options{})
	repo, cohort := storetest.Repository(b, db, "shop"), storetest.Cohort(b, db)
	c := storetest.First(repo.ID, cohort.ID, 1000)
	for i := range 100_000 {
		pull := i + 1
		c.Shown = append(c.Shown, promoter.Exposure{RepoID: repo.ID, Finding: int64(i%1000 + 1), Notice: int64(pull), PullRequest: pull, CohortID: cohort.ID, Attempt: 1,
			Cluster: promoter.ClusterOf(promoter.Notice{Target: promoter.Target{RepoID: repo.ID, PullRequest: pull}}), ShownAt: storetest.At(pull)})
		if i%10 == 0 {
			c.Answers.Verdicts = append(c.Answers.Verdicts, promoter.Verdict{RepoID: repo.ID, Finding: int64(i%1000 + 1), Notice: int64(pull),
				Kind: promoter.VerdictUseful, Source: promoter.FromCode, At: storetest.At(pull + 1)})
		}
	}
	if err := db.Apply(ctx, c); err != nil {
		b.Fatal(err)
	}
	after := store.ClusterMark{At: storetest.At(95_000).Add(time.Second)}
	for b.Loop() {
		all, err := db.Exposures(ctx, cohort.ID, 1, after)
		if err != nil || len(all) != 5000 {
			b.Fatalf("%d exposures, %v", len(all), err)
		}
	}
}

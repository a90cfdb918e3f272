package scale_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/ladder"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
	"github.com/sluice-sec/sluice/promoter/store/storetest"
	"github.com/sluice-sec/sluice/rules"
)

// One verdict that is 30 days old, with 5,000 clusters after it that are not
// final, in a cohort with 100,000 older ones: reading, weighing, and storing
// what came of it.
func BenchmarkOneLateVerdict(b *testing.B) {
	ctx := b.Context()
	db, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "sluice.db"), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const older, open = 100_000, 5_000
	repo, c := storetest.Repository(b, db, "shop"), storetest.Cohort(b, db)
	rows := storetest.First(repo.ID, c.ID, 1000)
	begin := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range older + open {
		at := begin.Add(time.Duration(i) * 9 * time.Minute)
		pull := i + 1
		rows.Shown = append(rows.Shown, promoter.Exposure{RepoID: repo.ID, Finding: int64(i%1000 + 1), Notice: int64(pull), PullRequest: pull, CohortID: c.ID, Attempt: 1,
			Cluster: fmt.Sprintf("1#%d", pull), ShownAt: at})
	}
	if err := db.Apply(ctx, rows); err != nil {
		b.Fatal(err)
	}
	all, err := db.Exposures(ctx, c.ID, 1, store.ClusterMark{})
	if err != nil {
		b.Fatal(err)
	}
	set := settings.Default()
	of := evidence.Cohort{Stage: evidence.Advise, Attempt: 1, Climb: 1, Entered: begin, Repositories: 3, Bars: ladder.BarsOf(set, "high", 5000)}
	of.Bars.Window = 31 * 24 * time.Hour // the last 5,000 are not final
	now := all[len(all)-1].ShownAt.Add(time.Hour)
	res, passed, err := evidence.Weigh(of, evidence.Checkpoint{}, all, now)
	if err != nil {
		b.Fatal(err)
	}
	w := store.Weighed{CohortID: c.ID, Attempt: 1, Result: res, Passed: passed}
	if err := db.SaveWeighed(ctx, w); err != nil {
		b.Fatal(err)
	}
	late := all[older]
	mark := store.ClusterMark{At: late.ShownAt, Cluster: late.Cluster}
	read, weighed := time.Duration(0), time.Duration(0)
	for b.Loop() {
		from, err := db.CheckpointBefore(ctx, c.ID, 1, mark)
		if err != nil || from.Seq < older-256 {
			b.Fatalf("from %d, %v", from.Seq, err)
		}
		began := time.Now()
		after, err := db.Exposures(ctx, c.ID, 1, store.ClusterMark{At: from.At, Cluster: from.Last})
		if err != nil {
			b.Fatal(err)
		}
		read += time.Since(began)
		after[0].Verdicts = append(after[0].Verdicts, evidence.Verdict{Person: "7", Kind: evidence.FalsePositive, At: now})
		began = time.Now()
		if _, _, err := evidence.Weigh(of, from, after, now); err != nil {
			b.Fatal(err)
		}
		weighed += time.Since(began)
	}
	b.ReportMetric(float64(read.Microseconds())/1000/float64(b.N), "ms-read/op")
	b.ReportMetric(float64(weighed.Microseconds())/1000/float64(b.N), "ms-weigh/op")
}

// A run over 10,000 cohorts about which nothing is new.
func BenchmarkRunOverTenThousandCohorts(b *testing.B) {
	ctx := context.Background()
	db, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "sluice.db"), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	var keys []string
	for i := range 2000 {
		for _, severity := range []string{"critical", "high", "medium", "low", "info"} {
			keys = append(keys, fmt.Sprintf("group%d/gosec/%s", i, severity))
		}
	}
	cohorts, err := db.EnsureCohorts(ctx, keys, now)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range cohorts {
		if _, err := db.MoveCohort(ctx, promoter.Move{CohortID: c.ID, From: c.Stage, To: promoter.Advise, Kind: promoter.MoveOverride, Actor: "os:test", At: now}); err != nil {
			b.Fatal(err)
		}
	}
	set := settings.Default()
	engine, err := policy.Load(ctx, policy.Source{FS: rules.FS, Name: "rules"}, set, policy.Options{SkipTests: true})
	if err != nil {
		b.Fatal(err)
	}
	cfg := run.Config{Store: db, Decider: engine, Settings: set, Host: "sandbox", Now: func() time.Time { now = now.Add(time.Millisecond); return now }, Log: zap.NewNop(), Actor: "os:test",
		Token: func() string { return "t" }, Secrets: func(s string) string { return s }}
	once := func() {
		if _, err := run.Run(ctx, cfg, run.Selection{}); err != nil {
			b.Fatal(err)
		}
	}
	once()
	for b.Loop() {
		once()
	}
}

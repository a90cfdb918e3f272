package sqlite_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
	"github.com/sluice-sec/sluice/promoter/store/storetest"
)

const crashPath = "SLUICE_TEST_CRASH_STORE"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashPath); path != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(context.Background(), path))
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// writeUntilKilled takes the run lock and works: a repository with findings, a
// notice with its effect, a seal, over and over. It prints a line after each
// step that was reported as kept.
func writeUntilKilled(ctx context.Context, path string) error {
	db, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return err
	}
	if _, _, err := db.Lock(ctx, storetest.Me("crash test"), 0); err != nil {
		return err
	}
	cohorts, err := db.EnsureCohorts(ctx, []string{"core/gosec/high"}, storetest.At(0))
	if err != nil {
		return err
	}
	kept := func(err error) error {
		if err == nil {
			_, err = fmt.Println("kept")
		}
		return err
	}
	for i := 0; ; i++ {
		repo, err := db.EnsureRepository(ctx, promoter.Repository{Host: "h", Owner: "acme", Name: fmt.Sprint(os.Getpid(), "-", i)}, 1)
		if err != nil {
			return err
		}
		c := storetest.First(repo.ID, cohorts[0].ID, 30)
		n := storetest.Notice(repo.ID, 1, cohorts[0].ID)
		c.Notices = []promoter.Notice{n}
		e := promoter.Effect{Verb: promoter.VerbReview, Target: n.Target, Token: repo.Name, Notices: c.Notices}
		n.State = promoter.NoticePosted
		n.Items = []promoter.Item{{Finding: 1, ShownAt: storetest.At(1)}}
		for _, step := range []func() error{
			func() error { return db.Apply(ctx, c) },
			func() error { return db.Intend(ctx, &e) },
			func() error { return db.Sent(ctx, e.ID, storetest.At(11)) },
			func() error {
				return db.Settle(ctx, store.Settlement{EffectID: e.ID, State: promoter.EffectDone, Notices: []promoter.Notice{n},
					Entries: []store.Entry{{Kind: "effect", Body: e.ID}}, At: storetest.At(1)})
			},
			func() error { _, err := db.Seal(ctx, storetest.At(2)); return err },
		} {
			if err := kept(step()); err != nil {
				return err
			}
		}
	}
}

// TestKilledAtAnyPoint kills a writing process again and again and finds, each
// time, whole steps only, all that were reported as kept, and the run lock
// free for the next.
func TestKilledAtAnyPoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	random := rand.New(rand.NewPCG(1, 2))
	rounds, kept := 12, 0
	if testing.Short() {
		rounds = 3
	}
	for range rounds {
		kept += killAfter(t, path, 1+random.IntN(40), time.Duration(random.IntN(4000))*time.Microsecond)
		consistent(t, path, kept)
	}
}

// killAfter lets a process write until it has reported some steps and a moment
// more, and returns how many it reported in all.
func killAfter(t *testing.T, path string, steps int, more time.Duration) (reported int) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashPath+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if reported++; reported == steps {
			time.AfterFunc(more, func() { _ = child.Process.Kill() })
		}
	}
	err = child.Wait()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return reported
}

func consistent(t *testing.T, path string, kept int) {
	t.Helper()
	ctx := t.Context()
	db := openAt(t, path, sqlite.Options{})
	_, release, err := db.Lock(ctx, storetest.Me("sluice run"), 0)
	if err != nil {
		t.Fatalf("the killed process still holds the lock: %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if v := verify(t, db, ""); v.Break != "" {
		t.Errorf("ledger: %s", v.Break)
	}
	file := raw(t, path)
	for what, query := range map[string]string{
		"integrity":                 `SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'`,
		"foreign keys":              `SELECT * FROM pragma_foreign_key_check`,
		"half a repository":         `SELECT repo_id FROM finding GROUP BY repo_id HAVING count(*) <> 30`,
		"sightings are missing":     `SELECT repo_id FROM sighting GROUP BY repo_id HAVING count(*) <> 30`,
		"a notice without findings": `SELECT repo_id FROM notice WHERE repo_id NOT IN (SELECT repo_id FROM finding)`,
		"findings without a notice": `SELECT repo_id FROM finding WHERE repo_id NOT IN (SELECT repo_id FROM notice)`,
		"an effect that is done, its notice not posted": `SELECT effect_id FROM effect e WHERE (e.state = 'done') <>
			(SELECT n.state = 'posted' FROM notice n WHERE n.repo_id = e.repo_id)`,
		"open flags":         `SELECT effect_id FROM effect JOIN effect_notice USING (effect_id) WHERE (state = 'done') = (open = 1)`,
		"entries and steps":  `SELECT 1 WHERE (SELECT count(*) FROM ledger) <> (SELECT count(*) FROM scan) + (SELECT count(*) FROM effect WHERE state = 'done')`,
		"items of a posting": `SELECT repo_id FROM item JOIN notice USING (repo_id, notice_no) WHERE (state = 'posted') <> (shown_at IS NOT NULL)`,
	} {
		rows, err := file.QueryContext(ctx, query)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if rows.Next() {
			t.Errorf("after a kill: %s", what)
		}
		_ = rows.Close()
	}
	if done := stepsIn(t, file); done < kept {
		t.Errorf("%d steps were reported as kept, %d are there", kept, done)
	}
	if err := errors.Join(file.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// stepsIn counts the steps that the database shows.
func stepsIn(t *testing.T, file *sql.DB) (steps int) {
	t.Helper()
	err := file.QueryRow(`SELECT (SELECT count(*) FROM scan) + (SELECT count(*) FROM seal) + COALESCE((SELECT sum(
		CASE state WHEN 'intended' THEN 1 WHEN 'sent' THEN 2 ELSE 3 END) FROM effect), 0)`).Scan(&steps)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

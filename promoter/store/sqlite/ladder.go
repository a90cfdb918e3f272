package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

const (
	cohortFields  = `cohort_id, key, stage, generation, attempt, since, ended`
	cohortColumns = `SELECT ` + cohortFields + ` FROM cohort `
)

func scanCohort(row rowScanner, c *promoter.Cohort) error {
	var stage string
	err := row.Scan(&c.ID, &c.Key, &stage, &c.Generation, &c.Attempt, (*moment)(&c.Since), (*moment)(&c.Ended))
	if err == nil {
		c.Stage, err = promoter.ParseStage(stage)
	}
	return err
}

// Cohorts returns all cohorts, by key, ended ones too.
func (db *DB) Cohorts(ctx context.Context) ([]promoter.Cohort, error) {
	return collect(ctx, db.read, "cohorts", func(rows *sql.Rows, c *promoter.Cohort) error { return scanCohort(rows, c) },
		cohortColumns+`ORDER BY key`)
}

// CohortCounts returns how many findings are members, per cohort. It reads
// every finding's row once: these are small and stand together.
func (db *DB) CohortCounts(ctx context.Context) (map[int64]int, error) {
	counts := map[int64]int{}
	_, err := collect(ctx, db.read, "cohort counts", func(rows *sql.Rows, _ *struct{}) error {
		var id int64
		var n int
		err := rows.Scan(&id, &n)
		counts[id] = n
		return err
	}, `SELECT cohort_id, count(*) FROM finding WHERE cohort_id IS NOT NULL GROUP BY cohort_id`)
	return counts, err
}

// EnsureCohorts returns the cohorts of these keys in their order. New ones
// start in generation and attempt 1, and one that has ended starts again.
func (db *DB) EnsureCohorts(ctx context.Context, keys []string, at time.Time) ([]promoter.Cohort, error) {
	have, err := db.Cohorts(ctx)
	if err != nil {
		return nil, fmt.Errorf("ensure cohorts: %w", err)
	}
	if all, ok := pick(have, keys); ok {
		return all, nil // the usual case takes no write lock
	}
	var all []promoter.Cohort
	err = db.change(ctx, "ensure cohorts", func(tx *sql.Tx) error {
		_, err := writeAll(ctx, tx, "cohort", `
			INSERT INTO cohort (key, stage, generation, attempt, since) VALUES ($1, 'observe', 1, 1, $2)
			ON CONFLICT (key) DO UPDATE SET stage = excluded.stage, generation = generation + 1, attempt = attempt + 1, since = excluded.since, ended = NULL
			WHERE cohort.ended IS NOT NULL`, keys,
			func(key string) []any { return []any{key, micro(at)} })
		if err != nil {
			return err
		}
		have, err := collect(ctx, tx, "cohorts", func(rows *sql.Rows, c *promoter.Cohort) error { return scanCohort(rows, c) }, cohortColumns)
		all, _ = pick(have, keys)
		return err
	})
	return all, err
}

func pick(have []promoter.Cohort, keys []string) (all []promoter.Cohort, complete bool) {
	byKey := make(map[string]promoter.Cohort, len(have))
	for _, c := range have {
		if c.Ended.IsZero() {
			byKey[c.Key] = c
		}
	}
	for _, key := range keys {
		c, ok := byKey[key]
		if !ok {
			return nil, false
		}
		all = append(all, c)
	}
	return all, true
}

const pauseColumns = `SELECT since, actor, reason, until FROM pause WHERE resumed IS NULL`

func scanPause(row *sql.Row) (*promoter.Pause, error) {
	var p promoter.Pause
	err := row.Scan((*moment)(&p.Since), &p.Actor, &p.Reason, (*moment)(&p.Until))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &p, explain(err)
}

// Pause returns the pause that nobody has resumed, or nil.
func (db *DB) Pause(ctx context.Context) (*promoter.Pause, error) {
	return scanPause(db.read.QueryRowContext(ctx, pauseColumns))
}

// pauseEntry is what the ledger keeps of a pause and of its end.
type pauseEntry struct {
	Actor  string    `json:"actor"`
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason_sha256,omitempty"`
}

// SetPause lets a pause stand from now on, in place of any other.
func (db *DB) SetPause(ctx context.Context, p promoter.Pause) error {
	return db.change(ctx, "pause", func(tx *sql.Tx) error {
		if _, err := endPause(ctx, tx, p.Actor, p.Since); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO pause (since, actor, reason, until) VALUES ($1, $2, $3, $4)`,
			micro(p.Since), p.Actor, p.Reason, moment(p.Until))
		if err != nil {
			return err
		}
		return appendEntries(ctx, tx, 0, p.Since, []store.Entry{
			{Kind: "pause", Body: pauseEntry{Actor: p.Actor, Until: p.Until, Reason: digestOf(p.Reason)}}})
	})
}

// Resume ends the pause that stands, if one does.
func (db *DB) Resume(ctx context.Context, actor string, at time.Time) error {
	return db.change(ctx, "resume", func(tx *sql.Tx) error {
		ended, err := endPause(ctx, tx, actor, at)
		if err != nil || !ended {
			return err
		}
		return appendEntries(ctx, tx, 0, at, []store.Entry{{Kind: "resume", Body: pauseEntry{Actor: actor}}})
	})
}

func endPause(ctx context.Context, tx *sql.Tx, actor string, at time.Time) (ended bool, err error) {
	res, err := tx.ExecContext(ctx, `UPDATE pause SET resumed = $1, resumed_by = $2 WHERE resumed IS NULL`, micro(at), actor)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

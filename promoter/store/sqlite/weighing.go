package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	gojson "github.com/goccy/go-json"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/store"
)

// AddEpoch books an epoch event in a cohort's present stay.
func (db *DB) AddEpoch(ctx context.Context, cohortID int64, at time.Time, why string) error {
	return db.change(ctx, "epoch", func(tx *sql.Tx) error {
		var c promoter.Cohort
		if err := scanCohort(tx.QueryRowContext(ctx, cohortColumns+`WHERE cohort_id = $1`, cohortID), &c); err != nil {
			return err
		}
		return addEpoch(ctx, tx, c, at, why)
	})
}

func addEpoch(ctx context.Context, tx *sql.Tx, c promoter.Cohort, at time.Time, why string) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO epoch (cohort_id, attempt, at, why) SELECT $1, $2, $3, $4
		WHERE NOT EXISTS (SELECT 1 FROM epoch WHERE cohort_id = $1 AND attempt = $2 AND why = $4)
		ON CONFLICT DO NOTHING`, c.ID, c.Attempt, micro(at), why)
	return err
}

// CheckpointBefore returns the last checkpoint before a cluster.
func (db *DB) CheckpointBefore(ctx context.Context, cohortID, attempt int64, before store.ClusterMark) (c evidence.Checkpoint, err error) {
	at := int64(1<<63 - 1)
	if before != (store.ClusterMark{}) {
		at = micro(before.At)
	}
	var raw []byte
	err = db.read.QueryRowContext(ctx, `
		SELECT state FROM checkpoint WHERE cohort_id = $1 AND attempt = $2 AND (at, cluster) < ($3, $4) ORDER BY seq DESC LIMIT 1`,
		cohortID, attempt, at, before.Cluster).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return c, nil
	}
	if err == nil {
		err = gojson.Unmarshal(raw, &c)
	}
	return c, explain(err)
}

// weighedResult is how a result is kept.
type weighedResult struct {
	evidence.Result
	Ahead string
}

// SaveWeighed replaces what was known of a cohort's evidence. Besides every
// 256th checkpoint only the last is of use.
func (db *DB) SaveWeighed(ctx context.Context, w store.Weighed) error {
	return db.change(ctx, "weighed", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM checkpoint WHERE cohort_id = $1 AND (attempt <> $2 OR seq > $3 OR seq % 256 <> 0)`,
			w.CohortID, w.Attempt, w.From.Seq)
		if err != nil {
			return err
		}
		var stored []evidence.Checkpoint
		if w.From.Seq > 0 {
			stored = append(stored, w.From)
		}
		_, err = writeAll(ctx, tx, "checkpoint", upsert("checkpoint", []string{"cohort_id", "attempt", "seq"}, "at", "cluster", "state"),
			evidence.Keep(stored, w.From, w.Passed), func(c evidence.Checkpoint) []any {
				raw, err := json.Marshal(c)
				if err != nil {
					panic(fmt.Sprintf("a checkpoint cannot be written: %v", err)) // numbers and text
				}
				return []any{w.CohortID, w.Attempt, c.Seq, micro(c.At), c.Last, raw}
			})
		if err != nil {
			return err
		}
		raw, err := json.Marshal(weighedResult{w.Result, w.Ahead})
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, upsert("weighed", []string{"cohort_id"}, "attempt", "terms", "next", "result"),
			w.CohortID, w.Attempt, w.Terms, moment(w.Next), raw)
		return err
	})
}

// WeighedUpTo is the count of Stirred up to which everything was weighed.
func (db *DB) WeighedUpTo(ctx context.Context) (n int64, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT COALESCE((SELECT stirred FROM weighed_up_to), 0)`).Scan(&n)
	return n, explain(err)
}

// SetWeighedUpTo sets it.
func (db *DB) SetWeighedUpTo(ctx context.Context, stirred int64) error {
	return db.change(ctx, "weighed up to", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, upsert("weighed_up_to", []string{"one"}, "stirred"), 1, stirred)
		return err
	})
}

// Backlog counts what stands on default branches, per cohort.
func (db *DB) Backlog(ctx context.Context, since time.Time) (map[int64]store.Backlog, error) {
	out := map[int64]store.Backlog{}
	_, err := collect(ctx, db.read, "backlog", func(rows *sql.Rows, _ *struct{}) error {
		var id int64
		var b store.Backlog
		err := rows.Scan(&id, &b.Open, &b.New)
		out[id] = b
		return err
	}, `WITH branch AS (
			SELECT c.repo_id, c.scope_no FROM scope c
			JOIN repository r ON r.repo_id = c.repo_id
			JOIN repository_version v ON v.repo_id = r.repo_id AND v.version = r.version
			WHERE c.ref NOT LIKE 'refs/pull/%'
			  AND COALESCE(json_extract(v.facts, '$.default_branch'), '') IN ('', replace(c.ref, 'refs/heads/', ''))
		), standing AS (
			SELECT s.repo_id, s.finding_no,
				max(NOT s.backlog AND EXISTS (SELECT 1 FROM scan n WHERE n.repo_id = s.repo_id AND n.scan_no = s.since AND n.at >= $1)) AS fresh
			FROM branch b JOIN sighting s ON s.repo_id = b.repo_id AND s.scope_no = b.scope_no AND s.state = 'present'
			GROUP BY s.repo_id, s.finding_no
		)
		SELECT f.cohort_id, count(*), sum(t.fresh) FROM standing t
		JOIN finding f ON f.repo_id = t.repo_id AND f.finding_no = t.finding_no
		WHERE f.cohort_id IS NOT NULL GROUP BY f.cohort_id`, micro(since))
	return out, err
}

// Displayed counts what a cohort's members have on display.
func (db *DB) Displayed(ctx context.Context, cohortID int64) (n int, err error) {
	err = db.read.QueryRowContext(ctx, `
		SELECT count(*) FROM finding f
		JOIN item i ON i.repo_id = f.repo_id AND i.finding_no = f.finding_no AND i.removed_at IS NULL AND i.kept_because = '' AND i.shown_at IS NOT NULL
		JOIN notice n ON n.repo_id = i.repo_id AND n.notice_no = i.notice_no AND n.state = 'posted'
		WHERE f.cohort_id = $1`, cohortID).Scan(&n)
	return n, explain(err)
}

// Untidied lists the newest moves down that are not known to be clean.
func (db *DB) Untidied(ctx context.Context) ([]promoter.Move, error) {
	return collect(ctx, db.read, "moves down", func(rows *sql.Rows, m *promoter.Move) error {
		return rows.Scan(&m.CohortID, (*moment)(&m.At))
	}, `SELECT cohort_id, max(at) FROM move WHERE clean_at IS NULL GROUP BY cohort_id ORDER BY cohort_id`)
}

// SetTidied says that all that a cohort's moves down hide is gone.
func (db *DB) SetTidied(ctx context.Context, cohortID int64, at time.Time) error {
	return db.change(ctx, "tidied", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE move SET clean_at = $1 WHERE cohort_id = $2 AND clean_at IS NULL`, micro(at), cohortID)
		return err
	})
}

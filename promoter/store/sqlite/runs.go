package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-sec/sluice/promoter/store"
)

// BeginRun records the start of a run.
func (db *DB) BeginRun(ctx context.Context, r store.Run) (id int64, err error) {
	err = db.change(ctx, "begin run", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `
			INSERT INTO run (selection, actor, policy_rev, settings_rev, started, ended, outcome, report)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING run_id`,
			r.Selection, r.Actor, r.PolicyRev, r.SettingsRev, micro(r.Started), moment(r.Ended), r.Outcome, r.Report).Scan(&id)
	})
	return id, err
}

// EndRun records how a run ended.
func (db *DB) EndRun(ctx context.Context, id int64, ended time.Time, outcome string, report []byte) error {
	return db.change(ctx, "end run", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE run SET ended = $1, outcome = $2, report = $3 WHERE run_id = $4`,
			moment(ended), outcome, report, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(fmt.Errorf("there is no run %d", id), err)
		}
		return nil
	})
}

// LastRun returns the run that began last, whether it ended or not.
func (db *DB) LastRun(ctx context.Context) (*store.Run, error) {
	var r store.Run
	err := db.read.QueryRowContext(ctx, `
		SELECT run_id, selection, actor, policy_rev, settings_rev, started, ended, outcome, report
		FROM run ORDER BY run_id DESC LIMIT 1`).
		Scan(&r.ID, &r.Selection, &r.Actor, &r.PolicyRev, &r.SettingsRev,
			(*moment)(&r.Started), (*moment)(&r.Ended), &r.Outcome, &r.Report)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("last run: %w", explain(err))
	}
	return &r, nil
}

// SaveSourceStatus records how reading a source went in a run.
func (db *DB) SaveSourceStatus(ctx context.Context, runID int64, s store.SourceStatus) error {
	return db.change(ctx, "save status of source "+s.Source, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, upsert("source_status", []string{"source", "run_id"},
			"state", "detail", "files", "results", "findings", "skipped", "at"),
			s.Source, runID, s.State, s.Detail, s.Files, s.Results, s.Findings, s.Skipped, micro(s.At))
		return err
	})
}

// SourceStatuses returns the newest status of each source, by its name.
func (db *DB) SourceStatuses(ctx context.Context) ([]store.SourceStatus, error) {
	return collect(ctx, db.read, "source statuses", func(rows *sql.Rows, s *store.SourceStatus) error {
		return rows.Scan(&s.Source, &s.State, &s.Detail, &s.Files, &s.Results, &s.Findings, &s.Skipped, (*moment)(&s.At))
	}, `
		SELECT source, state, detail, files, results, findings, skipped, at
		FROM source_status s
		WHERE run_id = (SELECT max(run_id) FROM source_status WHERE source = s.source)
		ORDER BY source`)
}

// Deliveries returns what was read from a source, by location.
func (db *DB) Deliveries(ctx context.Context, source string) (map[string]store.Delivery, error) {
	all, err := collect(ctx, db.read, "deliveries of source "+source, func(rows *sql.Rows, d *store.Delivery) error {
		return rows.Scan(&d.Source, &d.Location, &d.Digest, &d.RepoID, &d.State, &d.Error,
			&d.Results, &d.Findings, &d.Skipped, (*moment)(&d.At))
	}, `
		SELECT source, location, digest, repo_id, state, error, results, findings, skipped, at
		FROM delivery WHERE source = $1`, source)
	if err != nil {
		return nil, err
	}
	byLocation := make(map[string]store.Delivery, len(all))
	for _, d := range all {
		byLocation[d.Location] = d
	}
	return byLocation, nil
}

// SaveDelivery records a file none of whose scans could be used.
func (db *DB) SaveDelivery(ctx context.Context, d store.Delivery) error {
	return db.change(ctx, "save delivery", func(tx *sql.Tx) error {
		return writeDeliveries(ctx, tx, []store.Delivery{d})
	})
}

func writeDeliveries(ctx context.Context, tx *sql.Tx, all []store.Delivery) error {
	_, err := writeAll(ctx, tx, "delivery", upsert("delivery", []string{"source", "location"},
		"digest", "repo_id", "state", "error", "results", "findings", "skipped", "at"), all,
		func(d store.Delivery) []any {
			return []any{d.Source, d.Location, d.Digest, d.RepoID, d.State, d.Error, d.Results, d.Findings, d.Skipped, micro(d.At)}
		})
	return err
}

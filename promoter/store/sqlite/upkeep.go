package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/sluice-sec/sluice/promoter/store"
)

// RunTrack tells of the runs over a selection.
func (db *DB) RunTrack(ctx context.Context, selection string) (t store.Track, err error) {
	err = db.read.QueryRowContext(ctx, `
		SELECT min(started), max(ended) FILTER (WHERE outcome NOT IN ('', 'failed')) FROM run WHERE selection = $1`, selection).
		Scan((*moment)(&t.First), (*moment)(&t.Good))
	if err != nil {
		return t, fmt.Errorf("runs over %s: %w", selection, explain(err))
	}
	return t, nil
}

// SourceTracks tells of each source.
func (db *DB) SourceTracks(ctx context.Context) (map[string]store.Track, error) {
	tracks := map[string]store.Track{}
	_, err := collect(ctx, db.read, "sources", func(rows *sql.Rows, name *string) error {
		var t store.Track
		err := rows.Scan(name, (*moment)(&t.First), (*moment)(&t.Good))
		tracks[*name] = t
		return err
	}, `SELECT source, min(at), max(at) FILTER (WHERE state = 'complete') FROM source_status GROUP BY source`)
	return tracks, err
}

// Prune forgets what is older than the horizon.
func (db *DB) Prune(ctx context.Context, h store.Horizon) (store.Pruned, error) {
	var done store.Pruned
	err := db.change(ctx, "prune", func(tx *sql.Tx) error {
		p := pruner{ctx: ctx, tx: tx}
		done = store.Pruned{Runs: p.runs(h.Runs), Deliveries: p.deliveries(h.Missing, h.Runs), Responses: p.responses(h.Responses)}
		done.Sightings, done.Decisions = p.gone(h.Gone)
		return p.err
	})
	if err != nil {
		return store.Pruned{}, err
	}
	return done, nil
}

// pruner does one statement after the other until one fails.
type pruner struct {
	ctx context.Context
	tx  *sql.Tx
	err error
}

func (p *pruner) exec(query string, args ...any) int64 {
	if p.err != nil {
		return 0
	}
	res, err := p.tx.ExecContext(p.ctx, query, args...)
	if err == nil {
		var n int64
		if n, err = res.RowsAffected(); err == nil {
			return n
		}
	}
	p.err = err
	return 0
}

func (p *pruner) runs(before time.Time) int64 {
	if before.IsZero() {
		return 0
	}
	p.exec(`
		DELETE FROM source_status AS s
		WHERE run_id IN (SELECT run_id FROM run WHERE started < $1)
		  AND run_id <> (SELECT max(run_id) FROM source_status WHERE source = s.source)
		  AND run_id <> (SELECT COALESCE(max(run_id), 0) FROM source_status WHERE source = s.source AND state = 'complete')`, micro(before))
	return p.exec(`
		DELETE FROM run
		WHERE started < $1 AND run_id < (SELECT max(run_id) FROM run)
		  AND run_id NOT IN (SELECT run_id FROM source_status)`, micro(before))
}

func (p *pruner) deliveries(missing []store.Delivery, before time.Time) (n int64) {
	for _, d := range missing {
		n += p.exec(`DELETE FROM delivery WHERE source = $1 AND location = $2 AND at < $3`, d.Source, d.Location, micro(before))
	}
	return n
}

func (p *pruner) responses(before time.Time) int64 {
	if before.IsZero() {
		return 0
	}
	return p.exec(`DELETE FROM http_cache WHERE stored < $1`, micro(before))
}

// unheld says of a table's rows, by its name in the query, that nothing rests on
// their finding: what people were shown, also from the queue, is asked for long
// after, and what they answered and decided counts again when it returns.
func unheld(table string) string {
	var out string
	for _, by := range []string{"item AS r WHERE true", "exposure AS r WHERE true", "disposition AS r WHERE ended_at IS NULL", "verdict AS r WHERE retracted_at IS NULL"} {
		out += fmt.Sprintf("\n	  AND NOT EXISTS (SELECT 1 FROM %s AND r.repo_id = %s.repo_id AND r.finding_no = %[2]s.finding_no)", by, table)
	}
	return out
}

// ended are the sightings that may go. CROSS JOIN keeps SQLite to the order: old
// scans first, which are mostly none.
func ended() string {
	return `
	FROM scan e CROSS JOIN sighting s ON s.repo_id = e.repo_id AND s.scope_no = e.scope_no AND s.until = e.scan_no
	WHERE e.at < $1 AND s.state = 'gone'` + unheld("s")
}

// gone forgets where findings were. A scan that saw one of these no longer says
// what was there in full, so that nothing is held to be new against it.
func (p *pruner) gone(before time.Time) (sightings, decisions int64) {
	if before.IsZero() {
		return 0, 0
	}
	p.exec(`
		WITH old AS MATERIALIZED (SELECT s.repo_id AS repo, s.scope_no AS scope, max(s.until) AS until `+ended()+` GROUP BY 1, 2)
		UPDATE scan SET state = 'partial' WHERE state = 'complete' AND (repo_id, scan_no) IN (
			SELECT n.repo_id, n.scan_no
			FROM old CROSS JOIN scan n ON n.repo_id = old.repo AND n.scope_no = old.scope AND n.scan_no < old.until)`, micro(before))
	sightings = p.exec(`DELETE FROM sighting WHERE rowid IN (SELECT s.rowid `+ended()+`)`, micro(before))
	if sightings == 0 {
		return 0, 0
	}
	return sightings, p.exec(`
		WITH known AS MATERIALIZED (
			SELECT DISTINCT s.repo_id AS repo, CAST(substr(c.ref, 11) AS INTEGER) AS change -- of refs/pull/7/head the 7
			FROM sighting s JOIN scope c ON c.repo_id = s.repo_id AND c.scope_no = s.scope_no
			WHERE c.ref LIKE 'refs/pull/%'),
		pruned AS MATERIALIZED (
			SELECT DISTINCT repo_id AS repo, CAST(substr(ref, 11) AS INTEGER) AS change FROM scope WHERE ref LIKE 'refs/pull/%'
			EXCEPT SELECT repo, change FROM known)
		DELETE FROM decision WHERE change > 0 AND (repo_id, change) IN (SELECT repo, change FROM pruned)` + unheld("decision"))
}

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Recut places findings in other cohorts; see store.Weighing.
func (db *DB) Recut(ctx context.Context, all []promoter.Recut) (out []promoter.Cohort, err error) {
	err = db.change(ctx, "recut", func(tx *sql.Tx) error {
		left := map[int64]promoter.Recut{}
		for _, r := range all { // before any of them moves
			for _, f := range r.From {
				if _, err := cohortAt(ctx, tx, promoter.Move{CohortID: f.CohortID, From: f.Stage}); err != nil {
					return err
				}
				left[f.CohortID] = r
			}
		}
		for _, r := range all {
			c, err := recutOne(ctx, tx, r)
			if err != nil {
				return fmt.Errorf("%s: %w", r.Into, err)
			}
			out = append(out, c)
			delete(left, c.ID)
		}
		return leave(ctx, tx, left)
	})
	return out, err
}

// recutEntry is what the ledger keeps of a recut.
type recutEntry struct {
	Cohort  string         `json:"cohort"`
	Stage   promoter.Stage `json:"stage"`
	Founded bool           `json:"founded"`
	From    []recutParent  `json:"from"`
	Actor   string         `json:"actor"`
	Reason  string         `json:"reason_sha256"`
}

type recutParent struct {
	Cohort   string         `json:"cohort"`
	Stage    promoter.Stage `json:"stage"`
	Findings int            `json:"findings"`
}

func recutOne(ctx context.Context, tx *sql.Tx, r promoter.Recut) (promoter.Cohort, error) {
	c, err := target(ctx, tx, r)
	if err != nil {
		return c, err
	}
	entry := recutEntry{Cohort: r.Into, Stage: r.Stage, Founded: r.Found, Actor: r.Actor, Reason: digestOf(r.Reason)}
	from := r.Stage
	for _, f := range r.From {
		if from < f.Stage {
			from = f.Stage
		}
		parent := recutParent{Stage: f.Stage, Findings: len(f.Members)}
		if err := tx.QueryRowContext(ctx, `SELECT key FROM cohort WHERE cohort_id = $1`, f.CohortID).Scan(&parent.Cohort); err != nil {
			return c, err
		}
		entry.From = append(entry.From, parent)
		if err := adopt(ctx, tx, r, f, c.ID); err != nil {
			return c, err
		}
	}
	m := promoter.Move{CohortID: c.ID, From: from, To: r.Stage, Kind: promoter.MoveRecut, Reason: r.Reason, Actor: r.Actor, RunID: r.RunID, At: r.At}
	if err := recordMove(ctx, tx, m, r.Into); err != nil {
		return c, err
	}
	return c, appendEntries(ctx, tx, r.RunID, r.At, []store.Entry{{Kind: "recut", Body: entry}})
}

// target is the cohort that findings go to: founded, or as it stands.
func target(ctx context.Context, tx *sql.Tx, r promoter.Recut) (c promoter.Cohort, err error) {
	if !r.Found {
		err = scanCohort(tx.QueryRowContext(ctx, `
			UPDATE cohort SET generation = generation + 1 WHERE key = $1 AND stage = $2 AND ended IS NULL RETURNING `+cohortFields, r.Into, r.Stage.String()), &c)
		if errors.Is(err, sql.ErrNoRows) {
			return c, &store.ConflictError{What: fmt.Sprintf("cohort %s does not stand at %s", r.Into, r.Stage)}
		}
		if err != nil {
			return c, err
		}
		return c, addEpoch(ctx, tx, c, r.At, "recut on "+r.At.UTC().Format(time.RFC3339))
	}
	var of sql.NullInt64
	if whole, _, carved := strings.Cut(r.Into, "+"); carved {
		err := tx.QueryRowContext(ctx, `SELECT cohort_id FROM cohort WHERE key = $1 AND ended IS NULL`, whole).Scan(&of)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return c, err
		}
	}
	err = scanCohort(tx.QueryRowContext(ctx, `
		INSERT INTO cohort (key, stage, generation, attempt, since, carve_of) VALUES ($1, $2, 1, 1, $3, $4)
		ON CONFLICT (key) DO UPDATE SET stage = excluded.stage, generation = generation + 1, attempt = attempt + 1, since = excluded.since, ended = NULL
		RETURNING `+cohortFields, r.Into, r.Stage.String(), micro(r.At), of), &c)
	if err != nil {
		return c, err
	}
	return c, endOrders(ctx, tx, c.ID, r.At)
}

// endOrders ends what was ordered for a stay, and forgets what was known of it.
func endOrders(ctx context.Context, tx *sql.Tx, cohortID int64, at time.Time) error {
	for _, end := range []string{
		`UPDATE stage_override SET ended = $1 WHERE cohort_id = $2 AND ended IS NULL`,
		`UPDATE hold SET released = $1 WHERE cohort_id = $2 AND by_evidence = 1 AND released IS NULL`,
	} {
		if _, err := tx.ExecContext(ctx, end, micro(at), cohortID); err != nil {
			return err
		}
	}
	return forget(ctx, tx, cohortID)
}

// adopt takes findings over from one cohort, with the lineage; one that is
// founded takes over a person's hold, too.
func adopt(ctx context.Context, tx *sql.Tx, r promoter.Recut, f promoter.RecutFrom, into int64) error {
	_, err := writeAll(ctx, tx, "member", `UPDATE finding SET cohort_id = $1 WHERE repo_id = $2 AND finding_no = $3`, f.Members,
		func(m promoter.Member) []any { return []any{into, m.RepoID, m.Finding} })
	if err != nil {
		return err
	}
	touched := map[int64]bool{}
	for _, m := range f.Members {
		if !touched[m.RepoID] {
			touched[m.RepoID] = true
			if err := touch(ctx, tx, m.RepoID); err != nil {
				return err
			}
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO lineage (parent, child, kind, at, founded, findings) VALUES ($1, $2, 'recut', $3, $4, $5)`,
		f.CohortID, into, micro(r.At), r.Found, len(f.Members))
	if err != nil || !r.Found {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO hold (cohort_id, attempt, by_evidence, since, actor, reason)
		SELECT $1, (SELECT attempt FROM cohort WHERE cohort_id = $1), 0, since, actor, reason FROM hold
		WHERE cohort_id = $2 AND by_evidence = 0 AND released IS NULL
		ON CONFLICT DO NOTHING`, into, f.CohortID)
	return err
}

// leave settles what is left of the cohorts that lost findings: an epoch event
// for those that have others, the end for the rest.
func leave(ctx context.Context, tx *sql.Tx, left map[int64]promoter.Recut) error {
	members := map[int64]bool{}
	_, err := collect(ctx, tx, "members", func(rows *sql.Rows, _ *struct{}) error {
		var id int64
		err := rows.Scan(&id)
		members[id] = true
		return err
	}, `SELECT DISTINCT cohort_id FROM finding WHERE cohort_id IS NOT NULL`)
	if err != nil {
		return err
	}
	for id, r := range left {
		var ended time.Time
		if !members[id] {
			ended = r.At
		}
		var c promoter.Cohort
		err := scanCohort(tx.QueryRowContext(ctx, `UPDATE cohort SET generation = generation + 1, ended = $1 WHERE cohort_id = $2 RETURNING `+cohortFields, moment(ended), id), &c)
		switch {
		case err != nil:
			return err
		case ended.IsZero():
			err = addEpoch(ctx, tx, c, r.At, "recut on "+r.At.UTC().Format(time.RFC3339))
		default:
			err = endOrders(ctx, tx, id, r.At)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Lineage lists which cohorts came from which, oldest first.
func (db *DB) Lineage(ctx context.Context) ([]promoter.Lineage, error) {
	return collect(ctx, db.read, "lineage", func(rows *sql.Rows, l *promoter.Lineage) error {
		return rows.Scan(&l.Parent, &l.Child, &l.Kind, (*moment)(&l.At), &l.Founded, &l.Findings)
	}, `SELECT parent, child, kind, at, founded, findings FROM lineage ORDER BY at, child, parent`)
}

// Cut is the law by which every finding was last placed.
func (db *DB) Cut(ctx context.Context) (law store.Cut, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT policy_rev, settings_rev FROM cut`).Scan(&law.PolicyRev, &law.SettingsRev)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return law, explain(err)
}

// SetCut sets it.
func (db *DB) SetCut(ctx context.Context, law store.Cut) error {
	return db.change(ctx, "cut", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, upsert("cut", []string{"one"}, "policy_rev", "settings_rev"), 1, law.PolicyRev, law.SettingsRev)
		return err
	})
}

package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// moveEntry is what the ledger keeps of a move. The reason is a person's free
// text: its digest is enough to show that it was not changed later.
type moveEntry struct {
	Move     int64             `json:"move"`
	Cohort   string            `json:"cohort"`
	From     promoter.Stage    `json:"from"`
	To       promoter.Stage    `json:"to"`
	Kind     promoter.MoveKind `json:"kind"`
	Actor    string            `json:"actor"`
	Reason   string            `json:"reason_sha256"`
	Evidence *promoter.Grounds `json:"evidence,omitempty"`
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// MoveCohort applies and records a move; see store.Ladder.
func (db *DB) MoveCohort(ctx context.Context, m promoter.Move) (promoter.Cohort, error) {
	var c promoter.Cohort
	err := db.change(ctx, "move cohort", func(tx *sql.Tx) (err error) {
		if c, err = cohortAt(ctx, tx, m); err != nil {
			return err
		}
		switch m.Kind {
		case promoter.MoveHold:
			err = hold(ctx, tx, m, c)
		case promoter.MoveRelease:
			err = release(ctx, tx, m, c)
		default:
			c, err = enter(ctx, tx, m)
		}
		if err != nil {
			return err
		}
		return recordMove(ctx, tx, m, c.Key)
	})
	return c, err
}

// cohortAt returns the cohort of a move if it stands where the move says.
func cohortAt(ctx context.Context, tx *sql.Tx, m promoter.Move) (c promoter.Cohort, err error) {
	err = scanCohort(tx.QueryRowContext(ctx, cohortColumns+`WHERE cohort_id = $1`, m.CohortID), &c)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return c, &store.ConflictError{What: fmt.Sprintf("there is no cohort %d", m.CohortID)}
	case err == nil && !c.Ended.IsZero():
		return c, &store.ConflictError{What: fmt.Sprintf("cohort %s has ended: its findings are in others", c.Key)}
	case err == nil && c.Stage != m.From:
		return c, &store.ConflictError{What: fmt.Sprintf("cohort %s stands at %s, not at %s", c.Key, c.Stage, m.From)}
	}
	return c, err
}

// enter begins a new stay. What was ordered for the old one ends with it,
// except a person's hold.
func enter(ctx context.Context, tx *sql.Tx, m promoter.Move) (c promoter.Cohort, err error) {
	err = scanCohort(tx.QueryRowContext(ctx, `
		UPDATE cohort SET stage = $1, generation = generation + 1, attempt = attempt + 1, since = $2 WHERE cohort_id = $3
		RETURNING `+cohortFields, m.To.String(), micro(m.At), m.CohortID), &c)
	if err != nil {
		return c, err
	}
	if err := endOrders(ctx, tx, m.CohortID, m.At); err != nil || m.Until.IsZero() {
		return c, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO stage_override (cohort_id, until, back, actor, reason) VALUES ($1, $2, $3, $4, $5)`,
		m.CohortID, micro(m.Until), m.From.String(), m.Actor, m.Reason)
	return c, err
}

// forget empties the caches of a cohort's evidence.
func forget(ctx context.Context, tx *sql.Tx, cohortID int64) error {
	for _, cache := range []string{"checkpoint", "weighed"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+cache+` WHERE cohort_id = $1`, cohortID); err != nil {
			return err
		}
	}
	return nil
}

func hold(ctx context.Context, tx *sql.Tx, m promoter.Move, c promoter.Cohort) error {
	res, err := tx.ExecContext(ctx, `
		INSERT INTO hold (cohort_id, attempt, by_evidence, since, actor, reason) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT DO NOTHING`, m.CohortID, c.Attempt, m.RunID != 0, micro(m.At), m.Actor, m.Reason)
	return oneRow(res, err, "cohort "+c.Key+" is held already")
}

func release(ctx context.Context, tx *sql.Tx, m promoter.Move, c promoter.Cohort) error {
	byPerson := m.RunID == 0
	res, err := tx.ExecContext(ctx, `
		UPDATE hold SET released = $1, released_by = $2, by_person = $3 WHERE cohort_id = $4 AND released IS NULL AND (by_evidence = 1 OR $3)`,
		micro(m.At), m.Actor, byPerson, m.CohortID)
	return oneRow(res, err, "cohort "+c.Key+" is not held")
}

func oneRow(res sql.Result, err error, otherwise string) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = &store.ConflictError{What: otherwise}
	}
	return err
}

func recordMove(ctx context.Context, tx *sql.Tx, m promoter.Move, key string) error {
	entry := moveEntry{Cohort: key, From: m.From, To: m.To, Kind: m.Kind, Actor: m.Actor, Reason: digestOf(m.Reason), Evidence: m.Grounds}
	clean := m.At
	if m.From >= promoter.Advise && m.To < promoter.Advise {
		clean = time.Time{} // comments are to be withdrawn
	}
	err := tx.QueryRowContext(ctx, `
		INSERT INTO move (cohort_id, from_stage, to_stage, kind, reason, actor, run_id, at, evidence, clean_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING move_id`,
		m.CohortID, m.From.String(), m.To.String(), string(m.Kind), m.Reason, m.Actor, m.RunID, micro(m.At), document{m.Grounds}, moment(clean)).Scan(&entry.Move)
	if err != nil {
		return err
	}
	return appendEntries(ctx, tx, m.RunID, m.At, []store.Entry{{Kind: "move", Body: entry}})
}

// CarveCohort lets a part go down alone; see store.Weighing.
func (db *DB) CarveCohort(ctx context.Context, m promoter.Move, key string) (parent, part promoter.Cohort, err error) {
	err = db.change(ctx, "carve cohort", func(tx *sql.Tx) (err error) {
		if parent, err = cohortAt(ctx, tx, m); err != nil {
			return err
		}
		err = scanCohort(tx.QueryRowContext(ctx, `
			UPDATE cohort SET generation = generation + 1 WHERE cohort_id = $1
			RETURNING `+cohortFields, m.CohortID), &parent)
		if err != nil {
			return err
		}
		if err := addEpoch(ctx, tx, parent, m.At, "carved out: "+key); err != nil {
			return err
		}
		if err := forget(ctx, tx, parent.ID); err != nil { // what left counts for its alarms no more
			return err
		}
		p, of, moved, err := carved(ctx, tx, m, key)
		if part = p; err != nil || !moved {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO lineage (parent, child, kind, at) VALUES ($1, $2, 'carve', $3) ON CONFLICT DO NOTHING`,
			m.CohortID, part.ID, micro(m.At))
		if err != nil {
			return err
		}
		return recordMove(ctx, tx, of, key)
	})
	return parent, part, err
}

// carved makes the part's cohort, or lowers the one that is there, and returns
// the part's own move. One that stands low enough already does not move.
func carved(ctx context.Context, tx *sql.Tx, m promoter.Move, key string) (part promoter.Cohort, of promoter.Move, moved bool, err error) {
	err = scanCohort(tx.QueryRowContext(ctx, cohortColumns+`WHERE key = $1`, key), &part)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		err = scanCohort(tx.QueryRowContext(ctx, `
			INSERT INTO cohort (key, stage, generation, attempt, since, carve_of) VALUES ($1, $2, 1, 1, $3, $4)
			RETURNING `+cohortFields, key, m.To.String(), micro(m.At), m.CohortID), &part)
		m.CohortID = part.ID
		return part, m, true, err
	case err != nil || part.Stage <= m.To:
		return part, m, false, err
	}
	m.CohortID, m.From = part.ID, part.Stage
	part, err = enter(ctx, tx, m)
	return part, m, true, err
}

// Moves returns a cohort's moves, oldest first.
func (db *DB) Moves(ctx context.Context, cohortID int64) ([]promoter.Move, error) {
	return collect(ctx, db.read, "moves", func(rows *sql.Rows, m *promoter.Move) error {
		var from, to string
		err := rows.Scan(&m.CohortID, &from, &to, &m.Kind, &m.Reason, &m.Actor, &m.RunID, (*moment)(&m.At), document{&m.Grounds})
		if err == nil {
			m.From, err = promoter.ParseStage(from)
		}
		if err == nil {
			m.To, err = promoter.ParseStage(to)
		}
		return err
	}, `SELECT cohort_id, from_stage, to_stage, kind, reason, actor, run_id, at, evidence
		FROM move WHERE cohort_id = $1 ORDER BY move_id`, cohortID)
}

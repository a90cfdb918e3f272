package sqlite

import (
	"context"
	"database/sql"
	"time"

	gojson "github.com/goccy/go-json"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Standings returns every cohort that has not ended with what its next move depends on. Each table
// is read once, at one moment.
func (db *DB) Standings(ctx context.Context) (all []store.Standing, err error) {
	err = db.view(ctx, "standings", func(tx *sql.Tx) error {
		all, err = collect(ctx, tx, "cohorts", func(rows *sql.Rows, s *store.Standing) error {
			var stage string
			err := rows.Scan(&s.ID, &s.Key, &stage, &s.Generation, &s.Attempt, (*moment)(&s.Since), (*number)(&s.CarveOf))
			if err == nil {
				s.Stage, err = promoter.ParseStage(stage)
			}
			return err
		}, `SELECT cohort_id, key, stage, generation, attempt, since, carve_of FROM cohort WHERE ended IS NULL ORDER BY key`)
		if err != nil {
			return err
		}
		by := make(map[int64]*store.Standing, len(all))
		for i := range all {
			all[i].Climb = 1
			by[all[i].ID] = &all[i]
		}
		for _, read := range []func(context.Context, *sql.Tx, map[int64]*store.Standing) error{pastMoves, holds, overrides, epochs, weighed} {
			if err := read(ctx, tx, by); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

func holds(ctx context.Context, tx *sql.Tx, by map[int64]*store.Standing) error {
	_, err := collect(ctx, tx, "holds", func(rows *sql.Rows, _ *struct{}) error {
		var id, attempt int64
		var byEvidence, byPerson bool
		var h promoter.Hold
		var released time.Time
		err := rows.Scan(&id, &attempt, &byEvidence, (*moment)(&h.Since), &h.Actor, &h.Reason, (*moment)(&released), &byPerson)
		s := by[id]
		switch {
		case err != nil || s == nil:
		case !released.IsZero():
			if byPerson && attempt == s.Attempt && released.After(s.Released) {
				s.Released = released
			}
		case byEvidence:
			s.Audit = &h
		default:
			s.Hold = &h
		}
		return err
	}, `SELECT cohort_id, attempt, by_evidence, since, actor, reason, released, by_person FROM hold ORDER BY hold_id`)
	return err
}

func overrides(ctx context.Context, tx *sql.Tx, by map[int64]*store.Standing) error {
	_, err := collect(ctx, tx, "overrides", func(rows *sql.Rows, _ *struct{}) error {
		var id int64
		var back string
		var o promoter.Override
		err := rows.Scan(&id, (*moment)(&o.Until), &back, &o.Actor, &o.Reason)
		if err == nil {
			o.Back, err = promoter.ParseStage(back)
		}
		if s := by[id]; s != nil {
			s.Override = &o
		}
		return err
	}, `SELECT cohort_id, until, back, actor, reason FROM stage_override WHERE ended IS NULL`)
	return err
}

func epochs(ctx context.Context, tx *sql.Tx, by map[int64]*store.Standing) error {
	_, err := collect(ctx, tx, "epochs", func(rows *sql.Rows, _ *struct{}) error {
		var id, attempt int64
		var at time.Time
		err := rows.Scan(&id, &attempt, (*moment)(&at))
		if s := by[id]; s != nil && s.Attempt == attempt {
			s.Epochs = append(s.Epochs, at)
		}
		return err
	}, `SELECT cohort_id, attempt, at FROM epoch ORDER BY cohort_id, attempt, at`)
	return err
}

func weighed(ctx context.Context, tx *sql.Tx, by map[int64]*store.Standing) error {
	_, err := collect(ctx, tx, "weighed", func(rows *sql.Rows, _ *struct{}) error {
		var w store.Weighed
		var raw []byte
		err := rows.Scan(&w.CohortID, &w.Attempt, &w.Terms, (*moment)(&w.Next), &raw)
		s := by[w.CohortID]
		if err != nil || s == nil || s.Attempt != w.Attempt {
			return err
		}
		var r weighedResult
		if err := gojson.Unmarshal(raw, &r); err != nil {
			return err
		}
		w.Result, w.Ahead = r.Result, r.Ahead
		s.Weighed = &w
		return nil
	}, `SELECT cohort_id, attempt, terms, next, result FROM weighed`)
	return err
}

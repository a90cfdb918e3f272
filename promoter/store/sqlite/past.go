package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// past is what a cohort has behind it.
type past struct {
	stays [promoter.Enforce + 1]int // begun, by stage
	fell  time.Time
	sunk  bool
	climb int // stays in the present stage
}

// pastMoves tells of every cohort how often it stood where it stands, and when
// it fell.
func pastMoves(ctx context.Context, tx *sql.Tx, by map[int64]*store.Standing) error {
	born, err := founders(ctx, tx)
	if err != nil {
		return err
	}
	pasts := map[int64]*past{}
	_, err = collect(ctx, tx, "moves", func(rows *sql.Rows, _ *struct{}) error {
		var m promoter.Move
		var from, to string
		err := rows.Scan(&m.CohortID, &from, &to, &m.Kind, (*moment)(&m.At))
		if err == nil {
			m.From, err = promoter.ParseStage(from)
		}
		if err == nil {
			m.To, err = promoter.ParseStage(to)
		}
		if err != nil {
			return err
		}
		p := pasts[m.CohortID]
		if p == nil {
			p = &past{}
			pasts[m.CohortID] = p
		}
		if m.Kind == promoter.MoveRecut {
			p.recut(m, born[birth{m.CohortID, m.At}], pasts)
		} else {
			p.move(m)
		}
		return nil
	}, `SELECT cohort_id, from_stage, to_stage, kind, at FROM move WHERE kind NOT IN ('hold', 'release') ORDER BY move_id`)
	for id, p := range pasts {
		if s := by[id]; s != nil {
			s.Fell, s.Sunk, s.Climb = p.fell, p.sunk, max(p.climb, 1)
		}
	}
	return err
}

// move takes one step. What was carved out had its first stay in the stage it
// fell to with the cohort it left.
func (p *past) move(m promoter.Move) {
	if p.stays == [promoter.Enforce + 1]int{} {
		p.stays[m.From]++
		if m.Kind == promoter.MoveCarve {
			p.stays[m.To]++
		}
	}
	p.stays[m.To]++
	p.climb = p.stays[m.To]
	p.sunk = m.To < m.From
	if m.Kind == promoter.MoveRollback || m.Kind == promoter.MoveCarve {
		p.fell = m.At
	}
}

// recut lets a cohort begin where others end: it has all of theirs behind it. A
// cohort that is only joined goes on as it was.
func (p *past) recut(m promoter.Move, parents []int64, all map[int64]*past) {
	if len(parents) == 0 {
		return
	}
	p.sunk = false
	for _, id := range parents {
		of := all[id]
		if of == nil {
			of = &past{}
		}
		for stage := range p.stays {
			p.stays[stage] = max(p.stays[stage], of.stays[stage])
		}
		if of.fell.After(p.fell) {
			p.fell = of.fell
		}
		p.sunk = p.sunk || of.sunk
	}
	p.stays[m.To]++
	p.climb = p.stays[m.To]
}

type birth struct {
	cohort int64
	at     time.Time
}

// founders are the cohorts that each one came from by a recut.
func founders(ctx context.Context, tx *sql.Tx) (map[birth][]int64, error) {
	out := map[birth][]int64{}
	_, err := collect(ctx, tx, "lineage", func(rows *sql.Rows, _ *struct{}) error {
		var b birth
		var parent int64
		err := rows.Scan(&b.cohort, (*moment)(&b.at), &parent)
		out[b] = append(out[b], parent)
		return err
	}, `SELECT child, at, parent FROM lineage WHERE kind = 'recut' AND founded = 1`)
	return out, err
}

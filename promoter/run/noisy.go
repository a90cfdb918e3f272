package run

import "context"

// findNoisy notes which cohorts fell by what people answered, so that what is
// withdrawn because of it can say so. Of those that are clean nothing is left
// to withdraw.
func (r *runner) findNoisy(ctx context.Context) error {
	fell, err := r.Store.Untidied(ctx)
	if err != nil {
		return err
	}
	r.noisy = map[int64]bool{}
	for _, down := range fell {
		moves, err := r.Store.Moves(ctx, down.CohortID)
		if err != nil {
			return err
		}
		for _, m := range moves {
			if m.At.Equal(down.At) && m.Grounds != nil {
				r.noisy[m.CohortID] = m.Grounds.Alarm
			}
		}
	}
	return nil
}

// isNoisy tells whether what people answered lowered a finding's cohort.
func (d *decider) isNoisy(no int64) bool { return d.noisy[d.book.findings[no].CohortID] }

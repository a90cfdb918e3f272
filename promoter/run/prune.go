package run

import (
	"context"
	"time"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Retention says for how long what nobody needs any more is kept. Zero: for
// good.
type Retention struct {
	Runs      time.Duration // reports of runs, what their sources said, files read that are no longer there
	Gone      time.Duration // where findings were that are gone from there
	Responses time.Duration // of the platform
}

func (t Retention) horizon(now time.Time, missing []store.Delivery) store.Horizon {
	before := func(span time.Duration) time.Time {
		if span <= 0 {
			return time.Time{}
		}
		return now.Add(-span)
	}
	h := store.Horizon{Runs: before(t.Runs), Gone: before(t.Gone), Responses: before(t.Responses)}
	if t.Runs > 0 {
		h.Missing = missing
	}
	return h
}

// prune forgets what is older than its retention. It is the last thing a run
// does, and not to have done it is no more than a warning. A run over a part
// has not seen which files are missing, and leaves it alone.
func (r *runner) prune(ctx context.Context) error {
	if r.sel != (Selection{}) {
		return nil
	}
	pruned, err := r.Store.Prune(ctx, r.Retention.horizon(r.report.Started, r.missing))
	if err != nil && ctx.Err() == nil {
		r.report.warn("what is old was not thrown away, the next run tries again: " + err.Error())
	}
	r.report.Pruned = pruned
	return ctx.Err()
}

// missing lists the deliveries whose file a source no longer holds.
func missing(known map[string]store.Delivery, docs []connectors.Document) []store.Delivery {
	there := map[string]bool{}
	for _, d := range docs {
		there[d.Location] = true
	}
	var out []store.Delivery
	for location, d := range known {
		if !there[location] {
			out = append(out, d)
		}
	}
	return out
}

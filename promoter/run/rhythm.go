package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/promoter/store"
)

// Rhythms say how long things may go wrong before somebody is told. A zero
// span: for ever.
type Rhythms struct {
	Runs    time.Duration            // between runs over everything that come to an end and do not fail
	Sources map[string]time.Duration // between complete readings, by the source's name
}

// Overdue is something that has not gone well for longer than its rhythm.
type Overdue struct {
	What  string    `json:"what"` // runs, or source NAME
	Since time.Time `json:"since"`
	Text  string    `json:"text"` // what is wrong and what to do
}

// Overdue lists what is overdue: runs first, then sources by name.
func (r Rhythms) Overdue(ctx context.Context, s store.Upkeep, now time.Time) ([]Overdue, error) {
	runs, err := r.lateRuns(ctx, s, now)
	if err != nil {
		return nil, err
	}
	sources, err := r.lateSources(ctx, s, now)
	return append(runs, sources...), err
}

func (r Rhythms) lateRuns(ctx context.Context, s store.Upkeep, now time.Time) ([]Overdue, error) {
	if r.Runs <= 0 {
		return nil, nil
	}
	track, err := s.RunTrack(ctx, Selection{}.String())
	since, is := late(track, r.Runs, now)
	if err != nil || !is {
		return nil, err
	}
	return []Overdue{{"runs", since, fmt.Sprintf("no run over everything came to a good end since %s, and one is due every %s: look at what starts the runs, and at how the last one ended",
		stamp(since), spanText(r.Runs))}}, nil
}

func (r Rhythms) lateSources(ctx context.Context, s store.Upkeep, now time.Time) ([]Overdue, error) {
	tracks, err := s.SourceTracks(ctx)
	if err != nil {
		return nil, err
	}
	var out []Overdue
	for _, name := range slices.Sorted(maps.Keys(r.Sources)) {
		if since, is := late(tracks[name], r.Sources[name], now); is {
			out = append(out, Overdue{"source " + name, since, fmt.Sprintf("source %s was not read completely since %s, and shall be every %s: look at what is wrong with it below, and at its scanner",
				name, stamp(since), spanText(r.Sources[name]))})
		}
	}
	return out, nil
}

// late tells since when something went wrong, if that is too long. What was
// never tried is not late: the run that would try it is.
func late(t store.Track, rhythm time.Duration, now time.Time) (since time.Time, is bool) {
	since = t.Good
	if since.IsZero() {
		since = t.First
	}
	return since, rhythm > 0 && !since.IsZero() && now.Sub(since) > rhythm
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// spanText writes a span as the configuration does.
func spanText(d time.Duration) string {
	if day := 24 * time.Hour; d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return fmt.Sprintf("%dh", d/time.Hour)
}

// clockSkew is how far clocks may differ before it is worth a word.
const clockSkew = 2 * time.Minute

// lookBack warns of what happened between the last run and this one.
func (r *runner) lookBack(ctx context.Context) error {
	now := r.report.Started
	last, err := r.Store.LastRun(ctx)
	if err != nil {
		return err
	}
	if last != nil {
		then := last.Started
		if last.Ended.After(then) {
			then = last.Ended
		}
		if then.Sub(now) > clockSkew {
			r.report.warn(fmt.Sprintf("the clock says %s, and run %d was at work at %s: it was set back, or was wrong then; until it is past that, ages, budgets and rhythms are counted wrongly",
				stamp(now), last.ID, stamp(then)))
		}
	}
	if r.sel != (Selection{}) {
		return nil
	}
	missed, err := r.Rhythms.lateRuns(ctx, r.Store, now)
	r.report.overdue(missed)
	return err
}

// missReadings warns of sources, once this run's readings are stored.
func (r *runner) missReadings(ctx context.Context) error {
	missed, err := r.Rhythms.lateSources(ctx, r.Store, r.report.Started)
	r.report.overdue(missed)
	return err
}

func (r *Report) overdue(all []Overdue) {
	for _, o := range all {
		r.warn(o.Text)
	}
}

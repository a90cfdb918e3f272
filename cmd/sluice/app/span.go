package app

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Span is a length of time as sluice.yaml has it: 12h or 30d.
type Span string

// never is the span of what is kept for good.
const never Span = "never"

// Length is 0 for no span and for never. LoadConfig has refused what is none.
func (s Span) Length() time.Duration {
	d, err := s.parse()
	if err != nil {
		return 0
	}
	return d
}

func (s Span) parse() (time.Duration, error) {
	if s == "" || s == never {
		return 0, nil
	}
	var span settings.Span
	err := span.UnmarshalText([]byte(s))
	if err == nil && span <= 0 {
		err = fmt.Errorf("%q is no length of time", s)
	}
	return time.Duration(span), err
}

// Retention says for how long what nobody needs any more is kept.
type Retention struct {
	Runs      Span `yaml:"runs"`       // reports of runs and what their sources said; default 90d
	Gone      Span `yaml:"gone"`       // where findings were that are gone from there; default 365d
	HTTPCache Span `yaml:"http_cache"` // answers of GitHub, from when they were stored; default 30d
}

func (r *Retention) fillIn() {
	r.Runs, r.Gone, r.HTTPCache = cmp.Or(r.Runs, "90d"), cmp.Or(r.Gone, "365d"), cmp.Or(r.HTTPCache, "30d")
}

func (a *App) retention() run.Retention {
	r := a.Config.Retention
	return run.Retention{Runs: r.Runs.Length(), Gone: r.Gone.Length(), Responses: r.HTTPCache.Length()}
}

func (a *App) rhythms() run.Rhythms {
	r := run.Rhythms{Runs: a.Config.Rhythm.Length(), Sources: map[string]time.Duration{}}
	for _, s := range a.Config.Sources {
		r.Sources[s.Name] = s.Rhythm.Length()
	}
	return r
}

// Overdue lists what has not gone well for longer than its rhythm.
func (a *App) Overdue(ctx context.Context, s store.Upkeep) ([]run.Overdue, error) {
	return a.rhythms().Overdue(ctx, s, a.Now())
}

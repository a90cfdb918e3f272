package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/ladder"
	"github.com/sluice-sec/sluice/promoter/store"
)

// weigh brings the evidence of every cohort up to date. Only what something new
// is known about is weighed, from the last checkpoint before it.
func (r *runner) weigh(ctx context.Context) error {
	standings, err := r.Store.Standings(ctx)
	if err != nil {
		return err
	}
	w, err := r.newWeigher(ctx, standings)
	if err != nil {
		return err
	}
	r.standings, r.report.Cohorts = make([]ladder.Standing, len(standings)), len(standings)
	for i, st := range standings {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.standings[i] = w.standing(st)
		known, err := w.evidence(ctx, st)
		if err != nil {
			r.report.fail("evidence", fmt.Errorf("weigh %s: %w", st.Key, err))
			w.missed = true
			continue // could not be measured: nothing moves
		}
		r.standings[i].Evidence = &known.Result
	}
	if w.missed || w.upTo == w.since {
		return nil
	}
	return r.Store.SetWeighedUpTo(r.keep, w.upTo)
}

// weigher holds what weighing the cohorts of one run has in common.
type weigher struct {
	*runner
	now         time.Time
	limit       float64 // clusters between two false alarms
	stirred     map[int64]store.Stir
	since, upTo int64
	missed      bool           // something could not be weighed, and is to be tried again
	members     map[string]int // repositories by group
	parts       map[int64][]evidence.Carve
}

func (r *runner) newWeigher(ctx context.Context, standings []store.Standing) (*weigher, error) {
	w := &weigher{runner: r, now: r.Now().UTC(), stirred: map[int64]store.Stir{}, members: map[string]int{}, parts: map[int64][]evidence.Carve{}}
	shown, err := r.Store.ShownSince(ctx, w.now.AddDate(0, 0, -30))
	if err != nil {
		return nil, err
	}
	w.limit = ladder.LimitOf(r.Settings, shown[0])
	if w.since, err = r.Store.WeighedUpTo(ctx); err != nil {
		return nil, err
	}
	all, upTo, err := r.Store.Stirred(ctx, w.since)
	if err != nil {
		return nil, err
	}
	w.upTo = upTo
	attempts := make(map[int64]int64, len(standings))
	for _, st := range standings {
		attempts[st.ID] = st.Attempt
		if st.CarveOf != 0 {
			w.parts[st.CarveOf] = append(w.parts[st.CarveOf], ladder.ReadName(st.Key, r.Settings.Cohorts.By).Carved)
		}
	}
	for _, s := range all {
		if attempts[s.CohortID] == s.Attempt { // what is learnt of an earlier stay moves nothing
			w.stirred[s.CohortID] = s
		}
	}
	for _, repo := range r.repos {
		w.members[groupIn(r.Settings, repo, "").Name]++
	}
	return w, nil
}

// standing is what the ladder must know besides the evidence.
func (w *weigher) standing(st store.Standing) ladder.Standing {
	s := ladder.Standing{
		Cohort: st.Cohort, Name: ladder.ReadName(st.Key, w.Settings.Cohorts.By),
		Paused: st.Audit != nil, Override: st.Override, Fell: st.Fell, Sunk: st.Sunk,
	}
	if g, ok := w.Settings.GroupNamed(s.Name.Group); ok {
		s.Wave = g.Wave
	}
	if st.Hold != nil {
		s.Held = "held by " + st.Hold.Actor + ": " + st.Hold.Reason
	}
	return s
}

// cohort is what the evidence must know of a cohort besides its exposures. A
// person's hold is the ladder's business.
func (w *weigher) cohort(st store.Standing) evidence.Cohort {
	name := ladder.ReadName(st.Key, w.Settings.Cohorts.By)
	c := evidence.Cohort{
		Stage: evidence.Stage(st.Stage.String()), Attempt: int(st.Attempt), Climb: st.Climb, Entered: st.Since, Fell: st.Fell,
		Released: st.Released, Repositories: max(w.members[name.Group], 1), Epochs: st.Epochs,
		Bars: ladder.BarsOf(w.Settings, name.Severity, w.limit),
	}
	switch by := w.Settings.Cohorts.By; {
	case name.Carved.Repository != "" || slices.Contains(by, "repository"):
		c.Repositories = 1
	case !slices.Contains(by, "group"): // it is about all there are
		c.Repositories = max(len(w.repos), 1)
	}
	return c
}

// evidence is what is known of a cohort now: as it was, if nothing happened.
func (w *weigher) evidence(ctx context.Context, st store.Standing) (*store.Weighed, error) {
	c := w.cohort(st)
	terms := termsOf(c)
	stir, new := w.stirred[st.ID]
	if k := st.Weighed; k != nil && !new && k.Terms == terms && (k.Next.IsZero() || w.now.Before(k.Next)) {
		return k, nil
	}
	if w.since == 0 {
		stir = store.Stir{} // everything is new: there is no checkpoint to look for
	}
	fresh, err := w.weighFrom(ctx, st, c, stir.First)
	if err != nil {
		return nil, err
	}
	fresh.Terms = terms
	w.report.Weighed++
	return fresh, w.Store.SaveWeighed(w.keep, *fresh)
}

// weighFrom goes on from the last checkpoint before a cluster, or from the
// beginning where it is of no use.
func (w *weigher) weighFrom(ctx context.Context, st store.Standing, c evidence.Cohort, changed store.ClusterMark) (*store.Weighed, error) {
	from, err := w.Store.CheckpointBefore(ctx, st.ID, st.Attempt, changed)
	if err != nil {
		return nil, err
	}
	for {
		after := store.ClusterMark{At: from.At, Cluster: from.Last}
		shown, err := w.Store.Exposures(ctx, st.ID, st.Attempt, after)
		if err != nil {
			return nil, err
		}
		w.markLeft(st.ID, shown)
		res, passed, err := evidence.Weigh(c, from, shown, w.now)
		if errors.Is(err, evidence.ErrStale) && from.Seq > 0 {
			from = evidence.Checkpoint{}
			continue
		}
		if err != nil {
			return nil, err
		}
		if first, at := yetToCome(shown, w.now); !at.IsZero() {
			passed = slices.DeleteFunc(passed, func(p evidence.Checkpoint) bool { return !before(p, first) })
			if res.Next.IsZero() || at.Before(res.Next) {
				res.Next = at
			}
		}
		return &store.Weighed{CohortID: st.ID, Attempt: st.Attempt, Next: res.Next, Result: res, Ahead: res.Ahead(), From: from, Passed: passed}, nil
	}
}

// yetToCome is the first cluster about which something is known that is not so
// yet, and when the first such thing will be: the platform's clock may be ahead
// of ours. It was left out, and nobody will say it again. at is zero where there
// is nothing.
func yetToCome(shown []evidence.Exposure, now time.Time) (first store.ClusterMark, at time.Time) {
	began := map[string]time.Time{}
	for i := range shown {
		e := &shown[i]
		if known, ok := began[e.Cluster]; !ok || e.ShownAt.Before(known) {
			began[e.Cluster] = e.ShownAt
		}
	}
	for i := range shown {
		e := &shown[i]
		will := func(when time.Time) {
			if !when.After(now) {
				return
			}
			if at.IsZero() || when.Before(at) {
				at = when
			}
			if m := (store.ClusterMark{At: began[e.Cluster], Cluster: e.Cluster}); first == (store.ClusterMark{}) || m.At.Before(first.At) || m.At.Equal(first.At) && m.Cluster < first.Cluster {
				first = m
			}
		}
		will(e.ShownAt)
		for _, v := range e.Verdicts {
			will(v.At)
			will(v.RetractedAt)
		}
	}
	return first, at
}

// before tells whether a checkpoint lies before a cluster.
func before(p evidence.Checkpoint, m store.ClusterMark) bool {
	return cmp.Or(p.At.Compare(m.At), cmp.Compare(p.Last, m.Cluster)) < 0
}

// markLeft marks what was carved out of a cohort since it was shown.
func (w *weigher) markLeft(cohortID int64, shown []evidence.Exposure) {
	parts := w.parts[cohortID]
	for i := range shown {
		shown[i].Left = slices.ContainsFunc(parts, func(c evidence.Carve) bool { return partHas(c, shown[i].Rule, shown[i].Repository) })
	}
}

// partHas tells whether a finding of this rule and repository is in a part.
func partHas(c evidence.Carve, rule, repository string) bool {
	if c.Rule != "" {
		return c.Rule == ladder.CleanLabel(rule, false)
	}
	return c.Repository == ladder.CleanLabel(strings.ToLower(repository), true)
}

// termsOf digests what besides the exposures a result rests on.
func termsOf(c evidence.Cohort) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%v", c)
	return fmt.Sprintf("%016x", h.Sum64())
}

// grounds are the evidence of a move, with whose answers it rests on.
func (r *runner) grounds(ctx context.Context, s *ladder.Standing) (*promoter.Grounds, error) {
	e := s.Evidence
	if e == nil || e.Outcome == evidence.Unmeasured {
		return nil, nil
	}
	g := &promoter.Grounds{
		Outcome: string(e.Outcome), Attempt: s.Attempt, Shown: e.Shown, Answered: e.Answered, Complaints: e.Complaints,
		Noise: e.Interval.String(), LnS: e.LnS, LnT: e.LnT, Peak: e.Peak, Audited: e.Audited,
		Bar: ladder.BarsOf(r.Settings, s.Name.Severity, 5000).Noise,
	}
	shown, err := r.Store.Exposures(ctx, s.ID, s.Attempt, store.ClusterMark{})
	if err != nil {
		return nil, err
	}
	g.Voices = ladder.Voices(shown, ladder.BarsOf(r.Settings, s.Name.Severity, 5000))
	return g, nil
}

// whyCarved says of a noisy part how noisy it was.
func (r *runner) whyCarved(ctx context.Context, standing int, part evidence.Carve) (string, error) {
	s := &r.standings[standing]
	shown, err := r.Store.Exposures(ctx, s.ID, s.Attempt, store.ClusterMark{})
	if err != nil {
		return "", err
	}
	bars := ladder.BarsOf(r.Settings, s.Name.Severity, 5000)
	all, against := 0, 0
	for _, e := range shown {
		if !partHas(part, e.Rule, e.Repository) {
			continue
		}
		all++
		if slices.ContainsFunc(ladder.Voices([]evidence.Exposure{e}, bars), func(v promoter.Voice) bool { return v.Against > 0 }) {
			against++
		}
	}
	what := "rule " + part.Rule
	if part.Rule == "" {
		what = part.Repository
	}
	return fmt.Sprintf("%s is too noisy: complaints about %d of %d shown", what, against, all), nil
}

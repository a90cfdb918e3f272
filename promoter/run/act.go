package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// act carries the actions out: withdrawals in every repository first, then
// edits, then what is new, so that a rollback is never stuck behind a queue of
// new comments; and pull requests before tasks.
func (r *runner) act(ctx context.Context) error {
	r.step("acting", len(r.actions))
	for _, tasks := range []bool{false, true} {
		for _, step := range []promoter.Step{promoter.StepWithdraw, promoter.StepEdit, promoter.StepShow} {
			for _, batch := range batches(r.actions, step, tasks) {
				r.done(len(batch))
				r.carryOut(ctx, batch)
			}
		}
	}
	r.crossReference()
	return nil
}

// batches puts the new comments of one pull request together, because one
// review is one mail, and leaves every other action by itself.
func batches(all []planned, step promoter.Step, tasks bool) [][]planned {
	var out [][]planned
	review := map[promoter.Target]int{}
	for _, p := range all {
		if p.Step != step || p.Verbs[0].OnTracker() != tasks {
			continue
		}
		if p.Verbs[0] == promoter.VerbReview {
			if i, ok := review[p.Notice.Target]; ok {
				out[i] = append(out[i], p)
				continue
			}
			review[p.Notice.Target] = len(out)
		}
		out = append(out, []planned{p})
	}
	return out
}

// carryOut does one batch, verb by verb; a later verb waits for the one before.
func (r *runner) carryOut(ctx context.Context, batch []planned) {
	before := make([]promoter.Notice, len(batch))
	for i, p := range batch {
		before[i] = p.Before
		if p.Before.No == 0 {
			before[i] = p.Notice // new: planned is all it is so far
		}
	}
	for _, verb := range batch[0].Verbs {
		after, ok := r.perform(ctx, verb, batch, before)
		if !ok {
			r.dirty[batch[0].repo.ID] = true
			return
		}
		before = after
		if stopped(after, batch) {
			return
		}
	}
}

// stopped tells whether a person's hand ended an action before its last verb.
func stopped(after []promoter.Notice, batch []planned) bool {
	want := batch[0].Notice.State
	if want == promoter.NoticePlanned {
		want = promoter.NoticePosted
	}
	return len(batch) == 1 && after[0].State != want
}

// perform sends one effect through its protocol. ok is false when something
// is left for a later run.
func (r *runner) perform(ctx context.Context, verb promoter.Verb, batch []planned, before []promoter.Notice) ([]promoter.Notice, bool) {
	first := batch[0]
	target := first.Notice.Target
	if why := r.notNow(ctx, verb, first, batch); why != "" {
		r.tell(first, batch, verb, outcomeDeferred, why, r.Now())
		return nil, false
	}
	e := promoter.Effect{
		Verb: verb, Target: target, Repository: first.repo.FullName(), RepositoryID: first.repo.ExternalID, Token: r.Token(), Commit: first.commit,
		Notices: noticesOf(batch, before), Cohorts: cohortsOfAll(batch), Reason: first.Reason, RunID: r.id, State: promoter.EffectIntended,
	}
	if err := r.Store.Intend(r.keep, &e); err != nil {
		r.report.fail("store", fmt.Errorf("intend %s: %w", verb, err))
		return nil, false
	}
	if err := r.Store.Sent(r.keep, e.ID, r.timeAt(verb)); err != nil {
		r.report.fail("store", fmt.Errorf("send %s: %w", verb, err))
		return nil, false
	}
	began := r.Now()
	seen, err := r.surfaceOf(verb).Do(ctx, e)
	err = r.patienceOf(verb).heard(first.repo.FullName(), err)
	r.report.beside(first, seen.Beside)
	s, outcome := r.judge(e, before, seen, err)
	if stored := r.Store.Settle(r.keep, s); stored != nil {
		r.report.fail("store", fmt.Errorf("settle %s: %w", verb, stored))
		return nil, false
	}
	r.tell(first, batch, verb, outcome, s.Error, began)
	r.countLost(verb, outcome)
	switch outcome {
	case outcomeDone, outcomeKept:
		return s.Notices, true
	case outcomeUnknown:
		r.leaveAlone(e)
	}
	return nil, false
}

// notNow says why an effect may not be sent at this moment, looking at what
// people may have changed since it was planned.
func (r *runner) notNow(ctx context.Context, verb promoter.Verb, first planned, batch []planned) string {
	switch {
	case ctx.Err() != nil:
		return "the run was asked to stop"
	case r.DryRun:
		return "dry run"
	}
	if why := r.shut(verb, first.Notice); why != "" {
		return why
	}
	if err := r.learnTime(ctx, verb); err != nil {
		return err.Error()
	}
	if first.showsNew() && verb != promoter.VerbCheck && verb != promoter.VerbEditCheck { // they say that all is paused
		pause, err := r.Store.Pause(r.keep)
		if err != nil {
			return err.Error()
		}
		if pause.Active(r.Now()) {
			return string(promoter.DeferPaused)
		}
	}
	return r.movedSince(cohortsOfAll(batch))
}

// showsNew tells whether an action shows people what they do not see yet: also
// where a summary or an issue that stands gains something.
func (p planned) showsNew() bool {
	return p.Step == promoter.StepShow || p.Step == promoter.StepEdit && slices.ContainsFunc(p.Notice.Items, func(i promoter.Item) bool {
		return i.Live() && !promoter.Shows(p.Before, i.Finding)
	})
}

// movedSince says which of the cohorts has moved since something was planned
// under them; "" for none.
func (r *runner) movedSince(cohorts []promoter.Cohort) string {
	now, err := r.Store.Cohorts(r.keep)
	if err != nil {
		return err.Error()
	}
	for _, c := range cohorts {
		i := slices.IndexFunc(now, func(n promoter.Cohort) bool { return n.ID == c.ID })
		if i < 0 || now[i].Generation != c.Generation {
			return fmt.Sprintf("cohort %s has moved since this was planned", c.Key)
		}
	}
	return ""
}

// judge turns what came back into what is stored.
func (r *runner) judge(e promoter.Effect, before []promoter.Notice, seen promoter.Observed, err error) (store.Settlement, effectOutcome) {
	at := r.Now().UTC()
	s := store.Settlement{EffectID: e.ID, State: promoter.EffectDone, At: at}
	outcome := outcomeDone
	var refused *promoter.RefusedError
	var later *promoter.LaterError
	var misplaced *promoter.MisplacedError
	switch {
	case err == nil:
		s.Notices = settledAll(e, before, seen, at)
		s.Shown = r.shown(s.Notices)
		for _, post := range seen.Notices {
			if post.Kept != "" || post.Gone || post.Closed {
				outcome = outcomeKept
			}
		}
	case errors.As(err, &refused) && refused.Stale:
		s.State, s.Error, outcome = promoter.EffectCancelled, err.Error(), outcomeDeferred
	case errors.As(err, &refused):
		s.State, s.Error, outcome = promoter.EffectRefused, err.Error(), outcomeFailed
		r.refuse(e, refused)
	case errors.As(err, &misplaced):
		s.State, s.Error, outcome = promoter.EffectCancelled, err.Error(), outcomeDeferred
		s.Notices = misplaced.Refused(before, e.Commit)
	case errors.As(err, &later):
		s.State, s.Error, outcome = promoter.EffectCancelled, err.Error(), outcomeDeferred
	case errors.Is(err, promoter.ErrUnknownOutcome):
		s.State, s.Error, outcome = promoter.EffectUnknown, err.Error(), outcomeUnknown
		if wait := e.Verb.Settles(); wait > 0 {
			s.NotBefore = r.timeAt(e.Verb).Add(wait)
		}
	default:
		// Something could not be read before anything was written.
		s.State, s.Error, outcome = promoter.EffectCancelled, err.Error(), outcomeDeferred
	}
	s.Entries = []store.Entry{{Kind: "effect", Body: effectEntry{
		Effect: e.ID, Verb: e.Verb, Target: e.Target, Notices: numbers(e.Notices), State: s.State, Reason: e.Reason,
	}}}
	return s, outcome
}

// effectEntry is a line of the ledger.
type effectEntry struct {
	Effect  int64                `json:"effect"`
	Verb    promoter.Verb        `json:"verb"`
	Target  promoter.Target      `json:"target"`
	Notices []int64              `json:"notices"`
	State   promoter.EffectState `json:"state"`
	Reason  string               `json:"reason"`
}

func settledAll(e promoter.Effect, before []promoter.Notice, seen promoter.Observed, at time.Time) []promoter.Notice {
	out := make([]promoter.Notice, 0, len(e.Notices))
	for i, want := range e.Notices {
		j := slices.IndexFunc(seen.Notices, func(p promoter.ObservedPost) bool { return p.No == want.No })
		if j < 0 {
			continue
		}
		out = append(out, promoter.Settled(e.Verb, before[i], want, seen.Notices[j], at))
	}
	return out
}

// noticesOf are a batch's, as they shall be. What the verb before has just
// made is known by now.
func noticesOf(batch []planned, before []promoter.Notice) []promoter.Notice {
	out := make([]promoter.Notice, len(batch))
	for i, p := range batch {
		out[i] = p.Notice
		if out[i].Remote.ID == 0 {
			out[i].Remote = before[i].Remote
		}
	}
	return out
}

func cohortsOfAll(batch []planned) []promoter.Cohort {
	var out []promoter.Cohort
	for _, p := range batch {
		for _, c := range p.cohorts {
			if !slices.ContainsFunc(out, func(o promoter.Cohort) bool { return o.ID == c.ID }) {
				out = append(out, c)
			}
		}
	}
	return out
}

func numbers(ns []promoter.Notice) []int64 {
	out := make([]int64, len(ns))
	for i, n := range ns {
		out[i] = n.No
	}
	return out
}

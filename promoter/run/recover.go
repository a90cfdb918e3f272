package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// recover settles the effects whose outcome the last run could not know,
// before anything is compared. What was only intended was never sent. What may
// have been sent is looked for: found, it is adopted; not found, it is
// cancelled, and planning starts from what is really there.
func (r *runner) recover(ctx context.Context) error {
	open, err := r.Store.OpenEffects(ctx)
	if err != nil {
		return err
	}
	if err := r.learnRepositories(ctx); err != nil {
		return err
	}
	r.step("settling what the last run left open", len(open))
	for _, e := range open {
		r.done(1)
		if err := ctx.Err(); err != nil {
			return err
		}
		e.RepositoryID = r.repos[e.Target.RepoID].ExternalID
		if err := r.settle(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) settle(ctx context.Context, e promoter.Effect) error {
	s := store.Settlement{EffectID: e.ID, State: promoter.EffectCancelled, At: r.Now().UTC(), Error: "not sent"}
	if e.State != promoter.EffectIntended {
		from := r.surfaceOf(e.Verb)
		if from == nil || !r.sel.has(e.Repository) {
			r.leaveUnknown(e, "not looked for in this run")
			return nil
		}
		if why := r.tooEarly(ctx, e); why != "" {
			r.leaveUnknown(e, why)
			return nil
		}
		var seen promoter.Observed
		err := r.patienceOf(e.Verb).ask(e.Repository, func() (err error) {
			seen, err = from.Find(ctx, e)
			return err
		})
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			switch {
			case r.vanished(ctx, e, err):
			case !e.Verb.OnTracker() && r.outOfSight(ctx, e.Target.RepoID, err):
				r.leaveAlone(e)
				return nil
			default:
				r.leaveUnknown(e, err.Error())
				return nil
			}
		}
		s.Error = "looked for and not found"
		if !seen.Found && e.Verb == promoter.VerbTask && r.Recovering {
			r.leaveUnknown(e, "not found; the next run sends it again")
			return nil
		}
		if !seen.Found && e.Verb == promoter.VerbTask {
			return r.sendAgain(ctx, e)
		}
		if seen.Found {
			before, err := r.remembered(ctx, e)
			if err != nil {
				r.leaveUnknown(e, err.Error())
				return nil
			}
			s.State, s.Error = promoter.EffectDone, ""
			s.Notices = settledAll(e, before, seen, s.At)
			s.Shown = r.shown(s.Notices)
		}
	}
	return r.settled(e, s)
}

// settled stores what became of an effect of an earlier run.
func (r *runner) settled(e promoter.Effect, s store.Settlement) error {
	s.Entries = []store.Entry{{Kind: "effect", Body: effectEntry{
		Effect: e.ID, Verb: e.Verb, Target: e.Target, Notices: numbers(e.Notices), State: s.State, Reason: "recovered",
	}}}
	if err := r.Store.Settle(r.keep, s); err != nil {
		return fmt.Errorf("settle effect %d: %w", e.ID, err)
	}
	r.logEffect(zapcore.InfoLevel, e.Repository, e.Target.PullRequest, e.Verb, string(s.State), zap.String("reason", "recovered"), zap.String("detail", s.Error))
	r.report.Recovered++
	r.dirty[e.Target.RepoID] = true
	return nil
}

// vanished tells whether an effect cannot be looked for because its pull
// request is no more: then nobody sees it either.
func (r *runner) vanished(ctx context.Context, e promoter.Effect, err error) bool {
	var refused *promoter.RefusedError
	if !errors.As(err, &refused) || !refused.Absent || refused.Mend != "" || e.Target.PullRequest == 0 {
		return false // what is only refused may still be there, such as a review that nobody submitted
	}
	owner, name, _ := strings.Cut(e.Repository, "/")
	c, err := r.Platform.Change(ctx, promoter.Repository{ID: e.Target.RepoID, ExternalID: e.RepositoryID, Owner: owner, Name: name}, e.Target.PullRequest)
	return err == nil && !c.Open
}

func (r *runner) leaveUnknown(e promoter.Effect, why string) {
	r.leaveAlone(e)
	r.dirty[e.Target.RepoID] = true
	r.logEffect(zapcore.WarnLevel, e.Repository, e.Target.PullRequest, e.Verb, string(outcomeUnknown), zap.String("reason", "recovered"), zap.String("detail", why))
	r.report.unknown(e, why)
}

// remembered are an effect's notices as the store has them.
func (r *runner) remembered(ctx context.Context, e promoter.Effect) ([]promoter.Notice, error) {
	snap, err := r.Store.Load(ctx, e.Target.RepoID)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	out := make([]promoter.Notice, len(e.Notices))
	for i, want := range e.Notices {
		out[i] = want
		if j := slices.IndexFunc(snap.Notices, func(n promoter.Notice) bool { return n.No == want.No }); j >= 0 {
			out[i] = snap.Notices[j]
		}
	}
	return out, nil
}

package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// trackerState is what a run has learnt of the tracker.
type trackerState struct {
	patience patience
	refused  map[string]string // why, by route: one clear error, not hundreds
	lost     int               // creations in a row whose outcome is not known
	asked    time.Time         // when it told its time; zero: not in this run
	told     time.Time
}

// maxLost is how many of them are enough for a run: each takes minutes to find.
const maxLost = 3

func newTrackerState(now func() time.Time) trackerState {
	return trackerState{patience: patience{now: now, silent: map[string]bool{}}, refused: map[string]string{}}
}

// surface carries effects out and finds them again.
type surface interface {
	Do(ctx context.Context, e promoter.Effect) (promoter.Observed, error)
	Find(ctx context.Context, e promoter.Effect) (promoter.Observed, error)
}

// surfaceOf is who carries a verb out, nil for nobody.
func (r *runner) surfaceOf(v promoter.Verb) surface {
	switch {
	case v.OnTracker() && r.Tracker != nil:
		return r.Tracker
	case !v.OnTracker() && r.Platform != nil:
		return r.Platform
	}
	return nil
}

func (r *runner) patienceOf(v promoter.Verb) *patience {
	if v.OnTracker() {
		return &r.tracker.patience
	}
	return &r.patience
}

// shut says why nothing may be sent to where a verb goes; "" when it may.
func (r *runner) shut(v promoter.Verb, n promoter.Notice) string {
	switch {
	case r.surfaceOf(v) == nil:
		return "no tracker is configured"
	case !r.patienceOf(v).over():
		return "it does not answer, or asked us to wait"
	case v.OnAlert() && r.refusedAlerts[alertsOf(n)] != "":
		return r.refusedAlerts[alertsOf(n)]
	case v.OnCheck() && r.refusedChecks[n.Target.RepoID] != "":
		return r.refusedChecks[n.Target.RepoID]
	case !v.OnTracker() && r.blocked[n.Target]:
		return "an earlier effect on this pull request is not settled"
	case !v.OnTracker():
		return r.refused[n.Target.RepoID]
	case r.held[n.Target.RepoID][n.No]:
		return "an earlier effect on this task is not settled"
	case v == promoter.VerbTask && r.tracker.lost >= maxLost:
		return "the tracker did not say what became of the last ones"
	}
	return r.tracker.refused[routeOf(n)]
}

func routeOf(n promoter.Notice) string {
	if n.Task == nil {
		return ""
	}
	return n.Task.Route
}

// alertsOf names the alerts of one kind in one repository, which a token may
// write to or not.
func alertsOf(n promoter.Notice) string {
	kind, _, _ := strings.Cut(n.Group, "/")
	return fmt.Sprint(n.Target.RepoID, " ", kind)
}

// refuse remembers a refusal that would meet every effect in a repository, or
// every task of a route, so that it is one clear error and not hundreds.
func (r *runner) refuse(e promoter.Effect, err *promoter.RefusedError) {
	why := "refused before in this run: " + err.Why
	switch {
	case err.Mend == "":
	case e.Verb.OnAlert():
		r.refusedAlerts[alertsOf(e.Notices[0])] = why
	case e.Verb.OnCheck(): // only Apps may write them, and only with a permission of its own
		r.refusedChecks[e.Target.RepoID] = why
	case e.Verb.OnTracker():
		r.tracker.refused[routeOf(e.Notices[0])] = why
	default:
		r.refused[e.Target.RepoID] = why
	}
}

// leaveAlone keeps what an effect without a known outcome is about from being
// touched in this run.
func (r *runner) leaveAlone(e promoter.Effect) {
	if !e.Verb.OnTracker() {
		r.blocked[e.Target] = true
		return
	}
	if r.held[e.Target.RepoID] == nil {
		r.held[e.Target.RepoID] = map[int64]bool{}
	}
	for _, n := range e.Notices {
		r.held[e.Target.RepoID][n.No] = true
	}
}

// countLost takes note of how a creation went.
func (r *runner) countLost(v promoter.Verb, out effectOutcome) {
	switch {
	case v != promoter.VerbTask:
	case out == outcomeUnknown:
		r.tracker.lost++
	case out == outcomeDone:
		r.tracker.lost = 0
	}
}

// learnTime asks the tracker for its time, once a run: how long ago something
// was sent to it is told by its clock, since ours may have jumped meanwhile.
func (r *runner) learnTime(ctx context.Context, v promoter.Verb) error {
	if !v.OnTracker() || !r.tracker.asked.IsZero() {
		return nil
	}
	var told time.Time
	err := r.tracker.patience.ask("", func() (err error) {
		told, err = r.Tracker.Time(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("ask the tracker for its time: %w", err)
	}
	r.tracker.asked, r.tracker.told = r.Now(), told
	return nil
}

// timeAt is what the clock shows where a verb is carried out; a tracker's once
// it was learnt.
func (r *runner) timeAt(v promoter.Verb) time.Time {
	now := r.Now()
	if v.OnTracker() {
		now = r.tracker.told.Add(now.Sub(r.tracker.asked))
	}
	return now.UTC()
}

// tooEarly says from when on an effect can be looked for, if not yet.
func (r *runner) tooEarly(ctx context.Context, e promoter.Effect) string {
	if err := r.learnTime(ctx, e.Verb); err != nil {
		return err.Error()
	}
	if from := e.LookFrom(); r.timeAt(e.Verb).Before(from) {
		return "what was sent may still arrive; it is looked for from " + from.UTC().Format(time.RFC3339) + " on"
	}
	return ""
}

// sendAgain repeats a creation that was looked for and not found, as it was
// meant then and with the same token: should the first turn up after all, both
// carry it and are known for one. Where that is not wanted any more it is
// cancelled instead.
func (r *runner) sendAgain(ctx context.Context, e promoter.Effect) error {
	before, err := r.remembered(ctx, e)
	if err != nil {
		r.leaveUnknown(e, err.Error())
		return nil
	}
	if why := r.notAgain(e); why != "" {
		return r.settled(e, store.Settlement{EffectID: e.ID, State: promoter.EffectCancelled, At: r.Now().UTC(), Error: "not found, and not sent again: " + why})
	}
	if err := r.Store.Sent(r.keep, e.ID, r.timeAt(e.Verb)); err != nil {
		return fmt.Errorf("send effect %d again: %w", e.ID, err)
	}
	seen, err := r.Tracker.Do(ctx, e)
	err = r.tracker.patience.heard(e.Repository, err)
	s, outcome := r.judge(e, before, seen, err)
	r.countLost(e.Verb, outcome)
	if outcome == outcomeUnknown {
		if err := r.Store.Settle(r.keep, s); err != nil {
			return fmt.Errorf("settle effect %d: %w", e.ID, err)
		}
		r.leaveUnknown(e, s.Error)
		return nil
	}
	s.Entries = nil // settled writes its own
	return r.settled(e, s)
}

// notAgain says why a creation of an earlier run is not to be repeated.
func (r *runner) notAgain(e promoter.Effect) string {
	pause, err := r.Store.Pause(r.keep)
	switch {
	case err != nil:
		return err.Error()
	case pause.Active(r.Now()):
		return string(promoter.DeferPaused)
	case r.tracker.lost >= maxLost:
		return "the tracker did not say what became of others"
	}
	if why := r.movedSince(e.Cohorts); why != "" {
		return why
	}
	return r.settledSince(e)
}

// settledSince says why nobody needs a task any more, as far as that is stored.
// What only deciding anew would tell, such as an exception in the settings, is
// told by the plan of this run: it hands the task back.
func (r *runner) settledSince(e promoter.Effect) string {
	snap, err := r.Store.Load(r.keep, e.Target.RepoID)
	if err != nil {
		return err.Error()
	}
	campaigns, err := r.Store.Campaigns(r.keep)
	if err != nil {
		return err.Error()
	}
	open := untracked(snap)
	for _, n := range e.Notices {
		if !slices.ContainsFunc(n.Items, func(i promoter.Item) bool { return i.Live() && open[i.Finding] != nil }) {
			return "what it is about is gone or settled"
		}
		if slices.ContainsFunc(campaigns, func(c promoter.Campaign) bool { return c.ID == n.Task.Campaign && !c.Ended.IsZero() }) {
			return "its campaign has ended"
		}
	}
	return ""
}

// Package run is the loop: recover, listen, weigh, move, pull, match, decide, plan, act. It
// is the only place where decisions meet the world.
//
// The awkward truth: a run can end at any line of it, by a signal, a full disk
// or a pulled plug. So each repository is written in one transaction, each
// effect is stored before it is sent, and a run starts by finding out what the
// last one really did.
package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/risk"
	"github.com/sluice-sec/sluice/connectors/sourcetext"
	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Store is what the loop asks of a database.
type Store interface {
	store.Runs
	store.Repositories
	store.Ladder
	store.Outbox
	store.Approvals
	store.Campaigns
	store.Answers
	store.Weighing
	store.Ledger
	store.Upkeep
	store.Risks
	store.Releases
}

// Decider answers the policy's questions.
type Decider interface {
	Revision() string
	Cohort(context.Context, input.Cohort) policy.Result[input.CohortAnswer]
	Surface(context.Context, input.Surface) policy.Result[input.SurfaceAnswer]
	Stage(context.Context, input.Stage) policy.Result[input.StageAnswer]
}

// Platform is where engineers see findings. Its errors are those of the
// package promoter: *RefusedError, *LaterError, ErrUnknownOutcome.
type Platform interface {
	// Repository asks for a repository's id, name and facts as they are now.
	Repository(ctx context.Context, owner, name string) (promoter.Repository, error)
	// RepositoryByID asks the same by the platform's id.
	RepositoryByID(ctx context.Context, externalID string) (promoter.Repository, error)
	// Change asks for a pull request as it is now. One that vanished is not open.
	Change(ctx context.Context, r promoter.Repository, number int) (promoter.Change, error)
	// OwnDismissal tells whether a dismissed alert is one that we dismissed.
	OwnDismissal(ctx context.Context, r promoter.Repository, d promoter.AlertDismissal) (bool, error)
	// Merges tells whether a commit merges the head of a pull request into
	// some state of its base: the test merge of today or of an earlier day.
	Merges(ctx context.Context, r promoter.Repository, commit, head string) (bool, error)
	// Contains tells whether a branch or commit rests on another commit, or is it.
	Contains(ctx context.Context, r promoter.Repository, tip, commit string) (bool, error)
	// Standing lists what our own account shows in a pull request, whatever
	// the store knows.
	Standing(ctx context.Context, r promoter.Repository, number int) ([]promoter.StandingPost, error)
	// Do carries an effect out and says what is to be seen of it.
	Do(ctx context.Context, e promoter.Effect) (promoter.Observed, error)
	// Find looks whether an effect happened, after its outcome was unknown.
	Find(ctx context.Context, e promoter.Effect) (promoter.Observed, error)
}

// Progress hears how far a run is. The zero value says nothing. Step with the
// name of the step under way tells a new total.
type Progress struct {
	Began func(run int64)
	Step  func(name string, total int)
	Done  func(n int)
}

func (p Progress) began(run int64) {
	if p.Began != nil {
		p.Began(run)
	}
}

func (p Progress) step(name string, total int) {
	if p.Step != nil {
		p.Step(name, total)
	}
}

func (p Progress) done(n int) {
	if p.Done != nil {
		p.Done(n)
	}
}

// Config is everything a run needs. Platform may be nil: then findings end up
// in the report, and nothing is shown anywhere else.
type Config struct {
	Store    Store
	Decider  Decider
	Settings *settings.Settings
	Sources  []connectors.Config
	Host     string // of the platform, "github.com"
	Platform Platform
	Listener Listener // nil: nobody is listened to
	Renderer promoter.Renderer
	Checks   promoter.CheckRenderer // nil: the platform lets us write no checks
	// Tracker is where tasks are kept; nil: nowhere, and there are none. It
	// needs the TaskRenderer for its deployment.
	Tracker      Tracker
	TaskRenderer promoter.TaskRenderer
	TaskListener TaskListener // nil: closed tasks are no answers
	// Text reads the source text that a source's findings point into. Nil, or
	// a nil answer: the report alone must do.
	Text func(source connectors.Config, r promoter.Repository) sourcetext.Reader
	// Risks loads what is known of published vulnerabilities; nil: nothing.
	Risks   func(context.Context) (risk.Known, error)
	Secrets func(string) string // keyed hash for what scanners found
	Token   func() string       // a fresh random token
	Coin    func(string) bool   // tosses the audit coin of an item by its name; nil: never
	Now     func() time.Time
	Log     *zap.Logger
	Actor   string
	DryRun  bool
	// Recovering: only adopt what stands in the world and the store does not
	// know, after an old backup was restored. Nothing is shown or withdrawn.
	Recovering bool
	// Warnings go into the report: what was not right before the run began.
	// They make it a partial one.
	Warnings  []string
	Rhythms   Rhythms
	Retention Retention
	Progress
}

// Selection narrows a run. The zero value selects everything.
type Selection struct {
	Repository  string // owner/name
	PullRequest int    // needs Repository
}

func (s Selection) String() string {
	switch {
	case s.Repository == "":
		return "everything"
	case s.PullRequest == 0:
		return s.Repository
	}
	return fmt.Sprintf("%s#%d", s.Repository, s.PullRequest)
}

func (s Selection) has(repository string) bool {
	return s.Repository == "" || strings.EqualFold(s.Repository, repository)
}

func (s Selection) hasChange(number int) bool {
	return s.PullRequest == 0 || s.PullRequest == number
}

// Run goes through the loop once. The error is what kept it from running at
// all; whatever went wrong on the way is in the report. A cancelled context
// ends the run in good order: what is in hand is finished or left for the next
// run, and the report says so.
func Run(ctx context.Context, cfg Config, sel Selection) (*Report, error) {
	r := newRunner(cfg, sel)
	// What is stored must be stored also when somebody asked us to stop.
	r.keep = context.WithoutCancel(ctx)
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	err := r.loop(ctx)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		r.report.Interrupted = true
		err = nil
	}
	return r.end(err)
}

// loop is the run, top to bottom.
func (r *runner) loop(ctx context.Context) error {
	err := r.take(ctx,
		step{"recover", r.recover},
		step{"read the ladder", r.look},
		step{"listen", r.unlessRecovering(r.listen)},
		step{"weigh", r.unlessRecovering(r.weigh)},
		step{"move", r.unlessRecovering(r.move)},
		step{"pull", r.pull},
		step{"learn of risks", r.learnRisks},
		step{"recut", r.unlessRecovering(r.recut)},
		step{"decide", r.decideAndPlan},
	)
	if err != nil || r.Recovering {
		return err
	}
	return r.take(ctx,
		step{"draw the queue's sample", r.sample},
		step{"act", r.act},
		step{"end campaigns", r.endCampaigns},
		step{"tell what is clean", r.tidied},
		step{"remember", r.remember},
		step{"prune", r.prune},
	)
}

// unlessRecovering leaves a step out when all there is to do is to adopt.
func (r *runner) unlessRecovering(do func(context.Context) error) func(context.Context) error {
	if r.Recovering {
		return func(context.Context) error { return nil }
	}
	return do
}

func (r *runner) begin(ctx context.Context) (err error) {
	r.report.Started = r.Now().UTC()
	if err := r.lookBack(ctx); err != nil {
		return fmt.Errorf("look at the last run: %w", err)
	}
	r.id, err = r.Store.BeginRun(r.keep, store.Run{
		Selection: r.sel.String(), Actor: r.Actor, PolicyRev: r.Decider.Revision(), SettingsRev: r.Settings.Revision(), Started: r.report.Started,
	})
	if err != nil {
		return fmt.Errorf("begin run: %w", err)
	}
	r.report.Run = r.id
	r.began(r.id)
	r.logBegin()
	return nil
}

// end seals the ledger and stores the report, also of a run that failed. A dry
// run seals nothing: its head is no one's to keep, for it is never in the store.
func (r *runner) end(cause error) (*Report, error) {
	now := r.Now().UTC()
	head, err := r.head(now)
	if err != nil {
		cause = errors.Join(cause, fmt.Errorf("seal ledger: %w", err))
	}
	if cause != nil {
		r.report.fail("run", cause)
	}
	r.report.Ledger = head.String()
	r.report.close(now)
	r.logEnd()
	if err := r.Store.EndRun(r.keep, r.id, now, string(r.report.Outcome), r.report.json()); err != nil {
		return r.report, errors.Join(cause, fmt.Errorf("end run: %w", err))
	}
	return r.report, cause
}

func (r *runner) head(now time.Time) (store.Head, error) {
	if r.DryRun {
		return r.Store.Head(r.keep)
	}
	return r.Store.Seal(r.keep, now)
}

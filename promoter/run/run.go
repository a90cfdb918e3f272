// Package run is the loop: recover, weigh, move, pull, match, decide, plan, act. It is the
// only place where decisions meet the world.
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
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/risk"
	"github.com/sluice-sec/sluice/connectors/sourcetext"
	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/ladder"
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
	// Change asks for a pull request as it is now. One that vanished is not open.
	Change(ctx context.Context, r promoter.Repository, number int) (promoter.Change, error)
	// Merges tells whether a commit merges the head of a pull request into
	// some state of its base: the test merge of today or of an earlier day.
	Merges(ctx context.Context, r promoter.Repository, commit, head string) (bool, error)
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
	return s.Repository == "" || s.Repository == repository
}

func (s Selection) hasChange(number int) bool {
	return s.PullRequest == 0 || s.PullRequest == number
}

// Run goes through the loop once. The error is what kept it from running at
// all; whatever went wrong on the way is in the report. A cancelled context
// ends the run in good order: what is in hand is finished or left for the next
// run, and the report says so.
func Run(ctx context.Context, cfg Config, sel Selection) (*Report, error) {
	r := &runner{Config: cfg, sel: sel, changes: map[promoter.Target]asked{}, merges: map[mergeKey]bool{}, patience: patience{now: cfg.Now, silent: map[string]bool{}}, blocked: map[promoter.Target]bool{},
		dirty: map[int64]bool{}, unsure: map[int64]bool{}, current: map[int64]bool{}, met: map[string]bool{}, refused: map[int64]string{}, members: map[memberKey]bool{}, disposedIn: map[int64]bool{}, heard: map[string]finding.EPSS{}, held: map[int64]map[int64]bool{}, tracker: newTrackerState(cfg.Now), report: newReport(cfg, sel)}
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

type runner struct {
	Config
	sel    Selection
	keep   context.Context
	id     int64
	report *Report

	repos     map[int64]promoter.Repository
	cohorts   map[int64]promoter.Cohort
	byKey     map[string]promoter.Cohort
	standings []ladder.Standing
	pause     *promoter.Pause
	approvals []promoter.Approval
	releases  map[promoter.Target]promoter.Release
	risks     map[string]store.AdvisoryRisk // by CVE
	heard     map[string]finding.EPSS       // by CVE, from the reports of this run
	allowance *promoter.Allowance

	changes   map[promoter.Target]asked
	merges    map[mergeKey]bool        // what the platform said of commits
	openPulls map[promoter.Target]bool // as the run began; filled when first asked
	lastRead  time.Time                // of any report, in this run or before
	blocked   map[promoter.Target]bool // an effect there is still unknown
	dirty     map[int64]bool           // something is left to do
	unsure    map[int64]bool           // not everything there could be looked at
	current   map[int64]bool           // its facts were asked for in this run
	met       map[string]bool          // waiting plans that are still about something
	actions   []planned
	campaigns []Campaign
	tasks     []taskWork
	paced     map[string]map[int64]int // claims that wait for a campaign's next week, by repository
	held      map[int64]map[int64]bool // tasks, by repository and number, about which an effect's outcome is not known
	excess    map[excessKey][]promoter.ApprovalItem
	missing   []store.Delivery // files that were read once and are no longer there

	disposedIn map[int64]bool     // repositories whose answers were looked at
	members    map[memberKey]bool // who may answer, as far as was asked

	refused  map[int64]string // repositories in which the platform refuses us
	tracker  trackerState
	patience patience
}

// asked is what the platform said of a pull request, once a run.
type asked struct {
	change promoter.Change
	err    error
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

// look reads what people may have changed: cohorts, pause, plans.
func (r *runner) look(ctx context.Context) error {
	repos, err := r.Store.Repositories(ctx)
	if err != nil {
		return err
	}
	r.repos = map[int64]promoter.Repository{}
	for _, repo := range repos {
		r.repos[repo.ID] = repo
	}
	cohorts, err := r.Store.Cohorts(ctx)
	if err != nil {
		return err
	}
	r.cohorts, r.byKey = map[int64]promoter.Cohort{}, map[string]promoter.Cohort{}
	r.know(cohorts)
	if r.pause, err = r.Store.Pause(ctx); err != nil {
		return err
	}
	if r.approvals, err = r.Store.Approvals(ctx); err != nil {
		return err
	}
	releases, err := r.Store.Releases(ctx)
	if err != nil {
		return err
	}
	r.releases = map[promoter.Target]promoter.Release{}
	for _, let := range releases {
		r.releases[promoter.Target{RepoID: let.RepoID, PullRequest: let.PullRequest}] = let
	}
	r.warnOfChecks()
	return r.allow(ctx)
}

func (r *runner) know(cohorts []promoter.Cohort) {
	for _, c := range cohorts {
		r.cohorts[c.ID], r.byKey[c.Key] = c, c
	}
}

// allow adds up what this run may show: the ceilings, and what is left of the
// teams' weekly budgets.
func (r *runner) allow(ctx context.Context) error {
	shown, err := r.Store.ShownSince(ctx, r.Now().Add(-7*24*time.Hour))
	if err != nil {
		return err
	}
	r.allowance = &promoter.Allowance{
		Paused: r.pause.Active(r.Now()),
		Show:   r.Settings.Ceilings.Run.Show, PerCohort: r.Settings.Ceilings.Cohort.Show, Withdraw: r.Settings.Ceilings.Run.Withdraw,
		PerTeam: r.Settings.Budgets.TeamWeek.Notices, Team: map[string]int{},
		Answered: map[promoter.ApprovalItem]promoter.Approval{}, Withdrawn: map[promoter.ApprovalItem]promoter.Approval{},
	}
	for id, n := range shown {
		r.allowance.Team[r.teamOf(r.cohorts[id])] += n
	}
	// Newest first in the store: the newest word on an item counts.
	for _, a := range slices.Backward(r.approvals) {
		if a.State == promoter.ApprovalExpired {
			continue
		}
		answers := map[promoter.ApprovalKind]map[promoter.ApprovalItem]promoter.Approval{
			promoter.ApprovalExcess: r.allowance.Answered, promoter.ApprovalMass: r.allowance.Withdrawn,
		}[a.Kind]
		if answers == nil {
			continue // it is about something else
		}
		for _, item := range a.Items {
			answers[item] = a
		}
	}
	r.excess = map[excessKey][]promoter.ApprovalItem{}
	return r.permit(ctx)
}

// repoOrder lists the selected repositories by name, so that runs are alike.
func (r *runner) repoOrder() []promoter.Repository {
	var out []promoter.Repository
	for _, repo := range r.repos {
		if r.sel.has(repo.FullName()) {
			out = append(out, repo)
		}
	}
	slices.SortFunc(out, func(a, b promoter.Repository) int {
		return cmpStrings(a.FullName(), b.FullName())
	})
	return out
}

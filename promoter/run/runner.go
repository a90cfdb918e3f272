package run

import (
	"context"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/ladder"
	"github.com/sluice-sec/sluice/promoter/store"
)

// runner is one run under way: what it was given, what it has read and heard so
// far, and what it found it has to do.
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
	noisy     map[int64]bool // cohorts that fell by what people answered, and are not clean yet
	pause     *promoter.Pause
	approvals []promoter.Approval
	releases  map[promoter.Target]promoter.Release
	risks     map[string]store.AdvisoryRisk // by CVE
	heard     map[string]finding.EPSS       // by CVE, from the reports of this run
	allowance *promoter.Allowance

	changes   map[promoter.Target]asked
	merges    map[mergeKey]bool        // what the platform said of commits
	contained map[mergeKey]bool        // likewise: by what they rest on
	openPulls map[promoter.Target]bool // as the run began; filled when first asked
	lastRead  time.Time                // of any report, in this run or before
	blocked   map[promoter.Target]bool // an effect there is still unknown
	dirty     map[int64]bool           // something is left to do
	unsure    map[int64]bool           // not everything there could be looked at
	current   map[int64]bool           // its facts were asked for in this run
	epoch     map[int64]bool           // cohorts that had an epoch event in this run
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

	refused       map[int64]string  // repositories in which the platform refuses us
	unseen        map[int64]error   // repositories that the platform does not find, and what was said of it
	refusedChecks map[int64]string  // likewise, of checks alone
	refusedAlerts map[string]string // alerts, by repository and kind, that it does not let us write to
	tracker       trackerState
	patience      patience
}

func newRunner(cfg Config, sel Selection) *runner {
	return &runner{
		Config: cfg, sel: sel, report: newReport(cfg, sel),
		heard:      map[string]finding.EPSS{},
		changes:    map[promoter.Target]asked{},
		merges:     map[mergeKey]bool{},
		contained:  map[mergeKey]bool{},
		blocked:    map[promoter.Target]bool{},
		dirty:      map[int64]bool{},
		unsure:     map[int64]bool{},
		current:    map[int64]bool{},
		epoch:      map[int64]bool{},
		met:        map[string]bool{},
		held:       map[int64]map[int64]bool{},
		disposedIn: map[int64]bool{},
		members:    map[memberKey]bool{},
		refused:    map[int64]string{},
		unseen:     map[int64]error{},

		refusedChecks: map[int64]string{},
		refusedAlerts: map[string]string{},
		tracker:       newTrackerState(cfg.Now),
		patience:      patience{now: cfg.Now, silent: map[string]bool{}},
	}
}

// asked is what the platform said of a pull request, once a run.
type asked struct {
	change promoter.Change
	err    error
}

// look reads what people may have changed: cohorts, pause, plans.
func (r *runner) look(ctx context.Context) error {
	if err := r.learnRepositories(ctx); err != nil {
		return err
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
	if r.pause.Active(r.Now()) {
		r.report.Paused = r.pause
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

func (r *runner) learnRepositories(ctx context.Context) error {
	repos, err := r.Store.Repositories(ctx)
	r.repos = map[int64]promoter.Repository{}
	for _, repo := range repos {
		r.repos[repo.ID] = repo
	}
	return err
}

func (r *runner) know(cohorts []promoter.Cohort) {
	for _, c := range cohorts {
		if r.cohorts[c.ID] = c; c.Ended.IsZero() {
			r.byKey[c.Key] = c
		} else {
			delete(r.byKey, c.Key)
		}
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

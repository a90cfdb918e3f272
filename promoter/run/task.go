package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Tracker is where tasks are kept. Its errors are those of the package
// promoter; those of a route that is configured wrongly have a Mend.
type Tracker interface {
	// Do carries an effect out and says what is to be seen of it.
	Do(ctx context.Context, e promoter.Effect) (promoter.Observed, error)
	// Find looks whether an effect happened, after its outcome was unknown.
	Find(ctx context.Context, e promoter.Effect) (promoter.Observed, error)
	// Time is what the tracker's clock shows.
	Time(ctx context.Context) (time.Time, error)
	// Newest returns the tokens of the tasks made last, as many as one look shows.
	Newest(ctx context.Context) ([]string, error)
	// StandingTasks lists every task of our own, oldest first.
	StandingTasks(ctx context.Context) ([]promoter.StandingTask, error)
}

// taskWork is what planning a repository's tasks takes. It outlives the
// repository's book, because tasks are chosen over all repositories at once.
type taskWork struct {
	repo     promoter.Repository
	tasks    promoter.RepositoryTasks
	comments []promoter.Notice
	causes   map[int64]promoter.RemovalCause // why a finding in a task would be no longer wanted
	noisy    map[int64]bool                  // findings whose cohort was lowered by what people answered
	nextNo   int64
	adopted  []promoter.Notice // to be stored with what is planned
	effects  []promoter.Effect // that made what was adopted; likewise
}

// onBase tells whether a ref is one that tasks are about: the default branch,
// or, where nobody told us which that is, any branch.
func (b *book) onBase(ref string) bool {
	if name := b.repo().Facts.DefaultBranch; name != "" {
		return ref == "refs/heads/"+name || ref == "HEAD"
	}
	return !isChangeRef(ref)
}

// onBaseByFinding lists what stands on the base branch.
func (b *book) onBaseByFinding() map[int64][]*store.Sighting {
	out := map[int64][]*store.Sighting{}
	for _, s := range b.openIn()[0] {
		if b.onBase(b.scopes[s.Scope].Ref) {
			out[s.Finding] = append(out[s.Finding], s)
		}
	}
	return out
}

// askFacts asks for the facts of a repository in which something may become a
// task: nobody wants one about an archived repository.
func (r *runner) askFacts(ctx context.Context, b *book) error {
	if r.Tracker == nil || !r.tracked() || r.current[b.repo().ID] {
		return nil
	}
	for no := range b.findings {
		if r.cohorts[b.findings[no].CohortID].Stage >= promoter.Advise {
			err := r.refresh(ctx, b.repo())
			b.snap.Repository = r.repos[b.repo().ID]
			return err
		}
	}
	return nil
}

// tracked tells whether any route leads to a tracker.
func (r *runner) tracked() bool {
	for _, route := range r.Settings.Routes {
		if route.Jira != nil {
			return true
		}
	}
	return false
}

// collectTasks says what one repository has to say about tasks. The answers
// are those of standing.
func (d *decider) collectTasks() {
	if d.Tracker == nil {
		return
	}
	repo := d.book.repo()
	w := taskWork{repo: repo, causes: map[int64]promoter.RemovalCause{}, noisy: map[int64]bool{}, nextNo: d.book.next.Notice}
	w.tasks = promoter.RepositoryTasks{RepoID: repo.ID, Held: d.held[repo.ID]}
	for _, n := range d.book.snap.Notices {
		switch {
		case n.Surface == promoter.SurfaceTask:
			w.tasks.Have = append(w.tasks.Have, n)
			for _, i := range n.Items {
				w.causes[i.Finding], w.noisy[i.Finding] = d.causeOf(i.Finding, 0, d.book.onBase), d.isNoisy(i.Finding)
			}
		case n.OnDisplay() && n.Target.PullRequest != 0:
			w.comments = append(w.comments, n)
		}
	}
	base := d.book.onBaseByFinding()
	for _, no := range slices.Sorted(maps.Keys(base)) {
		if claim, ok := d.taskClaim(no, base[no]); ok {
			w.tasks.Claims = append(w.tasks.Claims, claim)
		}
	}
	join(w.tasks.Claims, nil)
	if len(w.tasks.Claims)+len(w.tasks.Have) > 0 {
		d.tasks = append(d.tasks, w)
	}
}

// taskClaim is what the policy said of a finding as it stands. ok is false
// where it asks for no task.
func (d *decider) taskClaim(no int64, seen []*store.Sighting) (promoter.Claim, bool) {
	f := d.book.findings[no]
	claim := promoter.Claim{Finding: no, Version: f.Version, Cohort: d.cohorts[f.CohortID]}
	claim.Team = d.teamOf(claim.Cohort)
	v, asked := d.said[no]
	switch {
	case claim.Cohort.Stage < promoter.Advise, suppressed(seen):
		return claim, false // whatever the policy says, or does not say: the stage binds
	case !asked, !v.decided: // its newest scan could not tell, or the policy
		claim.Hold = true
		v.answer = d.lastAnswer(no, 0)
	case !slices.Contains(v.answer.Surfaces, input.SurfaceTask):
		return claim, false
	}
	d.dress(&claim, f, seen[0].Place, seen[0].Parts, v.answer, 0)
	claim.Route = v.answer.Route
	if v.answer.Group == input.GroupRule {
		claim.Group = "rule:" + f.Facts.Scanner.Name + "/" + f.Facts.Rule.ID
	}
	claim.Backlog = isBacklog(seen)
	return claim, true
}

// isBacklog: it was there when each of the scopes it is seen in was new.
func isBacklog(seen []*store.Sighting) bool {
	return !slices.ContainsFunc(seen, func(s *store.Sighting) bool { return !s.Backlog })
}

// suppressed: somebody said so in the code, wherever it is still seen.
func suppressed(seen []*store.Sighting) bool {
	return !slices.ContainsFunc(seen, func(s *store.Sighting) bool { return s.State != store.SightingSuppressed })
}

// planTasks chooses over all repositories that were decided, and plans.
func (r *runner) planTasks(ctx context.Context) error {
	if err := r.adoptTasks(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.report.trouble("tracker", err)
		for i, w := range r.tasks { // no task is made unseen; the rest goes ahead
			r.doubt(w.repo.ID)
			r.tasks[i].tasks.Claims = shownAlready(w.tasks.Claims, w.tasks.Have)
		}
	}
	all := make([]promoter.RepositoryTasks, len(r.tasks))
	for i, w := range r.tasks {
		all[i] = w.tasks
	}
	sel := promoter.SelectTasks(all, r.allowance)
	r.putOff(sel.Deferred)
	r.report.Backlog = sel.Backlog
	r.paced = sel.Paced
	for _, in := range sel.Paced {
		for repo := range in {
			r.dirty[repo] = true // next week there is something to do
		}
	}
	for _, w := range r.tasks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.planTasksOf(w, sel.Want[w.repo.ID]); err != nil {
			return err
		}
	}
	for i := range r.tasks {
		r.tasks[i].tasks.Claims = nil // planned; they hold whole findings
	}
	return nil
}

func (r *runner) planTasksOf(w taskWork, want []promoter.WantedTask) error {
	p := r.taskPlanning(w)
	p.Want = want
	c := store.Changes{RepoID: w.repo.ID, RunID: r.id, At: r.Now().UTC(), Notices: w.adopted, Shown: r.shown(w.adopted), Adopted: w.effects}
	for _, a := range promoter.PlanTasks(p) {
		if a.Step == promoter.StepWithdraw {
			if why, plan := r.allowance.LetWithdraw(a, w.repo.ID); why != "" {
				r.deferWithdrawal(w.repo.ID, a, why, plan)
				continue
			}
		}
		if len(a.Verbs) == 0 || a.Before.No == 0 {
			c.Notices = append(c.Notices, a.Notice)
		}
		if len(a.Verbs) > 0 {
			r.actions = append(r.actions, planned{Action: a, repo: w.repo, cohorts: r.cohortsOf(a.Notice)})
		}
	}
	if err := r.Store.Apply(r.keep, c); err != nil {
		return fmt.Errorf("store tasks of %s: %w", w.repo.FullName(), err)
	}
	return nil
}

// taskPlanning is what planning a repository's tasks goes by.
func (r *runner) taskPlanning(w taskWork) promoter.TaskPlanning {
	claimed := map[int64]bool{}
	for _, c := range w.tasks.Claims {
		claimed[c.Finding] = true
	}
	return promoter.TaskPlanning{
		Repository: w.repo, Claimed: claimed, Have: w.tasks.Have, Held: w.tasks.Held, Comments: w.comments, NextNo: w.nextNo,
		Cause:    func(no int64) promoter.RemovalCause { return w.causes[no] },
		Noisy:    func(no int64) bool { return w.noisy[no] },
		Decision: func(no int64) string { return promoter.FindingName(w.repo.FullName(), no) },
		Due:      r.due, Render: r.TaskRenderer, Now: r.Now().UTC(),
	}
}

// due is when a task that is made now is due, by its route; zero: never. It is
// a day, so that a run some hours later would say the same.
func (r *runner) due(route string, severity finding.Severity) time.Time {
	for _, known := range r.Settings.Routes {
		if known.Name != route || known.Jira == nil {
			continue
		}
		if span := time.Duration(known.Jira.Due[severity.String()]); span > 0 {
			return r.report.Started.UTC().Add(span).Truncate(24 * time.Hour)
		}
	}
	return time.Time{}
}

// taskOf is the open task that a finding is in, as a comment may name it. In a
// public repository nobody is told where a team keeps its work.
func (d *decider) taskOf(no int64) promoter.TaskLink {
	visibility := d.book.repo().Facts.Visibility
	if visibility == "" {
		visibility = d.Settings.Visibility.Unknown
	}
	if visibility == "public" {
		return promoter.TaskLink{}
	}
	for _, n := range d.book.snap.Notices {
		if n.Surface == promoter.SurfaceTask && n.OnDisplay() && n.Remote.Key != "" && promoter.Shows(n, no) {
			return promoter.TaskLink{Title: n.Remote.Key, URL: n.Remote.URL}
		}
	}
	return promoter.TaskLink{}
}

// crossReference lets the next run look again at repositories in which
// something new is shown now, both in a tracker and in pull requests: comments
// name tasks and tasks link comments, once both are there.
func (r *runner) crossReference() {
	shown := map[int64]map[bool]bool{}
	book := func(repo int64, task bool) {
		if shown[repo] == nil {
			shown[repo] = map[bool]bool{}
		}
		shown[repo][task] = true
	}
	for _, w := range r.tasks {
		if len(w.comments) > 0 {
			book(w.repo.ID, false)
		}
		if slices.ContainsFunc(w.tasks.Have, promoter.Notice.OnDisplay) {
			book(w.repo.ID, true)
		}
	}
	for _, p := range r.actions {
		if p.Step == promoter.StepShow {
			book(p.repo.ID, p.Notice.Surface == promoter.SurfaceTask)
		}
	}
	for _, p := range r.actions {
		if p.Step == promoter.StepShow && len(shown[p.repo.ID]) == 2 {
			r.dirty[p.repo.ID] = true
		}
	}
}

package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// excessKey is what one waiting plan is about.
type excessKey struct {
	kind   promoter.ApprovalKind
	cohort string
}

// putOff reports what is not shown now; what a ceiling held back is collected
// for a plan that a person can approve.
func (r *runner) putOff(all []promoter.Deferred) {
	for _, def := range all {
		r.report.putOff(def)
		r.met[def.Plan] = true
		switch def.Why {
		case promoter.DeferRejected:
			continue // somebody said no: nothing is left to do
		case promoter.DeferCeiling:
			key := excessKey{promoter.ApprovalExcess, def.Claim.Cohort.Key}
			r.excess[key] = append(r.excess[key], promoter.ApprovalItem{
				RepoID: def.Claim.Exhibit.RepoID, Finding: def.Claim.Finding, PullRequest: def.Claim.Exhibit.PullRequest,
			})
		}
		r.dirty[def.Claim.Exhibit.RepoID] = true
	}
}

// deferWithdrawal holds a withdrawal back that an edit of policy or settings
// would cause beyond the ceiling.
func (r *runner) deferWithdrawal(repoID int64, a promoter.Action, why promoter.DeferReason, plan string) {
	r.met[plan] = true
	if why == promoter.DeferRejected {
		r.report.Deferred[string(why)]++
		return // somebody said no: nothing is left to do
	}
	r.dirty[repoID] = true
	r.report.Deferred["withdrawal "+string(promoter.DeferCeiling)]++
	if why != promoter.DeferCeiling {
		return
	}
	key := excessKey{promoter.ApprovalMass, ""}
	for _, i := range a.Notice.Items {
		item := promoter.ApprovalItem{RepoID: repoID, Finding: i.Finding, PullRequest: a.Notice.Target.PullRequest}
		r.excess[key] = append(r.excess[key], item)
	}
}

// waits notes that a finding about which nothing new is known may still be in
// a plan.
func (d *decider) waits(no int64, number int) {
	item := promoter.ApprovalItem{RepoID: d.book.repo().ID, Finding: no, PullRequest: number}
	d.met[d.allowance.Answered[item].ID] = true
}

// endsByItself are the kinds of plans that a run ends when they are about
// nothing any more.
var endsByItself = []promoter.ApprovalKind{promoter.ApprovalExcess, promoter.ApprovalMass, promoter.ApprovalException}

// expire ends the plans that are about nothing any more: what they name is
// fixed, closed, answered, or its stage was lowered. Only a run that looked at
// all of it can tell.
func (r *runner) expire() error {
	if r.sel != (Selection{}) || r.Platform == nil || r.allowance.Paused {
		return nil
	}
	r.keepRequests()
	for i, a := range r.approvals {
		if a.State != promoter.ApprovalWaiting || r.met[a.ID] || !slices.Contains(endsByItself, a.Kind) ||
			slices.ContainsFunc(a.Items, func(item promoter.ApprovalItem) bool { return r.unsure[item.RepoID] }) {
			continue
		}
		err := r.Store.DecideApproval(r.keep, a.ID, promoter.ApprovalExpired, r.Actor, "nothing of it is wanted any more", r.Now().UTC())
		var answered *store.ConflictError
		if err != nil && !errors.As(err, &answered) {
			return fmt.Errorf("expire plan %s: %w", a.ID, err)
		}
		r.approvals[i].State = promoter.ApprovalExpired
	}
	return nil
}

// saveExcess stores one plan for each cohort whose excess is new. A plan names
// its findings, so that approving it lets through those and no others.
func (r *runner) saveExcess(ctx context.Context) error {
	if err := r.expire(); err != nil {
		return err
	}
	keys := make([]excessKey, 0, len(r.excess))
	for key := range r.excess {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b excessKey) int { return cmpStrings(string(a.kind)+a.cohort, string(b.kind)+b.cohort) })
	for _, key := range keys {
		items := r.excess[key]
		a := promoter.Approval{
			ID: r.planID(key, items), Kind: key.kind, Cohort: key.cohort, State: promoter.ApprovalWaiting,
			RunID: r.id, Created: r.Now().UTC(), Items: items, Reason: reasonFor(key, len(items)),
		}
		if err := r.Store.SaveApproval(r.keep, a); err != nil {
			return fmt.Errorf("save plan %s: %w", a.ID, err)
		}
		r.approvals = append(r.approvals, a)
	}
	for _, a := range r.approvals {
		if a.State == promoter.ApprovalWaiting {
			r.report.Plans = append(r.report.Plans, PlanLine{ID: a.ID, Kind: a.Kind, Cohort: a.Cohort, Items: len(a.Items), Reason: a.Reason})
		}
	}
	return ctx.Err()
}

func reasonFor(key excessKey, n int) string {
	if key.kind == promoter.ApprovalMass {
		return fmt.Sprintf("%d withdrawals more than ceilings.run.withdraw lets one run make", n)
	}
	return fmt.Sprintf("%d findings of %s more than the ceilings let one run show", n, key.cohort)
}

// planID is a new plan's id, drawn from what the plan is about.
func (r *runner) planID(key excessKey, about any) string {
	return promoter.PlanID(r.approvals, fmt.Sprint(key.kind, key.cohort, r.id, about))
}

// teamOf is whose weekly budget a cohort draws on: the owner of its group, or
// the group itself where it names none.
func (r *runner) teamOf(c promoter.Cohort) string { return TeamOf(r.Settings, c) }

// TeamOf is whose week a cohort's notices count for.
func TeamOf(s *settings.Settings, c promoter.Cohort) string {
	at := slices.Index(s.Cohorts.By, "group")
	labels := strings.Split(strings.SplitN(c.Key, "+", 2)[0], "/")
	if at < 0 || at >= len(labels) {
		return ""
	}
	if g, ok := s.GroupNamed(labels[at]); ok && g.Owner != "" {
		return g.Owner
	}
	return labels[at]
}

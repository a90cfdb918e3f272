package run

import (
	"context"
	"slices"

	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// enforcing tells whether checks are written: the platform lets us, and
// something somewhere is enforced. Then every pull request that is scanned gets
// one, also with nothing to fail it, because a branch may require it.
func (r *runner) enforcing() bool {
	if r.Checks == nil {
		return false
	}
	for _, c := range r.cohorts {
		if c.Stage == promoter.Enforce {
			return true
		}
	}
	return false
}

// warnOfChecks says that what is enforced fails no check.
func (r *runner) warnOfChecks() {
	for _, c := range r.cohorts {
		if r.Checks == nil && r.Platform != nil && c.Stage == promoter.Enforce {
			r.report.warn("something is at stage enforce, and nothing fails a check: only a GitHub App may write checks (github.app in sluice.yaml)")
			return
		}
	}
}

// scannedNow are the pull requests of which this run took in a scan.
func (b *book) scannedNow() []int {
	var out []int
	for _, scope := range b.scopes {
		number := store.ChangeOf(scope.Ref)
		if newest := b.newestScan(scope.No); number != 0 && newest != nil && newest.RunID == b.run {
			out = append(out, number)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// fails tells whether a claim fails the check: the policy says so, and whatever
// it says, its cohort is at enforce.
func fails(c promoter.Claim, a input.SurfaceAnswer) bool {
	return c.Cohort.Stage == promoter.Enforce && slices.Contains(a.Surfaces, input.SurfaceCheck)
}

// planCheck plans the checks of a pull request: one on its head, and one on the
// head of each group it is queued in to be merged.
func (d *decider) planCheck(ctx context.Context, c promoter.Change, claims []promoter.Claim, deferred []promoter.Deferred, cause func(int64) promoter.RemovalCause) {
	have := checksAt(d.book.snap.Notices, c.Number)
	if !d.enforcing() && len(have) == 0 {
		return
	}
	target := promoter.Target{RepoID: d.book.repo().ID, PullRequest: c.Number}
	gate := promoter.Gate{Paused: d.pause.Active(d.Now()), Scanned: d.scanned(ctx, c), Undecided: d.undecided}
	if release, ok := d.releases[target]; ok {
		gate.Release = &release
	}
	waiting := map[int64]promoter.DeferReason{}
	for _, put := range deferred {
		waiting[put.Claim.Finding] = put.Why
	}
	var failing []promoter.Claim
	for _, claim := range claims {
		switch why, put := waiting[claim.Finding]; {
		case !claim.Fails, why == promoter.DeferRejected:
		case put:
			gate.Waiting++
		default:
			failing = append(failing, claim)
		}
	}
	heads := append([]string{c.Head}, c.MergeGroups...)
	plan := promoter.Planning{
		Target: target, Have: have, NextNo: d.book.next.Notice, Cause: cause, Commit: c.Head, Render: d.Renderer, Now: d.book.at,
		Decision: func(no int64) string { return promoter.FindingName(d.book.repo().FullName(), no) },
	}
	if d.enforcing() {
		for _, head := range heads {
			plan.Want = append(plan.Want, promoter.ComposeCheck(head, gate, failing, d.Checks))
		}
	}
	for _, a := range promoter.PlanCheck(plan, heads) {
		on := c
		on.Head = promoter.CommitOfCheck(a.Notice.Group)
		d.take([]promoter.Action{a}, on)
	}
}

// scanned tells whether every scan that this pull request is known by was
// complete and of its head.
func (d *decider) scanned(ctx context.Context, c promoter.Change) bool {
	known := false
	for _, scope := range d.book.scopes {
		if store.ChangeOf(scope.Ref) != c.Number {
			continue
		}
		newest := d.book.newestScan(scope.No)
		if newest == nil || newest.State != store.ScanComplete {
			return false
		}
		if !d.speaksOf(ctx, promoter.Target{RepoID: d.book.repo().ID, PullRequest: c.Number}, newest.Commit, c) {
			return false
		}
		known = true
	}
	return known
}

func checksAt(all []promoter.Notice, number int) []promoter.Notice {
	var out []promoter.Notice
	for _, n := range all {
		if n.Surface == promoter.SurfaceCheck && n.Target.PullRequest == number {
			out = append(out, n)
		}
	}
	return out
}

package run

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// What people decide about findings is written to the platform's alerts as
// dismissals, for the sources that ask for it. Such a dismissal is a notice like
// any other, so planned, counted, sent and found again as they are; when it is
// read with the alerts it is known for our own, and is nobody's answer.

// recogniseOwn makes what we dismissed ourselves open again: whether people see
// it is for the decision to say from which that came.
func (r *runner) recogniseOwn(ctx context.Context, repo promoter.Repository, fs []finding.Finding) error {
	if r.Platform == nil {
		return nil
	}
	for i := range fs {
		d := fs[i].Dismissal
		ref, ok := promoter.ParseAlert(fs[i].Alert)
		if d == nil || d.By == "" || !ok {
			continue
		}
		own, err := r.Platform.OwnDismissal(ctx, repo, promoter.AlertDismissal{Alert: ref, By: d.By, Comment: d.Comment})
		if err != nil {
			return fmt.Errorf("dismissals of %s: %w", repo.FullName(), err)
		}
		if own {
			fs[i].State, fs[i].Dismissal = finding.Open, &finding.Dismissal{Reason: finding.OwnDismissal, At: d.At}
		}
	}
	return nil
}

// touched notes which of the alerts that we dismissed are not as we left them:
// a person opened one, or dismissed it anew, and then it is theirs.
func (b *book) touched() {
	for i, n := range b.snap.Notices {
		if n.Surface != promoter.SurfaceAlert || n.State != promoter.NoticePosted {
			continue
		}
		for _, item := range n.Items {
			if a, read := b.alerts[item.Finding]; read && !a.ours() {
				n.State = promoter.NoticeClosedByPerson
				b.snap.Notices[i] = n
				b.notices = append(b.notices, n)
			}
		}
	}
}

// strangeAlerts names the alerts that we dismissed and know nothing of any more,
// because the store was restored from a backup: what decided that is lost, and
// nobody would ever open them again. One whose decision is still in force is
// written to anew, and so known.
func (r *runner) strangeAlerts(b *book) {
	for _, no := range slices.Sorted(maps.Keys(b.alerts)) {
		a := b.alerts[no]
		ref, ok := promoter.ParseAlert(a.page)
		if !ok || !a.ours() ||
			slices.ContainsFunc(b.snap.Notices, func(n promoter.Notice) bool {
				return n.Surface == promoter.SurfaceAlert && n.Group == ref.String()
			}) ||
			slices.ContainsFunc(b.snap.Dispositions, func(s promoter.Disposition) bool { return s.Finding == no && s.InForce(0, r.report.Started) }) {
			continue
		}
		r.bookStrange(Strange{Repository: b.repo().FullName(), URL: a.page})
	}
}

// writesBack are the names of the sources whose alerts are written to, sorted.
func (r *runner) writesBack() []string {
	var out []string
	for _, s := range r.Sources {
		if s.WriteBack {
			out = append(out, s.Name)
		}
	}
	slices.Sort(out)
	return out
}

// writeBack plans what is to be written to the alerts of a repository.
func (d *decider) writeBack() {
	sources := d.writesBack()
	if len(sources) == 0 || d.Platform == nil || d.Recovering {
		return
	}
	ours, open := map[int64]bool{}, map[promoter.AlertRef]bool{}
	for _, s := range d.book.all {
		if !slices.Contains(sources, d.book.scopes[s.Scope].Source) {
			continue
		}
		ours[s.Finding] = true
		if ref, ok := promoter.ParseAlert(d.book.findings[s.Finding].Facts.Alert); ok && s.Until == 0 && s.State == store.SightingPresent {
			open[ref] = true
		}
	}
	p := promoter.DismissalPlanning{
		RepoID: d.book.repo().ID, NextNo: d.book.next.Notice, Now: d.book.at,
		Open: func(a promoter.AlertRef) bool { return open[a] },
	}
	for _, n := range d.book.snap.Notices {
		if n.Surface == promoter.SurfaceAlert && slices.ContainsFunc(n.Items, func(i promoter.Item) bool { return ours[i.Finding] }) {
			p.Have = append(p.Have, n)
		}
	}
	p.Want = d.dismissals(ours)
	d.take(d.underCeiling(promoter.PlanDismissals(p), p.Want), promoter.Change{})
}

// dismissals are what the decisions in force, the newest first, ask for.
func (d *decider) dismissals(ours map[int64]bool) []promoter.WantedDismissal {
	decided := slices.Clone(d.book.snap.Dispositions)
	slices.SortStableFunc(decided, func(a, b promoter.Disposition) int { return b.Since.Compare(a.Since) })
	var out []promoter.WantedDismissal
	for _, s := range decided {
		f := d.book.findings[s.Finding]
		if f == nil || !ours[s.Finding] || !s.InForce(0, d.report.Started) {
			continue
		}
		ref, _ := promoter.ParseAlert(f.Facts.Alert)
		name := promoter.FindingName(d.book.repo().FullName(), f.No)
		if what, ok := promoter.DismissingOf(name, ref, s); ok {
			claim := promoter.Claim{Finding: f.No, Version: f.Version, Cohort: d.cohorts[f.CohortID], Exhibit: promoter.Exhibit{RepoID: d.book.repo().ID, Name: name}}
			out = append(out, promoter.WantedDismissal{Claim: claim, Dismissing: what})
		}
	}
	return out
}

// underCeiling leaves out what this run may not show any more.
func (d *decider) underCeiling(acts []promoter.Action, want []promoter.WantedDismissal) []promoter.Action {
	return slices.DeleteFunc(acts, func(a promoter.Action) bool {
		i := slices.IndexFunc(want, func(w promoter.WantedDismissal) bool { return w.Alert.String() == a.Notice.Group })
		if a.Step != promoter.StepShow || i < 0 {
			return false
		}
		why, plan := d.allowance.LetShow(want[i].Claim)
		if why != "" {
			d.putOff([]promoter.Deferred{{Claim: want[i].Claim, Why: why, Plan: plan}})
		}
		return why != ""
	})
}

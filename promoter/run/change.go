package run

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/sluice-sec/sluice/connectors/cvss"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// planned is an action with what is needed to carry it out.
type planned struct {
	promoter.Action
	repo    promoter.Repository
	commit  string
	cohorts []promoter.Cohort // as they stood when it was planned
}

// change decides about one pull request and plans what it shall show.
func (d *decider) change(ctx context.Context, number int) error {
	target := promoter.Target{RepoID: d.book.repo().ID, PullRequest: number}
	if d.Platform == nil {
		d.withoutPlatform(ctx, number)
		return nil
	}
	if d.blocked[target] {
		d.doubt(target.RepoID) // its last effect is unknown: nothing is compared until it is settled
		return nil
	}
	c, err := d.askChange(ctx, target)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		d.doubt(target.RepoID)
		if !d.outOfSight(ctx, target.RepoID, err) {
			d.report.trouble("platform", fmt.Errorf("%s#%d: %w", d.book.repo().FullName(), number, err))
		}
		return nil
	}
	if !c.Open {
		d.derive(ctx, c)
		d.leave(c)
		return nil
	}
	d.derive(ctx, c)
	d.undecided = 0
	claims := d.claims(ctx, c)
	have, err := d.adopt(ctx, target, claims)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		d.doubt(target.RepoID)
		d.report.trouble("platform", fmt.Errorf("%s#%d: %w", d.book.repo().FullName(), number, err))
		have = noticesAt(d.book.snap.Notices, number)
		claims = shownAlready(claims, have) // nothing new is shown unseen; the rest goes ahead
	}
	sel := promoter.Select(claims, have, d.Settings.Budgets.PullRequest.Comments, d.allowance)
	d.putOff(sel.Deferred)
	wanted := map[int64]bool{}
	for _, claim := range claims {
		wanted[claim.Finding] = true
	}
	cause := func(no int64) promoter.RemovalCause {
		if wanted[no] {
			return promoter.RemovedMoved
		}
		return d.cause(no, number)
	}
	acts := promoter.Plan(promoter.Planning{
		Target: target, Want: promoter.Compose(sel, d.Renderer), Have: have, NextNo: d.book.next.Notice, Cause: cause, Noisy: d.isNoisy,
		Decision: func(no int64) string { return promoter.FindingName(d.book.repo().FullName(), no) },
		Commit:   c.Head, Render: d.Renderer, Now: d.book.at, Keep: d.keptFor,
	})
	d.take(acts, c)
	d.planCheck(ctx, c, claims, sel.Deferred, cause)
	return nil
}

// askChange asks the platform once a run for each pull request.
func (r *runner) askChange(ctx context.Context, t promoter.Target) (promoter.Change, error) {
	if said, ok := r.changes[t]; ok {
		return said.change, said.err
	}
	if gone, ok := r.unseen[t.RepoID]; ok {
		return promoter.Change{}, gone
	}
	var c promoter.Change
	err := r.patience.ask(r.repos[t.RepoID].FullName(), func() (err error) {
		c, err = r.Platform.Change(ctx, r.repos[t.RepoID], t.PullRequest)
		return err
	})
	r.changes[t] = asked{c, err}
	if err == nil {
		r.seenAgain(ctx, t.RepoID)
	}
	return c, err
}

// touches tells whether a pull request changes a file, as far as the platform
// says; else it may.
func (r *runner) touches(ctx context.Context, t promoter.Target, path string) bool {
	if r.Platform == nil || t.PullRequest == 0 {
		return true
	}
	c, err := r.askChange(ctx, t)
	return err != nil || c.Touches(path)
}

// withoutPlatform decides about a pull request nobody can be asked about: its
// findings reach the report and the security team's queue. What also stands on
// a branch is standing; for the rest nothing shows whose it is.
func (d *decider) withoutPlatform(ctx context.Context, number int) {
	for _, s := range d.book.openIn()[number] {
		if s.State != store.SightingPresent {
			continue
		}
		origin := input.Unattributed
		if slices.ContainsFunc(d.book.of(s.Finding), func(o *store.Sighting) bool {
			return o.Until == 0 && !isChangeRef(d.book.scopes[o.Scope].Ref)
		}) {
			origin = input.Standing
		}
		d.ask(ctx, s, "", number, &input.Change{Origin: origin})
		d.report.Findings.NotAttributable++
		d.report.NoPlatform++
	}
}

func noticesAt(all []promoter.Notice, number int) []promoter.Notice {
	var out []promoter.Notice
	for _, n := range all {
		if n.Target.PullRequest == number && n.Surface != promoter.SurfaceCheck && n.Surface != promoter.SurfaceAlert {
			out = append(out, n)
		}
	}
	return out
}

// leave closes the books of a merged or closed pull request: what was shown
// stays as it is, what was only planned is dropped.
func (d *decider) leave(c promoter.Change) {
	number := c.Number
	d.book.answers.Closed = append(d.book.answers.Closed, store.ClosedChange{RepoID: d.book.repo().ID, Number: number, At: cmp.Or(c.ClosedAt.UTC(), d.book.at)})
	for _, s := range d.book.openIn()[number] {
		s.State, s.Cause = store.SightingGone, store.GoneRef
		newest := d.book.newestScan(s.Scope)
		s.Until, s.LastScan = newest.No, newest.No
		d.book.touch(s)
		delete(d.book.open, sightingKey{s.Scope, s.Finding})
	}
	for _, n := range append(noticesAt(d.book.snap.Notices, number), checksAt(d.book.snap.Notices, number)...) {
		if !unsettled(n) {
			continue
		}
		if n.State == promoter.NoticePlanned {
			n.State = promoter.NoticeWithdrawn
		} else {
			n.State = promoter.NoticeLeft
		}
		d.book.notices = append(d.book.notices, n)
	}
}

// claims asks the policy about every finding present in the pull request.
func (d *decider) claims(ctx context.Context, c promoter.Change) []promoter.Claim {
	shown := onDisplay(noticesAt(d.book.snap.Notices, c.Number))
	best := map[int64]promoter.Claim{}
	for _, s := range d.book.openIn()[c.Number] {
		if s.State == store.SightingSuppressed {
			continue
		}
		scope := d.book.scopes[s.Scope]
		claim, ok := d.claim(ctx, c, scope, s, shown[s.Finding] != "")
		if !ok {
			continue
		}
		if group := shown[s.Finding]; claim.Hold && group != "" && group != promoter.GroupSummary {
			claim.Group = group // what it is grouped by may not be known just now
		}
		// Two sources may see one finding: what is known for certain wins.
		if old, twice := best[s.Finding]; !twice || (old.Hold && !claim.Hold) {
			best[s.Finding] = claim
		}
	}
	out := make([]promoter.Claim, 0, len(best))
	for _, claim := range best {
		out = append(out, claim)
	}
	slices.SortFunc(out, func(a, b promoter.Claim) int { return int(a.Finding - b.Finding) })
	have := noticesAt(d.book.snap.Notices, c.Number)
	join(out, have)
	for i := range out {
		if at := out[i].Anchor; at != nil && promoter.RefusedHere(have, out[i].Group, *at, c.Head) {
			out[i].Anchor, out[i].Exhibit.Note = nil, promoter.NoteRefused
		}
	}
	return out
}

// onDisplay are the findings that people see, with the groups they are in.
func onDisplay(have []promoter.Notice) map[int64]string {
	out := map[int64]string{}
	for _, n := range have {
		for _, i := range n.Items {
			if n.OnDisplay() && i.Live() && (out[i.Finding] == "" || n.Surface == promoter.SurfaceReview) {
				out[i.Finding] = n.Group
			}
		}
	}
	return out
}

// claim decides about one sighting. ok is false when it shall not be shown.
func (d *decider) claim(ctx context.Context, c promoter.Change, scope store.Scope, s *store.Sighting, shown bool) (promoter.Claim, bool) {
	f := d.book.findings[s.Finding]
	claim := promoter.Claim{Finding: s.Finding, Version: f.Version, Cohort: d.cohorts[f.CohortID], Hold: true}
	claim.Team = d.teamOf(claim.Cohort)
	// What the change brought stays the change's, wherever its lines go, and
	// turning it back into a draft takes nothing away.
	doc := &input.Change{Origin: input.Introduced, OnDiff: true, Draft: c.Draft && !shown, Bot: c.Bot, Fork: c.Fork}
	scan := d.book.newestScan(scope.No)
	place, current := d.placeAtHead(ctx, scope, scan, s.Place, c)
	switch {
	case current && s.State == store.SightingPresent:
		origin, anchor := promoter.Attribute(place, d.baseline(s.Finding, scope, scan, c.MergeBase), c)
		doc.OnDiff, claim.Anchor, claim.Hold = anchor != nil, anchor, false
		if !shown {
			doc.Origin = string(origin)
		}
		if origin == promoter.Unattributed && !shown {
			d.report.Findings.NotAttributable++
		}
	case !shown:
		d.report.Findings.Stale++
		if claim.Cohort.Stage >= promoter.Advise {
			d.waits(s.Finding, c.Number)
		}
		return claim, false
	}
	v := d.ask(ctx, s, c.MergeBase, c.Number, doc)
	if claim.Cohort.Stage < promoter.Advise {
		return claim, false // whatever the policy says, or does not say: the stage binds
	}
	if !v.decided {
		if claim.Cohort.Stage == promoter.Enforce {
			d.undecided++
		}
		claim.Hold = true
		v.answer = d.lastAnswer(s.Finding, c.Number)
	} else if !slices.Contains(v.answer.Surfaces, input.SurfaceReview) && !slices.Contains(v.answer.Surfaces, input.SurfaceSummary) {
		return claim, false
	}
	if !slices.Contains(v.answer.Surfaces, input.SurfaceReview) {
		claim.Anchor = nil
	}
	claim.Fails = fails(claim, v.answer)
	d.dress(&claim, f, place, s.Parts, v.answer, c.Number)
	d.askOwners(ctx, &claim, scope.Source, c.MergeBase, place)
	claim.Exhibit.Task = d.taskOf(s.Finding)
	return claim, true
}

func (d *decider) lastAnswer(no int64, number int) (a input.SurfaceAnswer) {
	if dec, ok := d.newest[decisionKey{no, number}]; ok {
		_ = json.Unmarshal(dec.Answer, &a) // ours, and only used for its threshold and reasons
	}
	return a
}

// dress fills in what a reader sees. Of a secret, parts of a sighting hold the
// keyed hash.
func (d *decider) dress(claim *promoter.Claim, f *store.Finding, place *finding.Place, parts finding.Parts, answer input.SurfaceAnswer, number int) {
	full := f.Facts
	full.Place = place
	if full.Fix != nil && !covers(claim.Anchor, place) {
		// A suggestion replaces the lines its comment stands on, no others.
		full.Fix = &finding.Fix{Description: full.Fix.Description}
	}
	known := d.riskOf(full)
	claim.Value = promoter.Value(full, known)
	grouped := full
	if answer.Group == input.GroupSecret {
		grouped.Parts = parts
	}
	claim.Group = groupOf(f.No, grouped, answer.Group)
	threshold, _ := finding.ParseSeverity(answer.Threshold)
	claim.Exhibit = promoter.Exhibit{
		RepoID: d.book.repo().ID, PullRequest: number, Name: promoter.FindingName(d.book.repo().FullName(), f.No),
		Finding: full, Stage: claim.Cohort.Stage, Threshold: threshold,
		Cohort: cmp.Or(d.called[decisionKey{f.No, number}], claim.Cohort.Key), Reasons: answer.Reasons,
		Risk: known, Attack: attackOf(full), Ask: groupIn(d.Settings, d.book.repo(), pathOf(place)).Ask,
	}
}

// attackOf says what an attack takes, where a report gives a CVSS vector.
func attackOf(f finding.Finding) string {
	v, err := cvss.Parse(f.Vector)
	if err != nil {
		return ""
	}
	return v.Words()
}

func covers(a *promoter.Anchor, p *finding.Place) bool {
	return a != nil && p != nil && a.StartLine == p.StartLine && a.Line == max(p.StartLine, p.EndLine)
}

// cause says why a finding on display in a pull request is no longer wanted.
func (d *decider) cause(no int64, number int) promoter.RemovalCause {
	return d.causeOf(no, number, func(ref string) bool { return store.ChangeOf(ref) == number })
}

// causeOf says it of the refs that count.
func (d *decider) causeOf(no int64, number int, counts func(ref string) bool) promoter.RemovalCause {
	var last *store.Sighting
	for _, s := range d.book.of(no) {
		if counts(d.book.scopes[s.Scope].Ref) && (last == nil || s.LastScan > last.LastScan) {
			last = s
		}
	}
	switch {
	case last != nil && last.State == store.SightingSuppressed:
		return promoter.RemovedAnswered
	case last != nil && last.State == store.SightingGone && last.Cause == store.GoneFixed:
		return promoter.RemovedFixed
	case last != nil && last.State == store.SightingGone:
		return promoter.RemovedPolicy
	case d.cohorts[d.book.findings[no].CohortID].Stage < promoter.Advise:
		return promoter.RemovedStage
	case d.excepted(no, number):
		return promoter.RemovedAnswered
	}
	return promoter.RemovedPolicy
}

// excepted tells whether the newest decision was made under an exception.
func (d *decider) excepted(no int64, number int) bool {
	var doc input.Surface
	dec, ok := d.newest[decisionKey{no, number}]
	return ok && json.Unmarshal(dec.Input, &doc) == nil && len(doc.Exceptions) > 0
}

// take books the planned notices and keeps the actions for act.
func (d *decider) take(acts []promoter.Action, c promoter.Change) {
	for _, a := range acts {
		if a.Step == promoter.StepWithdraw {
			if why, plan := d.allowance.LetWithdraw(a, d.book.repo().ID); why != "" {
				d.deferWithdrawal(d.book.repo().ID, a, why, plan)
				continue
			}
		}
		if a.Notice.No >= d.book.next.Notice {
			d.book.next.Notice = a.Notice.No + 1
		}
		if len(a.Verbs) == 0 || a.Before.No == 0 {
			d.book.notices = append(d.book.notices, a.Notice)
		}
		if len(a.Verbs) > 0 {
			d.actions = append(d.actions, planned{Action: a, repo: d.book.repo(), commit: c.Head, cohorts: d.cohortsOf(a.Notice)})
		}
	}
}

func (r *runner) cohortsOf(n promoter.Notice) []promoter.Cohort {
	var out []promoter.Cohort
	for _, i := range n.Items {
		c := r.cohorts[i.CohortID]
		if c.ID != 0 && !slices.ContainsFunc(out, func(o promoter.Cohort) bool { return o.ID == c.ID }) {
			out = append(out, c)
		}
	}
	return out
}

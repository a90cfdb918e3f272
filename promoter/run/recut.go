package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/ladder"
	"github.com/sluice-sec/sluice/promoter/store"
)

// recut places findings where another policy or other settings have them, all
// of them before anything is decided, because a new cohort begins at the lowest
// stage of its members. What would withdraw more than a run may, or show what
// no evidence let through, waits for a person: until then, and for good if the
// answer is no, those findings stay where they are.
func (r *runner) recut(ctx context.Context) error {
	law := store.Cut{PolicyRev: r.Decider.Revision(), SettingsRev: r.Settings.Revision()}
	last, err := r.Store.Cut(ctx)
	if err != nil || last == law && !slices.ContainsFunc(r.approvals, waitingRecut) {
		return err
	}
	// Nothing may be decided before: an empty cohort would be made that the
	// findings then fall into.
	for range recutTries {
		if err = r.recutOnce(ctx, law); !overtaken(err) {
			return err
		}
		cohorts, err := r.Store.Cohorts(ctx)
		if err != nil {
			return err
		}
		r.know(cohorts)
	}
	return fmt.Errorf("recut: cohorts are moved all the time: %w", err)
}

// recutTries is how often a run tries when somebody moves cohorts meanwhile.
const recutTries = 3

func (r *runner) recutOnce(ctx context.Context, law store.Cut) error {
	r.report.Recut = 0
	p, err := r.placing(ctx)
	if err != nil {
		return err
	}
	cuts := ladder.Recut(slices.Collect(maps.Values(p.ways)), func(key string) (promoter.Cohort, bool) {
		c, ok := r.byKey[key]
		return c, ok
	}, func(id int64) int { return p.stay[id] })
	todo, waits, err := r.allowedCuts(cuts)
	if err != nil {
		return err
	}
	if err := r.carryOutCuts(todo); err != nil {
		return err
	}
	if err := r.expireRecuts(); err != nil || waits || p.unsure {
		return err
	}
	return r.Store.SetCut(r.keep, law)
}

func waitingRecut(a promoter.Approval) bool {
	return a.Kind == promoter.ApprovalRecut && a.State == promoter.ApprovalWaiting
}

// placing is where the policy would have every finding.
type placing struct {
	ways   map[wayKey]ladder.Way
	stay   map[int64]int // findings that stay, by cohort, of those that stand somewhere
	unsure bool          // the policy did not say of all
}

type wayKey struct {
	from int64
	into string
}

// placed is one finding on its way.
type placed struct {
	member     promoter.Member
	base, into string
	now        promoter.Cohort
	rule, repo string
	open       bool
	hidden     int
}

func (r *runner) placing(ctx context.Context) (*placing, error) {
	standings, err := r.Store.Standings(ctx)
	if err != nil {
		return nil, err
	}
	back := map[int64]promoter.Stage{}
	for _, s := range standings {
		back[s.ID] = s.Stage
		if s.Override != nil {
			back[s.ID] = min(s.Stage, s.Override.Back) // a stage for a while is not handed on for good
		}
	}
	p := &placing{ways: map[wayKey]ladder.Way{}, stay: map[int64]int{}}
	var all []placed
	for _, id := range slices.Sorted(maps.Keys(r.repos)) {
		found, err := r.placedIn(ctx, p, id)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	parts := map[string]bool{} // what is carved out of a cohort takes its findings from wherever they come
	for _, f := range all {
		if f.into != f.base {
			parts[f.into] = true
		}
	}
	for _, f := range all {
		for _, c := range []evidence.Carve{{Rule: f.rule}, {Repository: f.repo}} {
			if key := ladder.CarveKey(f.base, c); f.into == f.base && f.into != f.now.Key && parts[key] {
				f.into = key
			}
		}
		p.add(f, back[f.now.ID])
	}
	return p, nil
}

func (p *placing) add(f placed, stage promoter.Stage) {
	open := 0
	if f.open {
		open = 1
	}
	if f.into == f.now.Key {
		p.stay[f.now.ID] += open
		return
	}
	key := wayKey{f.now.ID, f.into}
	w := p.ways[key]
	w.From, w.Stage, w.Into = f.now, stage, f.into
	w.Open += open
	w.Hidden += f.hidden
	w.Members = append(w.Members, f.member)
	p.ways[key] = w
}

// placedIn asks of all findings of a repository. What is known anew of a finding
// itself is no recut.
func (r *runner) placedIn(ctx context.Context, p *placing, repoID int64) ([]placed, error) {
	snap, err := r.Store.Load(ctx, repoID)
	if err != nil {
		return nil, err
	}
	b := newBook(snap, r.id, r.Now().UTC())
	open, display := map[int64]bool{}, onDisplayIn(snap.Notices)
	for _, s := range b.all {
		open[s.Finding] = open[s.Finding] || s.Until == 0
	}
	var out []placed
	for _, no := range slices.Sorted(maps.Keys(b.findings)) {
		f := b.findings[no]
		now := r.cohorts[f.CohortID]
		if now.ID == 0 {
			continue
		}
		one := placed{member: promoter.Member{RepoID: repoID, Finding: no}, now: now, rule: f.Facts.Rule.ID, repo: b.repo().FullName(), open: open[no], hidden: display[no]}
		answer := r.askCohort(ctx, b, no)
		_, decided := b.newestDecision(no)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case answer.Outcome != policy.Decided:
			p.unsure = true
			one.base, one.into = now.Key, now.Key
		case decided && b.factsChanged(no):
			one.base, one.into = now.Key, now.Key
		case strings.Join(answer.Answer.Key, "/") == ladder.Whole(now.Key):
			one.base, one.into = now.Key, now.Key // what is carved out of it moves by itself
		default:
			one.base = strings.Join(answer.Answer.Key, "/")
			if one.into = r.partOf(one.base, one.rule, one.repo); one.into == one.base {
				one.into = ladder.KeyUnder(one.base, now)
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// onDisplayIn counts the items by which people see each finding, but for those
// that are kept.
func onDisplayIn(notices []promoter.Notice) map[int64]int {
	out := map[int64]int{}
	for _, n := range notices {
		for _, i := range n.Items {
			if n.State == promoter.NoticePosted && i.Live() && i.Kept == "" && !i.ShownAt.IsZero() {
				out[i.Finding]++
			}
		}
	}
	return out
}

// allowedCuts leaves out what waits for a person, or was refused.
func (r *runner) allowedCuts(cuts []ladder.Cut) (todo []ladder.Cut, waits bool, err error) {
	var down, up []promoter.PlannedMove
	hidden := 0
	for _, c := range cuts {
		for _, w := range c.Ways {
			move := promoter.PlannedMove{CohortID: w.From.ID, Cohort: w.From.Key, Generation: w.From.Generation, From: w.From.Stage, To: c.Stage,
				Kind: promoter.MoveRecut, Into: c.Into, Findings: len(w.Members)}
			switch hides := c.Hides(w); {
			case c.Rises(w):
				up = append(up, move)
			case hides > 0:
				down, hidden = append(down, move), hidden+hides
			}
		}
	}
	refused := map[wayKey]bool{}
	ask := func(moves []promoter.PlannedMove, reason string) error {
		state, err := r.answerTo(promoter.ApprovalRecut, moves, "", reason)
		if state != promoter.ApprovalApproved {
			waits = waits || state == promoter.ApprovalWaiting
			for _, m := range moves {
				refused[wayKey{m.CohortID, m.Into}] = true
				r.report.Recut += m.Findings
			}
		}
		return err
	}
	if hidden > r.Settings.Ceilings.Run.Withdraw {
		err = ask(down, fmt.Sprintf("an edit of policy or settings cuts cohorts otherwise, which takes %d comments away; ceilings.run.withdraw is %d", hidden, r.Settings.Ceilings.Run.Withdraw))
	}
	if len(up) > 0 && err == nil {
		err = ask(up, "an edit of policy or settings puts findings into cohorts that stand higher than theirs")
	}
	for _, c := range cuts {
		c.Ways = slices.DeleteFunc(c.Ways, func(w ladder.Way) bool { return refused[wayKey{w.From.ID, w.Into}] })
		if len(c.Ways) > 0 {
			todo = append(todo, c)
		}
	}
	return todo, waits, err
}

// carryOutCuts makes the recuts, all in one, or none: somebody who moved one of
// the cohorts meanwhile was first.
func (r *runner) carryOutCuts(cuts []ladder.Cut) error {
	if len(cuts) == 0 {
		return nil
	}
	var all []promoter.Recut
	for _, c := range cuts {
		one := promoter.Recut{Into: c.Into, Found: c.Found, Stage: c.Stage, Reason: whyRecut(c), Actor: runActor, RunID: r.id, At: r.Now().UTC()}
		for _, w := range c.Ways {
			one.From = append(one.From, promoter.RecutFrom{CohortID: w.From.ID, Stage: w.From.Stage, Members: w.Members})
		}
		all = append(all, one)
	}
	if _, err := r.Store.Recut(r.keep, all); err != nil {
		return fmt.Errorf("recut: %w", err)
	}
	for _, one := range all {
		from := one.Stage
		for _, f := range one.From {
			from = max(from, f.Stage)
		}
		r.tellMove(one.Into, promoter.Move{From: from, To: one.Stage, Kind: promoter.MoveRecut, Reason: one.Reason, At: one.At})
	}
	cohorts, err := r.Store.Cohorts(r.keep)
	if err == nil {
		r.know(cohorts)
	}
	return err
}

func whyRecut(c ladder.Cut) string {
	var from []string
	for _, w := range c.Ways {
		from = append(from, fmt.Sprintf("%d of %s (%s)", len(w.Members), w.From.Key, w.From.Stage))
	}
	return "policy or settings cut cohorts otherwise: its findings are " + strings.Join(from, ", ")
}

// expireRecuts ends the plans whose recuts are not asked for any more.
func (r *runner) expireRecuts() error {
	for i, a := range r.approvals {
		if !waitingRecut(a) || r.met[a.ID] {
			continue
		}
		err := r.Store.DecideApproval(r.keep, a.ID, promoter.ApprovalExpired, runActor, "the cohorts are cut otherwise again, or have moved", r.Now().UTC())
		if err != nil && !overtaken(err) {
			return fmt.Errorf("expire plan %s: %w", a.ID, err)
		}
		r.approvals[i].State = promoter.ApprovalExpired
	}
	return nil
}

// notRecut tells whether a person was asked to let findings go from one cohort
// to another, and did not say yes.
func (r *runner) notRecut(now promoter.Cohort, into string) bool {
	return slices.ContainsFunc(r.approvals, func(a promoter.Approval) bool {
		return a.Kind == promoter.ApprovalRecut && (a.State == promoter.ApprovalWaiting || a.State == promoter.ApprovalRejected) &&
			slices.ContainsFunc(a.Moves, func(m promoter.PlannedMove) bool { return m.CohortID == now.ID && m.Into == into })
	})
}

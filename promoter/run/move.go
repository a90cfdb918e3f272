package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/ladder"
	"github.com/sluice-sec/sluice/promoter/store"
)

// move asks for each cohort's stage and moves those that may: what falls first,
// then what people ordered, then what climbs. What needs a person waits as a
// plan. No pause and no ceiling holds up an alarm.
func (r *runner) move(ctx context.Context) error {
	if err := r.countBacklog(ctx); err != nil {
		return err
	}
	steps := ladder.Decide(r.standings, r.askStage(ctx), ladder.RulesOf(r.Settings), r.Now().UTC())
	m := &mover{runner: r, steps: steps, at: map[int64]int{}}
	for i, s := range steps {
		m.at[s.Cohort.ID] = i
		if s.Err != nil {
			r.report.PolicyErrors++
			r.report.fail("policy", fmt.Errorf("stage of %s: %w", s.Cohort.Key, s.Err))
		}
	}
	if err := ctx.Err(); err != nil {
		return err // what a stopped policy said is not to be acted on
	}
	for _, part := range []func(context.Context) error{m.alarms, m.lowered, m.orders, m.climb, m.withdrawn, r.findNoisy} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// askStage puts the stage question. Its timeouts and errors are no answer.
func (r *runner) askStage(ctx context.Context) ladder.Policy {
	return func(in input.Stage) (input.StageAnswer, error) {
		got := r.Decider.Stage(ctx, in)
		if got.Outcome != policy.Decided {
			return input.StageAnswer{}, cmp.Or(got.Err, fmt.Errorf("the policy gave no answer (%s)", got.Outcome))
		}
		return got.Answer, nil
	}
}

// backlogWeeks is over how long what is new is counted.
const backlogWeeks = 4

// countBacklog counts what stands on default branches, if any cohort could
// climb by it.
func (r *runner) countBacklog(ctx context.Context) error {
	now, dwell := r.Now().UTC(), ladder.RulesOf(r.Settings).Dwell
	matters := slices.ContainsFunc(r.standings, func(s ladder.Standing) bool {
		return s.Stage == promoter.Triage && s.Name.Whole() && s.Held == "" && s.Evidence != nil && s.Evidence.Move == evidence.Stay && now.Sub(s.Since) >= dwell
	})
	if !matters {
		return nil
	}
	counts, err := r.Store.Backlog(ctx, now.AddDate(0, 0, -7*backlogWeeks))
	if err != nil {
		return err
	}
	type lot struct{ group, severity string }
	open, fresh := map[lot]int{}, map[lot]int{}
	for _, s := range r.standings {
		l := lot{s.Name.Group, s.Name.Severity}
		open[l] += counts[s.ID].Open
		fresh[l] += counts[s.ID].New
	}
	for i := range r.standings {
		s := &r.standings[i]
		l := lot{s.Name.Group, s.Name.Severity}
		s.Backlog = ladder.Backlog{Known: counts[s.ID].Open > 0, Open: open[l], NewPerWeek: float64(fresh[l]) / backlogWeeks}
	}
	return nil
}

// mover carries the ladder's steps out.
type mover struct {
	*runner
	steps []ladder.Step
	at    map[int64]int // by cohort
}

// alarms lowers what must fall and carves out what is noisy.
func (m *mover) alarms(ctx context.Context) error {
	for _, s := range m.steps {
		if !s.Alarm {
			continue
		}
		if err := m.do(ctx, s, m.why(s)); err != nil {
			return err
		}
	}
	return nil
}

// lowered makes the moves down that follow from an edit of policy or settings.
// Beyond the ceiling of withdrawals they wait for a person, all together.
func (m *mover) lowered(ctx context.Context) error {
	var down []ladder.Step
	var hidden int
	for _, s := range m.steps {
		if s.Alarm || s.Kind != promoter.MoveRollback && s.Kind != promoter.MoveCarve {
			continue
		}
		n, err := m.Store.Displayed(ctx, s.Cohort.ID)
		if err != nil {
			return err
		}
		down, hidden = append(down, s), hidden+n
	}
	if len(down) == 0 {
		return nil
	}
	if hidden > m.Settings.Ceilings.Run.Withdraw {
		reason := fmt.Sprintf("an edit of policy or settings lowers %d cohorts, which takes %d comments away; ceilings.run.withdraw is %d", len(down), hidden, m.Settings.Ceilings.Run.Withdraw)
		if ok, err := m.approved(promoter.ApprovalMass, down, reason); err != nil || !ok {
			return err
		}
	}
	for _, s := range down {
		if err := m.do(ctx, s, m.why(s)); err != nil {
			return err
		}
	}
	return nil
}

// orders ends overrides, and holds and releases for the evidence.
func (m *mover) orders(ctx context.Context) error {
	for _, s := range m.steps {
		switch s.Kind {
		case promoter.MoveOverride, promoter.MoveHold, promoter.MoveRelease:
			if err := m.do(ctx, s, m.why(s)); err != nil {
				return err
			}
		}
	}
	return nil
}

// climb makes or proposes the moves up, bundle by bundle: those of each bundle
// from the highest severity down, so that none is ever ahead if the run ends
// between two of them.
func (m *mover) climb(ctx context.Context) error {
	done := map[string]bool{}
	for _, s := range m.steps {
		key := fmt.Sprint(s.With)
		if s.Kind != promoter.MovePromote || done[key] {
			continue
		}
		done[key] = true
		bundle := m.bundle(s.With)
		if s.Apply == input.ApplyPropose {
			ok, err := m.approved(promoter.ApprovalProposal, bundle, m.whyAll(bundle))
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
		}
		for _, b := range bundle {
			if m.cohorts[b.Cohort.ID].Stage >= b.To {
				continue // went up with another bundle
			}
			if err := m.do(ctx, b, m.why(b)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *mover) bundle(ids []int64) []ladder.Step {
	out := make([]ladder.Step, 0, len(ids))
	for _, id := range ids {
		out = append(out, m.steps[m.at[id]])
	}
	slices.SortFunc(out, func(a, b ladder.Step) int { return ladder.BySeverity(a.Name, b.Name) })
	return out
}

// approved tells whether a person approved exactly these moves; if nobody was
// asked yet, a plan is made that waits. A rejected one stays rejected for as
// long as the cohorts stay as they are.
func (m *mover) approved(kind promoter.ApprovalKind, steps []ladder.Step, reason string) (bool, error) {
	moves := make([]promoter.PlannedMove, len(steps))
	for i, s := range steps {
		moves[i] = promoter.PlannedMove{CohortID: s.Cohort.ID, Cohort: s.Cohort.Key, Generation: s.Cohort.Generation, From: s.Cohort.Stage, To: s.To, Kind: s.Kind}
	}
	about := ""
	if kind == promoter.ApprovalProposal {
		about = steps[len(steps)-1].Cohort.Key
	}
	state, err := m.answerTo(kind, moves, about, reason)
	return state == promoter.ApprovalApproved, err
}

// answerTo is what people said of exactly these moves; if nobody was asked yet,
// a plan is made that waits.
func (r *runner) answerTo(kind promoter.ApprovalKind, moves []promoter.PlannedMove, cohort, reason string) (promoter.ApprovalState, error) {
	for _, a := range r.approvals {
		if a.Kind == kind && slices.Equal(a.Moves, moves) && a.State != promoter.ApprovalExpired {
			r.met[a.ID] = true
			return a.State, nil
		}
	}
	a := promoter.Approval{
		ID: r.planID(excessKey{kind, cohort}, moves), Kind: kind, Cohort: cohort, State: promoter.ApprovalWaiting,
		RunID: r.id, Created: r.Now().UTC(), Moves: moves, Reason: reason,
	}
	if err := r.Store.SaveApproval(r.keep, a); err != nil {
		return "", fmt.Errorf("save plan %s: %w", a.ID, err)
	}
	r.approvals, r.met[a.ID] = append(r.approvals, a), true
	return a.State, nil
}

// withdrawn ends the plans whose moves the ladder no longer asks for.
func (m *mover) withdrawn(context.Context) error {
	for i, a := range m.approvals {
		if a.State != promoter.ApprovalWaiting || len(a.Moves) == 0 || m.met[a.ID] || a.Kind == promoter.ApprovalRecut {
			continue
		}
		err := m.Store.DecideApproval(m.keep, a.ID, promoter.ApprovalExpired, runActor, "the cohorts or their evidence have changed", m.Now().UTC())
		if err != nil && !overtaken(err) {
			return fmt.Errorf("expire plan %s: %w", a.ID, err)
		}
		m.approvals[i].State = promoter.ApprovalExpired
	}
	return nil
}

// do makes one move and tells it. Somebody who moved the cohort meanwhile was
// first, and that is all there is to it.
func (m *mover) do(ctx context.Context, s ladder.Step, reason string) error {
	standing := &m.standings[m.at[s.Cohort.ID]]
	grounds, err := m.grounds(ctx, standing)
	if err != nil {
		return err
	}
	if grounds != nil {
		grounds.Alarm = s.Alarm
	}
	move := promoter.Move{
		CohortID: s.Cohort.ID, From: s.Cohort.Stage, To: s.To, Kind: s.Kind, Reason: reason,
		Actor: runActor, RunID: m.id, At: m.Now().UTC(), Grounds: grounds,
	}
	if s.Kind == promoter.MoveCarve {
		return m.carve(ctx, s, move)
	}
	c, err := m.Store.MoveCohort(m.keep, move)
	if overtaken(err) {
		m.report.warn(err.Error())
		return nil
	}
	if err != nil {
		return fmt.Errorf("move %s: %w", s.Cohort.Key, err)
	}
	m.know([]promoter.Cohort{c})
	m.tellMove(c.Key, move)
	return nil
}

// runActor is who moves cohorts in a run. Who started the run is in the ledger too.
const runActor = "sluice"

func (m *mover) carve(ctx context.Context, s ladder.Step, move promoter.Move) error {
	move.To = max(s.Cohort.Stage-1, promoter.Observe)
	for _, part := range s.Carve {
		if s.Alarm {
			var err error
			if move.Reason, err = m.whyCarved(ctx, m.at[s.Cohort.ID], part); err != nil {
				return err
			}
		}
		key := ladder.CarveKey(s.Cohort.Key, part)
		parent, child, err := m.Store.CarveCohort(m.keep, move, key)
		if overtaken(err) {
			m.report.warn(err.Error())
			return nil
		}
		if err != nil {
			return fmt.Errorf("carve %s: %w", key, err)
		}
		m.know([]promoter.Cohort{parent, child})
		of := move
		of.To = child.Stage
		m.tellMove(key, of)
	}
	return nil
}

func overtaken(err error) bool {
	var c *store.ConflictError
	return errors.As(err, &c)
}

func (r *runner) tellMove(key string, m promoter.Move) {
	r.Log.Info("move", zap.String("cohort", key), zap.Stringer("from", m.From), zap.Stringer("to", m.To), zap.String("kind", string(m.Kind)), zap.String("reason", m.Reason))
	r.report.Moves = append(r.report.Moves, MoveLine{Cohort: key, From: m.From, To: m.To, Kind: m.Kind, Reason: m.Reason, At: m.At})
}

// why says in plain words why a cohort moves.
func (m *mover) why(s ladder.Step) string {
	e := m.standings[m.at[s.Cohort.ID]].Evidence
	switch {
	case s.Alarm && e.Audited:
		return fmt.Sprintf("too noisy, the audit found: %v; complaints about %d of what was shown together", e.Interval, e.Complaints)
	case s.Alarm:
		return fmt.Sprintf("too noisy: %v; complaints about %d of what was shown together", e.Interval, e.Complaints)
	case s.Kind == promoter.MoveHold:
		return s.Blocker
	case s.Kind == promoter.MoveRelease:
		return "the evidence asks for no audit any more"
	case s.Kind == promoter.MoveOverride:
		return "the override is over: " + m.standings[m.at[s.Cohort.ID]].Override.Reason
	case s.Kind == promoter.MovePromote && slices.Contains(s.Reasons, "evidence-good"):
		return e.Interval.String()
	}
	words := make([]string, len(s.Reasons))
	for i, code := range s.Reasons {
		words[i] = cmp.Or(inWords[code], code)
	}
	return strings.Join(words, ", ")
}

// inWords are the reasons of the rules for a climb; those of others stay as they are.
var inWords = map[string]string{
	"next-in-line":    "next in line: the security team may judge a sample of it",
	"healthy-backlog": "a healthy backlog",
	"carried":         "carried along by a lower severity",
}

func (m *mover) whyAll(bundle []ladder.Step) string {
	lines := make([]string, len(bundle))
	for i, s := range bundle {
		lines[i] = fmt.Sprintf("%s: %s -> %s (%s)", s.Cohort.Key, s.Cohort.Stage, s.To, m.why(s))
	}
	return strings.Join(lines, "; ")
}

// MoveLine is one move, for people. When it hid something, quiet was at At, and
// Tidied says when it is clean.
type MoveLine struct {
	Cohort string            `json:"cohort"`
	From   promoter.Stage    `json:"from"`
	To     promoter.Stage    `json:"to"`
	Kind   promoter.MoveKind `json:"kind"`
	Reason string            `json:"reason"`
	At     time.Time         `json:"at"`
}

// TidyLine says how far the cleaning after a move is: when nothing new was
// shown any more, and when the last of it was gone.
type TidyLine struct {
	Cohort string    `json:"cohort"`
	Quiet  time.Time `json:"quiet"`
	Clean  time.Time `json:"clean,omitzero"` // zero: not yet
	Left   int       `json:"left"`           // still on display
}

// tidied tells which moves down have nothing left on display, and when that was.
func (r *runner) tidied(ctx context.Context) error {
	open, err := r.Store.Untidied(ctx)
	if err != nil {
		return err
	}
	for _, u := range open {
		left, err := r.Store.Displayed(ctx, u.CohortID)
		if err != nil {
			return err
		}
		line := TidyLine{Cohort: r.cohorts[u.CohortID].Key, Quiet: u.At, Left: left}
		if left == 0 && len(r.unsure) == 0 && r.sel == (Selection{}) {
			line.Clean = r.Now().UTC()
			if err := r.Store.SetTidied(r.keep, u.CohortID, line.Clean); err != nil {
				return err
			}
		}
		r.report.Tidied = append(r.report.Tidied, line)
	}
	return nil
}

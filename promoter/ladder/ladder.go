// Package ladder decides which cohorts move, and how: it lays the policy's
// answers over the evidence and keeps what must hold whatever the policy says.
// It is pure: the policy is a function it is given, the day an argument.
//
// What it keeps: an alarm lowers a cohort one rung, also if the policy breaks;
// nothing climbs more than one rung, nor while it is held; enforce needs a
// person; and no severity gets ahead of a higher one, except of one that was
// rolled back or is held. The run and `sluice simulate` decide by the same code.
//
// The awkward truth: a proposal is about the ladder as it stood when it was
// made. When the set of cohorts it would move changes, it is another proposal,
// and whoever approved the old one has to look again.
package ladder

import (
	"cmp"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
)

// Standing is one cohort as it stands, with all that its next stage depends on.
type Standing struct {
	promoter.Cohort
	Name     Name
	Wave     int    // of its group; 0 comes last
	Held     string // why a person holds it; "" if nobody does
	Paused   bool   // the evidence has put it on hold before, and nobody released it
	Override *promoter.Override
	Fell     time.Time        // the last time it went down; zero if never
	Sunk     bool             // its last move was down
	Backlog  Backlog          // of its group and severity
	Evidence *evidence.Result // nil: it could not be weighed, and nothing moves
}

// Backlog is what stands on a group's default branches.
type Backlog struct {
	Known      bool
	Open       int
	NewPerWeek float64
}

// Rules are the numbers of the settings that the ladder itself needs.
type Rules struct {
	Dwell, CoolDown time.Duration
	Open            int     // of a healthy backlog
	NewPerWeek      float64 // of a healthy backlog
}

// Policy answers the stage question. An error means that it gave no answer.
type Policy func(input.Stage) (input.StageAnswer, error)

// Step is what becomes of one cohort. One that stays has the reasons all the same.
type Step struct {
	Cohort  promoter.Cohort
	Name    Name
	Kind    promoter.MoveKind // "" when it stays
	To      promoter.Stage
	Apply   string           // input.ApplyAutomatic or input.ApplyPropose; of a move
	Carve   []evidence.Carve // parts that go down alone; To is then where it stands
	Audit   bool             // the security team is to judge a sample
	Alarm   bool             // the evidence asked for it, and nothing may hold it up
	With    []int64          // climbs together with these cohorts, or not at all; itself included
	Reasons []string         // codes, of the policy or of this package
	Blocker string           // in plain words what stands in the way of the rung above; "" if nothing does
	Err     error            // the policy gave no answer
}

// Moves tells whether the cohort itself changes its stage.
func (s Step) Moves() bool { return s.To != s.Cohort.Stage }

// Decide returns a step for each standing, in their order.
func Decide(all []Standing, ask Policy, r Rules, now time.Time) []Step {
	d := &decision{all: all, ask: ask, rules: r, now: now, steps: make([]Step, len(all)), holds: make([]bool, len(all)), waves: wavesOf(all)}
	for i := range all {
		d.steps[i] = d.alone(i)
	}
	for _, family := range families(all) {
		d.climb(family)
	}
	return d.steps
}

type decision struct {
	all   []Standing
	ask   Policy
	rules Rules
	now   time.Time
	steps []Step
	holds []bool // the policy's word
	waves map[line][]int
}

// alone decides about one cohort without a look at its neighbours. Where the
// policy would let it climb, To is one rung up and climb sees to the rest.
func (d *decision) alone(i int) Step {
	s := &d.all[i]
	step := Step{Cohort: s.Cohort, Name: s.Name, To: s.Stage}
	answer, err := d.ask(d.question(i, false))
	step.Err = err
	if err == nil {
		step.Reasons, step.Audit, d.holds[i] = answer.Reasons, answer.Audit, answer.Hold
	}
	e := s.Evidence
	switch {
	case d.alarmed(s):
		to := s.Stage - 1
		if lower, ok := stageOf(answer); err == nil && ok && lower < to {
			to = lower
		}
		step.down(to, promoter.MoveRollback)
		step.Alarm, step.Reasons = true, with(step.Reasons, "alarm")
		return step
	case e != nil && e.Move == evidence.CarveOut && s.Name.Whole():
		step.Kind, step.Carve, step.Alarm, step.Apply = promoter.MoveCarve, e.Carve, true, input.ApplyAutomatic
		step.Reasons = with(step.Reasons, "noisy-part")
		return step
	case s.Override != nil && !s.Override.Until.After(d.now):
		if s.Override.Back != s.Stage {
			step.down(s.Override.Back, promoter.MoveOverride)
		}
		step.Reasons = with(step.Reasons, "override-ended")
		return step
	case err != nil || e == nil:
		return step
	}
	if e.Move == evidence.Hold {
		step.Audit, step.Blocker = true, e.Blocker
		if !s.Paused {
			step.Kind, step.Reasons = promoter.MoveHold, with(step.Reasons, "on-hold")
		}
	} else if s.Paused {
		step.Kind, step.Reasons = promoter.MoveRelease, with(step.Reasons, "released")
	}
	to, ok := stageOf(answer)
	switch {
	case !ok:
	case to < s.Stage: // the policy's own word, without an alarm
		step.down(to, promoter.MoveRollback)
	case to > s.Stage && d.held(s, answer) == "":
		step.To, step.Kind, step.Apply, step.With = s.Stage+1, promoter.MovePromote, applied(answer, s.Stage+1), []int64{s.ID}
	case len(answer.Carve) > 0 && s.Name.Whole():
		step.Kind, step.Carve, step.Apply = promoter.MoveCarve, carvesOf(answer.Carve), input.ApplyAutomatic
	}
	if step.Blocker == "" && step.To <= s.Stage {
		step.Blocker = cmp.Or(d.held(s, answer), e.Blocker)
	}
	return step
}

// alarmed tells whether a cohort must fall. What was carved out already is not
// carved again: it falls as it is.
func (d *decision) alarmed(s *Standing) bool {
	if s.Evidence == nil || s.Stage <= promoter.Triage {
		return false
	}
	return s.Evidence.Move == evidence.Rollback || s.Evidence.Move == evidence.CarveOut && !s.Name.Whole()
}

func (s *Step) down(to promoter.Stage, kind promoter.MoveKind) {
	s.To, s.Kind, s.Apply = to, kind, input.ApplyAutomatic
}

// held says why a cohort may not climb, whatever the policy answered.
func (d *decision) held(s *Standing, a input.StageAnswer) string {
	switch {
	case s.Held != "":
		return s.Held
	case s.Override != nil:
		return "a person set its stage until " + s.Override.Until.UTC().Format(time.DateOnly) + ": " + s.Override.Reason
	case s.Evidence.Move == evidence.Hold:
		return s.Evidence.Blocker
	case a.Hold:
		return "the policy holds it"
	}
	return ""
}

func stageOf(a input.StageAnswer) (promoter.Stage, bool) {
	s, err := promoter.ParseStage(a.Stage)
	return s, err == nil
}

// applied: nobody enters enforce by a setting.
func applied(a input.StageAnswer, to promoter.Stage) string {
	if to == promoter.Enforce {
		return input.ApplyPropose
	}
	return a.Apply
}

func with(reasons []string, code string) []string {
	if slices.Contains(reasons, code) {
		return reasons
	}
	out := append(slices.Clone(reasons), code)
	slices.Sort(out)
	return out
}

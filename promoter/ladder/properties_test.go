package ladder_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/ladder"
)

var severities = []string{"critical", "high", "medium", "low", "info"} // highest first

// ladders draws cohorts in any state at all.
func ladders(t *rapid.T) (all []ladder.Standing) {
	id := int64(0)
	for _, group := range []string{"core", "web"}[:rapid.IntRange(1, 2).Draw(t, "groups")] {
		for _, severity := range severities {
			if rapid.IntRange(0, 3).Draw(t, "present") == 0 {
				continue
			}
			id++
			key := fmt.Sprintf("%s/gosec/%s", group, severity)
			if rapid.IntRange(0, 7).Draw(t, "carved") == 0 {
				key += "+rule=G204"
			}
			move := rapid.SampledFrom([]evidence.Move{evidence.Stay, evidence.Promote, evidence.Promote, evidence.Rollback, evidence.CarveOut, evidence.Hold}).Draw(t, "move")
			s := standing(id, key, promoter.Stage(rapid.IntRange(0, 3).Draw(t, "stage")), move)
			if s.Stage < promoter.Advise && (move == evidence.Rollback || move == evidence.CarveOut) {
				s = standing(id, key, s.Stage, evidence.Stay) // the evidence has no alarm there
			}
			s.Wave = map[string]int{"core": 1, "web": 2}[group]
			s.Since = now.Add(-time.Duration(rapid.IntRange(0, 40).Draw(t, "days")) * 24 * time.Hour)
			s.Sunk = rapid.IntRange(0, 4).Draw(t, "sunk") == 0
			s.Held = rapid.SampledFrom([]string{"", "", "", "freeze"}).Draw(t, "held")
			if rapid.IntRange(0, 6).Draw(t, "unweighed") == 0 {
				s.Evidence = nil
			}
			if rapid.IntRange(0, 6).Draw(t, "override") == 0 {
				s.Override = &promoter.Override{Until: now.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "until")) * time.Hour), Back: promoter.Stage(rapid.IntRange(0, 3).Draw(t, "back"))}
			}
			all = append(all, s)
		}
	}
	return all
}

// wild is a policy that says anything, the same to the same question.
func wild(t *rapid.T) ladder.Policy {
	said := map[string]input.StageAnswer{}
	return func(in input.Stage) (input.StageAnswer, error) {
		key := fmt.Sprint(in.Cohort.Key, in.Cohort.Carved, in.Facts.Carried)
		a, ok := said[key]
		if !ok {
			a = input.StageAnswer{
				Stage:   rapid.SampledFrom([]string{"observe", "triage", "advise", "enforce", "enforce", "", "up"}).Draw(t, "answer"),
				Apply:   rapid.SampledFrom([]string{input.ApplyAutomatic, input.ApplyPropose}).Draw(t, "apply"),
				Hold:    rapid.IntRange(0, 4).Draw(t, "hold") == 0,
				Reasons: []string{"wild"},
			}
			if a.Hold {
				a.Reasons = []string{"held"}
			}
			said[key] = a
		}
		if a.Stage == "" {
			return input.StageAnswer{}, errors.New("no answer")
		}
		return a, nil
	}
}

func TestWhateverThePolicySays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := ladders(t)
		ask := rapid.SampledFrom([]ladder.Policy{plain, wild(t)}).Draw(t, "policy")
		steps := ladder.Decide(all, ask, rules, now)
		for i, s := range all {
			step := steps[i]
			over := s.Override != nil && !s.Override.Until.After(now)
			alarm := s.Evidence != nil && s.Evidence.Move == evidence.Rollback
			switch {
			case alarm && (step.To >= s.Stage || step.Apply != input.ApplyAutomatic || !step.Alarm):
				t.Fatalf("%s: an alarm did not lower it: %+v", s.Key, step)
			case alarm:
			case s.Evidence != nil && s.Evidence.Move == evidence.CarveOut && s.Name.Whole() && (len(step.Carve) != 1 || step.Apply != input.ApplyAutomatic):
				t.Fatalf("%s: nothing was carved: %+v", s.Key, step)
			case over:
			case step.To > s.Stage+1:
				t.Fatalf("%s climbs from %v to %v", s.Key, s.Stage, step.To)
			case step.To > s.Stage && (s.Held != "" || s.Override != nil || s.Evidence == nil || s.Evidence.Move == evidence.Hold):
				t.Fatalf("%s climbs although it is held or was not weighed: %+v", s.Key, step)
			case step.To > s.Stage && step.To == promoter.Enforce && step.Apply != input.ApplyPropose:
				t.Fatalf("%s enters enforce without a person", s.Key)
			case step.To > s.Stage && !slices.Contains(step.With, s.ID):
				t.Fatalf("%s climbs in nobody's company: %+v", s.Key, step)
			case step.Moves() != (step.To != s.Stage) || step.Kind == "" && step.Moves():
				t.Fatalf("%s: %+v", s.Key, step)
			}
		}
		ordered(t, all, steps, nil)
		for _, s := range steps {
			if s.Apply == input.ApplyPropose {
				ordered(t, all, steps, s.With) // whichever proposal is approved first
			}
		}
	})
}

// ordered checks that after what goes by itself, and after one proposal, no
// severity is ahead of a higher one that it was not ahead of before.
func ordered(t *rapid.T, all []ladder.Standing, steps []ladder.Step, approved []int64) {
	after := func(i int) promoter.Stage {
		if steps[i].Apply == input.ApplyAutomatic || slices.Contains(approved, all[i].ID) {
			return steps[i].To
		}
		return all[i].Stage
	}
	for i, high := range all {
		exempt := high.Sunk || high.Held != "" || high.Override != nil || steps[i].To < high.Stage ||
			high.Evidence != nil && high.Evidence.Move == evidence.Hold || slices.Contains(steps[i].Reasons, "held")
		if exempt || !high.Name.Whole() {
			continue
		}
		for j, low := range all {
			if low.Name.Whole() && low.Name.Group == high.Name.Group && slices.Index(severities, low.Name.Severity) > slices.Index(severities, high.Name.Severity) &&
				after(j) > low.Stage && low.Override == nil && after(j) > after(i) {
				t.Fatalf("%s climbs to %v, ahead of %s at %v (approved %v)", low.Key, after(j), high.Key, after(i), approved)
			}
		}
	}
}

// The order in which cohorts are given changes nothing.
func TestTheOrderOfCohortsChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := ladders(t)
		steps := ladder.Decide(all, plain, rules, now)
		order := rapid.Permutation(slices.Collect(func(yield func(int) bool) {
			for i := range all {
				if !yield(i) {
					return
				}
			}
		})).Draw(t, "order")
		mixed := make([]ladder.Standing, len(all))
		for at, i := range order {
			mixed[at] = all[i]
		}
		for at, step := range ladder.Decide(mixed, plain, rules, now) {
			if diff := cmp.Diff(steps[order[at]], step, cmpopts.IgnoreUnexported(ladder.Name{})); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

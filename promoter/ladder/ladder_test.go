package ladder_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/ladder"
)

var (
	by    = []string{"group", "scanner", "severity"}
	now   = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	rules = ladder.Rules{Dwell: 14 * 24 * time.Hour, CoolDown: 14 * 24 * time.Hour, Open: 20, NewPerWeek: 5}
)

func standing(id int64, key string, stage promoter.Stage, move evidence.Move) ladder.Standing {
	outcome := map[evidence.Move]evidence.Outcome{
		evidence.Rollback: evidence.Bad, evidence.Promote: evidence.Good, evidence.Stay: evidence.Unmeasured,
		evidence.CarveOut: evidence.Unknown, evidence.Hold: evidence.Unknown,
	}[move]
	e := evidence.Result{Outcome: outcome, Move: move}
	switch move {
	case evidence.CarveOut:
		e.Carve = []evidence.Carve{{Rule: "G204"}}
	case evidence.Hold:
		e.Blocker = "few answer"
	}
	return ladder.Standing{
		Cohort: promoter.Cohort{ID: id, Key: key, Stage: stage, Since: now.AddDate(0, -1, 0)},
		Name:   ladder.ReadName(key, by), Evidence: &e,
	}
}

// plain is a policy in Go: up on good evidence, from observe and when carried.
func plain(in input.Stage) (input.StageAnswer, error) {
	a := input.StageAnswer{Stage: in.Cohort.Stage, Apply: input.ApplyAutomatic, Reasons: []string{"plain"}, Carve: in.Evidence.Carve}
	at, _ := promoter.ParseStage(in.Cohort.Stage)
	up := in.Evidence.Outcome == string(evidence.Good) || at == promoter.Observe || in.Facts.Carried
	if up && at < promoter.Enforce && in.Cohort.Dwelt && !in.Cohort.CoolingDown && in.Facts.EarlierWaves {
		a.Stage = (at + 1).String()
	}
	return a, nil
}

type line struct {
	Key   string
	Kind  promoter.MoveKind
	To    promoter.Stage
	Apply string
	With  []int64
}

func decide(all []ladder.Standing, ask ladder.Policy) (out []line) {
	for _, s := range ladder.Decide(all, ask, rules, now) {
		out = append(out, line{s.Cohort.Key, s.Kind, s.To, s.Apply, s.With})
	}
	return out
}

func TestDecide(t *testing.T) {
	broken := func(input.Stage) (input.StageAnswer, error) {
		return input.StageAnswer{}, errors.New("the policy broke")
	}
	stubborn := func(in input.Stage) (input.StageAnswer, error) {
		return input.StageAnswer{Stage: "enforce", Apply: input.ApplyAutomatic, Reasons: []string{"always"}}, nil
	}
	const auto, propose = input.ApplyAutomatic, input.ApplyPropose
	held := standing(1, "core/gosec/high", promoter.Triage, evidence.Promote)
	held.Held = "release freeze"
	sunk := standing(1, "core/gosec/critical", promoter.Triage, evidence.Stay)
	sunk.Sunk, sunk.Fell = true, now.AddDate(0, 0, -3)
	fresh := standing(1, "core/gosec/critical", promoter.Triage, evidence.Stay)
	fresh.Since = now.AddDate(0, 0, -3)
	first, second := standing(1, "core/gosec/high", promoter.Triage, evidence.Stay), standing(2, "web/gosec/high", promoter.Triage, evidence.Promote)
	first.Wave, second.Wave = 1, 2
	until := func(day time.Time) ladder.Standing {
		s := standing(1, "core/gosec/high", promoter.Advise, evidence.Promote)
		s.Override = &promoter.Override{Until: day, Back: promoter.Triage, Reason: "trial"}
		return s
	}
	for name, c := range map[string]struct {
		all  []ladder.Standing
		ask  ladder.Policy
		want []line
	}{
		"an alarm lowers one rung": {
			[]ladder.Standing{standing(1, "core/gosec/high", promoter.Advise, evidence.Rollback)}, plain,
			[]line{{"core/gosec/high", promoter.MoveRollback, promoter.Triage, auto, nil}},
		},
		"... from enforce to advise": {
			[]ladder.Standing{standing(1, "core/gosec/high", promoter.Enforce, evidence.Rollback)}, plain,
			[]line{{"core/gosec/high", promoter.MoveRollback, promoter.Advise, auto, nil}},
		},
		"... though the policy breaks": {
			[]ladder.Standing{standing(1, "core/gosec/high", promoter.Advise, evidence.Rollback)}, broken,
			[]line{{"core/gosec/high", promoter.MoveRollback, promoter.Triage, auto, nil}},
		},
		"... and though it wants up": {
			[]ladder.Standing{standing(1, "core/gosec/high", promoter.Advise, evidence.Rollback)}, stubborn,
			[]line{{"core/gosec/high", promoter.MoveRollback, promoter.Triage, auto, nil}},
		},
		"a noisy rule leaves alone, though the policy breaks": {
			[]ladder.Standing{standing(1, "core/gosec/high", promoter.Advise, evidence.CarveOut)}, broken,
			[]line{{"core/gosec/high", promoter.MoveCarve, promoter.Advise, auto, nil}},
		},
		"what was carved out falls as it is": {
			[]ladder.Standing{standing(1, "core/gosec/high+rule=G204", promoter.Advise, evidence.CarveOut)}, plain,
			[]line{{"core/gosec/high+rule=G204", promoter.MoveRollback, promoter.Triage, auto, nil}},
		},
		"one rung, and enforce by a person only": {
			[]ladder.Standing{standing(1, "core/gosec/high", promoter.Observe, evidence.Stay), standing(2, "web/gosec/high", promoter.Advise, evidence.Promote)}, stubborn,
			[]line{{"core/gosec/high", promoter.MovePromote, promoter.Triage, auto, []int64{1}}, {"web/gosec/high", promoter.MovePromote, promoter.Enforce, propose, []int64{2}}},
		},
		"a broken policy moves nothing up": {
			[]ladder.Standing{standing(1, "core/gosec/high", promoter.Triage, evidence.Promote)}, broken,
			[]line{{"core/gosec/high", "", promoter.Triage, "", nil}},
		},
		"what is held stays": {[]ladder.Standing{held}, stubborn, []line{{"core/gosec/high", "", promoter.Triage, "", nil}}},
		"the evidence asks for an audit": {
			[]ladder.Standing{standing(1, "core/gosec/high", promoter.Advise, evidence.Hold)}, stubborn,
			[]line{{"core/gosec/high", promoter.MoveHold, promoter.Advise, "", nil}},
		},
		"a lower severity carries the higher ones": {
			[]ladder.Standing{standing(1, "core/gosec/critical", promoter.Triage, evidence.Stay), standing(2, "core/gosec/high", promoter.Triage, evidence.Stay), standing(3, "core/gosec/medium", promoter.Triage, evidence.Promote)}, plain,
			[]line{
				{"core/gosec/critical", promoter.MovePromote, promoter.Advise, auto, []int64{1, 2, 3}},
				{"core/gosec/high", promoter.MovePromote, promoter.Advise, auto, []int64{1, 2, 3}},
				{"core/gosec/medium", promoter.MovePromote, promoter.Advise, auto, []int64{1, 2, 3}},
			},
		},
		"... and waits for one that is behind": {
			[]ladder.Standing{standing(1, "core/gosec/critical", promoter.Triage, evidence.Stay), standing(2, "core/gosec/medium", promoter.Advise, evidence.Promote)}, plain,
			[]line{{"core/gosec/critical", promoter.MovePromote, promoter.Advise, auto, []int64{1}}, {"core/gosec/medium", "", promoter.Advise, "", nil}},
		},
		"... but not for one that was rolled back": {
			[]ladder.Standing{sunk, standing(2, "core/gosec/medium", promoter.Triage, evidence.Promote)}, plain,
			[]line{{"core/gosec/critical", "", promoter.Triage, "", nil}, {"core/gosec/medium", promoter.MovePromote, promoter.Advise, auto, []int64{2}}},
		},
		"one that has just come may not be overtaken": {
			[]ladder.Standing{fresh, standing(2, "core/gosec/medium", promoter.Triage, evidence.Promote)}, plain,
			[]line{{"core/gosec/critical", "", promoter.Triage, "", nil}, {"core/gosec/medium", "", promoter.Triage, "", nil}},
		},
		"a later wave waits": {
			[]ladder.Standing{first, second}, plain,
			[]line{{"core/gosec/high", "", promoter.Triage, "", nil}, {"web/gosec/high", "", promoter.Triage, "", nil}},
		},
		"a person's word for a while keeps it there": {[]ladder.Standing{until(now.Add(time.Hour))}, plain, []line{{"core/gosec/high", "", promoter.Advise, "", nil}}},
		"... and ends": {[]ladder.Standing{until(now)}, plain, []line{{"core/gosec/high", promoter.MoveOverride, promoter.Triage, auto, nil}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, decide(c.all, c.ask), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The evidence has put it on hold; it is released when the evidence no longer says so.
func TestAHoldByTheEvidenceEnds(t *testing.T) {
	s := standing(1, "core/gosec/high", promoter.Advise, evidence.Stay)
	s.Paused = true
	if got := decide([]ladder.Standing{s}, plain); got[0].Kind != promoter.MoveRelease || got[0].To != promoter.Advise {
		t.Error(got)
	}
}

func TestNames(t *testing.T) {
	n := ladder.ReadName("core/gosec/high+repository=acme/shop", by)
	if n.Group != "core" || n.Severity != "high" || n.Carved != (evidence.Carve{Repository: "acme/shop"}) || n.Whole() {
		t.Errorf("%+v", n)
	}
	if got := ladder.CarveKey("core/gosec/high+rule=G1", evidence.Carve{Rule: "java/sql injection+x"}); got != "core/gosec/high+rule=java-sql-injection-x" {
		t.Error(got)
	}
	if n := ladder.ReadName("everything", by); n.Severity != "" || !slices.Equal(n.Labels, []string{"everything"}) {
		t.Errorf("%+v", n)
	}
}

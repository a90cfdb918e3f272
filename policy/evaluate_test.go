package policy_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/input"
)

func TestTheLibraryAnswersAllThreeQuestions(t *testing.T) {
	e := load(t, embedded, policy.Options{})
	in := introduced()
	surface := e.Surface(t.Context(), in)
	want := policy.Result[input.SurfaceAnswer]{
		Outcome: policy.Decided,
		Answer:  input.SurfaceAnswer{Surfaces: []string{"review", "summary"}, Threshold: "high", Group: "finding", Reasons: []string{"introduced"}},
	}
	if diff := cmp.Diff(want, surface); diff != "" {
		t.Errorf("surface (-want +got):\n%s", diff)
	}
	cohort := e.Cohort(t.Context(), input.Cohort{Schema: input.Schema, Finding: in.Finding, Repository: in.Repository})
	if diff := cmp.Diff([]string{"rest", "gosec", "high"}, cohort.Answer.Key); diff != "" {
		t.Errorf("cohort: %v\n%s", cohort.Err, diff)
	}
	stage := e.Stage(t.Context(), input.Stage{
		Schema: input.Schema, Holds: []string{"freeze"},
		Cohort: input.CohortFacts{Key: []string{"rest"}, Stage: "triage", Dwelt: true},
		Facts:  input.StageFacts{Backlog: input.BacklogUnknown, EarlierWaves: true}, Evidence: input.Evidence{Outcome: "good"},
	})
	wantStage := input.StageAnswer{Stage: "triage", Apply: "propose", Hold: true, Carve: []string{}, Reasons: []string{"on-hold"}}
	if diff := cmp.Diff(wantStage, stage.Answer); diff != "" {
		t.Errorf("stage: %v\n%s", stage.Err, diff)
	}
}

func TestNilListsAreEmptyLists(t *testing.T) {
	e := load(t, folder(map[string]string{
		"surface.rego": surfaceAnswering(`sprintf("n-%d", [count(input.exceptions) + count(input.finding.tags)])`, ""),
	}), policy.Options{})
	in := introduced()
	in.Exceptions, in.Finding.Tags = nil, nil
	if got := e.Surface(t.Context(), in); got.Outcome != policy.Decided || got.Answer.Reasons[0] != "n-0" {
		t.Errorf("%+v", got)
	}
}

// What breaks is an outcome with a reason, never a decision.
func TestUnusableAnswersAreNoDecisions(t *testing.T) {
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for name, c := range map[string]struct {
		rego string
		want policy.Outcome
		says string
	}{
		"no rule holds":      {strings.TrimSpace(surfaceAnswering(`"a"`, "")) + ` if input.stage == "never"`, policy.Undefined, "data.sluice.surface.answer is undefined"},
		"conflict":           {surfaceAnswering("a", "\na := \"x\" if input.stage\n\na := \"y\" if input.finding\n"), policy.Failed, "conflict"},
		"broken built-in":    {surfaceAnswering(`sprintf("%v", [to_number(input.stage)])`, ""), policy.Failed, "to_number"},
		"not an object":      {"package sluice.surface\n\nanswer := input.stage\n", policy.Failed, "must be an object"},
		"no reason":          {strings.Replace(surfaceAnswering(`x`, "\nx := \"a\"\n"), `[x]`, `[y | y := x; y != "a"]`, 1), policy.Failed, "reasons is empty"},
		"a reason in prose":  {surfaceAnswering(`"It is noise"`, ""), policy.Failed, "not a code"},
		"unknown surface":    {strings.Replace(surfaceAnswering(`"a"`, ""), `"surfaces": []`, `"surfaces": ["email"]`, 1), policy.Failed, `"email" is not one of queue, review, summary`},
		"unknown severity":   {strings.Replace(surfaceAnswering(`"a"`, ""), `"threshold": ""`, `"threshold": "urgent"`, 1), policy.Failed, `"urgent" is not one of info`},
		"unknown group":      {strings.Replace(surfaceAnswering(`"a"`, ""), `"finding"`, `"file"`, 1), policy.Failed, `"file" is not one of finding, rule, fix`},
		"wrong type":         {strings.Replace(surfaceAnswering(`"a"`, ""), `"route": ""`, `"route": 7`, 1), policy.Failed, "route"},
		"a null":             {strings.Replace(surfaceAnswering(`"a"`, ""), `"route": ""`, `"route": null`, 1), policy.Failed, `lacks the field "route"`},
		"exploding":          {strings.Replace(surfaceAnswering(`"a"`, ""), `["a"]`, `[sprintf("r%d", [i]) | some i in numbers.range(1, 20000)]`, 1), policy.Failed, "larger than"},
		"one endless string": {strings.Replace(surfaceAnswering(`"a"`, ""), `"a"`, `concat("", ["a" | some i in numbers.range(1, 70000)])`, 1), policy.Failed, "larger than"},
		"nested":             {strings.Replace(surfaceAnswering(`"a"`, ""), `"route": ""`, `"route": `+deep, 1), policy.Failed, "route"},
	} {
		t.Run(name, func(t *testing.T) {
			e := load(t, folder(map[string]string{"surface.rego": c.rego}), policy.Options{})
			for range 2 { // fresh, then remembered
				got := e.Surface(t.Context(), introduced())
				if got.Outcome != c.want || (got.Err == nil) != (c.want == policy.Decided) {
					t.Fatalf("outcome %q, %v", got.Outcome, got.Err)
				}
				if c.says != "" && !strings.Contains(got.Err.Error(), c.says) {
					t.Errorf("%v does not say %q", got.Err, c.says)
				}
				if c.want != policy.Decided && !cmp.Equal(got.Answer, input.SurfaceAnswer{}) {
					t.Errorf("an answer came with it: %+v", got.Answer)
				}
			}
		})
	}
}

func TestCohortLabelsMustNotHoldSeparators(t *testing.T) {
	e := load(t, folder(nil), policy.Options{})
	for label, fine := range map[string]bool{"gosec": true, "Ünïcode_1.2:x": true, "": false, "a/b": false, "a+b": false, "a=b": false, "a b": false, "a\x00": false, "a\u2028": false} {
		in := introduced()
		in.Finding.Scanner = label
		got := e.Cohort(t.Context(), input.Cohort{Schema: input.Schema, Finding: in.Finding, Repository: in.Repository})
		if (got.Outcome == policy.Decided) != fine || !fine && !errors.Is(got.Err, policy.ErrAnswer) {
			t.Errorf("%q: %v %v", label, got.Outcome, got.Err)
		}
	}
}

func TestInputsThatCannotBeAskedAbout(t *testing.T) {
	e := load(t, embedded, policy.Options{})
	for name, change := range map[string]func(*input.Surface){
		"another schema": func(in *input.Surface) { in.Schema = 2 },
		"not a number":   func(in *input.Surface) { in.Finding.Score = math.NaN() },
		"infinite":       func(in *input.Surface) { in.Finding.Score = math.Inf(1) },
	} {
		in := introduced()
		change(&in)
		if got := e.Surface(t.Context(), in); got.Outcome != policy.Failed || got.Err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

const loop = `sprintf("n-%d", [count(numbers.range(1, 1000000000))])`

func TestALoopIsStoppedAndInTheEndNotAskedAgain(t *testing.T) {
	defer goleak.VerifyNone(t)
	e := load(t, folder(map[string]string{"surface.rego": surfaceAnswering(loop, "")}), policy.Options{Timeout: 5 * time.Millisecond, SkipTests: true})
	for range 45 {
		if got := e.Surface(t.Context(), introduced()); !errors.Is(got.Err, policy.ErrTimeout) || got.Outcome != policy.Failed {
			t.Fatalf("%+v", got)
		}
	}
	if s := e.Stats(); s.Timeouts != 40 || s.Evaluations != 40 || s.Hits != 0 {
		t.Errorf("a timeout must not be remembered, and 40 are enough: %+v", s)
	}
}

func TestACancelledRunIsNotTheLibrarysFault(t *testing.T) {
	e := load(t, folder(map[string]string{"surface.rego": surfaceAnswering(loop, "")}), policy.Options{Timeout: time.Minute, SkipTests: true})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	got := e.Surface(ctx, introduced())
	if got.Outcome != policy.Failed || !errors.Is(got.Err, context.DeadlineExceeded) || e.Stats().Timeouts != 0 {
		t.Errorf("%+v %+v", got, e.Stats())
	}
}

func TestCallersCannotChangeWhatIsRemembered(t *testing.T) {
	e := load(t, embedded, policy.Options{})
	first := e.Surface(t.Context(), introduced())
	first.Answer.Surfaces[0], first.Answer.Reasons[0] = "queue", "nonsense"
	second := e.Surface(t.Context(), introduced())
	if second.Answer.Surfaces[0] != "review" || second.Answer.Reasons[0] != "introduced" || e.Stats().Hits != 1 {
		t.Errorf("%+v %+v", second, e.Stats())
	}
}

func TestManyAskAtOnce(t *testing.T) {
	e := load(t, embedded, policy.Options{SampleEvery: 3, CacheSize: 4})
	stages := []string{"observe", "triage", "advise", "enforce"}
	want := map[string][]string{"observe": {"stage-observe"}, "triage": {"stage-triage"}, "advise": {"introduced"}, "enforce": {"below-threshold"}}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 100 {
				in := introduced()
				in.Stage = stages[i%4]
				in.Repository.Name = []string{"a/a", "b/b", "c/c"}[i%3]
				if got := e.Surface(t.Context(), in); !cmp.Equal(got.Answer.Reasons, want[in.Stage]) {
					t.Errorf("%s: %+v", in.Stage, got)
				}
			}
		})
	}
	wg.Wait()
	if s := e.Stats(); s.Differences != 0 || s.Sampled == 0 || s.Evaluations+s.Hits != 400+s.Sampled {
		t.Errorf("%+v", s)
	}
}

func TestExplainNamesWhatHeld(t *testing.T) {
	e := load(t, embedded, policy.Options{})
	in := introduced()
	in.Finding.Severity = "medium"
	trace, err := e.Explain(t.Context(), in)
	if err != nil || trace.Result.Outcome != policy.Decided {
		t.Fatalf("%+v %v", trace, err)
	}
	var found bool
	for _, h := range trace.Held {
		if h.Rule == "surface.hidden" {
			found = true
			if h.Title != "below what this repository lets through" || h.File != "rules/surface.rego" || h.Line == 0 {
				t.Errorf("%+v", h)
			}
		}
		if h.Rule == "surface.engineers" {
			t.Errorf("did not hold: %+v", h)
		}
	}
	if !found || trace.Result.Answer.Threshold != "high" {
		t.Errorf("%+v", trace)
	}
	if diff := cmp.Diff(e.Surface(t.Context(), in), trace.Result); diff != "" {
		t.Errorf("explained another answer:\n%s", diff)
	}
}

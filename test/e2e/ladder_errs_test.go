package e2e_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// edited is the policy with another answer to the stage question.
type edited struct {
	run.Decider
	stage func(input.Stage, policy.Result[input.StageAnswer]) policy.Result[input.StageAnswer]
}

func (e edited) Revision() string { return e.Decider.Revision() + "-edited" }

func (e edited) Stage(ctx context.Context, in input.Stage) policy.Result[input.StageAnswer] {
	return e.stage(in, e.Decider.Stage(ctx, in))
}

func (p *place) runEdited(stage func(input.Stage, policy.Result[input.StageAnswer]) policy.Result[input.StageAnswer]) *run.Report {
	p.t.Helper()
	cfg := p.config()
	cfg.Decider = edited{cfg.Decider, stage}
	r, err := run.Run(context.Background(), cfg, run.Selection{})
	p.must(err)
	return r
}

func errs(input.Stage, policy.Result[input.StageAnswer]) policy.Result[input.StageAnswer] {
	return policy.Result[input.StageAnswer]{Outcome: policy.Failed, Err: errors.New("division by zero")}
}

// lowers is an edit that puts what is at advise back to triage.
func lowers(in input.Stage, r policy.Result[input.StageAnswer]) policy.Result[input.StageAnswer] {
	if in.Cohort.Stage == "advise" {
		r.Answer.Stage, r.Answer.Apply = "triage", input.ApplyAutomatic
	}
	return r
}

// noisy is a cohort at advise of which five of seven comments are complained
// about, by two people in two repositories; nobody has looked yet.
func noisy(t *testing.T) (p *place, shown func() int) {
	p = climbed(t)
	repos := []string{shop, pay}
	var pulls []int
	for i := range 7 {
		pulls = append(pulls, p.change(repos[i%2], i))
	}
	p.run()
	for i, number := range pulls[:5] {
		p.answer(repos[i%2], number, []string{"ada", "ben"}[i%2])
		p.clock.jump(day)
	}
	return p, func() (n int) {
		for i, number := range pulls {
			n += len(live(p.pull(repos[i%2], number)))
		}
		return n
	}
}

// An alarm acts at once: though the policy breaks, and though no run may
// withdraw anything.
func TestAnAlarmActsThoughThePolicyErrsAndNoCeilingHoldsIt(t *testing.T) {
	p, shown := noisy(t)
	p.settings += "ceilings: {run: {withdraw: 0}}\n"
	if shown() != 7 {
		t.Fatalf("%d comments to start with", shown())
	}
	r := p.runEdited(errs)
	p.wantStage(medium+"+rule=TOY002", promoter.Triage)
	p.wantStage(medium, promoter.Advise)
	if r.PolicyErrors == 0 || len(r.Moves) != 1 || r.Moves[0].Kind != promoter.MoveCarve || len(r.Plans) != 0 {
		t.Errorf("errors %d, moves %+v, plans %+v", r.PolicyErrors, r.Moves, r.Plans)
	}
	if n := shown(); n != 0 {
		t.Errorf("%d comments still shown", n)
	}
}

// An edit of the policy that lowers a cohort waits for a person when it takes
// away more than a run may; rejected, nothing of it happens.
func TestAnEditThatLowersMuchWaitsForApproval(t *testing.T) {
	for _, answer := range []promoter.ApprovalState{promoter.ApprovalApproved, promoter.ApprovalRejected} {
		t.Run(string(answer), func(t *testing.T) {
			p, _ := advised(t)
			p.settings = "ceilings: {run: {withdraw: 0}}\n"
			var plan run.PlanLine
			for range 2 {
				r := p.runEdited(lowers)
				wantOutcome(t, r, run.OutcomeDeferred)
				if len(r.Plans) != 1 || r.Plans[0].Kind != promoter.ApprovalMass || !strings.Contains(r.Plans[0].Reason, "takes 1 comments away") {
					t.Fatalf("plans %+v, moves %+v", r.Plans, r.Moves)
				}
				if plan.ID != "" && plan.ID != r.Plans[0].ID {
					t.Fatalf("asked twice: %s and %s", plan.ID, r.Plans[0].ID)
				}
				plan = r.Plans[0]
			}
			p.wantStage("rest/toy/high", promoter.Advise)
			p.must(p.store.DecideApproval(context.Background(), plan.ID, answer, "github:lead", "seen", p.clock.Now()))
			r := p.runEdited(lowers)
			wantOutcome(t, r, run.OutcomeOK)
			want, live := promoter.Advise, 1
			if answer == promoter.ApprovalApproved {
				want, live = promoter.Triage, 0
			}
			p.wantStage("rest/toy/high", want)
			if n := len(open(p.pull(shop, 1))); n != live {
				t.Errorf("%d comments live, want %d", n, live)
			}
		})
	}
}

// forgetful is a store that cannot say what was shown.
type forgetful struct{ run.Store }

func (forgetful) Exposures(context.Context, int64, int64, store.ClusterMark) ([]evidence.Exposure, error) {
	return nil, errors.New("disk I/O error")
}

// Good, bad, unknown and could-not-measure are four outcomes, and only the first
// two move anything.
func TestNoDataMovesNothing(t *testing.T) {
	var p *place
	outcome := func(key string) evidence.Outcome {
		standings, err := p.store.Standings(t.Context())
		p.must(err)
		for _, s := range standings {
			if s.Key == key && s.Weighed != nil {
				return s.Weighed.Result.Outcome
			}
		}
		return ""
	}
	p = climbed(t)
	for range 3 {
		p.clock.jump(100 * day)
		if r := p.run(); len(r.Moves)+len(r.Plans) != 0 || outcome(medium) != evidence.Unmeasured {
			t.Errorf("nothing was shown: %q, moves %+v, plans %+v", outcome(medium), r.Moves, r.Plans)
		}
	}
	var shown func() int
	p, shown = noisy(t)
	cfg := p.config()
	cfg.Store = forgetful{cfg.Store}
	r, err := run.Run(t.Context(), cfg, run.Selection{})
	p.must(err)
	if len(r.Moves) != 0 || r.Outcome != run.OutcomeFailed || shown() != 7 {
		t.Errorf("could not measure: moves %+v, outcome %s, shown %d", r.Moves, r.Outcome, shown())
	}
	p.run() // and now it can
	part := medium + "+rule=TOY002"
	p.wantStage(part, promoter.Triage)
	p.run()
	// Nobody judges what is drawn of the part, and the rest shows nothing that
	// still counts: a year without data moves neither.
	for range 6 {
		p.clock.jump(60 * day)
		if r := p.run(); len(r.Plans) != 0 {
			t.Errorf("proposed without data: %+v", r.Plans)
		}
	}
	p.wantStage(part, promoter.Triage)
	p.wantStage(medium, promoter.Advise)
	p.judged(part, 3, promoter.VerdictUseful)
	p.clock.jump(day)
	if r := p.run(); len(r.Moves)+len(r.Plans) != 0 || outcome(part) != evidence.Unknown {
		t.Errorf("three answers make it %q: moves %+v", outcome(part), r.Moves)
	}
	p.judged(part, 80, promoter.VerdictUseful)
	p.clock.jump(day)
	if r := p.run(); len(r.Plans) != 1 || outcome(part) != evidence.Good {
		t.Errorf("eighty answers make it %q: plans %+v", outcome(part), r.Plans)
	}
}

// Outsiders, bots and our own account count for nothing, however many complain;
// nor does what few people say in one sitting.
func TestWhoeverDoesNotCountLowersNothing(t *testing.T) {
	p := climbed(t)
	repos := []string{shop, pay}
	var pulls []int
	for i := range 7 {
		pulls = append(pulls, p.change(repos[i%2], i))
	}
	p.run()
	for i, number := range pulls {
		full := repos[i%2]
		p.must(p.sandbox.Grant(full, "eve", github.Read))
		p.must(p.sandbox.Grant(full, "renovate[bot]", github.Write))
		comment := p.pull(full, number).ReviewComments[0].ID
		for _, who := range []string{"eve", "mallory", "renovate[bot]", "sluice-bot"} {
			p.must(p.sandbox.React(comment, who, "-1"))
		}
		p.clock.jump(day)
	}
	of := func() store.Standing {
		standings, err := p.store.Standings(t.Context())
		p.must(err)
		for _, s := range standings {
			if s.Key == medium {
				return s
			}
		}
		return store.Standing{}
	}
	if r := p.run(); len(r.Moves) != 0 || of().Weighed.Result.Complaints != 0 {
		t.Fatalf("moves %+v, complaints %d", r.Moves, of().Weighed.Result.Complaints)
	}
	for i, number := range pulls { // two people, one afternoon
		p.must(p.sandbox.Grant(repos[i%2], "ada", github.Write))
		p.must(p.sandbox.Grant(repos[i%2], "ben", github.Write))
		for _, who := range []string{"ada", "ben"} {
			p.must(p.sandbox.React(p.pull(repos[i%2], number).ReviewComments[0].ID, who, "-1"))
		}
	}
	p.run()
	p.wantStage(medium, promoter.Advise)
	if c := of().Weighed.Result.Complaints; c != 1 {
		t.Errorf("a burst is %d complaints, want 1: what is said in the first pull request", c)
	}
	verdicts, err := p.store.Verdicts(t.Context(), store.VerdictQuery{Standing: true})
	p.must(err)
	for _, r := range promoter.Records(verdicts) {
		if r.Answers == 7 && r.Bursts != 6 {
			t.Errorf("of seven answers in one sitting %d are a burst", r.Bursts)
		}
	}
}

// The ledger says whose answers moved what, by number; the report of people says
// whose answers the audit does not share.
func TestTheLedgerTellsWhoseAnswersMovedWhat(t *testing.T) {
	p, _ := noisy(t)
	p.run()
	entries, err := p.store.LedgerEntries(t.Context(), 0, 10_000)
	p.must(err)
	var said string
	for _, e := range entries {
		if e.Kind == "move" && strings.Contains(string(e.Body), `"kind":"carve"`) {
			said = string(e.Body)
		}
	}
	if strings.Count(said, `"person":`) != 2 || !strings.Contains(said, `"against":`) || strings.Contains(said, "ada") {
		t.Errorf("the carve in the ledger: %s", said)
	}
	var findings []promoter.Verdict
	all, err := p.store.Verdicts(t.Context(), store.VerdictQuery{Standing: true, Source: promoter.FromReaction})
	p.must(err)
	people, err := p.store.EnsurePeople(t.Context(), promoter.Alias{System: "github", Login: "sam"})
	p.must(err)
	for _, v := range all { // the audit finds all of them useful
		findings = append(findings, promoter.Verdict{RepoID: v.RepoID, Finding: v.Finding, Person: people[0], Kind: promoter.VerdictUseful,
			Source: promoter.FromCommand, ExternalID: v.ExternalID, At: p.clock.Now(), Audit: true})
	}
	p.must(p.store.Record(t.Context(), store.Recording{Actor: "github:sam", At: p.clock.Now(), Verdicts: findings}))
	all, err = p.store.Verdicts(t.Context(), store.VerdictQuery{Standing: true})
	p.must(err)
	disagreed := 0
	for _, r := range promoter.Records(all) {
		disagreed += r.Disagreed
		if r.Disagreed > 0 && r.Person == people[0] {
			t.Error("the audit disagrees with itself")
		}
	}
	if disagreed != 5 {
		t.Errorf("%d disagreements, want 5", disagreed)
	}
}

// One repository that has all the complaints goes down alone; what the others
// are shown stays.
func TestADissentingRepositoryIsCarvedOut(t *testing.T) {
	p := climbed(t)
	var pulls []int
	for i := range 6 {
		pulls = append(pulls, p.change(shop, i))
	}
	other := p.change(pay, 9)
	p.run()
	for i, number := range pulls {
		p.answer(shop, number, []string{"ada", "ben"}[i%2])
		p.clock.jump(day)
	}
	r := p.run()
	part := medium + "+repository=" + shop
	p.wantStage(part, promoter.Triage)
	p.wantStage(medium, promoter.Advise)
	if len(r.Moves) != 1 || r.Moves[0].Cohort != part {
		t.Errorf("moves %+v", r.Moves)
	}
	for _, number := range pulls {
		if n := len(live(p.pull(shop, number))); n != 0 {
			t.Errorf("#%d still shows %d", number, n)
		}
	}
	if n := len(live(p.pull(pay, other))); n != 1 {
		t.Errorf("the other repository is shown %d", n)
	}
}

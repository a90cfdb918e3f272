package e2e_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Other labels for cohorts: each goes on under its new name, where it stood, with
// evidence of its own from now on; nobody sees anything of it.
func TestCohortsThatAreNamedOtherwiseStayWhereTheyStand(t *testing.T) {
	p, number := advised(t)
	ctx := context.Background()
	was := p.cohort("rest/toy/high")
	_, err := p.store.MoveCohort(ctx, promoter.Move{CohortID: was.ID, From: was.Stage, To: was.Stage, Kind: promoter.MoveHold, Actor: "os:lead", Reason: "release", At: p.clock.Now()})
	p.must(err)
	p.settings += "cohorts: {by: [scanner, severity]}\n"
	before := asJSON(p.pull(shop, number))
	r := p.run()
	wantOutcome(t, r, run.OutcomeOK)
	now := p.cohort("toy/high")
	if now.Stage != promoter.Advise || now.Attempt != 1 || now.ID == was.ID {
		t.Errorf("it is %+v", now)
	}
	if old := p.cohort("rest/toy/high"); old.Ended.IsZero() {
		t.Errorf("the old one goes on: %+v", old)
	}
	if after := asJSON(p.pull(shop, number)); after != before {
		t.Errorf("the pull request changed:\n%s\n%s", before, after)
	}
	if len(r.Moves) != 2 || r.Moves[0].Kind != promoter.MoveRecut {
		t.Errorf("moves %+v", r.Moves)
	}
	standings, err := p.store.Standings(ctx)
	p.must(err)
	for _, s := range standings {
		if !strings.HasPrefix(s.Key, "toy/") {
			t.Errorf("%s still stands", s.Key)
		}
		if s.ID == now.ID && (s.Hold == nil || s.Hold.Reason != "release") {
			t.Errorf("a person's hold is lost: %+v", s)
		}
	}
	lineage, err := p.store.Lineage(ctx)
	p.must(err)
	if len(lineage) != 2 || lineage[0].Kind != promoter.MoveRecut || !lineage[0].Founded || lineage[0].Findings == 0 {
		t.Errorf("lineage %+v", lineage)
	}
	if r := p.run(); r.Decided != 0 || len(r.Moves) != 0 {
		t.Errorf("not at rest: decided %d, moves %+v", r.Decided, r.Moves)
	}
	p.settings = strings.Replace(p.settings, "cohorts: {by: [scanner, severity]}\n", "", 1)
	p.run()
	if again := p.cohort("rest/toy/high"); again.Stage != promoter.Advise || !again.Ended.IsZero() || again.Attempt != was.Attempt+1 {
		t.Errorf("cut as before it is %+v, was %+v", again, was)
	}
	if len(p.mails()) != 1 {
		t.Errorf("%d mails", len(p.mails()))
	}
}

// overtakenOnce is a store in which somebody else was first, once.
type overtakenOnce struct {
	store.Store
	met bool
}

func (o *overtakenOnce) Recut(ctx context.Context, all []promoter.Recut) ([]promoter.Cohort, error) {
	if !o.met {
		o.met = true
		return nil, &store.ConflictError{What: "the cohort has moved"}
	}
	return o.Store.Recut(ctx, all)
}

// A recut that somebody moved a cohort before is made all the same. (Seed 396.)
func TestARecutThatWasOvertakenIsMadeAgain(t *testing.T) {
	p, _ := advised(t)
	p.settings += "cohorts: {by: [scanner, severity]}\n"
	first := &overtakenOnce{Store: p.store}
	cfg := p.config()
	cfg.Store = first
	_, err := run.Run(context.Background(), cfg, run.Selection{})
	p.must(err)
	if now, old := p.cohort("toy/high"), p.cohort("rest/toy/high"); !first.met || now.Stage != promoter.Advise || old.Ended.IsZero() {
		t.Errorf("overtaken %v; now %+v, before %+v", first.met, now, old)
	}
}

// Where cohorts are joined, the new one begins at the lowest stage of its
// members; if that takes away more than a run may, a person has the last word.
func TestAMassRecutWaitsForApproval(t *testing.T) {
	for _, answer := range []promoter.ApprovalState{promoter.ApprovalApproved, promoter.ApprovalRejected} {
		t.Run(string(answer), func(t *testing.T) {
			p, number := advised(t)
			p.settings += "ceilings: {run: {withdraw: 0}}\ncohorts: {by: [scanner]}\n"
			for range 2 {
				r := p.run()
				wantOutcome(t, r, run.OutcomeDeferred)
				if len(r.Plans) != 1 || r.Plans[0].Kind != promoter.ApprovalRecut || r.Recut == 0 || len(live(p.pull(shop, number))) != 1 {
					t.Fatalf("plans %+v, recut %d, live %d", r.Plans, r.Recut, len(live(p.pull(shop, number))))
				}
			}
			plan := p.waiting()[0]
			if m := plan.Moves[0]; len(plan.Moves) != 1 || m.Cohort != "rest/toy/high" || m.Into != "toy" || m.From != promoter.Advise || m.To != promoter.Observe {
				t.Errorf("moves %+v", plan.Moves)
			}
			p.must(p.store.DecideApproval(context.Background(), plan.ID, answer, "github:lead", "seen", p.clock.Now()))
			wantOutcome(t, p.run(), run.OutcomeOK)
			want := 1
			if answer == promoter.ApprovalApproved {
				want = 0
			}
			if got := len(live(p.pull(shop, number))); got != want {
				t.Errorf("%d comments live, want %d", got, want)
			}
			if ended := !p.cohort("rest/toy/high").Ended.IsZero(); ended != (want == 0) {
				t.Errorf("the old cohort ended: %v", ended)
			}
			if r := p.run(); r.Decided != 0 || len(r.Plans) != 0 {
				t.Errorf("not at rest: decided %d, plans %+v", r.Decided, r.Plans)
			}
		})
	}
}

// Findings that would go to a cohort that stands higher wait for a person: no
// edit of settings shows what no evidence let through.
func TestARecutRaisesNothingByItself(t *testing.T) {
	p := newPlace(t)
	p.settings = "groups: {core: {repositories: [" + pay + "]}}\n"
	for _, full := range []string{shop, pay} {
		p.repository(full, map[string]string{"main.go": base})
		p.scan(full, strings.TrimSpace(p.git(full, "rev-parse", "main")), "branch-main")
	}
	head := p.commit(shop, "feature", "main", map[string]string{"main.go": base + code("", "func added() {", "\texec(b)", "}")})
	number := p.open(shop, "feature")
	p.scanPull(shop, head, number)
	p.run()
	c := p.cohort("core/toy/high")
	_, err := p.store.MoveCohort(t.Context(), promoter.Move{CohortID: c.ID, From: c.Stage, To: promoter.Advise, Kind: promoter.MoveOverride, Reason: "good", Actor: "os:lead", At: p.clock.Now()})
	p.must(err)
	p.run()
	p.settings = "groups: {core: {repositories: [" + pay + ", " + shop + "]}}\n"
	r := p.run()
	if len(r.Plans) != 1 || r.Plans[0].Kind != promoter.ApprovalRecut || len(live(p.pull(shop, number))) != 0 {
		t.Fatalf("plans %+v, live %d", r.Plans, len(live(p.pull(shop, number))))
	}
	p.clock.jump(time.Hour)
	p.must(p.store.DecideApproval(t.Context(), r.Plans[0].ID, promoter.ApprovalApproved, "github:lead", "the same people", p.clock.Now()))
	p.run()
	if len(live(p.pull(shop, number))) != 1 {
		t.Errorf("approved, and not shown: %+v", p.pull(shop, number).ReviewComments)
	}
	p.wantStage("core/toy/high", promoter.Advise)
}

// What was carved out of a cohort stays carved out when cohorts are cut
// otherwise, and does not pull the rest down with it.
func TestACarveOutlivesARecut(t *testing.T) {
	p, number := advised(t)
	c := p.cohort("rest/toy/high")
	_, part, err := p.store.CarveCohort(t.Context(), promoter.Move{CohortID: c.ID, From: c.Stage, To: promoter.Triage, Kind: promoter.MoveCarve,
		Reason: "noisy", Actor: "sluice", RunID: 1, At: p.clock.Now()}, "rest/toy/high+rule=TOY001")
	p.must(err)
	p.run()
	p.settings += "cohorts: {by: [scanner, severity]}\n"
	p.run()
	p.wantStage("toy/high+rule=TOY001", promoter.Triage)
	if n := len(live(p.pull(shop, number))); n != 0 {
		t.Errorf("%d comments of what was carved out are back", n)
	}
	standings, err := p.store.Standings(t.Context())
	p.must(err)
	for _, s := range standings {
		if s.Key == "toy/high+rule=TOY001" && (s.Fell.IsZero() || !s.Sunk || s.Climb < 2) {
			t.Errorf("it has nothing behind it: %+v (was %+v)", s, part)
		}
	}
}

package e2e_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
)

const toJira = `
routes: [{name: pay, jira: {project: PAY, due: {high: 14d}}}]
`

// tracked is a repository on its base branch with a finding that was there
// before, and a tracker; its cohorts stand at advise.
func tracked(t *testing.T) (*place, *tracker) {
	return standing(t, map[string]string{"main.go": base})
}

// standing has these files on the base branch, and an open pull request
// without a problem.
func standing(t *testing.T, files map[string]string) (*place, *tracker) {
	t.Helper()
	p := newPlace(t)
	p.settings = toJira
	w := &tracker{now: p.clock.Now, broken: map[promoter.Verb]string{}, sent: map[promoter.Verb]int{}}
	p.tracker, p.tasks = w, taskText{}
	p.repository(shop, files)
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	head := p.commit(shop, "readme", "main", map[string]string{"README": "words\n"})
	p.scanPull(shop, head, p.open(shop, "readme"))
	wantOutcome(t, p.run(), run.OutcomeOK)
	p.move("/high", promoter.Advise)
	return p, w
}

// grow adds a file with problems to main and scans it.
func grow(p *place, name string, lines ...string) {
	p.scan(shop, p.commit(shop, "main", "", map[string]string{name: code(lines...)}), "branch-main")
}

func TestWhatIsNewOnTheBaseBranchBecomesATaskAndBacklogDoesNot(t *testing.T) {
	p, w := tracked(t)
	r := p.run()
	wantOutcome(t, r, run.OutcomeOK)
	if len(w.issues) != 0 || r.Backlog != 1 {
		t.Fatalf("backlog became a task: %+v, %d waiting", w.issues, r.Backlog)
	}
	grow(p, "new.go", "exec(new)")
	wantOutcome(t, p.run(), run.OutcomeOK)
	if len(w.issues) != 1 || w.issues[0].Route != "pay" || !strings.Contains(w.issues[0].Body, "in new.go") || w.issues[0].Due != time.Date(2026, 5, 18, 0, 0, 0, 0, time.UTC) {
		t.Fatalf("issues: %+v", w.issues)
	}
	for range 2 {
		if r := p.run(); r.Decided != 0 || len(r.Actions) != 0 {
			t.Errorf("a run with nothing new decided %d and did %+v", r.Decided, r.Actions)
		}
	}
	grow(p, "new.go", "fixed()")
	wantOutcome(t, p.run(), run.OutcomeOK)
	if i := w.issues[0]; !slices.Equal(i.Labels, []string{"sluice-fixed"}) || i.Closed {
		t.Errorf("fixed: %+v", i)
	}
	grow(p, "new.go", "exec(new)")
	wantOutcome(t, p.run(), run.OutcomeOK)
	if len(w.issues) != 2 {
		t.Errorf("what was fixed and is back: %+v", w.issues)
	}
}

func TestARollbackHandsTasksBackAndAPromotionTakesThemUpAgain(t *testing.T) {
	p, w := tracked(t)
	grow(p, "new.go", "exec(new)")
	p.run()
	p.move("/high", promoter.Triage)
	wantOutcome(t, p.run(), run.OutcomeOK)
	if i := w.issues[0]; !slices.Equal(i.Labels, []string{"sluice-withdrawn"}) || i.Closed || i.Comments[0] != "handed back: stage" {
		t.Fatalf("rolled back: %+v", i)
	}
	p.move("/high", promoter.Advise)
	wantOutcome(t, p.run(), run.OutcomeOK)
	if len(w.issues) != 1 || len(w.issues[0].Labels) != 0 {
		t.Errorf("promoted again: %+v", w.issues)
	}
}

func TestATaskThatAPersonClosedIsNotMadeAgain(t *testing.T) {
	p, w := tracked(t)
	grow(p, "new.go", "exec(new)")
	p.run()
	w.issues[0].Closed = true
	for _, stage := range []promoter.Stage{promoter.Triage, promoter.Advise, promoter.Triage, promoter.Advise} {
		p.move("/high", stage)
		p.run()
	}
	if len(w.issues) != 1 || len(w.issues[0].Comments) != 0 {
		t.Errorf("issues: %+v", w.issues)
	}
}

func TestATaskAndACommentNameEachOther(t *testing.T) {
	p, w := tracked(t)
	head := p.commit(shop, "feature", "main", map[string]string{"new.go": code("exec(new)")})
	number := p.open(shop, "feature")
	p.scanPull(shop, head, number)
	p.run()
	if len(live(p.pull(shop, number))) != 1 || len(w.issues) != 0 {
		t.Fatal("want a comment and no task")
	}
	grow(p, "new.go", "exec(new)") // the same change reaches main another way
	for range 3 {
		wantOutcome(t, p.run(), run.OutcomeOK)
	}
	if len(w.issues) != 1 || len(w.issues[0].Links) != 1 || !strings.Contains(w.issues[0].Links[0], "/pull/") {
		t.Errorf("the task does not link the comment: %+v", *w.issues[0])
	}
	if body := live(p.pull(shop, number))[0]; !strings.Contains(body, "tracked as [PAY-1](https://jira.example/browse/PAY-1)") {
		t.Errorf("the comment does not name the task:\n%s", body)
	}
	if n := len(p.mails()); n != 1 {
		t.Errorf("%d mails, want the one about the review", n)
	}
	if r := p.run(); r.Decided != 0 || len(r.Actions) != 0 {
		t.Errorf("not at rest: decided %d, %+v", r.Decided, r.Actions)
	}
}

// Whatever broke, there is one issue in the end, with the token of the first try.
func TestACreationWithoutAnAnswerIsLookedForLaterAndSentAgainOnlyIfNotThere(t *testing.T) {
	for _, where := range []string{"before", "after"} {
		t.Run(where, func(t *testing.T) {
			p, w := tracked(t)
			grow(p, "new.go", "exec(new)")
			w.broken[promoter.VerbTask] = where
			wantOutcome(t, p.run(), run.OutcomePartial)
			delete(w.broken, promoter.VerbTask)
			p.clock.jump(5 * time.Minute)
			wantOutcome(t, p.run(), run.OutcomePartial)
			if w.sent[promoter.VerbTask] != 1 {
				t.Fatalf("sent %d times before anybody looked", w.sent[promoter.VerbTask])
			}
			p.clock.jump(6 * time.Minute)
			r := p.run()
			wantOutcome(t, r, run.OutcomeOK)
			if len(w.issues) != 1 || r.Recovered != 1 || w.sent[promoter.VerbTask] != map[string]int{"before": 2, "after": 1}[where] {
				t.Fatalf("issues %+v, recovered %d, sent %v", w.issues, r.Recovered, w.sent)
			}
			p.run()
			if r := p.run(); len(r.Actions) != 0 || len(w.issues) != 1 {
				t.Errorf("not at rest: %+v", r.Actions)
			}
		})
	}
}

func TestWhatIsNoLongerWantedIsNotSentAgain(t *testing.T) {
	p, w := tracked(t)
	grow(p, "new.go", "exec(new)")
	w.broken[promoter.VerbTask] = "before"
	p.run()
	delete(w.broken, promoter.VerbTask)
	p.move("/high", promoter.Triage)
	p.clock.jump(time.Hour)
	p.run()
	if len(w.issues) != 0 {
		t.Errorf("a task of a fallen cohort: %+v", w.issues)
	}
}

// Nor is what was settled before anybody looked: it was fixed, its campaign was stopped.
func TestWhatWasSettledMeanwhileIsNotSentAgain(t *testing.T) {
	ctx := context.Background()
	for name, settled := range map[string]func(p *place, campaign string){
		"fixed": func(p *place, _ string) { grow(p, "main.go", "fixed()") },
		"stopped": func(p *place, campaign string) {
			p.must(p.store.EndCampaign(ctx, campaign, "os:lead", "not now", p.clock.Now()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, w := tracked(t)
			p.run()
			id := p.campaign(5)
			p.must(p.store.DecideApproval(ctx, id, promoter.ApprovalApproved, "os:lead", "yes", p.clock.Now()))
			w.broken[promoter.VerbTask] = "before"
			if r := p.run(); r.Effects.Unknown != 1 {
				t.Fatalf("effects %+v", r.Effects)
			}
			delete(w.broken, promoter.VerbTask)
			settled(p, id)
			p.run()
			p.clock.jump(time.Hour)
			for range 2 {
				wantOutcome(t, p.run(), run.OutcomeOK)
			}
			if len(w.issues) != 0 {
				t.Errorf("issues: %+v", w.issues)
			}
		})
	}
}

func TestEditsAndHandBacksWithoutAnAnswerAreSettled(t *testing.T) {
	for _, where := range []string{"before", "after"} {
		p, w := tracked(t)
		grow(p, "new.go", "exec(new)")
		p.run()
		p.move("/high", promoter.Triage)
		w.broken[promoter.VerbHandBack] = where
		p.run()
		delete(w.broken, promoter.VerbHandBack)
		p.clock.jump(5 * time.Minute)
		wantOutcome(t, p.run(), run.OutcomePartial) // it may still arrive
		p.clock.jump(6 * time.Minute)
		wantOutcome(t, p.run(), run.OutcomeOK)
		if i := w.issues[0]; len(i.Comments) != 1 {
			t.Errorf("%s: %+v", where, i)
		}
	}
}

func TestAProjectConfiguredWronglyIsOneErrorAndTheRestGoesOn(t *testing.T) {
	p, w := tracked(t)
	w.broken[promoter.VerbTask] = "refused"
	p.scan(shop, p.commit(shop, "main", "", map[string]string{"a.go": code("exec(a)"), "b.go": code("exec(b)"), "c.go": code("exec(c)")}), "branch-main")
	head := p.commit(shop, "feature", "main", map[string]string{"pr.go": code("exec(pr)")})
	number := p.open(shop, "feature")
	p.scanPull(shop, head, number)
	r := p.run()
	wantOutcome(t, r, run.OutcomeFailed)
	if len(r.Errors) != 1 || !strings.Contains(r.Errors[0].Text, "route pay: the field Team is mandatory: give it under fields") || w.sent[promoter.VerbTask] != 1 {
		t.Errorf("errors %+v, sent %v", r.Errors, w.sent)
	}
	if len(live(p.pull(shop, number))) != 1 {
		t.Error("the pull request did not get its comment")
	}
	delete(w.broken, promoter.VerbTask)
	wantOutcome(t, p.run(), run.OutcomeOK)
	if len(w.issues) != 3 {
		t.Errorf("after it was mended: %+v", w.issues)
	}
}

// propose starts a campaign over everything and approves it.
func (p *place) campaign(perWeek int) string {
	p.t.Helper()
	law, err := settings.Parse("settings.yaml", []byte(p.settings))
	p.must(err)
	s := p.openStore()
	c, err := run.ProposeCampaign(context.Background(), s, law, promoter.Campaign{PerWeek: perWeek, Reason: "clean up", Actor: "os:test", Created: p.clock.Now()})
	p.must(err)
	p.must(s.StartCampaign(context.Background(), c.Campaign, c.Plan))
	return c.Plan.ID
}

func TestACampaignTurnsBacklogIntoTasksSoManyAWeekAndEnds(t *testing.T) {
	p, w := standing(t, map[string]string{"a.go": code("exec(a)"), "b.go": code("exec(b)"), "c.go": code("exec(c)")})
	p.run()
	id := p.campaign(2)
	wantOutcome(t, p.run(), run.OutcomeDeferred)
	if len(w.issues) != 0 {
		t.Fatal("a campaign that nobody approved made tasks")
	}
	p.must(p.store.DecideApproval(context.Background(), id, promoter.ApprovalApproved, "os:lead", "yes", p.clock.Now()))
	for _, want := range []int{2, 2} {
		wantOutcome(t, p.run(), run.OutcomeOK)
		if len(w.issues) != want {
			t.Fatalf("%d issues in the first week, want %d", len(w.issues), want)
		}
	}
	p.clock.jump(7*24*time.Hour + time.Minute)
	wantOutcome(t, p.run(), run.OutcomeOK)
	if len(w.issues) != 3 {
		t.Errorf("%d issues in the second week", len(w.issues))
	}
	all := p.campaigns()
	if len(all) != 1 || all[0].State != run.CampaignEnded || all[0].Tasks != 3 || all[0].EndReason == "" {
		t.Errorf("campaigns: %+v", all)
	}
}

func (p *place) campaigns() []run.Campaign {
	p.t.Helper()
	all, err := run.Campaigns(context.Background(), p.openStore(), p.clock.Now(), func(promoter.Cohort) string { return "rest" })
	p.must(err)
	return all
}

func TestAStoppedCampaignMakesNoMoreTasks(t *testing.T) {
	p, w := tracked(t)
	p.run()
	id := p.campaign(5)
	p.must(p.store.DecideApproval(context.Background(), id, promoter.ApprovalApproved, "os:lead", "yes", p.clock.Now()))
	p.must(p.store.EndCampaign(context.Background(), id, "os:lead", "not now", p.clock.Now()))
	wantOutcome(t, p.run(), run.OutcomeOK)
	if len(w.issues) != 0 {
		t.Errorf("issues: %+v", w.issues)
	}
}

// A file's owners choose the route, and with it where the task goes. A line of
// CODEOWNERS that cannot be read loses no other.
func TestOwnersChooseTheRoute(t *testing.T) {
	p, w := standing(t, map[string]string{"main.go": "package main\n", "CODEOWNERS": "* @acme/platform\n[broken\npay/ @Acme/Pay @alice\npay/free.go\n"})
	p.settings = "codeowners: true\nroutes:\n- {name: pay, match: {owners: ['@acme/pay']}, jira: {project: PAY}}\n" +
		"- {name: platform, match: {owners: ['@acme/platform']}, jira: {project: PLAT}}\n"
	grow(p, "pay/card.go", "exec(new)")
	grow(p, "other.go", "exec(other)")
	grow(p, "pay/free.go", "exec(free)") // nobody's
	wantOutcome(t, p.run(), run.OutcomeOK)
	p.move("/high", promoter.Advise)
	wantOutcome(t, p.run(), run.OutcomeOK)
	routes := map[string]string{}
	for _, i := range w.issues {
		_, file, _ := strings.Cut(i.Body, "in ")
		routes[strings.Fields(file)[0]] = i.Route
	}
	if want := map[string]string{"pay/card.go": "pay", "other.go": "platform"}; !maps.Equal(routes, want) {
		t.Errorf("routes %v, want %v", routes, want)
	}
}

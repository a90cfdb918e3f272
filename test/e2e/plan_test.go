package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
)

func excessive(t *testing.T) (p *place, number int, plan string) {
	t.Helper()
	p = newPlace(t)
	p.settings = "ceilings: {cohort: {show: 2}}\n"
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	head := p.commit(shop, "feature", "main", map[string]string{"new.go": code("exec(1)", "exec(2)", "exec(3)", "exec(4)", "exec(5)")})
	number = p.open(shop, "feature")
	p.scanPull(shop, head, number)
	p.run()
	p.move("/high", promoter.Advise)
	r := p.run()
	if len(r.Plans) != 1 {
		t.Fatalf("plans %+v", r.Plans)
	}
	return p, number, r.Plans[0].ID
}

func TestAPlanThatIsAboutNothingAnyMoreExpires(t *testing.T) {
	for name, end := range map[string]func(p *place, number int){
		"the pull request is closed": func(p *place, n int) { p.must(p.sandbox.ClosePullRequest(shop, n)) },
		"the stage is lowered":       func(p *place, _ int) { p.move("/high", promoter.Triage) },
	} {
		t.Run(name, func(t *testing.T) {
			p, number, id := excessive(t)
			p.t = t
			end(p, number)
			p.run()
			r := p.run()
			wantOutcome(t, r, run.OutcomeOK)
			all, err := p.store.Approvals(t.Context())
			p.must(err)
			if len(r.Plans) != 0 || len(all) != 1 || all[0].ID != id || all[0].State != promoter.ApprovalExpired {
				t.Errorf("plans %+v, stored %+v", r.Plans, all)
			}
		})
	}
}

func TestAPlanWaitsThroughTroubleAndNarrowRuns(t *testing.T) {
	p, _, id := excessive(t)
	_, err := run.Run(t.Context(), p.config(), run.Selection{Repository: "acme/other"})
	p.must(err)
	p.wrap = func(next http.RoundTripper) http.RoundTripper { return broken{next, "/pulls/"} }
	p.run()
	p.wrap = nil
	if r := p.run(); len(r.Plans) != 1 || r.Plans[0].ID != id {
		t.Errorf("plans %+v, want %s to wait still", r.Plans, id)
	}
}

func TestARejectedMassWithdrawalComesToRest(t *testing.T) {
	p, number := advised(t)
	p.settings = "ceilings: {run: {withdraw: 0}}\nthresholds: {default: {triage: low, advise: critical, enforce: critical}}\n"
	r := p.run()
	wantOutcome(t, r, run.OutcomeDeferred)
	if len(r.Plans) != 1 {
		t.Fatalf("plans %+v", r.Plans)
	}
	p.must(p.store.DecideApproval(t.Context(), r.Plans[0].ID, promoter.ApprovalRejected, "os:lead", "no", p.clock.Now()))
	wantOutcome(t, p.run(), run.OutcomeOK)
	if r := p.run(); r.Decided != 0 || len(live(p.pull(shop, number))) != 1 {
		t.Errorf("decided %d, live %d", r.Decided, len(live(p.pull(shop, number))))
	}
}

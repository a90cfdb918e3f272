package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sluice-sec/sluice/connectors/alerts"
	"github.com/sluice-sec/sluice/connectors/risk"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// What an analysis tells of an alert may come a run after the alert: then it is
// the finding that is known already.
func TestAReportThatComesAfterItsAlerts(t *testing.T) {
	p := newAlerted(t, ofAcme()[0])
	i := p.intercepted()
	i.become(intercept{part: "code-scanning/analyses/", status: 503, body: `{"message":"Service unavailable"}`})
	p.must(p.sandbox.Analyse(shop, github.Upload{Ref: "refs/heads/main", Commit: p.mainCommit(shop), Tool: "toy", Version: "1.0", Category: "a/b",
		Results: []github.Result{{Rule: "TOY001", Path: "gone.go", Line: 1, Message: "bad", Security: "high", Snippet: "exec(x)", Fix: "run(x)"}}}))
	wantOutcome(t, p.run(), run.OutcomeOK)
	if got := p.facts(shop); i.met == 0 || len(got) != 1 || got[0].Facts.Fix != nil {
		t.Fatalf("%+v, %d requests met the fault: want the alert without its report", got, i.met)
	}
	i.become(intercept{})
	wantOutcome(t, p.run(), run.OutcomeOK)
	if got := p.facts(shop); len(got) != 1 || got[0].Facts.Fix == nil {
		t.Fatalf("%+v: want the same finding with what its report says", got)
	}
	const sarif = "GET /repos/{owner}/{repo}/code-scanning/analyses/{analysis_id}"
	asked := p.requests(sarif)
	wantOutcome(t, p.run(), run.OutcomeOK)
	if now := p.requests(sarif); asked == 0 || now != asked {
		t.Errorf("asked for reports %d times, then %d: want none anew where nothing was analysed anew", asked, now)
	}
}

// facts are the findings of a repository as they are known.
func (p *place) facts(full string) []store.Finding {
	p.t.Helper()
	repos, err := p.openStore().Repositories(context.Background())
	p.must(err)
	for _, r := range repos {
		if r.FullName() == full {
			snap, err := p.store.Load(context.Background(), r.ID)
			p.must(err)
			return snap.Findings
		}
	}
	return nil
}

// What the inventory tells of a repository is in the document that a policy sees.
func TestThePolicySeesTheInventory(t *testing.T) {
	p := newAlerted(t, ofAcme()[1])
	p.settings = "groups: {cards: {topics: [pci]}}\n"
	p.must(p.sandbox.SetFacts(shop, github.Facts{Topics: []string{"pci", "api"}, Language: "Go", Properties: map[string]any{"tier": "1", "teams": []string{"pay", "web"}}}))
	_, err := p.sandbox.AddDependabotAlert(shop, github.DependabotAlert{Package: "left-pad", Manifest: "package.json", GHSA: "GHSA-2222-3333-4444", Summary: "Bad"})
	p.must(err)
	wantOutcome(t, p.run(), run.OutcomeOK)
	repos, err := p.openStore().Repositories(context.Background())
	p.must(err)
	snap, err := p.store.Load(context.Background(), repos[0].ID)
	p.must(err)
	var seen input.Surface
	p.must(json.Unmarshal(snap.Decisions[0].Input, &seen))
	want := input.Repository{Name: shop, Visibility: seen.Repository.Visibility, Group: "cards", DefaultBranch: "main", Language: "Go",
		Topics: []string{"api", "pci"}, Properties: map[string]string{"tier": "1", "teams": "pay,web"}}
	if diff := cmp.Diff(want, seen.Repository); diff != "" {
		t.Error(diff)
	}
}

// A repository that may not be read keeps no other's findings from being gone.
func TestARepositoryThatCannotBeReadClosesAndKeepsNothingElsewhere(t *testing.T) {
	const other = "acme/other"
	p := newAlerted(t, alerts.Options{Kind: alerts.Dependabot, Repositories: []string{shop, other}})
	i := p.intercepted()
	p.repository(other, map[string]string{"package.json": "{}"})
	for _, full := range []string{shop, other} {
		for k := range 2 {
			_, err := p.sandbox.AddDependabotAlert(full, github.DependabotAlert{Package: fmt.Sprint("p", k), Manifest: "package.json", GHSA: fmt.Sprintf("GHSA-2222-3333-444%d", k+4), Summary: "Bad"})
			p.must(err)
		}
	}
	wantOutcome(t, p.run(), run.OutcomeOK)
	i.become(intercept{part: "acme/other/dependabot", status: 403, body: `{"message":"Resource not accessible by integration"}`})
	for _, full := range []string{shop, other} {
		p.must(p.sandbox.SetDependabotState(full, 1, "fixed"))
	}
	wantOutcome(t, p.run(), run.OutcomePartial)
	p.wantStates(map[string]int{"dependabot refs/heads/main present": 1, "dependabot refs/heads/main gone": 1})
	if got := p.states(other); got["dependabot refs/heads/main present"] != 2 {
		t.Errorf("of the one that cannot be read: %v, want it as it was", got)
	}
}

// A renamed repository is the same one: its alerts are known under the new name.
func TestAlertsOfARenamedRepository(t *testing.T) {
	p := newAlerted(t, ofAcme()...)
	p.analyse(shop, "refs/heads/main", p.mainCommit(shop), "a/b")
	_, err := p.sandbox.AddDependabotAlert(shop, github.DependabotAlert{Package: "left-pad", Manifest: "package.json", GHSA: "GHSA-2222-3333-4444", Summary: "Bad"})
	p.must(err)
	wantOutcome(t, p.run(), run.OutcomeOK)
	before, known := p.states(shop), len(p.facts(shop))
	p.must(p.sandbox.RenameRepository(shop, "store"))
	p.clock.jump(time.Hour)
	wantOutcome(t, p.run(), run.OutcomeOK)
	if got := p.states("acme/store"); !maps.Equal(got, before) || len(p.facts("acme/store")) != known || len(p.facts(shop)) != 0 {
		t.Errorf("sightings %v and %d findings under the new name, %d under the old one; want %v and %d and none", got, len(p.facts("acme/store")), len(p.facts(shop)), before, known)
	}
}

// Old figures about vulnerabilities are used, and said to be old.
func TestOldFiguresAreFlagged(t *testing.T) {
	p := newAlerted(t, ofAcme()[1])
	_, err := p.sandbox.AddDependabotAlert(shop, github.DependabotAlert{Package: "left-pad", Manifest: "package.json", GHSA: "GHSA-2222-3333-4444", CVE: "CVE-2026-0001", Summary: "Bad"})
	p.must(err)
	cfg := p.config()
	cfg.Risks = func(context.Context) (risk.Known, error) {
		return risk.Known{Feeds: []risk.Status{{Name: "EPSS", Date: p.clock.Now().AddDate(0, 0, -30), Entries: 5, Stale: true}, {Name: "KEV", Problem: "no such file"}}}, nil
	}
	r, err := run.Run(context.Background(), cfg, run.Selection{})
	p.must(err)
	if said := strings.Join(r.Warnings, "\n"); !strings.Contains(said, "EPSS is of 2026") || !strings.Contains(said, "KEV cannot be read: no such file") || len(r.Risk) != 2 {
		t.Errorf("warnings %q, risk %+v", r.Warnings, r.Risk)
	}
}

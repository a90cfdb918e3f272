package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/alerts"
	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// alerted is a place whose findings come from GitHub's alerts.
type alerted struct {
	*place
	options []alerts.Options
	cfg     *run.Config // made once
}

func newAlerted(t *testing.T, options ...alerts.Options) *alerted {
	t.Helper()
	p := newPlace(t)
	p.sandbox.RevokeToken("secret-token")
	p.sandbox.AddToken(github.Token{Value: "secret-token", Login: "sluice-bot", Permissions: map[string]string{
		"contents": "read", "metadata": "read", "pull_requests": "write", "issues": "write",
		"security_events": "read", "vulnerability_alerts": "read", "secret_scanning_alerts": "read"}})
	p.repository(shop, map[string]string{"main.go": base, "package.json": "{}"})
	return &alerted{place: p, options: options}
}

// ofAcme asks for all three kinds in the organisation.
func ofAcme() []alerts.Options {
	var out []alerts.Options
	for _, kind := range alerts.Kinds() {
		out = append(out, alerts.Options{Kind: kind, Organisation: "acme"})
	}
	return out
}

func (p *alerted) config() run.Config {
	p.t.Helper()
	if p.cfg != nil {
		return *p.cfg
	}
	cfg := p.place.config()
	cfg.Sources = nil
	for _, o := range p.options {
		o.Secrets, o.Now = cfg.Secrets, p.clock.Now
		feed, err := alerts.New(p.client, o)
		p.must(err)
		cfg.Sources = append(cfg.Sources, connectors.Config{Name: string(o.Kind), Type: string(o.Kind), Feed: feed})
	}
	p.cfg = &cfg
	return cfg
}

func (p *alerted) run() *run.Report {
	p.t.Helper()
	report, err := run.Run(context.Background(), p.config(), run.Selection{})
	p.must(err)
	return report
}

// analyse uploads what the toy scanner finds in a commit.
func (p *alerted) analyse(full, ref, commit, category string) {
	p.t.Helper()
	u := github.Upload{Ref: ref, Commit: commit, Tool: "toy", Version: "1.0", Category: category}
	for _, path := range strings.Fields(p.git(full, "ls-tree", "-r", "--name-only", commit)) {
		for i, line := range strings.Split(p.git(full, "show", commit+":"+path), "\n") {
			for _, r := range toyRules {
				if strings.Contains(line, r.needle) {
					security := map[string]string{"error": "high", "warning": "medium", "note": "low"}[r.level]
					u.Results = append(u.Results, github.Result{Rule: r.id, Name: r.id, Severity: r.level, Security: security, Description: r.text,
						Path: path, Line: i + 1, Message: fmt.Sprintf("%s (%s)", r.text, strings.TrimSpace(line)), Tags: []string{"external/cwe/cwe-078"}})
				}
			}
		}
	}
	p.must(p.sandbox.Analyse(full, u))
}

func (p *alerted) mainCommit(full string) string {
	return strings.TrimSpace(p.git(full, "rev-parse", "main"))
}

// states counts the sightings of a repository by ref and state.
func (p *alerted) states(full string) map[string]int {
	p.t.Helper()
	out := map[string]int{}
	repos, err := p.openStore().Repositories(context.Background())
	p.must(err)
	for _, r := range repos {
		if r.FullName() != full {
			continue
		}
		snap, err := p.store.Load(context.Background(), r.ID)
		p.must(err)
		for _, s := range snap.Sightings {
			i := slices.IndexFunc(snap.Scopes, func(scope store.Scope) bool { return scope.No == s.Scope })
			out[snap.Scopes[i].Source+" "+snap.Scopes[i].Ref+" "+string(s.State)]++
		}
	}
	return out
}

func (p *alerted) wantStates(want map[string]int) {
	p.t.Helper()
	if got := p.states(shop); !maps.Equal(got, want) {
		p.t.Fatalf("sightings %v, want %v", got, want)
	}
}

// intercept answers requests whose address holds a text, until it is told to stop.
type intercept struct {
	http.RoundTripper
	part   string
	status int
	body   string
	met    int
}

func (i *intercept) become(fault intercept) {
	i.part, i.status, i.body, i.met = fault.part, fault.status, fault.body, 0
}

func (i *intercept) RoundTrip(r *http.Request) (*http.Response, error) {
	if i.part == "" || !strings.Contains(r.URL.String(), i.part) {
		return i.RoundTripper.RoundTrip(r)
	}
	i.met++
	return &http.Response{StatusCode: i.status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(i.body)), Request: r}, nil
}

func (p *alerted) intercepted() *intercept {
	i := &intercept{}
	p.wrap = func(next http.RoundTripper) http.RoundTripper {
		i.RoundTripper = next
		return i
	}
	return i
}

// A pull request is analysed as it would be merged, where lines are others.
func TestAlertsOfAPullRequestReachItsLines(t *testing.T) {
	p := newAlerted(t, ofAcme()...)
	p.analyse(shop, "refs/heads/main", p.mainCommit(shop), "a/b")
	p.commit(shop, "feature", "main", map[string]string{"main.go": added})
	p.commit(shop, "main", "", map[string]string{"main.go": code("// one", "// two", "// three") + base})
	number := p.open(shop, "feature")
	p.analyse(shop, fmt.Sprintf("refs/pull/%d/merge", number), p.pull(shop, number).MergeCommit, "a/b")
	wantOutcome(t, p.run(), run.OutcomeOK)
	p.move("/high", promoter.Advise)
	wantOutcome(t, p.run(), run.OutcomeOK)
	comments := p.pull(shop, number).ReviewComments
	if len(comments) != 1 || !strings.Contains(strings.Split(added, "\n")[comments[0].Line-1], "exec(b)") {
		t.Fatalf("want one comment on the line that the change added, have %s", asJSON(comments))
	}

	alert := 0
	w, err := p.sandbox.World()
	p.must(err)
	for _, a := range w.Repository(shop).Code {
		if strings.Contains(a.Message, "exec(b)") {
			alert = a.Number
		}
	}
	p.must(p.sandbox.DismissAlert(shop, "code-scanning", alert, "dev", "false positive", "b is a constant"))
	if r := p.run(); r.Outcome == run.OutcomeFailed || r.Outcome == run.OutcomePartial || len(r.Plans) != 1 {
		t.Errorf("run ended %s with plans %v: want the security team asked whether it stays so", r.Outcome, r.Plans)
	}
	if n := len(live(p.pull(shop, number))); n != 0 {
		t.Errorf("%d comments after the alert was dismissed, want none", n)
	}
	if got := p.states(shop)["code-scanning refs/pull/1/head suppressed"]; got != 1 {
		t.Errorf("%d sightings suppressed in the pull request, want 1: %v", got, p.states(shop))
	}
}

// verdicts are the answers by alert, as text.
func (p *alerted) verdicts() (out []string) {
	p.t.Helper()
	all, err := p.openStore().Verdicts(context.Background(), store.VerdictQuery{Source: promoter.FromAlert})
	p.must(err)
	people, err := p.store.People(context.Background())
	p.must(err)
	for _, v := range all {
		who := ""
		for _, person := range people {
			if person.ID == v.Person {
				who = person.Aliases[0].String()
			}
		}
		out = append(out, fmt.Sprintf("F%d %s %s %q standing %v", v.Finding, v.Kind, who, v.Reason, v.Stands()))
	}
	return out
}

func TestADismissalIsAnAnswer(t *testing.T) {
	p := newAlerted(t, ofAcme()...)
	for i := range 3 {
		_, err := p.sandbox.AddDependabotAlert(shop, github.DependabotAlert{Package: fmt.Sprint("p", i), Manifest: "package.json", GHSA: "GHSA-2222-3333-4444", Summary: "Bad"})
		p.must(err)
	}
	wantOutcome(t, p.run(), run.OutcomeOK)
	p.must(p.sandbox.DismissAlert(shop, "dependabot", 1, "alice", "inaccurate", "we do not call it"))
	p.must(p.sandbox.DismissAlert(shop, "dependabot", 2, "alice", "tolerable_risk", ""))
	p.must(p.sandbox.SetDependabotState(shop, 3, "auto_dismissed"))
	want := func(what string, want ...string) {
		t.Helper()
		for range 2 { // a second time nothing is new
			wantOutcome(t, p.run(), run.OutcomeOK)
			if got := p.verdicts(); !slices.Equal(got, want) {
				t.Fatalf("%s: %q, want %q", what, got, want)
			}
		}
	}
	want("dismissed", `F1 false-positive github:alice "we do not call it" standing true`, `F2 accepted github:alice "tolerable_risk" standing true`)
	p.must(p.sandbox.DismissAlert(shop, "dependabot", 1, "alice", "", ""))
	want("opened again", `F1 false-positive github:alice "we do not call it" standing false`, `F2 accepted github:alice "tolerable_risk" standing true`)
}

// Closed and opened again, a pull request has the same analysis as before.
func TestAlertsOfAPullRequestThatIsOpenedAgain(t *testing.T) {
	p := newAlerted(t, ofAcme()...)
	p.analyse(shop, "refs/heads/main", p.mainCommit(shop), "a/b")
	head := p.commit(shop, "feature", "main", map[string]string{"main.go": added})
	number := p.open(shop, "feature")
	p.analyse(shop, fmt.Sprintf("refs/pull/%d/head", number), head, "a/b")
	wantOutcome(t, p.run(), run.OutcomeOK)
	before := p.states(shop)
	p.must(p.sandbox.ClosePullRequest(shop, number))
	wantOutcome(t, p.run(), run.OutcomeOK)
	if got := p.states(shop)["code-scanning refs/pull/1/head present"]; got != 0 {
		t.Fatalf("%d present in a closed pull request", got)
	}
	p.must(p.sandbox.ReopenPullRequest(shop, number))
	wantOutcome(t, p.run(), run.OutcomeOK)
	if got, want := p.states(shop)["code-scanning refs/pull/1/head present"], before["code-scanning refs/pull/1/head present"]; got != want {
		t.Errorf("%d present after it was opened again, want %d", got, want)
	}
}

// Where a group names nobody to ask, the file's owners are named; another
// scanner's bot that reviews too is reported.
func TestOwnersAreNamedAndOtherBotsNoticed(t *testing.T) {
	p := newAlerted(t, ofAcme()...)
	p.settings = "codeowners: true\n"
	p.commit(shop, "main", "", map[string]string{".github/CODEOWNERS": "* @acme/shop-team\n[broken @x\n"})
	p.analyse(shop, "refs/heads/main", p.mainCommit(shop), "a/b")
	head := p.commit(shop, "feature", "main", map[string]string{"main.go": added})
	number := p.open(shop, "feature")
	p.analyse(shop, fmt.Sprintf("refs/pull/%d/head", number), head, "a/b")
	p.sandbox.AddToken(github.Token{Value: "native", Login: "github-advanced-security[bot]", App: true, Permissions: map[string]string{"pull_requests": "write"}})
	native, err := githubapi.New(githubapi.Config{URL: p.url, Token: "native", Clock: p.clock})
	p.must(err)
	p.must(native.Create(context.Background(), fmt.Sprintf("repos/%s/pulls/%d/reviews", shop, number), map[string]any{"event": "COMMENT", "body": "CodeQL found it"}, nil))
	p.run()
	p.move("/high", promoter.Advise)
	r := p.run()
	wantOutcome(t, r, run.OutcomeOK)
	comments := live(p.pull(shop, number))
	if len(comments) != 1 || !strings.Contains(comments[0], "acme/shop-team") || strings.Contains(comments[0], "@acme") {
		t.Errorf("want one comment that names the owners and mentions nobody, have %q", comments)
	}
	if want := (run.BesideLine{Repository: shop, PullRequest: number, Bot: "github-advanced-security[bot]"}); len(r.Beside) != 1 || r.Beside[0] != want {
		t.Errorf("beside us %v, want %v", r.Beside, want)
	}
	if again := p.run(); again.Effects != (run.EffectCounts{}) {
		t.Errorf("an unchanged run had effects: %+v", again.Effects)
	}
}

func TestEveryStateOfAnAlert(t *testing.T) {
	p := newAlerted(t, ofAcme()...)
	for i := range 5 {
		_, err := p.sandbox.AddDependabotAlert(shop, github.DependabotAlert{Package: fmt.Sprint("p", i), Manifest: "package.json", GHSA: fmt.Sprintf("GHSA-2222-3333-444%d", i+4), Summary: "Bad"})
		p.must(err)
	}
	for i := range 3 {
		_, err := p.sandbox.AddSecretAlert(shop, github.SecretAlert{Type: "aws_key", Secret: fmt.Sprint("AKIAsecret-nobody-may-see-", i), Path: "main.go", Line: 3})
		p.must(err)
	}
	wantOutcome(t, p.run(), run.OutcomeOK)
	p.wantStates(map[string]int{"dependabot refs/heads/main present": 5, "secret-scanning refs/heads/main present": 3})

	p.must(p.sandbox.DismissAlert(shop, "dependabot", 1, "dev", "tolerable_risk", "no"))
	p.must(p.sandbox.SetDependabotState(shop, 2, "auto_dismissed"))
	p.must(p.sandbox.SetDependabotState(shop, 3, "fixed"))
	p.must(p.sandbox.DismissAlert(shop, "secret-scanning", 1, "dev", "revoked", ""))
	p.must(p.sandbox.DismissAlert(shop, "secret-scanning", 2, "dev", "used_in_tests", ""))
	wantOutcome(t, p.run(), run.OutcomeOK)
	p.wantStates(map[string]int{
		"dependabot refs/heads/main present": 2, "dependabot refs/heads/main suppressed": 2, "dependabot refs/heads/main gone": 1,
		"secret-scanning refs/heads/main present": 1, "secret-scanning refs/heads/main suppressed": 1, "secret-scanning refs/heads/main gone": 1})

	p.must(p.sandbox.DismissAlert(shop, "dependabot", 1, "dev", "", "")) // opened again
	wantOutcome(t, p.run(), run.OutcomeOK)
	if got := p.states(shop)["dependabot refs/heads/main present"]; got != 3 {
		t.Errorf("%d present after one was opened again, want 3", got)
	}

	raw, err := os.ReadFile(p.database)
	p.must(err)
	if wal, err := os.ReadFile(p.database + "-wal"); err == nil {
		raw = append(raw, wal...)
	}
	if bytes.Contains(raw, []byte("nobody-may-see")) {
		t.Error("the database holds a secret")
	}
}

// pageFaults are what can happen to a pull, each to requests whose address holds part.
var pageFaults = map[string]intercept{
	"second page refused":         {part: "dependabot/alerts?after=", status: 500},
	"second page no JSON":         {part: "dependabot/alerts?after=", status: 200, body: "<html>"},
	"second page not a list":      {part: "dependabot/alerts?after=", status: 200, body: "{}"},
	"an alert is none":            {part: "dependabot/alerts?after=", status: 200, body: `[{"number":"one"}]`},
	"first page refused":          {part: "dependabot/alerts?d", status: 403, body: `{"message":"Resource not accessible by integration"}`},
	"no page of code scanning":    {part: "code-scanning/alerts", status: 502},
	"code alerts are hidden":      {part: "code-scanning/alerts", status: 404, body: `{"message":"Not Found"}`},
	"code scanning looks off":     {part: "code-scanning/alerts", status: 404, body: `{"message":"no analysis found"}`},
	"no page of analyses":         {part: "code-scanning/analyses", status: 502},
	"analyses may not be read":    {part: "code-scanning/analyses", status: 403, body: `{"message":"Resource not accessible by integration"}`},
	"no inventory, no repository": {part: "acme", status: 500},
}

func TestNothingIsGoneBecauseOfAPageThatFails(t *testing.T) {
	for scope, options := range map[string][]alerts.Options{"organisation": ofAcme(), "repositories": {
		{Kind: alerts.CodeScanning, Repositories: []string{shop}}, {Kind: alerts.Dependabot, Repositories: []string{shop}}}} {
		p := newAlerted(t, options...)
		i := p.intercepted()
		add := func(name string) {
			_, err := p.sandbox.AddDependabotAlert(shop, github.DependabotAlert{Package: name, Manifest: "package.json", GHSA: "GHSA-2222-3333-4444", Summary: "Bad"})
			p.must(err)
		}
		for i := range 150 {
			add(fmt.Sprint("p", i))
		}
		p.analyse(shop, "refs/heads/main", p.mainCommit(shop), "a/b")
		wantOutcome(t, p.run(), run.OutcomeOK)
		for name, fault := range pageFaults {
			t.Run(scope+"/"+name, func(t *testing.T) {
				before := p.states(shop)
				add(name)
				i.become(fault)
				r := p.run()
				if i.met == 0 {
					t.Fatal("the fault met no request")
				}
				if name != "code scanning looks off" && r.Outcome == run.OutcomeOK {
					t.Errorf("a run that could not read everything ended %s", r.Outcome)
				}
				for state, n := range p.states(shop) {
					if strings.HasSuffix(state, " gone") && n > before[state] {
						t.Errorf("%s: %d", state, n)
					}
				}
				i.become(intercept{})
				wantOutcome(t, p.run(), run.OutcomeOK)
				before["dependabot refs/heads/main present"]++
				p.wantStates(before)
			})
		}
	}
}

func TestAMissingCategoryClosesNothing(t *testing.T) {
	p := newAlerted(t, ofAcme()...)
	commit := p.mainCommit(shop)
	p.analyse(shop, "refs/heads/main", commit, "language:go")
	p.must(p.sandbox.Analyse(shop, github.Upload{Ref: "refs/heads/main", Commit: commit, Tool: "toy", Version: "1.0", Category: "language:java",
		Results: []github.Result{{Rule: "TOY001", Path: "A.java", Line: 1, Message: "java", Security: "high"}}}))
	wantOutcome(t, p.run(), run.OutcomeOK)
	p.wantStates(map[string]int{"code-scanning refs/heads/main present": 2})
	next := p.commit(shop, "main", "", map[string]string{"other.go": "package main"})
	p.analyse(shop, "refs/heads/main", next, "language:go") // and the job for Java did not run
	wantOutcome(t, p.run(), run.OutcomeOK)
	p.wantStates(map[string]int{"code-scanning refs/heads/main present": 2})
	last := p.commit(shop, "main", "", map[string]string{"main.go": "package main"})
	p.analyse(shop, "refs/heads/main", last, "language:go")
	p.must(p.sandbox.Analyse(shop, github.Upload{Ref: "refs/heads/main", Commit: last, Tool: "toy", Version: "1.0", Category: "language:java", Error: "it ended early"}))
	p.run()
	got := p.states(shop)
	if got["code-scanning refs/heads/main gone"] != 1 || got["code-scanning refs/heads/main present"] != 1 {
		t.Errorf("%v: want the fixed one gone, and the other one, whose analysis failed, as it was", got)
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

const (
	token = "token-that-nobody-may-see"
	hub   = "localhost:1" // how mortal processes call the sandbox
)

// place is a folder with a configuration, beside a GitHub in the same process.
type place struct {
	t         *testing.T
	dir       string
	sandbox   *github.Server
	beside    beside // for mortal processes
	now       time.Time
	transport http.RoundTripper
	wrap      func(store.Store) store.Store
	said      bytes.Buffer // everything that any command wrote
}

func newPlace(t *testing.T) *place {
	p := &place{t: t, dir: t.TempDir(), now: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
	p.must(layShop(p.dir))
	p.must(os.RemoveAll(filepath.Join(p.dir, "reports")))
	var err error
	p.sandbox, err = github.New(filepath.Join(p.dir, "github"), github.Options{Clock: p.tick})
	p.must(err)
	server := httptest.NewServer(p.sandbox)
	t.Cleanup(server.Close)
	p.beside = beside{hub + "=" + server.Listener.Addr().String()}
	p.sandbox.AddToken(github.Token{Value: token, Login: "sluice-bot", Permissions: map[string]string{
		"contents": "read", "metadata": "read", "pull_requests": "write", "issues": "write"}})
	config, err := os.ReadFile(filepath.Join(p.dir, "sluice.yaml"))
	p.must(err)
	p.must(os.WriteFile(filepath.Join(p.dir, "sluice.yaml"),
		append(config, "github: {url: \""+server.URL+"/\", token_env: SLUICE_TEST_TOKEN}\n"...), 0o600))
	return p
}

func (p *place) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) tick() time.Time {
	p.now = p.now.Add(time.Millisecond)
	return p.now
}

// sluice runs a command in the folder.
func (p *place) sluice(args ...string) (code int, stdout string) {
	p.t.Helper()
	return p.within(context.Background(), args...)
}

func (p *place) within(ctx context.Context, args ...string) (code int, stdout string) {
	p.t.Helper()
	var out, errs bytes.Buffer
	env := map[string]string{"SLUICE_TEST_TOKEN": token, "SLUICE_ACTOR": "github:alice", "SLUICE_TEST_JIRA": jiraToken, "SLUICE_TEST_USER": "sluice@example.com"}
	prog := newProgram(&out, &errs, func(name string) string { return env[name] })
	prog.seams = app.Options{Now: p.tick, Transport: p.transport, WrapStore: p.wrap, Sleep: func(ctx context.Context, d time.Duration) error {
		p.now = p.now.Add(d)
		return ctx.Err()
	}}
	code = prog.run(ctx, append(args, "--config", filepath.Join(p.dir, "sluice.yaml")))
	p.t.Logf("sluice %s: %d\n%s%s", strings.Join(args, " "), code, out.String(), errs.String())
	p.said.Write(out.Bytes())
	p.said.Write(errs.Bytes())
	return code, out.String()
}

// ends runs a command and wants its exit code.
func (p *place) ends(want int, args ...string) string {
	p.t.Helper()
	code, out := p.sluice(args...)
	if code != want {
		p.t.Fatalf("sluice %s ended with %d, want %d", strings.Join(args, " "), code, want)
	}
	return out
}

// shop makes acme/shop with a pull request that adds a problem, both scanned.
func (p *place) shop() {
	p.t.Helper()
	_, err := p.sandbox.CreateRepository("acme", "shop", true)
	p.must(err)
	for _, login := range []string{"sluice-bot", "dev"} {
		p.must(p.sandbox.Grant("acme/shop", login, github.Write))
	}
	base, err := p.sandbox.Commit("acme/shop", gitrepo.Change{Branch: "main", Write: map[string]string{"a.go": "package a\n\nfunc A() {}\n"}})
	p.must(err)
	p.report("branch-main", base, 0)
	head, err := p.sandbox.Commit("acme/shop", gitrepo.Change{Branch: "topic", From: "main", Write: map[string]string{"a.go": "package a\n\nfunc A() {}\n\nfunc B(s string) { run(s) }\n"}})
	p.must(err)
	_, err = p.sandbox.OpenPullRequest("acme/shop", github.NewPullRequest{Title: "Add B", Head: "topic", Base: "main", Author: "dev"})
	p.must(err)
	p.report("pr-1", head, 5)
}

// report drops a scan's report with a problem on a line of a.go; 0: none.
func (p *place) report(ref, commit string, line int) {
	p.t.Helper()
	results := []any{}
	if line > 0 {
		results = append(results, problemAt("a.go", line))
	}
	p.drop(ref, commit, results)
}

// drop writes a report where the source looks for it.
func (p *place) drop(ref, commit string, results []any) {
	p.t.Helper()
	raw, err := json.Marshal(map[string]any{"version": "2.1.0", "runs": []any{map[string]any{
		"tool": map[string]any{"driver": map[string]any{"name": "gosec", "version": "2.22.4", "rules": []any{map[string]any{"id": "G204"}}}}, "results": results}}})
	p.must(err)
	dir := filepath.Join(p.dir, "reports/acme/shop", ref, commit)
	p.must(os.MkdirAll(dir, 0o755))
	p.must(os.WriteFile(filepath.Join(dir, "gosec.sarif"), raw, 0o644))
}

func problemAt(path string, line int) any {
	return map[string]any{"ruleId": "G204", "level": "error", "message": map[string]any{"text": "A command is built from input."},
		"locations": []any{map[string]any{"physicalLocation": map[string]any{
			"artifactLocation": map[string]any{"uri": path}, "region": map[string]any{"startLine": line}}}}}
}

// comments are all that stands on the pull request, as the world shows it.
func (p *place) comments() (bodies []string) {
	p.t.Helper()
	w, err := p.sandbox.World()
	p.must(err)
	for _, pr := range w.Repositories[0].PullRequests {
		for _, c := range pr.ReviewComments {
			bodies = append(bodies, c.Body)
		}
		for _, c := range pr.Comments {
			bodies = append(bodies, c.Body)
		}
	}
	return bodies
}

func TestFromObserveToACommentAndBack(t *testing.T) {
	p := newPlace(t)
	p.shop()
	p.ends(0, "doctor")
	p.ends(0, "run")
	if got := p.comments(); len(got) != 0 {
		t.Fatalf("at observe there are comments: %q", got)
	}
	p.ends(0, "cohort", "move", "core/gosec/high", "advise", "--reason", "they are good")

	if out := p.ends(0, "run", "--dry-run"); !strings.Contains(out, "review on acme/shop#1: acme/shop:F1") {
		t.Errorf("the dry run does not say what it would show:\n%s", out)
	}
	if got := p.comments(); len(got) != 0 {
		t.Fatalf("a dry run commented: %q", got)
	}

	p.ends(0, "pause", "--reason", "an incident")
	p.ends(3, "run", "--fail-on", "deferred")
	p.ends(0, "run")
	if got := p.comments(); len(got) != 0 {
		t.Fatalf("there are comments while paused: %q", got)
	}
	p.ends(0, "resume")

	p.ends(0, "run")
	if got := p.comments(); len(got) != 1 || !strings.Contains(got[0], "A command is built from input.") {
		t.Fatalf("comments at advise: %q", got)
	}
	out := p.ends(0, "explain", "acme/shop:F1", "--pull-request", "1")
	for _, want := range []string{"in pull request #1: to be shown in review, summary", "#1 review: posted  http", "nothing: the stage (advise)"} {
		if !strings.Contains(out, want) {
			t.Errorf("explain does not say %q", want)
		}
	}

	// What a stricter setting would withdraw, by repository.
	strict := filepath.Join(p.dir, "strict.yaml")
	p.must(os.WriteFile(strict, []byte("groups: {core: {repositories: [acme/shop]}}\nthresholds: {default: {advise: critical}}\n"), 0o600))
	var compared comparison
	p.must(json.Unmarshal([]byte(p.ends(0, "run", "--dry-run", "--settings", strict, "--output", "json")), &compared))
	if len(compared.Repositories) != 1 || compared.Repositories[0].After.Withdraw == 0 || compared.Repositories[0].Before.Withdraw != 0 {
		t.Errorf("the comparison: %+v", compared.Repositories)
	}

	if out := p.ends(0, "cohort", "move", "core/gosec/high", "triage", "--reason", "too noisy"); !strings.Contains(out, "withdraws what is on display (1)") &&
		!strings.Contains(out, "withdraws what is on display (2)") {
		t.Errorf("the move does not say what follows: %s", out)
	}
	p.ends(0, "run")
	if got := p.comments(); len(got) != 1 || !strings.Contains(got[0], "<details>") {
		t.Fatalf("the comment was not withdrawn: %q", got)
	}
	p.ends(0, "ledger", "verify")
	if strings.Contains(p.said.String(), token) {
		t.Error("the token was printed")
	}
}

func TestASelectedPullRequestLeavesTheOthersAlone(t *testing.T) {
	p := newPlace(t)
	p.shop()
	p.ends(0, "run")
	p.ends(0, "cohort", "move", "core/gosec/high", "advise", "--reason", "they are good")
	p.ends(0, "run", "--only", "acme/shop#2")
	if got := p.comments(); len(got) != 0 {
		t.Fatalf("a run over #2 commented on #1: %q", got)
	}
	p.ends(0, "run", "--only", "acme/shop#1")
	if got := p.comments(); len(got) != 1 {
		t.Fatalf("a run over #1 left %q", got)
	}
}

// stopAt cancels a run when a request is made whose path holds a text.
type stopAt struct {
	text   string
	cancel context.CancelFunc
}

func (s stopAt) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, s.text) {
		s.cancel()
	}
	return http.DefaultTransport.RoundTrip(r)
}

// A signal cancels the program's context: see command.
func TestASignalEndsARunInGoodOrder(t *testing.T) {
	p := newPlace(t)
	p.shop()
	ctx, cancel := context.WithCancel(context.Background())
	p.transport = stopAt{"/pulls/1", cancel}
	code, out := p.within(ctx, "run", "--output", "json")
	var report run.Report
	p.must(json.Unmarshal([]byte(out), &report))
	if code != codePartial || !report.Interrupted {
		t.Errorf("code %d, interrupted %t; want 3 and true", code, report.Interrupted)
	}
	p.transport = nil
	p.ends(0, "run")
}

// robbed is a store whose run lock another run takes.
type robbed struct {
	store.Store
	take *context.CancelFunc
}

func (r robbed) Lock(ctx context.Context, who store.Holder, wait time.Duration) (context.Context, func() error, error) {
	holding, release, err := r.Store.Lock(ctx, who, wait)
	if err != nil {
		return nil, nil, err
	}
	holding, *r.take = context.WithCancel(holding)
	return holding, func() error { return errors.Join(release(), store.ErrLockLost) }, nil
}

// A run that lost its lock ends as one does that is stopped, and says why.
func TestALostLockEndsARun(t *testing.T) {
	p := newPlace(t)
	p.shop()
	var take context.CancelFunc
	p.wrap = func(s store.Store) store.Store { return robbed{s, &take} }
	p.transport = stopAt{"/pulls/1", func() { take() }}
	code, out := p.within(context.Background(), "run", "--output", "json")
	var report run.Report
	p.must(json.Unmarshal([]byte(out), &report))
	if code != codeFailed || !report.Interrupted || !strings.Contains(p.said.String(), "the run lock was lost: another run took it over") {
		t.Errorf("code %d, interrupted %t; want 1 and true", code, report.Interrupted)
	}
	p.transport, p.wrap = nil, nil
	p.ends(0, "run")
}

func TestWithoutATokenNothingIsDone(t *testing.T) {
	p := newPlace(t)
	p.must(os.WriteFile(filepath.Join(p.dir, "sluice.yaml"), []byte("keys: {markers_file: keys/markers.key, secrets_file: keys/secrets.key}\ngithub: {token_env: ANOTHER}\n"), 0o600))
	p.ends(2, "run")
	p.ends(1, "doctor")
	if !strings.Contains(p.said.String(), "the environment variable ANOTHER is not set") {
		t.Error("nobody said which variable is missing")
	}
}

// What a ceiling holds back waits as a plan, and a person's word lets it through.
func TestAPlanWaitsForAPerson(t *testing.T) {
	p := newPlace(t)
	p.must(os.WriteFile(filepath.Join(p.dir, "settings.yaml"),
		[]byte("groups: {core: {repositories: [acme/shop]}}\nceilings: {cohort: {show: 1}}\n"), 0o600))
	p.shop()
	p.ends(0, "run")
	p.ends(0, "cohort", "move", "core/gosec/high", "advise", "--reason", "they are good")
	head, err := p.sandbox.Commit("acme/shop", gitrepo.Change{Branch: "topic", From: "topic", Write: map[string]string{"b.go": "package a\n\nfunc C(s string) { run(s) }\n"}})
	p.must(err)
	p.drop("pr-1", head, []any{problemAt("a.go", 5), problemAt("b.go", 3)})

	p.ends(3, "run", "--fail-on", "failed,partial,deferred")
	if got := p.comments(); len(got) != 1 {
		t.Fatalf("with a ceiling of one there are %q", got)
	}
	var plans []struct{ ID string }
	p.must(json.Unmarshal([]byte(p.ends(0, "plan", "list", "--output", "json")), &plans))
	if len(plans) != 1 {
		t.Fatalf("plans: %+v", plans)
	}
	if out := p.ends(0, "plan", "show", strings.ToLower(plans[0].ID)); !strings.Contains(out, "acme/shop:F") {
		t.Errorf("the plan does not name its finding:\n%s", out)
	}
	p.ends(0, "plan", "approve", plans[0].ID, "--reason", "fine")
	p.ends(2, "plan", "reject", plans[0].ID)
	p.ends(0, "run")
	if got := p.comments(); len(got) != 2 {
		t.Fatalf("after the approval there are %q", got)
	}
}

// Package e2e plays whole stories: real git, real reports, the loop, and the
// sandbox as the world that is asked where everything ended up.
package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/connectors/sourcetext"
	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	surface "github.com/sluice-sec/sluice/promoter/github"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
	"github.com/sluice-sec/sluice/rules"
	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

const shop = "acme/shop"

// place is one organisation: a sandbox, a drop folder, a database.
type place struct {
	t         tb
	sandbox   *github.Server
	url       string
	drop      string
	database  string
	settings  string
	clock     *clock
	gitPath   map[string]string
	tokens    int
	wrap      func(http.RoundTripper) http.RoundTripper
	store     store.Store
	engine    *policy.Engine
	law       *settings.Settings
	engineFor string                // the text of the settings
	client    *githubapi.Client     // of the newest config
	tracker   run.Tracker           // nil: none
	tasks     promoter.TaskRenderer // for it
	asApp     *githubapi.Client     // nil: as an account, by a token
}

// tb is what a place needs of a test, so that a child process can do without one.
type tb interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
	Cleanup(func())
}

// clock moves by itself a little, as clocks do, and jumps when told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.jump(d)
	return ctx.Err()
}

func (c *clock) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir := t.TempDir()
	p := &place{
		t: t, drop: filepath.Join(dir, "drop"), database: filepath.Join(dir, "sluice.db"),
		clock: &clock{now: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}, gitPath: map[string]string{},
	}
	var err error
	p.sandbox, err = github.New(filepath.Join(dir, "github"), github.Options{Clock: p.clock.Now})
	p.must(err)
	server := httptest.NewServer(p.sandbox)
	t.Cleanup(server.Close)
	p.url = server.URL + "/"
	p.sandbox.AddToken(github.Token{Value: "secret-token", Login: "sluice-bot", Permissions: map[string]string{
		"contents": "read", "metadata": "read", "pull_requests": "write", "issues": "write"}})
	return p
}

func (p *place) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// repository makes a repository with one commit on main.
func (p *place) repository(full string, files map[string]string) {
	p.t.Helper()
	owner, name, _ := strings.Cut(full, "/")
	git, err := p.sandbox.CreateRepository(owner, name, true)
	p.must(err)
	p.gitPath[full] = git
	p.must(p.sandbox.Grant(full, "sluice-bot", github.Write))
	p.must(p.sandbox.Grant(full, "dev", github.Write))
	p.commit(full, "main", "", files)
}

func (p *place) commit(full, branch, from string, files map[string]string) string {
	p.t.Helper()
	hash, err := p.sandbox.Commit(full, gitrepo.Change{Branch: branch, From: from, Write: files})
	p.must(err)
	return hash
}

func (p *place) open(full, branch string) int {
	p.t.Helper()
	n, err := p.sandbox.OpenPullRequest(full, github.NewPullRequest{Title: "Change on " + branch, Head: branch, Base: "main", Author: "dev"})
	p.must(err)
	return n
}

// scan runs a scanner that knows three rules over a commit, and drops its
// report where the sources look.
func (p *place) scan(full, commit, ref string) {
	p.t.Helper()
	dir := filepath.Join(p.drop, full, ref, commit)
	p.must(os.MkdirAll(dir, 0o755))
	p.must(os.WriteFile(filepath.Join(dir, "toy.sarif"), p.report(full, commit), 0o644))
	p.clock.jump(time.Minute)
	p.must(os.Chtimes(filepath.Join(dir, "toy.sarif"), p.clock.now, p.clock.now))
}

func (p *place) scanPull(full, commit string, number int) {
	p.scan(full, commit, fmt.Sprintf("pr-%d", number))
}

var toyRules = []struct{ id, needle, level, score, text string }{
	{"TOY001", "exec(", "error", "8.8", "A command is built from input."},
	{"TOY002", "md5(", "warning", "5.0", "MD5 is no longer collision resistant."},
	{"TOY003", "print(", "note", "2.0", "Output goes to the console."},
}

func (p *place) report(full, commit string) []byte {
	p.t.Helper()
	files := strings.Fields(p.git(full, "ls-tree", "-r", "--name-only", commit))
	var rules, results []any
	for _, r := range toyRules {
		rules = append(rules, map[string]any{"id": r.id, "name": r.id, "shortDescription": map[string]any{"text": r.text},
			"helpUri": "https://example.com/rules/" + r.id, "properties": map[string]any{"security-severity": r.score, "tags": []string{"external/cwe/cwe-078"}}})
	}
	for _, path := range files {
		for i, line := range strings.Split(p.git(full, "show", commit+":"+path), "\n") {
			for _, r := range toyRules {
				if strings.Contains(line, r.needle) {
					results = append(results, map[string]any{"ruleId": r.id, "level": r.level, "message": map[string]any{"text": r.text},
						"locations": []any{map[string]any{"physicalLocation": map[string]any{
							"artifactLocation": map[string]any{"uri": path}, "region": map[string]any{"startLine": i + 1}}}}})
				}
			}
		}
	}
	if results == nil {
		results = []any{}
	}
	raw, err := json.Marshal(map[string]any{"version": "2.1.0", "runs": []any{map[string]any{
		"tool": map[string]any{"driver": map[string]any{"name": "toy", "version": "1.0", "rules": rules}}, "results": results}}})
	p.must(err)
	return raw
}

func (p *place) git(full string, args ...string) string {
	p.t.Helper()
	out, err := exec.Command("git", append([]string{"-C", p.gitPath[full]}, args...)...).Output()
	p.must(err)
	return string(out)
}

func (p *place) sources() []connectors.Config {
	return []connectors.Config{{
		Name: "ci", Type: "sarif", Base: p.drop,
		Paths: []string{"{owner}/{name}/branch-{branch}/{commit}/*.sarif", "{owner}/{name}/pr-{pull_request}/{commit}/*.sarif"},
	}}
}

// openStore opens the database for this test's life.
func (p *place) openStore() store.Store {
	p.t.Helper()
	if p.store == nil {
		db, err := sqlite.Open(context.Background(), p.database, sqlite.Options{Clock: p.clock.Now})
		p.must(err)
		p.t.Cleanup(func() { db.Close() })
		p.store = db
	}
	return p.store
}

func (p *place) config() run.Config {
	p.t.Helper()
	s, engine := p.policy()
	transport := http.DefaultTransport
	if p.wrap != nil {
		transport = p.wrap(transport)
	}
	db := p.openStore()
	var checks promoter.CheckRenderer
	client := p.asApp
	if p.asApp == nil {
		var err error
		client, err = githubapi.New(githubapi.Config{URL: p.url, Token: "secret-token", Cache: db, Clock: p.clock, Transport: transport})
		p.must(err)
	} else {
		checks = surface.Renderer{}
	}
	p.client = client
	shown, err := surface.New(client, surface.Options{MarkerKey: []byte("0123456789abcdef0123456789abcdef"), Clock: p.clock, Checks: checks != nil})
	p.must(err)
	return run.Config{
		Store: db, Decider: engine, Settings: s, Sources: p.sources(), Host: "sandbox", Platform: shown, Listener: shown, Renderer: surface.Renderer{},
		Checks: checks, Tracker: p.tracker, TaskRenderer: p.tasks,
		Text: func(_ connectors.Config, r promoter.Repository) sourcetext.Reader {
			reader := sourcetext.Git(p.gitPath[r.FullName()])
			p.t.Cleanup(func() { reader.Close() })
			return reader
		},
		Secrets: func(s string) string { return fmt.Sprintf("hash-%d", len(s)) },
		Token:   func() string { p.tokens++; return fmt.Sprintf("token%04d", p.tokens) },
		Now:     p.clock.Now, Log: zap.NewNop(), Actor: "os:test",
	}
}

// policy is loaded once for each settings: its tests take longer than a run.
func (p *place) policy() (*settings.Settings, *policy.Engine) {
	p.t.Helper()
	if p.engine == nil || p.engineFor != p.settings {
		s, err := settings.Parse("settings.yaml", []byte(p.settings))
		p.must(err)
		p.engine, err = policy.Load(context.Background(), policy.Source{FS: rules.FS, Name: "rules"}, s, policy.Options{Timeout: time.Minute})
		p.must(err)
		p.law, p.engineFor = s, p.settings
	}
	return p.law, p.engine
}

func (p *place) run() *run.Report {
	p.t.Helper()
	report, err := run.Run(context.Background(), p.config(), run.Selection{})
	p.must(err)
	return report
}

// move puts every cohort whose key ends so on a stage.
func (p *place) move(suffix string, to promoter.Stage) {
	p.t.Helper()
	cohorts, err := p.openStore().Cohorts(context.Background())
	p.must(err)
	for _, c := range cohorts {
		if strings.HasSuffix(c.Key, suffix) && c.Stage != to {
			_, err := p.store.MoveCohort(context.Background(), promoter.Move{
				CohortID: c.ID, From: c.Stage, To: to, Kind: promoter.MoveOverride, Reason: "test", Actor: "os:test", At: p.clock.Now()})
			p.must(err)
		}
	}
}

func (p *place) pull(full string, number int) *github.PullRequest {
	p.t.Helper()
	w, err := p.sandbox.World()
	p.must(err)
	for _, r := range w.Repositories {
		if r.Owner+"/"+r.Name == full {
			for _, pr := range r.PullRequests {
				if pr.Number == number {
					return pr
				}
			}
		}
	}
	p.t.Fatalf("no pull request %s#%d", full, number)
	return nil
}

func (p *place) mails() []github.Mail {
	w, err := p.sandbox.World()
	p.must(err)
	return w.Mails
}

func (p *place) rows() map[string]int64 {
	p.t.Helper()
	counts, err := p.openStore().(*sqlite.DB).RowCounts(context.Background())
	p.must(err)
	return counts
}

// grown lists the tables that hold more rows than before.
func grown(before, after map[string]int64) []string {
	var out []string
	for table, n := range after {
		if n != before[table] {
			out = append(out, fmt.Sprintf("%s +%d", table, n-before[table]))
		}
	}
	slices.Sort(out)
	return out
}

func code(lines ...string) string { return strings.Join(lines, "\n") + "\n" }

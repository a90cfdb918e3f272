package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
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
	"github.com/sluice-sec/sluice/test/sandbox/faults"
	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
	"github.com/sluice-sec/sluice/test/sandbox/jira"
	"github.com/sluice-sec/sluice/test/touch"
)

const (
	bot   = "sluice-bot"
	token = "secret-token"
)

// law is a policy engine per settings text; loading one takes longer than a whole story. It is shared by all seeds.
type law struct {
	mu      sync.Mutex
	engines map[string]engine
}

type engine struct {
	settings *settings.Settings
	*policy.Engine
}

func (l *law) of(text string) (engine, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.engines[text]; ok {
		return e, nil
	}
	s, err := settings.Parse("settings.yaml", []byte(text))
	if err != nil {
		return engine{}, err
	}
	// The timeout is the system's: a busy machine must not change the story.
	p, err := policy.Load(context.Background(), policy.Source{FS: rules.FS, Name: "rules"}, s, policy.Options{Timeout: time.Minute, SkipTests: true})
	if err != nil {
		return engine{}, err
	}
	if l.engines == nil {
		l.engines = map[string]engine{}
	}
	l.engines[text] = engine{s, p}
	return l.engines[text], nil
}

// place is one organisation: a sandbox, a drop folder, a database and the machine Sluice runs on.
type place struct {
	law        *law
	dir        string
	clock      *clock
	machine    *machine
	sandbox    *github.Server
	git        *gitrepo.Repository
	injector   *faults.Injector
	jira       *jira.Server // nil: no tracker
	jiraFire   *faults.Injector
	deployment jira.Deployment
	store      *sqlite.DB
	name       string // of the repository, without owner
	settings   string
	tokens     int
	heads      []string // of the ledger, as runs printed them

	trees map[string]map[string]string // files by commit
}

func newPlace(l *law, dir string, limits github.Limits) (*place, error) {
	p := &place{law: l, dir: dir, clock: newClock(), name: "shop", trees: map[string]map[string]string{}}
	p.machine = &machine{world: p.clock}
	var err error
	if p.sandbox, err = github.New(filepath.Join(dir, "github"), github.Options{Clock: p.clock.Now, Limits: limits}); err != nil {
		return nil, err
	}
	git, err := p.sandbox.CreateRepository("acme", p.name, true)
	if err != nil {
		return nil, err
	}
	p.git = gitrepo.Open(git)
	for _, login := range []string{bot, "dev", "ann"} {
		if err := p.sandbox.Grant(p.full(), login, github.Write); err != nil {
			return nil, err
		}
	}
	p.permit("write")
	p.injector = faults.New(p.sandbox, faults.Options{Describe: faults.GitHub(p.sandbox), Now: p.clock.Now, Advance: p.clock.advance})
	return p, p.open()
}

func (p *place) full() string { return "acme/" + p.name }

// permit gives Sluice's token a level for pull requests.
func (p *place) permit(level string) {
	p.sandbox.RevokeToken(token)
	p.sandbox.AddToken(github.Token{Value: token, Login: bot, Permissions: map[string]string{
		"contents": "read", "metadata": "read", "pull_requests": level, "issues": level}})
}

// blind takes the repository out of the token's sight: everything in it is 404.
func (p *place) blind() {
	p.sandbox.RevokeToken(token)
	p.sandbox.AddToken(github.Token{Value: token, Login: bot, Repositories: []string{"acme/other"}})
}

func (p *place) open() (err error) {
	p.store, err = sqlite.Open(context.Background(), filepath.Join(p.dir, "sluice.db"), sqlite.Options{Clock: p.machine.Now})
	return err
}

func (p *place) close() error { return p.store.Close() }

// process is a fresh Sluice as it starts.
func (p *place) process(f *fuse) (run.Config, error) {
	e, err := p.law.of(p.settings)
	if err != nil {
		return run.Config{}, err
	}
	db := touch.Store(p.store, f.touch)
	client, err := githubapi.New(githubapi.Config{URL: "http://sandbox/", Token: token, Cache: db, Clock: p.machine,
		Transport: touch.Transport(faults.Direct(p.injector), f.touch)})
	if err != nil {
		return run.Config{}, err
	}
	shown, err := surface.New(client, surface.Options{MarkerKey: []byte("0123456789abcdef0123456789abcdef"), Clock: p.machine})
	if err != nil {
		return run.Config{}, err
	}
	cfg := run.Config{
		Store: db, Decider: e.Engine, Settings: e.settings, Host: "sandbox", Platform: shown, Renderer: surface.Renderer{},
		Sources: []connectors.Config{{Name: "ci", Type: "sarif", Base: filepath.Join(p.dir, "drop"),
			Paths: []string{"{owner}/{name}/branch-{branch}/{commit}/*.sarif", "{owner}/{name}/pr-{pull_request}/{commit}/*.sarif"}}},
		Text:    func(connectors.Config, promoter.Repository) sourcetext.Reader { return sourcetext.Func(p.text) },
		Secrets: func(s string) string { return fmt.Sprintf("hash-%d", len(s)) },
		Token:   func() string { p.tokens++; return fmt.Sprintf("token%05d", p.tokens) },
		Now:     p.machine.Now, Log: zap.NewNop(), Actor: "os:simulation",
	}
	return cfg, p.track(&cfg, f)
}

// text reads a file of the repository, as a checkout would.
func (p *place) text(_ context.Context, commit, path string) ([]byte, error) {
	files, err := p.checkout(commit)
	if err != nil {
		return nil, err
	}
	text, ok := files[path]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(text), nil
}

// checkout is every file of a commit: as it was written or, of a merge, as git has it.
func (p *place) checkout(commit string) (map[string]string, error) {
	if files, ok := p.trees[commit]; ok {
		return files, nil
	}
	entries, err := p.git.List(commit, "")
	if err != nil {
		return nil, fs.ErrNotExist
	}
	files := map[string]string{}
	for _, e := range entries {
		text, err := p.git.Blob(e.Hash)
		if err != nil {
			return nil, err
		}
		files[e.Path] = string(text)
	}
	p.trees[commit] = files
	return files, nil
}

// commit writes files on top of those of a known commit.
func (p *place) commit(c gitrepo.Change, on string) (string, error) {
	files := map[string]string{}
	if on != "" {
		base, err := p.checkout(on)
		if err != nil {
			return "", err
		}
		maps.Copy(files, base)
	}
	maps.Copy(files, c.Write)
	head, err := p.sandbox.Commit(p.full(), c)
	p.trees[head] = files
	return head, err
}

// run is one run of a fresh process, which may not live to its end: then the report is nil and died says where.
func (p *place) run(f *fuse) (report *run.Report, died string, err error) {
	cfg, err := p.process(f)
	if err != nil {
		return nil, "", err
	}
	defer func() {
		if r := recover(); r != nil {
			k, ok := r.(killed)
			if !ok {
				panic(r)
			}
			report, died, err = nil, k.at, errors.Join(p.store.Close(), p.open())
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f.stop = cancel
	report, err = run.Run(ctx, cfg, run.Selection{})
	if err == nil {
		p.heads = append(p.heads, report.Ledger)
	}
	return report, "", err
}

// move puts a cohort on a stage, as a person does.
func (p *place) move(c promoter.Cohort, to promoter.Stage) error {
	_, err := p.store.MoveCohort(context.Background(), promoter.Move{
		CohortID: c.ID, From: c.Stage, To: to, Kind: promoter.MoveOverride, Reason: "simulated", Actor: "os:ann", At: p.machine.Now()})
	var conflict *store.ConflictError
	if errors.As(err, &conflict) {
		return nil // moved by somebody else meanwhile
	}
	return err
}

// deliver drops a report where the sources look, with the world's time on it.
func (p *place) deliver(ref, commit, file string, report []byte) error {
	dir := filepath.Join(p.dir, "drop", "acme", p.name, ref, commit)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(dir, file)
	if err := os.WriteFile(path, report, 0o644); err != nil {
		return err
	}
	at := p.clock.Now()
	return os.Chtimes(path, at, at)
}

// replace delivers a report in place of all others of its commit.
func (p *place) replace(ref, commit string, report []byte) error {
	if err := os.RemoveAll(filepath.Join(p.dir, "drop", "acme", p.name, ref, commit)); err != nil {
		return err
	}
	return p.deliver(ref, commit, fmt.Sprintf("whole-%d.sarif", p.clock.now.Unix()), report)
}

package weeks

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/test/sandbox/clock"
	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

// place is an organisation on a GitHub of its own, Sluice beside it, and the time that both go by.
type place struct {
	dir     string
	clock   *clock.Clock
	sandbox *github.Server
	log     *zap.Logger
	scanner *scanner
	repos   map[string]*repo
}

// repo is one repository: what main holds.
type repo struct {
	name string
	main []source
}

func full(repo string) string { return owner + "/" + repo }

// token is what Sluice shows the sandbox. The App of the first act would not do: its key signs by the machine's clock.
const token = "the-demo-s-token"

const configuration = `store: sqlite:sluice.db
settings: settings.yaml
keys: {markers_file: markers.key, secrets_file: secrets.key}
github: {url: "%s/", graphql_url: "%s/graphql", token_env: SLUICE_TOKEN}
sources:
  - name: scanners
    type: sarif
    path:
      - "reports/{owner}/{name}/branch-{branch}/{commit}/*.sarif"
      - "reports/{owner}/{name}/pr-{pull_request}/{commit}/*.sarif"
    source_dir: "checkouts/{owner}/{name}.git"
`

const settings = `groups:
  core: {repositories: ["acme/*"], tier: 1, wave: 1, owner: team-parcels, ask: "#ask-appsec"}
thresholds:
  default: {advise: high, enforce: high}
`

// configure leaves a folder in which sluice can be called without any flags. Its keys are always the same, so that the
// same findings are drawn for the queue each time.
func (p *place) configure(url string) error {
	key := strings.Repeat(hex.EncodeToString([]byte("demo")), app.KeySize/len("demo")) + "\n"
	for name, text := range map[string]string{"sluice.yaml": fmt.Sprintf(configuration, url, url), "settings.yaml": settings, "markers.key": key, "secrets.key": key} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// plant makes the repositories and the people.
func (p *place) plant() error {
	p.sandbox.AddToken(github.Token{Value: token, Login: "sluice-bot", Permissions: map[string]string{
		"contents": "read", "metadata": "read", "pull_requests": "write", "issues": "write"}})
	if err := os.MkdirAll(filepath.Join(p.dir, "checkouts", owner), 0o755); err != nil {
		return err
	}
	for _, t := range team {
		git, err := p.sandbox.CreateRepository(owner, t.repo, true)
		if err != nil {
			return err
		}
		if err := os.Symlink(git, filepath.Join(p.dir, "checkouts", owner, t.repo+".git")); err != nil {
			return err
		}
		for _, person := range append(t.people[:], "sluice-bot") {
			if err := p.sandbox.Grant(full(t.repo), person, github.Write); err != nil {
				return err
			}
		}
		r := &repo{name: t.repo, main: standing(t.repo, t.stands)}
		p.repos[t.repo] = r
		if _, err := p.commit(r, "main", "", t.people[0], "What we have", r.main); err != nil {
			return err
		}
		if err := p.scanMain(r); err != nil {
			return err
		}
	}
	return nil
}

func (p *place) commit(r *repo, branch, from, author, message string, files []source) (string, error) {
	write := map[string]string{}
	for _, s := range files {
		text, err := s.text()
		if err != nil {
			return "", err
		}
		write[s.path()] = text
	}
	return p.sandbox.Commit(full(r.name), gitrepo.Change{Branch: branch, From: from, Message: message, Write: write, When: p.clock.Now(),
		Author: gitrepo.Identity{Name: author, Mail: author + "@example.com"}})
}

// scan leaves gosec's report about a tree where Sluice looks. ref is branch-NAME or pr-NUMBER.
func (p *place) scan(r *repo, ref, commit string, tree []source) error {
	report, err := p.scanner.report(tree)
	if err != nil {
		return err
	}
	dir := filepath.Join(p.dir, "reports", owner, r.name, ref, commit)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	file, now := filepath.Join(dir, "gosec.sarif"), p.clock.Now()
	if err := os.WriteFile(file, report, 0o644); err != nil {
		return err
	}
	return os.Chtimes(file, now, now)
}

func (p *place) scanMain(r *repo) error {
	head, err := gitrepo.Open(filepath.Join(p.dir, "checkouts", owner, r.name+".git")).Ref("refs/heads/main")
	if err != nil {
		return err
	}
	return p.scan(r, "branch-main", head, r.main)
}

// sluice is the program, with the story's clock, for one command of one person.
func (p *place) sluice(who string, f func(*app.App) error) error {
	a, err := app.New(app.Options{
		ConfigFile: filepath.Join(p.dir, "sluice.yaml"), As: who, Version: "demo", Logger: p.log,
		Getenv: func(name string) string { return map[string]string{"SLUICE_TOKEN": token}[name] },
		Now:    p.clock.Now, Sleep: p.clock.Sleep,
	})
	if err != nil {
		return err
	}
	defer a.Close()
	return f(a)
}

// run is `sluice run`.
func (p *place) run(ctx context.Context) (report *run.Report, err error) {
	err = p.sluice("os:scheduler", func(a *app.App) error {
		report, err = a.Run(ctx, app.Request{})
		return err
	})
	return report, err
}

// judge is a sitting with `sluice queue judge`: what was drawn at random is answered.
func (p *place) judge(ctx context.Context, cohort string, kind promoter.VerdictKind) (judged int, err error) {
	err = p.sluice("github:"+security, func(a *app.App) error {
		s, err := a.ExistingStore(ctx)
		if err != nil {
			return err
		}
		c, err := standingOf(ctx, s, cohort)
		if err != nil {
			return err
		}
		drawn, err := s.Unanswered(ctx, c.ID, c.Attempt, true)
		if err != nil {
			return err
		}
		people, err := s.EnsurePeople(ctx, promoter.Alias{System: "github", Login: security})
		if err != nil {
			return err
		}
		r := store.Recording{Actor: a.Actor, At: a.Now().UTC()}
		for _, d := range drawn {
			r.Verdicts = append(r.Verdicts, promoter.Verdict{RepoID: d.RepoID, Finding: d.Finding, Exposure: d.Seq, Person: people[0],
				Kind: kind, Source: promoter.FromCommand, At: r.At, Audit: true})
		}
		judged = len(drawn)
		return s.Record(ctx, r)
	})
	return judged, err
}

// approve is `sluice plan approve`.
func (p *place) approve(ctx context.Context, plan, reason string) error {
	return p.sluice("github:"+security, func(a *app.App) error {
		s, err := a.ExistingStore(ctx)
		if err != nil {
			return err
		}
		return s.DecideApproval(ctx, plan, promoter.ApprovalApproved, a.Actor, reason, a.Now().UTC())
	})
}

// ladder is where each cohort stands.
func (p *place) ladder(ctx context.Context) (all []store.Standing, err error) {
	err = p.sluice("os:demo", func(a *app.App) error {
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		all, err = s.Standings(ctx)
		return err
	})
	return all, err
}

func standingOf(ctx context.Context, s store.Weighing, key string) (store.Standing, error) {
	all, err := s.Standings(ctx)
	if err != nil {
		return store.Standing{}, err
	}
	return find(all, key)
}

func find(all []store.Standing, key string) (store.Standing, error) {
	for _, c := range all {
		if c.Key == key {
			return c, nil
		}
	}
	return store.Standing{}, fmt.Errorf("there is no cohort %s", key)
}

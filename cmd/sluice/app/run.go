package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/promoter/github"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Request is what a run is asked to do. The zero value does everything once.
type Request struct {
	Selection run.Selection
	Context   connectors.Context // what flags say about reports whose paths do not
	CI        bool               // take the CI's word also where paths have captures
	Wait      time.Duration      // for another run to end
	Deadline  time.Duration      // after which the run ends in good order; 0: never
	Policy    string             // a policy folder to use instead of the configured one
	Settings  string             // a settings file to use instead of the configured one
	NewKeys   bool               // go on with other keys than the database was written with
	Progress  run.Progress
	// Recovering: only adopt what the world has and the store does not.
	Recovering bool
}

// Run goes through the loop once, under the run lock. Errors that kept it from
// running: *UsageError, *store.HeldError, those of the store.
func (a *App) Run(ctx context.Context, req Request) (*run.Report, error) {
	if err := a.Configured(); err != nil {
		return nil, err
	}
	if err := a.trusted(); err != nil {
		return nil, err
	}
	if err := a.first(ctx, req); err != nil {
		return nil, err
	}
	s, err := a.Store(ctx)
	if err != nil {
		return nil, err
	}
	law, err := a.lawFor(ctx, req, s)
	if err != nil {
		return nil, err
	}
	cfg, err := a.runConfig(req, s, law)
	if err != nil {
		return nil, err
	}
	holding, release, err := s.Lock(ctx, a.holder(), req.Wait)
	if err != nil {
		return nil, err
	}
	report, err := a.locked(holding, req, s, law, cfg)
	a.tellSlack(ctx, report)
	return report, errors.Join(err, release())
}

// first looks at what a first run needs, so that a store is made only by a run
// that can begin.
func (a *App) first(ctx context.Context, req Request) error {
	if _, err := os.Stat(a.Config.StorePath()); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, err := a.key(a.Config.Keys.SecretsFile, "secrets_file"); err != nil {
		return err
	}
	_, err := a.Candidate(ctx, req.Policy, req.Settings)
	return err
}

func (a *App) locked(ctx context.Context, req Request, s store.Store, law *Law, cfg run.Config) (*run.Report, error) {
	if err := a.keepKeys(ctx, s, req.NewKeys); err != nil {
		return nil, err
	}
	if err := a.keep(ctx, s, law); err != nil {
		return nil, fmt.Errorf("keep policy and settings: %w", err)
	}
	return a.loop(ctx, req, cfg)
}

func (a *App) loop(ctx context.Context, req Request, cfg run.Config) (*run.Report, error) {
	defer a.closeTexts()
	if req.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, req.Deadline)
		defer cancel()
	}
	return run.Run(ctx, cfg, req.Selection)
}

// lawFor: what a person names on the command line must be good; what the
// configuration names may be replaced by the last good one.
func (a *App) lawFor(ctx context.Context, req Request, s store.Documents) (*Law, error) {
	if req.Policy != "" || req.Settings != "" {
		return a.Candidate(ctx, req.Policy, req.Settings)
	}
	return a.Law(ctx, s)
}

func (a *App) runConfig(req Request, s store.Store, law *Law) (run.Config, error) {
	secrets, err := a.key(a.Config.Keys.SecretsFile, "secrets_file")
	if err != nil {
		return run.Config{}, err
	}
	platform, err := a.surface(s)
	if err != nil {
		return run.Config{}, err
	}
	sources, err := a.withFeeds(a.sources(req.Context, req.CI), Hasher(secrets))
	if err != nil {
		return run.Config{}, err
	}
	req.Progress.Began = a.run.Store
	cfg := run.Config{
		Store: s, Decider: law.Engine, Settings: law.Settings, Sources: sources,
		Host: a.host(), Platform: platform, Listener: listener(platform), Renderer: github.Renderer{}, Text: a.text(a.github),
		Risks: a.risks(s), Secrets: Hasher(secrets), Coin: coin(secrets, law.Settings.Hold.Audit), Token: a.opt.Token, Now: a.opt.Now, Log: a.Log, Actor: a.Actor,
		Warnings: law.Warnings, Rhythms: a.rhythms(), Retention: a.retention(), Progress: req.Progress, Recovering: req.Recovering,
	}
	if g := a.Config.GitHub; g != nil && g.App != nil { // GitHub lets nobody else write checks
		cfg.Checks = github.Renderer{}
	}
	return cfg, a.track(&cfg)
}

func (a *App) holder() store.Holder {
	host, _ := os.Hostname()
	return store.Holder{Actor: a.Actor, Host: host, PID: os.Getpid(), Command: "run"}
}

// Dry is what a dry run ended with: its report, and the copy of the store it
// worked on.
type Dry struct {
	Report *run.Report
	Store  store.Store
	Law    *Law
}

// DryRun goes through the loop on a copy of the store. Nothing is shown,
// withdrawn or remembered; GitHub is read. The copy goes away with the App.
func (a *App) DryRun(ctx context.Context, req Request) (*Dry, error) {
	if err := a.Configured(); err != nil {
		return nil, err
	}
	if err := a.trusted(); err != nil {
		return nil, err
	}
	s, err := a.copyOfStore(ctx)
	if err != nil {
		return nil, fmt.Errorf("copy the store for a dry run: %w", err)
	}
	law, err := a.lawFor(ctx, req, s)
	if err != nil {
		return nil, err
	}
	cfg, err := a.runConfig(req, s, law)
	if err != nil {
		return nil, err
	}
	cfg.DryRun = true
	if cfg.Platform != nil {
		cfg.Platform = lookOnly{cfg.Platform}
	}
	if cfg.Tracker != nil {
		cfg.Tracker = trackNothing{cfg.Tracker}
	}
	report, err := a.loop(ctx, req, cfg)
	return &Dry{Report: report, Store: s, Law: law}, err
}

// copyOfStore is an empty store where there is none yet.
func (a *App) copyOfStore(ctx context.Context) (store.Store, error) {
	dir, err := os.MkdirTemp("", "sluice-dry-run-")
	if err != nil {
		return nil, err
	}
	a.atClose(func() error { return os.RemoveAll(dir) })
	path := filepath.Join(dir, "sluice.db")
	if _, err := os.Stat(a.Config.StorePath()); !errors.Is(err, fs.ErrNotExist) {
		original, err := a.openFile(ctx, a.Config.StorePath(), true)
		if err != nil {
			return nil, err
		}
		if err := original.Backup(ctx, path); err != nil {
			return nil, err
		}
	}
	return a.openFile(ctx, path, false)
}

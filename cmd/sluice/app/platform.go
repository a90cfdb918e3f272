package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/github"
	"github.com/sluice-sec/sluice/promoter/run"
)

// GitHub returns the one client of this process, or nil where no GitHub is
// configured. Its cache is the store it is first asked for with.
func (a *App) GitHub(cache githubapi.Cache) (*githubapi.Client, error) {
	g := a.Config.GitHub
	if g == nil || a.github != nil {
		return a.github, nil
	}
	if err := a.trusted(); err != nil {
		return nil, err
	}
	c := githubapi.Config{
		URL: g.URL, GraphQLURL: g.GraphQLURL, Cache: cache, Clock: a.clock(), Logger: a.Log,
		Transport: a.opt.Transport, UserAgent: "sluice/" + a.opt.Version, Limits: a.opt.Limits,
	}
	if g.App != nil {
		key, err := os.ReadFile(a.Config.Absolute(g.App.PrivateKeyFile))
		if err != nil {
			return nil, &UsageError{Err: fmt.Errorf("github.app.private_key_file: %w", err)}
		}
		c.App = &githubapi.App{ID: g.App.ID, InstallationID: g.App.InstallationID, PrivateKey: key}
	} else if c.Token = a.opt.Getenv(g.TokenEnv); c.Token == "" {
		return nil, &UsageError{Err: fmt.Errorf("github.token_env: the environment variable %s is not set", g.TokenEnv)}
	}
	client, err := githubapi.New(c)
	if err != nil {
		return nil, &UsageError{Err: fmt.Errorf("github: %w", err)}
	}
	a.github = client
	return client, nil
}

// surface returns the platform of a run, or nil where none is configured.
func (a *App) surface(cache githubapi.Cache) (run.Platform, error) {
	client, err := a.GitHub(cache)
	if client == nil || err != nil {
		return nil, err
	}
	key, err := a.key(a.Config.Keys.MarkersFile, "markers_file")
	if err != nil {
		return nil, err
	}
	s, err := github.New(client, github.Options{MarkerKey: key, Checks: a.Config.GitHub.App != nil, Clock: a.clock(), Logger: a.Log, SettleDelay: a.opt.SettleDelay})
	if err != nil {
		return nil, &UsageError{Err: err}
	}
	return s, nil
}

// host is the name repositories are booked under.
func (a *App) host() string {
	if a.github != nil {
		return a.github.Host()
	}
	return "github.com"
}

// listener hears what people say where the platform shows notices, or is nil.
func listener(p run.Platform) run.Listener {
	l, _ := p.(run.Listener)
	return l
}

// lookOnly is a platform in which nothing can be changed, for dry runs.
type lookOnly struct{ run.Platform }

var errLookOnly = errors.New("a dry run changes nothing")

// Do refuses.
func (lookOnly) Do(context.Context, promoter.Effect) (promoter.Observed, error) {
	return promoter.Observed{}, &promoter.RefusedError{Why: errLookOnly.Error(), Stale: true}
}

// Find refuses as well: to settle an effect it may have to delete a review.
func (lookOnly) Find(context.Context, promoter.Effect) (promoter.Observed, error) {
	return promoter.Observed{}, errLookOnly
}

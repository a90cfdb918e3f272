package app

import (
	"cmp"
	"context"
	"fmt"

	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/jira"
	"github.com/sluice-sec/sluice/promoter/run"
)

// jira returns the surface for tasks with the settings' routes, or nil where
// none is configured.
func (a *App) jira(s *settings.Settings) (*jira.Surface, error) {
	j := a.Config.Jira
	if j == nil {
		return nil, nil
	}
	if err := a.trusted(); err != nil {
		return nil, err
	}
	c := jira.Config{
		URL: j.URL, Deployment: jira.Deployment(j.Deployment), Transport: a.opt.Transport,
		Routes: s.Routes, People: s.People, Clock: a.clock(), Log: a.Log,
	}
	if c.Token = a.opt.Getenv(j.TokenEnv); c.Token == "" {
		return nil, &UsageError{Err: fmt.Errorf("jira.token_env: the environment variable %s is not set", j.TokenEnv)}
	}
	if j.UserEnv != "" {
		if c.User = a.opt.Getenv(j.UserEnv); c.User == "" {
			return nil, &UsageError{Err: fmt.Errorf("jira.user_env: the environment variable %s is not set", j.UserEnv)}
		}
	}
	surface, err := jira.New(c)
	if err != nil {
		return nil, &UsageError{Err: err}
	}
	return surface, nil
}

// track gives a run its tracker, if one is configured.
func (a *App) track(cfg *run.Config) error {
	surface, err := a.jira(cfg.Settings)
	if surface == nil || err != nil {
		return err
	}
	cfg.Tracker, cfg.TaskRenderer = surface, jira.NewRenderer(jira.Deployment(a.Config.Jira.Deployment))
	cfg.TaskListener = taskListener{surface}
	return nil
}

// taskListener tells how tasks stand, in the loop's words.
type taskListener struct{ *jira.Surface }

// TaskStates asks Jira.
func (l taskListener) TaskStates(ctx context.Context, tasks []promoter.Remote) ([]promoter.TaskState, error) {
	states, err := l.Status(ctx, tasks)
	out := make([]promoter.TaskState, len(states))
	for i, s := range states {
		out[i] = promoter.TaskState{
			ID: s.ID, Gone: s.Gone, Done: s.Category == "done", Status: s.Status, Resolution: s.Resolution, By: s.By, Ours: s.Ours, At: s.At,
		}
	}
	return out, err
}

// trackNothing is a tracker in which nothing can be changed, for dry runs.
type trackNothing struct{ run.Tracker }

// Do refuses.
func (trackNothing) Do(context.Context, promoter.Effect) (promoter.Observed, error) {
	return promoter.Observed{}, &promoter.RefusedError{Why: errLookOnly.Error(), Stale: true}
}

// Find refuses as well: it hands over what was made twice.
func (trackNothing) Find(context.Context, promoter.Effect) (promoter.Observed, error) {
	return promoter.Observed{}, errLookOnly
}

// tracker looks at Jira and at every route that leads there.
func (c *checkup) tracker(ctx context.Context) {
	document := readDocument(c.Config.Near(c.Config.Settings))
	s, err := settings.Parse(document.name, document.body)
	if document.err != nil || err != nil {
		return // said of the settings
	}
	routed := ""
	for _, r := range s.Routes {
		if r.Jira != nil {
			routed = cmp.Or(routed, r.Name)
		}
	}
	surface, err := c.jira(s)
	switch {
	case err != nil:
		c.fail("jira", err.Error(), "")
	case surface == nil && routed != "":
		c.warn("jira", "the route "+routed+" leads to Jira, and none is configured: no task is made", "give "+c.Config.File+" a `jira` part")
	case surface == nil:
	default:
		verdicts := map[jira.Verdict]Verdict{jira.Passed: Passed, jira.Warning: Warned}
		for _, got := range surface.Doctor(ctx) {
			c.add("jira: "+got.Name, cmp.Or(verdicts[got.Verdict], Failed), got.Detail, got.Mend)
		}
	}
}

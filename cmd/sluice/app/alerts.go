package app

import (
	"context"
	"slices"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/alerts"
)

// withFeeds gives the sources that are asked of GitHub what asks. The client is
// the one of this process, so that all of them share its limits.
func (a *App) withFeeds(sources []connectors.Config, hash func(string) string) ([]connectors.Config, error) {
	for i, s := range a.Config.Sources {
		if !slices.Contains(alerts.Kinds(), alerts.Kind(s.Type)) {
			continue
		}
		feed, err := a.feed(s, hash)
		if err != nil {
			return nil, err
		}
		sources[i].Feed, sources[i].WriteBack = feed, s.WriteBack
	}
	return sources, nil
}

func (a *App) feed(s Source, hash func(string) string) (*alerts.Feed, error) {
	client, err := a.GitHub(nil)
	if err != nil {
		return nil, err
	}
	feed, err := alerts.New(client, alerts.Options{
		Kind: alerts.Kind(s.Type), Organisation: s.Organisation, Repositories: s.Repositories, Secrets: hash, Now: a.opt.Now,
	})
	if err != nil {
		return nil, &UsageError{Err: err}
	}
	return feed, nil
}

// alerts tries whether GitHub tells us what a source asks.
func (c *checkup) alerts(ctx context.Context, name string, s Source) {
	feed, err := c.feed(s, nil)
	if err != nil {
		c.fail(name, err.Error(), "")
		return
	}
	said, err := feed.Check(ctx)
	if err != nil {
		p := alerts.Problem(s.Name, err)
		c.fail(name, p.Reason, p.Advice)
		return
	}
	c.ok(name, said)
	if len(s.Repositories) > 0 && c.repository.Repository() == "" {
		c.repository.Owner, c.repository.Name = alerts.Split(s.Repositories[0])
	}
}

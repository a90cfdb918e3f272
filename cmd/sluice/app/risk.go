package app

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/sluice-sec/sluice/connectors/risk"
)

// Risk says where is read what is known of published vulnerabilities.
type Risk struct {
	EPSS RiskFeed `yaml:"epss"`
	KEV  RiskFeed `yaml:"kev"`
}

// RiskFeed is one of the two: File or URL; without either it is not read.
type RiskFeed struct {
	File       string `yaml:"file"`
	URL        string `yaml:"url"`
	StaleAfter Span   `yaml:"stale_after"` // default 7d for EPSS, 30d for KEV
}

// EPSS comes every day, KEV when there is something to add.
const (
	epssStale = 7 * 24 * time.Hour
	kevStale  = 30 * 24 * time.Hour
)

func (d *configText) checkRisk(r Risk) {
	for i, feed := range []RiskFeed{r.EPSS, r.KEV} {
		name := []string{"$.risk.epss", "$.risk.kev"}[i]
		u, err := url.Parse(feed.URL)
		switch {
		case feed.File != "" && feed.URL != "":
			d.fault(name+".url", "keep one of file and url")
		case feed.URL != "" && (err != nil || u.Host == "" || u.Scheme != "https" || u.User != nil):
			d.fault(name+".url", "an address is written https://HOST/...: what says how dangerous something is must not be changed on the way")
		}
		d.span(name+".stale_after", feed.StaleAfter, true)
	}
}

// riskConfig is what the configuration says, for the loader.
func (a *App) riskConfig() risk.Config {
	feed := func(f RiskFeed) risk.Feed { return risk.Feed{File: a.Config.Absolute(f.File), URL: f.URL} }
	stale := func(s Span, otherwise time.Duration) time.Duration {
		if s == "" {
			return otherwise
		}
		return s.Length()
	}
	r := a.Config.Risk
	return risk.Config{
		EPSS: feed(r.EPSS), EPSSStale: stale(r.EPSS.StaleAfter, epssStale),
		KEV: feed(r.KEV), KEVStale: stale(r.KEV.StaleAfter, kevStale),
	}
}

// risks loads what is known of vulnerabilities; nil where nothing is configured.
func (a *App) risks(cache risk.Cache) func(context.Context) (risk.Known, error) {
	config := a.riskConfig()
	if !config.Configured() {
		return nil
	}
	loader := risk.Loader{Transport: a.opt.Transport, Cache: cache, UserAgent: "sluice/" + a.opt.Version}
	return func(ctx context.Context) (risk.Known, error) { return loader.Load(ctx, config, a.Now()) }
}

// risk reads both as a run would.
func (c *checkup) risk(ctx context.Context) {
	load := c.risks(nil)
	if load == nil {
		return
	}
	known, err := load(ctx)
	if err != nil {
		c.fail("risk", err.Error(), "")
		return
	}
	for _, s := range known.Feeds {
		name := "risk: " + s.Name
		age := fmt.Sprintf("%d vulnerabilities, of %s (%s)", s.Entries, s.Date.Format(time.DateOnly), RiskAge(s, c.Now()))
		switch {
		case s.Problem != "":
			c.fail(name, s.Problem, "runs go on with what they learnt before")
		case s.Stale:
			c.warn(name, age, "fetch the file again, or see why its address gives an old one")
		default:
			c.ok(name, age)
		}
	}
}

// RiskAge says how old a feed is.
func RiskAge(s risk.Status, now time.Time) string {
	switch days := int(now.Sub(s.Date).Hours() / 24); {
	case days < 1:
		return "today's"
	case days == 1:
		return "a day old"
	default:
		return fmt.Sprintf("%d days old", days)
	}
}

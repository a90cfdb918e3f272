package risk

import (
	"context"
	"errors"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Config says where both are read from, and when each counts as stale: this
// long after its own date. Zero: never.
type Config struct {
	EPSS, KEV           Feed
	EPSSStale, KEVStale time.Duration
}

// Configured tells whether there is something to read.
func (c Config) Configured() bool { return c.EPSS.Configured() || c.KEV.Configured() }

// Known is what both say.
type Known struct {
	Feeds []Status // of those that are configured

	config Config
	epss   *EPSS // nil: not configured, or not readable
	kev    *KEV
}

// Status is how reading one of the two went.
type Status struct {
	Name    string    `json:"name"` // EPSS or KEV
	Date    time.Time `json:"date,omitzero"`
	Entries int       `json:"entries"`
	Stale   bool      `json:"stale,omitempty"`
	Problem string    `json:"problem,omitempty"` // why it could not be read, or not anew
}

// Load reads what is configured. What cannot be read is in the status, and
// sinks nothing; the error is the context's.
func (l Loader) Load(ctx context.Context, c Config, now time.Time) (Known, error) {
	k := Known{config: c}
	if c.EPSS.Configured() {
		status := Status{Name: "EPSS"}
		var err error
		if k.epss, err = l.EPSS(ctx, c.EPSS); k.epss != nil {
			status.Date, status.Entries = k.epss.Date, k.epss.Len()
		}
		k.note(status, c.EPSSStale, now, err)
	}
	if c.KEV.Configured() {
		status := Status{Name: "KEV"}
		var err error
		if k.kev, err = l.KEV(ctx, c.KEV); k.kev != nil {
			status.Date, status.Entries = k.kev.Date, k.kev.Len()
		}
		k.note(status, c.KEVStale, now, err)
	}
	return k, ctx.Err()
}

func (k *Known) note(s Status, stale time.Duration, now time.Time, err error) {
	var kept *KeptError
	if err != nil {
		s.Problem = err.Error()
	}
	if err == nil || errors.As(err, &kept) {
		s.Stale = stale > 0 && now.Sub(s.Date) > stale
	}
	k.Feeds = append(k.Feeds, s)
}

// Of is what is known of a CVE. before is what was known until now: it stands
// where its feed cannot be read, and the scores also where no feed gives them,
// because some reports do.
func (k Known) Of(cve string, before finding.Risk) finding.Risk {
	now := before
	if k.epss != nil {
		now.Scored, now.Probability, now.Percentile = time.Time{}, 0, 0
		if probability, percentile, known := k.epss.Of(cve); known {
			now.Scored, now.Probability, now.Percentile = k.epss.Date, probability, percentile
		}
	}
	if k.kev != nil || !k.config.KEV.Configured() {
		now.ExploitedSince, now.Ransomware = time.Time{}, false
	}
	if k.kev != nil {
		if listed, ok := k.kev.Of(cve); ok {
			now.ExploitedSince, now.Ransomware = listed.Since, listed.Ransomware
		}
	}
	return now
}

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// expiresSoon is how long before its end something is pointed out.
const expiresSoon = 14 * 24 * time.Hour

// expiry is something that ends by itself soon, and what happens then.
type expiry struct {
	Kind   string    `json:"kind"`  // override, pause, disposition, suppression, exception
	About  string    `json:"about"` // a cohort, a finding, or what an entry of the settings covers
	Until  time.Time `json:"until"` // from then on it does not hold
	Reason string    `json:"reason,omitempty"`
	Who    string    `json:"who,omitempty"`
	Then   string    `json:"then"`
}

func (e expiry) String() string {
	text := fmt.Sprintf("%s of %s until %s", e.Kind, e.About, e.Until.UTC().Format("2006-01-02 15:04"))
	if e.Who != "" {
		text += " by " + e.Who
	}
	if e.Reason != "" {
		text += " (" + e.Reason + ")"
	}
	return line(text + "; then " + e.Then)
}

func writeExpiring(w io.Writer, all []expiry) {
	for _, e := range all {
		fmt.Fprintln(w, "expires soon:", e)
	}
}

// expiring lists what ends soon, the soonest first. Settings that cannot be read
// are left out: other commands say what is wrong with them.
func expiring(ctx context.Context, a *app.App, s store.Store) ([]expiry, error) {
	now := a.Now().UTC()
	out := []expiry{}
	add := func(e expiry) {
		if e.Until.After(now) && e.Until.Sub(now) <= expiresSoon {
			out = append(out, e)
		}
	}
	standings, err := s.Standings(ctx)
	if err != nil {
		return nil, err
	}
	for _, st := range standings {
		if o := st.Override; o != nil {
			add(expiry{"override", st.Key, o.Until, o.Reason, o.Actor, fmt.Sprintf("it goes back from %s to %s", st.Stage, o.Back)})
		}
	}
	pause, err := s.Pause(ctx)
	if err != nil {
		return nil, err
	}
	if pause.Active(now) {
		add(expiry{"pause", "all that is new", pause.Until, pause.Reason, pause.Actor, "it is shown again"})
	}
	if err := expiringAnswers(ctx, s, add); err != nil {
		return nil, err
	}
	if law, err := a.Settings(ctx, s); err == nil {
		for _, e := range law.Expiring(now, expiresSoon) {
			add(expiry{e.Kind, e.What, e.Expires.AddDate(0, 0, 1), e.Reason, e.Owner, "what it covers is shown again"})
		}
	}
	slices.SortStableFunc(out, func(a, b expiry) int { return a.Until.Compare(b.Until) })
	return out, nil
}

// expiringAnswers adds what people accepted until a day.
func expiringAnswers(ctx context.Context, s store.Store, add func(expiry)) error {
	all, err := s.Dispositions(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	names, err := repositoryNames(ctx, s)
	if err != nil {
		return err
	}
	people, err := peopleByID(ctx, s)
	if err != nil {
		return err
	}
	for _, d := range all {
		if !d.Expires.IsZero() {
			about := promoter.FindingName(names[d.RepoID], d.Finding) + " as " + string(d.Kind)
			add(expiry{"disposition", about, d.Expires.AddDate(0, 0, 1), d.Reason, people[d.Person].name(d.Person), "it is shown again"})
		}
	}
	return nil
}

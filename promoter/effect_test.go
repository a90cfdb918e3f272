package promoter_test

import (
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
)

func TestLaterSaysWhen(t *testing.T) {
	for after, want := range map[time.Duration]string{
		0:           "it is away: the next run tries again",
		time.Minute: "it is away: try again in 1m0s",
	} {
		if got := (&promoter.LaterError{Why: "it is away", After: after}).Error(); got != want {
			t.Errorf("after %s: %q, want %q", after, got, want)
		}
	}
}

func TestAnEffectIsLookedForOnceItCannotArriveAnyMore(t *testing.T) {
	sent := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		e    promoter.Effect
		want time.Time
	}{
		"an issue":                            {promoter.Effect{Verb: promoter.VerbTask, SentAt: sent}, sent.Add(10 * time.Minute)},
		"a hand-back":                         {promoter.Effect{Verb: promoter.VerbHandBack, SentAt: sent}, sent.Add(10 * time.Minute)},
		"answered late":                       {promoter.Effect{Verb: promoter.VerbLinkTask, SentAt: sent, NotBefore: sent.Add(time.Hour)}, sent.Add(time.Hour)},
		"a review, whatever the clock showed": {promoter.Effect{Verb: promoter.VerbReview, SentAt: sent}, time.Time{}},
	} {
		if got := c.e.LookFrom(); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

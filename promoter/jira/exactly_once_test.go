package jira_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/promoter"
	sandbox "github.com/sluice-sec/sluice/test/sandbox/jira"
)

// TestOneTaskWhateverBreaks makes one task over a wire that breaks anywhere,
// again and again, in processes that die, while the search lags. As long as it
// lags for less than ten minutes there is one issue and never two. However
// long it lags, at the end one is adopted and the others are handed over.
func TestOneTaskWhateverBreaks(t *testing.T) {
	for _, at := range []sandbox.Deployment{sandbox.Cloud, sandbox.DataCenter} {
		t.Run(string(at), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				b := newBench(t, at)
				lag := time.Duration(rapid.IntRange(0, 40).Draw(rt, "lag")) * time.Minute
				b.SetSearchLag(lag)
				e := b.effect(promoter.VerbTask, "tok", b.planned("plain"))
				cut := func(where string) {
					b.wire.Sent, b.wire.Dead = 0, false
					b.wire.CutAt, b.wire.After, b.wire.Stays = rapid.IntRange(0, 5).Draw(rt, where), rapid.Bool().Draw(rt, "after"), rapid.Bool().Draw(rt, "killed")
				}
				send := func() error {
					e.SentAt = b.clock.Now()
					_, err := b.surface().Do(context.Background(), e)
					return err
				}
				cut("do")
				err := send()
				for range 8 { // runs, an hour apart or sooner
					if err == nil && !b.wire.Dead {
						break
					}
					b.must(b.clock.Sleep(context.Background(), time.Duration(rapid.IntRange(0, 30).Draw(rt, "minutes"))*time.Minute))
					if b.clock.Now().Before(e.LookFrom()) {
						continue
					}
					cut("find")
					seen, lost := b.surface().Find(context.Background(), e)
					var later *promoter.LaterError
					switch {
					case errors.As(lost, &later), errors.Is(lost, promoter.ErrUnknownOutcome):
						err = lost
					case lost != nil:
						rt.Fatalf("find: %v", lost)
					case seen.Found:
						err = nil
					default:
						cut("again")
						err = send()
					}
				}
				b.wire.CutAt, b.wire.Dead = 0, false
				b.must(b.clock.Sleep(context.Background(), time.Hour))
				seen, lost := b.surface().Find(context.Background(), e)
				if lost != nil {
					rt.Fatalf("at the end: %v", lost)
				}
				all := b.issues()
				live := slices.DeleteFunc(slices.Clone(all), func(i *sandbox.Issue) bool { return slices.Contains(i.Labels, "sluice-withdrawn") })
				switch {
				case len(all) == 0 && seen.Found, len(all) > 0 && !seen.Found:
					rt.Fatalf("%d issues, found %v", len(all), seen.Found)
				case len(all) > 0 && (len(live) != 1 || seen.Notices[0].Remote.ID != live[0].ID || live[0].ID != all[0].ID):
					rt.Fatalf("%d live of %d, adopted %+v", len(live), len(all), seen.Notices)
				case len(all) > 1 && lag < 10*time.Minute:
					rt.Fatalf("%d issues at a lag of %s", len(all), lag)
				case len(b.world().Links) != max(0, len(all)-1):
					rt.Fatalf("%d links of %d issues", len(b.world().Links), len(all))
				}
			})
		})
	}
}

package jira_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
	sandbox "github.com/sluice-sec/sluice/test/sandbox/jira"
)

// TestCutAnywhere cuts the wire before and after every request of every verb,
// once for that request and once for good (a killed process), recovers as a
// run does, and wants the world of an undisturbed run. The search lags.
func TestCutAnywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a sandbox per cut")
	}
	for _, at := range []sandbox.Deployment{sandbox.Cloud, sandbox.DataCenter} {
		for _, verb := range []promoter.Verb{promoter.VerbTask, promoter.VerbEditTask, promoter.VerbLinkTask, promoter.VerbHandBack} {
			t.Run(fmt.Sprintf("%s/%s", at, verb), func(t *testing.T) {
				clean := newBench(t, at)
				e := prepared(clean, verb)
				clean.do(e)
				want, requests := clean.visible(), clean.wire.Sent
				if requests < 3 {
					t.Fatalf("only %d requests: nothing to cut", requests)
				}
				for cut := 1; cut <= requests; cut++ {
					for _, after := range []bool{false, true} {
						for _, killed := range []bool{false, true} {
							b := newBench(t, at)
							e := prepared(b, verb)
							b.wire.CutAt, b.wire.After, b.wire.Stays = cut, after, killed
							_, err := b.surface().Do(context.Background(), e)
							b.wire.CutAt, b.wire.Dead = 0, false
							if err != nil || killed {
								b.recover(e, err)
							}
							if diff := cmp.Diff(want, b.visible()); diff != "" {
								t.Errorf("request %d of %d cut (after %v, killed %v):\n%s", cut, requests, after, killed, diff)
							}
						}
					}
				}
			})
		}
	}
}

// prepared brings a bench to where the verb has something to do, and starts
// counting requests.
func prepared(b *bench, verb promoter.Verb) promoter.Effect {
	b.t.Helper()
	n := b.planned("payments")
	if verb != promoter.VerbTask {
		n = b.made("payments")
	}
	switch verb {
	case promoter.VerbEditTask:
		n = b.rewritten(n)
	case promoter.VerbLinkTask:
		n = linked(n, 12, 13)
	case promoter.VerbHandBack:
		n = b.withdrawn(n, promoter.RemovedFixed)
	}
	b.SetSearchLag(5 * time.Minute)
	b.wire.Sent = 0
	return b.effect(verb, "tok", n)
}

// recover settles an effect the way the loop does: an unknown or killed one is
// looked for first, once it can be; a later one is done again.
func (b *bench) recover(e promoter.Effect, err error) {
	b.t.Helper()
	e.SentAt = b.clock.Now()
	b.must(b.clock.Sleep(context.Background(), e.LookFrom().Sub(e.SentAt)))
	for range 5 {
		seen, lost := b.surface().Find(context.Background(), e)
		var wait *promoter.LaterError
		if errors.As(lost, &wait) {
			b.must(b.clock.Sleep(context.Background(), wait.After))
			continue
		}
		b.must(lost)
		if seen.Found {
			return
		}
		if _, err = b.surface().Do(context.Background(), e); err == nil {
			return
		}
	}
	b.t.Fatalf("not settled: %v", err)
}

// visible is what people see, without ids.
func (b *bench) visible() []string {
	var out []string
	for _, i := range b.issues() {
		out = append(out, fmt.Sprintf("%s %s %s %q due %s\n%s", i.Key, i.Status, i.Resolution, i.Summary, i.Due, i.Description.Wiki), fmt.Sprint(i.Labels))
		for _, c := range i.Comments {
			out = append(out, "comment "+c.Author+": "+c.Body.Wiki)
		}
		var links []string
		for _, l := range i.RemoteLinks {
			links = append(links, fmt.Sprintf("link %s %v %v", l.GlobalID, l.Object["url"], l.Object["title"]))
		}
		slices.Sort(links)
		out = append(out, links...)
	}
	return out
}

// TestCutWhileJoining cuts the wire before and after every request of the look
// that finds a task made twice, and looks again.
func TestCutWhileJoining(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a sandbox per cut")
	}
	both(t, func(t *testing.T, clean *bench) {
		twice := func(b *bench) promoter.Effect {
			e := b.effect(promoter.VerbTask, "tok", b.planned("plain"))
			b.do(e)
			b.do(e)
			b.wire.Sent = 0
			return e
		}
		_, err := clean.surface().Find(context.Background(), twice(clean))
		clean.must(err)
		want, requests := clean.visible(), clean.wire.Sent
		for cut := 1; cut <= requests; cut++ {
			for _, after := range []bool{false, true} {
				b := newBench(t, clean.at)
				e := twice(b)
				b.wire.CutAt, b.wire.After = cut, after
				if _, err := b.surface().Find(context.Background(), e); err == nil {
					t.Fatalf("cut %d did not show", cut)
				}
				b.wire.CutAt = 0
				seen, err := b.surface().Find(context.Background(), e)
				b.must(err)
				w := b.world()
				if n := b.settled(e, seen); n.Remote.Key != "SEC-1" || len(w.Links) != 1 {
					t.Errorf("cut %d: adopted %s, links %+v", cut, n.Remote.Key, w.Links)
				}
				if diff := cmp.Diff(want, b.visible()); diff != "" {
					t.Errorf("request %d of %d cut (after %v):\n%s", cut, requests, after, diff)
				}
			}
		}
	})
}

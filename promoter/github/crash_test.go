package github_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
	sandbox "github.com/sluice-sec/sluice/test/sandbox/github"
)

// TestCutAnywhere cuts the wire before and after every request of every verb,
// once for that request and once for good (a killed process), recovers as a
// run does, and wants the world of an undisturbed run.
func TestCutAnywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a sandbox per cut")
	}
	for _, verb := range []promoter.Verb{
		promoter.VerbReview, promoter.VerbSummary, promoter.VerbEditComment, promoter.VerbEditSummary, promoter.VerbResolve, promoter.VerbReply,
		promoter.VerbDismiss, promoter.VerbReopen,
	} {
		t.Run(string(verb), func(t *testing.T) {
			clean := newBench(t)
			e := prepared(clean, verb)
			clean.do(e)
			want, requests := clean.visible(), clean.wire.Sent
			if requests < 3 {
				t.Fatalf("only %d requests: nothing to cut", requests)
			}
			for cut := 1; cut <= requests; cut++ {
				for _, after := range []bool{false, true} {
					for _, killed := range []bool{false, true} {
						b := newBench(t)
						e := prepared(b, verb)
						b.wire.CutAt, b.wire.After, b.wire.Stays = cut, after, killed
						_, err := b.surface().Do(context.Background(), e)
						if err == nil && killed {
							t.Fatalf("cut %d did not show", cut)
						}
						b.wire.CutAt, b.wire.Dead = 0, false
						b.recover(e, err)
						if diff := cmp.Diff(want, b.visible()); diff != "" {
							t.Errorf("request %d of %d cut (after %v, killed %v):\n%s", cut, requests, after, killed, diff)
						}
					}
				}
			}
		})
	}
}

// prepared brings a bench to where the verb has something to do, and starts
// counting requests.
func prepared(b *bench, verb promoter.Verb) promoter.Effect {
	var e promoter.Effect
	summary := promoter.Notice{No: 9, Surface: promoter.SurfaceSummary, Body: "summary", State: promoter.NoticePlanned}
	switch verb {
	case promoter.VerbReview:
		e = b.effect(verb, "tok", inline(1, 12), inline(2, 13))
	case promoter.VerbSummary:
		e = b.effect(verb, "tok", summary)
	case promoter.VerbEditComment:
		e = b.effect(verb, "tok", withdrawn(b.do(b.effect(promoter.VerbReview, "before", inline(1, 12)))[0]))
	case promoter.VerbEditSummary:
		e = b.effect(verb, "tok", withdrawn(b.do(b.effect(promoter.VerbSummary, "before", summary))[0]))
	case promoter.VerbResolve:
		e = b.effect(verb, "tok", b.do(b.effect(promoter.VerbReview, "before", inline(1, 12)))[0])
	case promoter.VerbReply:
		e = b.asked(b.effect(verb, "tok", b.do(b.effect(promoter.VerbReview, "before", inline(1, 12)))[0]))
	case promoter.VerbDismiss:
		e = b.effect(verb, "tok", b.alerted())
	case promoter.VerbReopen:
		n := b.do(b.effect(promoter.VerbDismiss, "before", b.alerted()))[0]
		n.State = promoter.NoticeWithdrawn
		e = b.effect(verb, "tok", n)
	}
	b.wire.Sent = 0
	return e
}

// alerted adds an alert, and is the notice that dismisses it.
func (b *bench) alerted() promoter.Notice {
	b.t.Helper()
	number, err := b.AddDependabotAlert(shop, sandbox.DependabotAlert{Package: "left-pad", Manifest: "package.json", GHSA: "GHSA-2222-3333-4444"})
	b.must(err)
	d := promoter.Dismissing{Alert: promoter.AlertRef{Kind: "dependabot", Number: number}, Reason: "inaccurate", Comment: "false-positive in Sluice"}
	return promoter.Notice{No: 5, Surface: promoter.SurfaceAlert, Group: d.Alert.String(), Body: d.Body(), State: promoter.NoticePlanned, Generation: 1}
}

// asked lets alice ask beside the effect's notice.
func (b *bench) asked(e promoter.Effect) promoter.Effect {
	b.t.Helper()
	id, err := b.Reply(e.Notices[0].Remote.ID, "alice", "/sluice why")
	b.must(err)
	e.Reply = &promoter.Reply{Comment: fmt.Sprintf("review/%d", id), Topic: promoter.TopicWhy, Body: "because"}
	return e
}

// recover settles an effect the way the loop does: an unknown or killed one is
// looked for first, a later one is done again.
func (b *bench) recover(e promoter.Effect, err error) {
	b.t.Helper()
	for range 5 {
		var wait *promoter.LaterError
		if errors.As(err, &wait) {
			b.must(b.clock.Sleep(context.Background(), wait.After))
		}
		seen, lost := b.surface().Find(context.Background(), e)
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
	p := b.pull()
	out := []string{fmt.Sprintf("mails %d", b.mails())}
	for _, r := range p.Reviews {
		out = append(out, "review "+r.State+" "+r.Body)
	}
	for _, c := range p.ReviewComments {
		out = append(out, fmt.Sprintf("comment %d resolved %v: %s", c.Line, p.Thread(c.ID).Resolved, c.Body))
	}
	for _, c := range p.Comments {
		out = append(out, "summary "+c.Body)
	}
	w, err := b.World()
	b.must(err)
	for _, a := range w.Repository(shop).Dependabot {
		out = append(out, fmt.Sprintf("alert %s %s by %q: %s", a.State, a.Reason, a.DismissedBy, a.Comment))
	}
	return out
}

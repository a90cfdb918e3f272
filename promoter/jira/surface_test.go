package jira_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
	sandbox "github.com/sluice-sec/sluice/test/sandbox/jira"
)

func TestATaskIsMadeWhole(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		n := b.made("payments")
		i := b.only()
		if diff := cmp.Diff([]string{"security", "sluice", "sluice-before"}, i.Labels); diff != "" {
			t.Error(diff)
		}
		if i.Project != "PAY" || i.Type != "Bug" || i.Priority != "High" || i.Security != "Secret" || i.Assignee != "alice" || i.Due != "2026-03-08" {
			t.Errorf("fields: %+v", i)
		}
		w := b.world()
		if epic := i.Parent; b.at == sandbox.Cloud && epic != "PAY-1" || b.at == sandbox.DataCenter && i.Custom["customfield_10100"] != "PAY-1" {
			t.Errorf("epic %q, %v", epic, i.Custom)
		}
		if i.Custom[w.Field("Team").ID] != "Payments" {
			t.Errorf("team: %v", i.Custom)
		}
		if i.Summary != n.Task.Title || !strings.Contains(i.Description.Wiki, "SQL string formatting with user input") {
			t.Errorf("text: %q\n%s", i.Summary, i.Description.Wiki)
		}
		if n.State != promoter.NoticePosted || n.Remote.ID != i.ID || n.Remote.Key != "PAY-2" || n.Remote.URL != b.url+"/browse/PAY-2" || n.Posted == "" {
			t.Errorf("remembered: %+v", n)
		}
		property := i.Properties["sluice"].(m)
		if property["group"] != "F1" || property["repository"] != "acme/shop" {
			t.Errorf("property: %v", property)
		}
	})
}

func TestFindAdopts(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		b.SetSearchLag(4 * time.Minute)
		e := b.effect(promoter.VerbTask, "tok", b.planned("plain"))
		b.wire.CutAt, b.wire.After = 2, true // the answer to the POST
		sent := b.clock.Now()
		_, err := b.surface().Do(context.Background(), e)
		if !errors.Is(err, promoter.ErrUnknownOutcome) {
			t.Fatalf("a lost answer: %v", err)
		}
		e.SentAt = sent
		b.must(b.clock.Sleep(context.Background(), e.LookFrom().Sub(b.clock.Now())))
		seen, err := b.surface().Find(context.Background(), e)
		b.must(err)
		if n := b.settled(e, seen); n.Remote.Key != b.only().Key || n.Posted == "" {
			t.Errorf("adopted: %+v", n)
		}
	})
}

// A route that is no more keeps nobody from finding what was made by it; only a new issue needs it.
func TestFindNeedsNoRoute(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		e := b.effect(promoter.VerbTask, "tok", b.planned("plain"))
		b.wire.CutAt, b.wire.After = 2, true // the answer to the POST
		if _, err := b.surface().Do(context.Background(), e); !errors.Is(err, promoter.ErrUnknownOutcome) {
			t.Fatalf("a lost answer: %v", err)
		}
		b.routes = b.routes[1:]
		seen, err := b.surface().Find(context.Background(), e)
		b.must(err)
		if n := b.settled(e, seen); n.Remote.Key != b.only().Key {
			t.Errorf("adopted: %+v", n)
		}
		e.Token = "other"
		if seen, err = b.surface().Find(context.Background(), e); err != nil || seen.Found {
			t.Errorf("what was never made: %+v, %v", seen, err)
		}
		var refused *promoter.RefusedError
		if _, err = b.surface().Do(context.Background(), e); !errors.As(err, &refused) || refused.Mend == "" {
			t.Errorf("made without a route: %v", err)
		}
	})
}

// What another account made may be ours from before the account was changed: it is not made a second time.
func TestFindKnowsWhatAnotherAccountOfOursMade(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		e := b.effect(promoter.VerbTask, "tok", b.planned("plain"))
		b.do(e)
		b.AddPerson(sandbox.Person{Name: "sluice2"})
		b.AddToken(sandbox.Token{Value: "sluice2-token", Person: "sluice2"})
		b.token = "sluice2-token"
		_, err := b.surfaceAs("sluice2").Find(context.Background(), e)
		if !errors.Is(err, promoter.ErrUnknownOutcome) || !strings.Contains(err.Error(), "SEC-1") || !strings.Contains(err.Error(), "sluice-tok") {
			t.Errorf("found: %v", err)
		}
		e.Notices[0].No++
		if seen, err := b.surfaceAs("sluice2").Find(context.Background(), e); err != nil || seen.Found {
			t.Errorf("what is about another notice: %+v, %v", seen, err)
		}
	})
}

func TestFindLooksTwice(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		e := b.effect(promoter.VerbTask, "tok", b.planned("plain"))
		b.do(e)
		b.SetSearchLag(time.Minute)
		seen, err := b.surface().Find(context.Background(), e)
		b.must(err)
		if !seen.Found {
			t.Error("the second look sees what the first did not")
		}
		start := b.clock.Now()
		seen, err = b.surface().Find(context.Background(), b.effect(promoter.VerbTask, "other", b.planned("plain")))
		b.must(err)
		if waited := b.clock.Now().Sub(start); seen.Found || waited != 3*time.Minute {
			t.Errorf("found %v after %s", seen.Found, waited)
		}
	})
}

// TestWhatWasMadeTwiceIsJoined: two issues of one token, and a person's copy
// with the same label.
func TestWhatWasMadeTwiceIsJoined(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		e := b.effect(promoter.VerbTask, "tok", b.planned("plain"))
		b.do(e)
		b.do(e)
		_, err := b.CreateIssue("alice", "SEC", "Task", m{"summary": "a copy", "labels": []any{"sluice-tok"}})
		b.must(err)
		for range 2 { // doing it again changes nothing
			seen, err := b.surface().Find(context.Background(), e)
			b.must(err)
			if n := b.settled(e, seen); n.Remote.Key != "SEC-1" {
				t.Errorf("adopted %s", n.Remote.Key)
			}
		}
		w := b.world()
		if len(w.Links) != 1 || w.Links[0].Inward != "SEC-2" || w.Links[0].Outward != "SEC-1" || w.Links[0].Type != "Duplicate" {
			t.Errorf("links: %+v", w.Links)
		}
		extra, copied := w.Issue("SEC-2"), w.Issue("SEC-3")
		if len(extra.Comments) != 1 || !strings.Contains(extra.Comments[0].Body.Wiki, "SEC") || !strings.Contains(strings.Join(extra.Labels, " "), "sluice-withdrawn") {
			t.Errorf("handed over: %v %+v", extra.Labels, extra.Comments)
		}
		if len(copied.Comments) != 0 || len(copied.Labels) != 1 {
			t.Errorf("the copy: %+v", copied)
		}
	})
}

// The login page of a proxy says 200, and nothing was done.
func TestAPageIsNoAnswer(t *testing.T) {
	b := newBench(t, sandbox.Cloud)
	n := b.made("plain")
	title := b.only().Summary
	b.wire.Deny = func(r *http.Request) *http.Response {
		if r.Method == http.MethodGet {
			return nil
		}
		page := io.NopCloser(strings.NewReader("<!doctype html><title>Sign in</title>"))
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/html"}}, Body: page, Request: r}
	}
	_, err := b.surface().Do(context.Background(), b.effect(promoter.VerbEditTask, "edit", b.rewritten(n)))
	if !errors.Is(err, promoter.ErrUnknownOutcome) || b.only().Summary != title {
		t.Errorf("%v; its title is %q", err, b.only().Summary)
	}
}

package jira_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/jira"
	sandbox "github.com/sluice-sec/sluice/test/sandbox/jira"
)

// TestAHandedBackTaskIsAskedForAgain: its label goes, people are told once.
func TestAHandedBackTaskIsAskedForAgain(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		made := b.made("plain")
		n := b.do(b.effect(promoter.VerbHandBack, "back", b.withdrawn(made, promoter.RemovedStage)))
		n.State, n.Body, n.Cause = promoter.NoticePosted, made.Body, ""
		for range 2 {
			n = b.do(b.effect(promoter.VerbEditTask, "again", n))
		}
		i := b.only()
		if len(i.Comments) != 2 || !strings.Contains(i.Comments[1].Body.Wiki, "asked for again") {
			t.Errorf("comments: %+v", i.Comments)
		}
		if diff := cmp.Diff([]string{"sluice", "sluice-before"}, i.Labels); diff != "" {
			t.Error(diff)
		}
		seen, err := b.surface().Do(context.Background(), b.effect(promoter.VerbEditTask, "more", b.rewritten(n)))
		b.must(err)
		if seen.Notices[0].Kept != "" {
			t.Errorf("the next edit: %+v", seen.Notices[0])
		}
	})
}

// TestStandingTasksCanBeAdopted: a store that knows nothing goes on with what
// it finds, and people's words stay theirs.
func TestStandingTasksCanBeAdopted(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		start := b.clock.Now()
		n := b.planned("plain")
		n.Items = []promoter.Item{{Finding: 4}, {Finding: 9, Removed: start}}
		n = b.do(b.effect(promoter.VerbTask, "one", n))
		n.Items = append(n.Items, promoter.Item{Finding: 12})
		n = b.do(b.effect(promoter.VerbEditTask, "edited", b.rewritten(n)))
		theirs := b.do(b.effect(promoter.VerbTask, "two", b.planned("payments")))
		b.must(b.EditField("alice", theirs.Remote.Key, "summary", "Alice's"))
		b.must(b.Transition("alice", theirs.Remote.Key, "Resolve Issue", m{"resolution": m{"name": "Won't Do"}}))
		back := b.do(b.effect(promoter.VerbTask, "three", b.planned("plain")))
		b.do(b.effect(promoter.VerbHandBack, "four", b.withdrawn(back, promoter.RemovedFixed)))
		gone := b.do(b.effect(promoter.VerbTask, "five", b.planned("plain")))
		_, err := b.CreateIssue("alice", "SEC", "Task", m{"summary": "a copy", "labels": []any{"sluice", "sluice-one"}})
		b.must(err)
		b.SetSearchLag(time.Minute)
		b.must(b.Delete("alice", gone.Remote.Key))

		got, err := b.surface().Standing(context.Background())
		b.must(err)
		if len(got) != 3 {
			t.Fatalf("%d tasks: %+v", len(got), got)
		}
		want := jira.Standing{Remote: n.Remote, Token: "one", Repository: "acme/shop", RepoID: 1, Notice: 7, Group: "F1", Route: "plain", Findings: []int64{4, 12},
			Title: n.Task.Title, Due: time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC), Posted: n.Posted, Created: start, Property: true}
		if diff := cmp.Diff(want, got[0]); diff != "" {
			t.Error(diff)
		}
		if !got[1].Closed || got[1].Route != "payments" || got[2].Cause != promoter.RemovedFixed || got[2].Closed {
			t.Errorf("the others: %+v", got[1:])
		}
		adopted := promoter.Notice{No: 1, State: promoter.NoticePosted, Remote: got[0].Remote, Posted: got[0].Posted, Body: n.Body,
			Task: &promoter.Task{Route: got[0].Route, Title: "Adopted", Due: got[0].Due}}
		b.do(b.effect(promoter.VerbEditTask, "next", adopted))
		w := b.world()
		if i := w.Issue(n.Remote.Key); i.Summary != "Adopted" {
			t.Errorf("an edit of an adopted task: %q", i.Summary)
		}
		if b.at == sandbox.Cloud {
			return
		}
		b.must(b.Transition("alice", theirs.Remote.Key, "Reopen Issue", nil))
		adopted.Remote, adopted.Posted = got[1].Remote, got[1].Posted
		b.do(b.effect(promoter.VerbEditTask, "last", adopted))
		w = b.world()
		if i := w.Issue(theirs.Remote.Key); i.Summary != "Alice's" {
			t.Errorf("Alice's words: %q", i.Summary)
		}
	})
}

func TestStandingTasksComeInPages(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		for range 205 {
			_, err := b.CreateIssue("sluice", "SEC", "Task", m{"summary": "one of many", "labels": []any{"sluice"}})
			b.must(err)
		}
		got, err := b.surface().Standing(context.Background())
		b.must(err)
		if len(got) != 205 || got[0].Remote.Key != "SEC-1" || got[204].Remote.Key != "SEC-205" || got[0].Property {
			t.Errorf("%d tasks", len(got))
		}
	})
}

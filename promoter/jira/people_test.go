package jira_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/jira"
	sandbox "github.com/sluice-sec/sluice/test/sandbox/jira"
)

// TestAnEditLeavesWhatPeopleChanged: each field a person edited stays, the
// others follow; nothing left to write is kept.
func TestAnEditLeavesWhatPeopleChanged(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		n := b.made("plain")
		key := n.Remote.Key
		b.must(b.EditField("alice", key, "summary", "What Alice calls it"))
		b.must(b.AddLabel("alice", key, "hers"))
		b.must(b.RemoveLabel("alice", key, "sluice-before"))
		next := b.rewritten(n)
		n = b.do(b.effect(promoter.VerbEditTask, "one", next))
		i := b.only()
		if i.Summary != "What Alice calls it" || !strings.Contains(i.Description.Wiki, "2 findings") || i.Due != "2026-03-09" {
			t.Errorf("after one edit: %q due %s\n%s", i.Summary, i.Due, i.Description.Wiki)
		}
		if diff := cmp.Diff([]string{"hers", "sluice"}, i.Labels); diff != "" {
			t.Error(diff)
		}
		b.must(b.EditField("alice", key, "duedate", "2027-01-01"))
		b.must(b.EditField("alice", key, "description", "h1. Alice's plan"))
		task := *n.Task
		task.Title, task.Due = "Something else", task.Due.AddDate(0, 0, 5)
		n.Task = &task
		_, n.Body = b.renders.Task([]promoter.Exhibit{exhibit(3)})
		seen, err := b.surface().Do(context.Background(), b.effect(promoter.VerbEditTask, "two", n))
		b.must(err)
		if seen.Notices[0].Kept != jira.KeptEdited {
			t.Errorf("kept: %+v", seen.Notices[0])
		}
		if i := b.only(); i.Summary != "What Alice calls it" || i.Due != "2027-01-01" || i.Description.Wiki != "h1. Alice's plan" {
			t.Errorf("Alice's words: %q %s %q", i.Summary, i.Due, i.Description.Wiki)
		}
	})
}

// TestAnEditIsOursAgain: after our own edits the next one goes through, also
// when Jira gives a text back otherwise than it was sent.
func TestAnEditIsOursAgain(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		n := b.made("plain")
		b.wire.Bend = func(body []byte) []byte {
			s := strings.ReplaceAll(string(body), `{"attrs":{},`, `{`)
			s = strings.ReplaceAll(s, `"type":"paragraph"`, `"type":"paragraph","attrs":{"localId":"4f2a"}`)
			return []byte(strings.ReplaceAll(s, `\n\n`, `\r\n \r\n`))
		}
		for range 3 {
			n = b.do(b.effect(promoter.VerbEditTask, "tok", b.rewritten(n)))
			if i := b.only(); i.Summary != n.Task.Title || !strings.Contains(i.Description.Wiki, "2 findings") || i.Due != n.Task.Due.Format(time.DateOnly) {
				t.Fatalf("%q due %s, want %q due %s", i.Summary, i.Due, n.Task.Title, n.Task.Due)
			}
		}
		before := b.wire.Sent
		b.do(b.effect(promoter.VerbEditTask, "tok", n))
		if asked := b.wire.Sent - before; asked != 2 || len(b.only().History) != 3 {
			t.Errorf("an edit of nothing took %d requests", asked)
		}
	})
}

// TestSomebodyIsQuicker: a person edits a task between our making it and our
// reading it back.
func TestSomebodyIsQuicker(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		posted := false
		b.wire.Deny = func(r *http.Request) *http.Response {
			if all := b.issues(); posted && len(all) == 1 && all[0].Summary != "Alice's" {
				b.must(b.EditField("alice", all[0].Key, "summary", "Alice's"))
			}
			posted = posted || r.Method == http.MethodPost
			return nil
		}
		n := b.made("plain")
		b.do(b.effect(promoter.VerbEditTask, "tok", b.rewritten(n)))
		if i := b.only(); i.Summary != "Alice's" || !strings.Contains(i.Description.Wiki, "2 findings") {
			t.Errorf("%q\n%s", i.Summary, i.Description.Wiki)
		}
	})
}

// TestAnUndoneEditIsNone: who brings our words back lets us go on.
func TestAnUndoneEditIsNone(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		n := b.made("plain")
		key, ours := n.Remote.Key, n.Task.Title
		b.must(b.EditField("alice", key, "summary", "Alice's"))
		n = b.do(b.effect(promoter.VerbEditTask, "one", b.rewritten(n)))
		b.must(b.EditField("alice", key, "summary", ours))
		n = b.do(b.effect(promoter.VerbEditTask, "two", b.rewritten(n)))
		if i := b.only(); i.Summary != n.Task.Title {
			t.Errorf("%q, want %q", i.Summary, n.Task.Title)
		}
	})
}

// TestAClosedTaskIsLeftAlone: a person's close is a decision, ours is none.
func TestAClosedTaskIsLeftAlone(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		n := b.made("plain")
		b.must(b.Transition("alice", n.Remote.Key, "Done", nil))
		before := b.only()
		for _, e := range []promoter.Effect{b.effect(promoter.VerbEditTask, "a", b.rewritten(n)), b.effect(promoter.VerbLinkTask, "b", linked(n, 12)),
			b.effect(promoter.VerbHandBack, "c", b.withdrawn(n, promoter.RemovedStage))} {
			after := b.do(e)
			if after.State != promoter.NoticeClosedByPerson {
				t.Errorf("%s: state %s", e.Verb, after.State)
			}
			if diff := cmp.Diff(before, b.only()); diff != "" {
				t.Errorf("%s wrote: %s", e.Verb, diff)
			}
		}
	})
}

// TestPeoplesWordsAreNeverOverwritten: whatever people and we write in turn,
// and wherever the wire breaks, a field that a person wrote stays as they last
// left it, and the others say what was last wanted.
func TestPeoplesWordsAreNeverOverwritten(t *testing.T) {
	for _, at := range []sandbox.Deployment{sandbox.Cloud, sandbox.DataCenter} {
		t.Run(string(at), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				b := newBench(t, at)
				n := b.made("plain")
				theirs := map[string]string{}
				for turn := range rapid.IntRange(1, 5).Draw(rt, "turns") {
					for _, field := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"summary", "description", "duedate"}), rapid.ID).Draw(rt, "edited") {
						value := fmt.Sprintf("Alice's %d", turn)
						if field == "duedate" {
							value = fmt.Sprintf("2027-01-%02d", turn+1)
						}
						b.must(b.EditField("alice", n.Remote.Key, field, value))
						theirs[field] = value
					}
					next := n
					next.Task = &promoter.Task{Route: "plain", Title: fmt.Sprintf("Ours %d", turn), Due: b.clock.Now().AddDate(0, 1, turn)}
					_, next.Body = b.renders.Task([]promoter.Exhibit{exhibit(turn)})
					e := b.effect(promoter.VerbEditTask, "tok", next)
					b.wire.Sent, b.wire.CutAt, b.wire.After = 0, rapid.IntRange(0, 4).Draw(rt, "cut"), rapid.Bool().Draw(rt, "after")
					seen, err := b.surface().Do(context.Background(), e)
					b.wire.CutAt = 0
					for tries := 0; err != nil || !seen.Found; tries++ {
						if seen, err = b.surface().Find(context.Background(), e); err == nil && !seen.Found {
							seen, err = b.surface().Do(context.Background(), e)
						}
						if tries > 3 {
							rt.Fatalf("not settled: %v", err)
						}
					}
					n = promoter.Settled(e.Verb, n, next, seen.Notices[0], b.clock.Now())
					i := b.only()
					have := map[string]string{"summary": i.Summary, "duedate": i.Due, "description": "Ours"}
					if strings.HasPrefix(i.Description.Wiki, "Alice") {
						have["description"] = i.Description.Wiki
					} else if !strings.Contains(i.Description.Wiki, fmt.Sprintf("acme/shop%sF%d", map[bool]string{true: ":", false: "&#58;"}[at == sandbox.Cloud], turn)) {
						have["description"] = "an older one of ours"
					}
					want := map[string]string{"summary": next.Task.Title, "duedate": next.Task.Due.Format(time.DateOnly), "description": "Ours"}
					maps.Copy(want, theirs)
					if diff := cmp.Diff(want, have); diff != "" {
						rt.Fatalf("turn %d: %s", turn, diff)
					}
				}
			})
		})
	}
}

func TestHandingBack(t *testing.T) {
	resolved := m{"resolution": m{"name": "Won't Do"}}
	for name, c := range map[string]struct {
		route    string
		cause    promoter.RemovalCause
		people   func(b *bench, key string)
		settings func(b *bench)
		status   string
		label    string
		kept     string
	}{
		"goes to the configured status":  {route: "plain", cause: promoter.RemovedFixed, status: "Done", label: "sluice-fixed"},
		"there already":                  {route: "plain", cause: promoter.RemovedStage, status: "To Do", label: "sluice-withdrawn"},
		"with the screen's resolution":   {route: "payments", cause: promoter.RemovedFixed, status: "Resolved", label: "sluice-fixed"},
		"a screen nobody can fill":       {route: "payments", cause: promoter.RemovedStage, status: "Open", label: "sluice-withdrawn"},
		"no status configured":           {route: "payments", cause: promoter.RemovedStage, settings: func(b *bench) { b.routes[1].Jira.WithdrawnStatus = "" }, status: "Open", label: "sluice-withdrawn"},
		"a status nothing leads to":      {route: "plain", cause: promoter.RemovedStage, settings: func(b *bench) { b.routes[0].Jira.WithdrawnStatus = "Parked" }, status: "To Do", label: "sluice-withdrawn"},
		"somebody works on it":           {route: "plain", cause: promoter.RemovedStage, people: working, status: "In Progress", label: "sluice-withdrawn", kept: jira.KeptWorking},
		"somebody works on what is done": {route: "plain", cause: promoter.RemovedFixed, people: working, status: "In Progress", label: "sluice-fixed"},
		"begun and left": {route: "plain", cause: promoter.RemovedStage, status: "To Do", label: "sluice-withdrawn", people: func(b *bench, key string) {
			b.must(b.Transition("alice", key, "In Progress", nil))
		}},
		"reopened by a person": {route: "payments", cause: promoter.RemovedFixed, status: "Resolved", label: "sluice-fixed", people: func(b *bench, key string) {
			b.must(b.Transition("alice", key, "Close Issue", resolved))
			b.must(b.Transition("alice", key, "Reopen Issue", nil))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, b *bench) {
				if c.settings != nil {
					c.settings(b)
				}
				n := b.made(c.route)
				if c.people != nil {
					c.people(b, n.Remote.Key)
				}
				e := b.effect(promoter.VerbHandBack, "tok", b.withdrawn(n, c.cause))
				for range 2 { // once more changes nothing
					seen, err := b.surface().Do(context.Background(), e)
					b.must(err)
					if post := seen.Notices[0]; post.Kept != c.kept || post.Closed || post.Gone {
						t.Errorf("post: %+v", post)
					}
				}
				i := b.only()
				if i.Status != c.status || len(i.Comments) != 1 || !strings.Contains(strings.Join(i.Labels, " "), c.label) {
					t.Errorf("status %s, labels %v, %d comments; want %s and %s", i.Status, i.Labels, len(i.Comments), c.status, c.label)
				}
				if c.status == "Resolved" && i.Resolution != "Fixed" {
					t.Errorf("resolution %q", i.Resolution)
				}
			})
		})
	}
}

// TestWhatIsHandedBackIsSaidOnce: somebody who quotes our reference has not
// said it for us, and a label that was taken away is no reason to say it again.
func TestWhatIsHandedBackIsSaidOnce(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		n := b.made("plain")
		quote := "Reference {{sluice\\-tok}}"
		if b.at == sandbox.Cloud {
			quote = "{{sluice-tok}}"
		}
		_, err := b.Comment("alice", n.Remote.Key, quote)
		b.must(err)
		e := b.effect(promoter.VerbHandBack, "tok", b.withdrawn(n, promoter.RemovedStage))
		b.do(e)
		b.must(b.RemoveLabel("alice", n.Remote.Key, "sluice-withdrawn"))
		b.do(e)
		before := b.wire.Sent
		b.do(e)
		if i := b.only(); len(i.Comments) != 2 || i.Comments[1].Author != "sluice" || !strings.Contains(strings.Join(i.Labels, " "), "sluice-withdrawn") {
			t.Errorf("labels %v, comments %+v", i.Labels, i.Comments)
		}
		if asked := b.wire.Sent - before; asked != 3 {
			t.Errorf("what was handed back took %d requests", asked)
		}
	})
}

func working(b *bench, key string) {
	b.must(b.Transition("alice", key, "In Progress", nil))
	b.must(b.Assign("alice", key, "alice"))
}

func TestADeletedIssueIsGone(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		n := b.made("plain")
		b.must(b.Delete("alice", n.Remote.Key))
		for _, e := range []promoter.Effect{b.effect(promoter.VerbEditTask, "a", b.rewritten(n)), b.effect(promoter.VerbLinkTask, "b", linked(n, 1)),
			b.effect(promoter.VerbHandBack, "c", b.withdrawn(n, promoter.RemovedStage))} {
			if after := b.do(e); after.State != promoter.NoticeLost {
				t.Errorf("%s: %s", e.Verb, after.State)
			}
		}
		seen, err := b.surface().Find(context.Background(), b.effect(promoter.VerbTask, "before", b.planned("plain")))
		b.must(err)
		if seen.Found && !seen.Notices[0].Gone {
			t.Errorf("found: %+v", seen)
		}
	})
}

// TestAHiddenProjectIsNotADeletedIssue: whoever takes our permissions away has
// not answered for a single task.
func TestAHiddenProjectIsNotADeletedIssue(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		n := b.made("plain")
		b.must(b.Grant("SEC", "sluice"))
		for _, e := range []promoter.Effect{b.effect(promoter.VerbEditTask, "a", b.rewritten(n)), b.effect(promoter.VerbLinkTask, "b", linked(n, 1)),
			b.effect(promoter.VerbHandBack, "c", b.withdrawn(n, promoter.RemovedStage))} {
			seen, err := b.surface().Do(context.Background(), e)
			var refused *promoter.RefusedError
			if !errors.As(err, &refused) || !strings.Contains(refused.Mend, "project SEC exists") {
				t.Errorf("%s: %+v, %v", e.Verb, seen, err)
			}
		}
		if got, err := b.surface().Status(context.Background(), []promoter.Remote{n.Remote}); err == nil {
			t.Errorf("status: %+v", got)
		}
	})
}

func TestLinksAreMadeOnce(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		n := b.do(b.effect(promoter.VerbLinkTask, "a", linked(b.made("plain"), 12)))
		n = b.do(b.effect(promoter.VerbLinkTask, "b", linked(n, 13)))
		before := b.wire.Sent
		b.do(b.effect(promoter.VerbLinkTask, "c", n))
		if asked := b.wire.Sent - before; asked != 3 {
			t.Errorf("links that are there took %d requests", asked)
		}
		links := b.only().RemoteLinks
		if len(links) != 2 || links[0].Object["title"] != "acme/shop#12" || links[1].Object["url"] != "https://github.example/acme/shop/pull/13#discussion_r1" {
			t.Errorf("links: %+v", links)
		}
	})
}

func TestStatus(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		var tasks []promoter.Remote
		var notices []promoter.Notice
		for range 60 {
			n := b.made("plain")
			tasks, notices = append(tasks, n.Remote), append(notices, n)
		}
		b.must(b.clock.Sleep(context.Background(), time.Hour))
		if b.at == sandbox.Cloud {
			b.SetSearchLag(time.Hour) // it is asked past its index
		}
		b.must(b.Transition("alice", notices[3].Remote.Key, "Done", nil))
		b.do(b.effect(promoter.VerbHandBack, "x", b.withdrawn(notices[4], promoter.RemovedFixed)))
		working(b, notices[55].Remote.Key)
		b.must(b.Delete("alice", notices[57].Remote.Key))
		before := b.wire.Sent
		got, err := b.surface().Status(context.Background(), tasks)
		b.must(err)
		if asked := b.wire.Sent - before; asked > 20 {
			t.Errorf("%d requests", asked)
		}
		w := b.world()
		for n, st := range got {
			want := jira.TaskStatus{ID: tasks[n].ID, Key: notices[n].Remote.Key, Status: "To Do", Category: "new"}
			switch n {
			case 3, 4:
				want.Status, want.Category, want.Resolution, want.At = "Done", "done", "Done", b.clock.Now()
				want.By, want.Ours = w.Person("alice").ID, n == 4
				if n == 4 {
					want.By = w.Person("sluice").ID
				}
				if b.at == sandbox.DataCenter {
					want.Name = map[int]string{3: "alice", 4: "sluice"}[n]
				}
			case 55:
				want.Status, want.Category, want.Assigned = "In Progress", "indeterminate", true
			case 57:
				want = jira.TaskStatus{ID: tasks[n].ID, Gone: true}
			}
			if diff := cmp.Diff(want, st); diff != "" {
				t.Errorf("task %d: %s", n, diff)
			}
		}
	})
}

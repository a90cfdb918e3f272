package github_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-sec/sluice/promoter"
	sandbox "github.com/sluice-sec/sluice/test/sandbox/github"
)

// spoken is a bench on which a comment and a summary of ours stand.
func spoken(t *testing.T) (b *bench, notices []promoter.Notice) {
	b = newBench(t)
	b.cache = &memory{}
	notices = b.do(b.effect(promoter.VerbReview, "one", inline(1, 12), inline(2, 13)))
	summary := promoter.Notice{No: 9, Surface: promoter.SurfaceSummary, Body: "summary", State: promoter.NoticePlanned}
	return b, append(notices, b.do(b.effect(promoter.VerbSummary, "two", summary))...)
}

func (b *bench) listen(notices []promoter.Notice) promoter.Hearing {
	b.t.Helper()
	h, err := b.surface().Listen(context.Background(), promoter.Repository{Owner: "acme", Name: "shop"}, 1, notices)
	b.must(err)
	return h
}

func TestListen(t *testing.T) {
	b, notices := spoken(t)
	first, second, summary := notices[0].Remote.ID, notices[1].Remote.ID, notices[2].Remote.ID
	say := func(id int64, err error) string {
		t.Helper()
		b.must(err)
		return fmt.Sprint(id)
	}
	fp := "review/" + say(b.Reply(first, "alice", "/sluice false-positive constant"))
	words := "review/" + say(b.Reply(second, "bob", "I wonder."))
	say(b.CommentOnPullRequest(shop, 1, "bob", "Nice change!"))
	wont := "issue/" + say(b.CommentOnPullRequest(shop, 1, "bob", "/sluice wont-fix old"))
	for _, reaction := range []struct {
		comment int64
		login   string
		content string
	}{{first, "alice", "-1"}, {first, "bob", "heart"}, {summary, "alice", "+1"}, {first, "renovate[bot]", "+1"}} {
		b.AddPerson(reaction.login)
		b.must(b.React(reaction.comment, reaction.login, reaction.content))
	}

	heard := b.listen(notices)
	want := []promoter.Utterance{
		{Notice: 1, Login: "alice", Reaction: "-1"},
		{Notice: 1, Login: "renovate[bot]", Bot: true, Reaction: "+1"},
		{ID: fp, Notice: 1, Login: "alice", Body: "/sluice false-positive constant"},
		{ID: words, Notice: 2, Login: "bob", Body: "I wonder."},
		{Notice: 9, Login: "alice", Reaction: "+1"},
		{ID: wont, Notice: 9, Login: "bob", Body: "/sluice wont-fix old"},
	}
	ids := map[string]bool{}
	for i := range heard.Utterances {
		u := &heard.Utterances[i]
		if ids[u.ID] || u.At.IsZero() {
			t.Errorf("%+v", u)
		}
		if ids[u.ID] = true; u.Reaction != "" {
			u.ID = ""
		}
	}
	byPlace := cmpopts.SortSlices(func(a, b promoter.Utterance) bool {
		return fmt.Sprint(a.Notice, a.ID, a.Login) < fmt.Sprint(b.Notice, b.ID, b.Login)
	})
	if diff := cmp.Diff(want, heard.Utterances, byPlace, cmpopts.IgnoreFields(promoter.Utterance{}, "At", "Edited")); diff != "" || !heard.Complete {
		t.Fatalf("complete %v (-want +got):\n%s", heard.Complete, diff)
	}

	// A second look, as a new process with the kept answers: nothing but 304s.
	before := b.wire.Sent
	world, err := b.World()
	b.must(err)
	asked, free := totals(world)
	b.listen(notices)
	world, err = b.World()
	b.must(err)
	nowAsked, nowFree := totals(world)
	if all := nowAsked - asked; all == 0 || nowFree-free < all-2 { // who we are is asked for once a process, with two requests
		t.Errorf("of %d requests %d cost nothing (%d sent)\n%v", all, nowFree-free, b.wire.Sent-before, world.Log[len(world.Log)-all:])
	}

	b.must(b.Unreact(first, "alice", "-1"))
	b.must(b.EditComment(number(fp), "/sluice useful after all"))
	for _, u := range b.listen(notices).Utterances {
		if u.Reaction == "-1" {
			t.Errorf("taken back, but heard: %+v", u)
		}
		if u.ID == fp && u.Said().Kind != promoter.VerdictUseful {
			t.Errorf("edited, but heard: %+v", u)
		}
	}
	e := b.effect(promoter.VerbReply, "three", notices[0])
	e.Reply = &promoter.Reply{Comment: fp, Topic: promoter.TopicWhy, Body: "because"}
	b.do(e)
	for _, u := range b.listen(notices).Utterances {
		if u.Answered != (u.ID == fp) {
			t.Errorf("answered: %+v", u)
		}
	}
}

func number(id string) (n int64) {
	_, digits, _ := strings.Cut(id, "/")
	fmt.Sscan(digits, &n)
	return n
}

func totals(w sandbox.World) (requests, free int) {
	for _, c := range w.Requests {
		requests, free = requests+c.Requests, free+c.NotModified
	}
	return requests, free
}

// A forged marker does not count as our answer.
func TestAnswersCannotBeForged(t *testing.T) {
	b, notices := spoken(t)
	id, err := b.Reply(notices[0].Remote.ID, "alice", "/sluice why")
	b.must(err)
	_, err = b.Reply(notices[0].Remote.ID, "bob", fmt.Sprintf("no <!-- sluice:1 reply tok %d %s -->", id, strings.Repeat("0", 32)))
	b.must(err)
	for _, u := range b.listen(notices).Utterances {
		if u.Answered {
			t.Errorf("%+v", u)
		}
	}
}

func TestWriteAccessIsWhatCounts(t *testing.T) {
	b := newBench(t)
	b.must(b.Grant(shop, "carol", sandbox.Read))
	for login, want := range map[string]bool{"alice": true, "acme": true, "carol": false, "nobody": false} {
		got, err := b.surface().MayAnswer(context.Background(), promoter.Repository{Owner: "acme", Name: "shop"}, login)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v", login, got, err)
		}
	}
}

func TestAcknowledge(t *testing.T) {
	b, notices := spoken(t)
	repo := promoter.Repository{Owner: "acme", Name: "shop"}
	id, err := b.Reply(notices[0].Remote.ID, "alice", "/sluice useful")
	b.must(err)
	comment := fmt.Sprintf("review/%d", id)
	for range 2 {
		b.must(b.surface().Acknowledge(context.Background(), repo, comment))
	}
	for _, c := range b.pull().ReviewComments {
		if want := map[bool]int{true: 1}[c.ID == id]; len(c.Reactions) != want {
			t.Errorf("comment %d has %d reactions, want %d", c.ID, len(c.Reactions), want)
		}
	}
	b.must(b.surface().Acknowledge(context.Background(), repo, "review/999999"))
	if err := b.surface().Acknowledge(context.Background(), repo, "gist/1"); err == nil {
		t.Error("a comment of nowhere was acknowledged")
	}
}

func TestReplyInTheConversation(t *testing.T) {
	b, notices := spoken(t)
	id, err := b.CommentOnPullRequest(shop, 1, "alice", "/sluice help")
	b.must(err)
	e := b.effect(promoter.VerbReply, "help", notices[2])
	e.Reply = &promoter.Reply{Comment: fmt.Sprintf("issue/%d", id), Topic: promoter.TopicHelp, Body: "this is how"}
	for range 2 { // a second attempt adopts the first
		b.do(e)
	}
	comments := b.pull().Comments
	if len(comments) != 3 || !strings.Contains(comments[2].Body, "this is how") || !strings.Contains(comments[2].Body, fmt.Sprintf("#issuecomment-%d", id)) {
		t.Errorf("comments: %+v", comments)
	}
	gone := b.effect(promoter.VerbReply, "gone", notices[2])
	gone.Reply = &promoter.Reply{Comment: "issue/99999", Body: "x"}
	if _, err := b.surface().Do(context.Background(), gone); err == nil {
		t.Error("a comment that is gone was answered")
	}
}

package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// answered is a place with a pull request in which two comments stand: one on
// a finding of high severity and one of medium. The summary lists nothing.
func answered(t *testing.T) (p *place, number int) {
	p = newPlace(t)
	p.settings = "thresholds: {default: {advise: low}}\n"
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	head := p.commit(shop, "feature", "main", map[string]string{"main.go": base + code("", "func added() {", "\texec(b)", "\tmd5(c)", "}")})
	number = p.open(shop, "feature")
	p.scanPull(shop, head, number)
	p.run()
	p.move("/high", promoter.Advise)
	p.move("/medium", promoter.Advise)
	p.run()
	for login, level := range map[string]github.Level{"alice": github.Write, "alice-at-home": github.Write, "bob": github.Admin, "eve": github.Read, "renovate[bot]": github.Write} {
		p.must(p.sandbox.Grant(shop, login, level))
	}
	if n := len(open(p.pull(shop, number))); n != 2 {
		t.Fatalf("%d comments stand, want 2", n)
	}
	return p, number
}

// on is our comment on the finding whose rule this is.
func (p *place) on(number int, rule string) *github.ReviewComment {
	p.t.Helper()
	for _, c := range p.pull(shop, number).ReviewComments {
		if c.ReplyTo == 0 && strings.Contains(c.Body, rule) {
			return c
		}
	}
	p.t.Fatalf("no comment about %s", rule)
	return nil
}

// open are our comments that still say what they said at first.
func open(pr *github.PullRequest) (bodies []string) {
	for _, c := range pr.ReviewComments {
		if c.ReplyTo == 0 && !pr.Thread(c.ID).Resolved && !strings.HasPrefix(c.Body, "Withdrawn") {
			bodies = append(bodies, c.Body)
		}
	}
	return bodies
}

func (p *place) reply(to int64, login, body string) int64 {
	p.t.Helper()
	id, err := p.sandbox.Reply(to, login, body)
	p.must(err)
	return id
}

// standing are the verdicts by people that stand, in words.
func (p *place) standing() []string {
	p.t.Helper()
	all, err := p.openStore().Verdicts(context.Background(), store.VerdictQuery{Standing: true})
	p.must(err)
	out := []string{}
	for _, v := range all {
		if v.Person == 0 {
			continue
		}
		text := fmt.Sprintf("F%d %s %s", v.Finding, v.Kind, v.Source)
		if v.Exposure == 0 {
			text += " about nothing shown"
		}
		if v.Uncounted != "" {
			text += " uncounted: " + v.Uncounted
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}

func (p *place) wantStanding(what string, want ...string) {
	p.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), p.standing()); diff != "" {
		p.t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// ours are the replies of our own in a thread, or in the conversation.
func (p *place) ours(number int, thread int64) (out []string) {
	pr := p.pull(shop, number)
	for _, c := range pr.ReviewComments {
		if c.ReplyTo != 0 && c.Thread == thread && c.Author == "sluice-bot" {
			out = append(out, c.Body)
		}
	}
	for _, c := range pr.Comments {
		if thread == 0 && c.Author == "sluice-bot" {
			out = append(out, c.Body)
		}
	}
	return out
}

func (p *place) waiting() []promoter.Approval {
	p.t.Helper()
	plans, err := p.openStore().Approvals(context.Background(), promoter.ApprovalWaiting)
	p.must(err)
	return plans
}

// An answer hides a finding of medium severity in its pull request, at once;
// taken back, the comment is shown again in its place.
func TestAnAnswerHidesAFindingAndItsEndShowsItAgain(t *testing.T) {
	p, number := answered(t)
	comment := p.on(number, "TOY002")
	id := p.reply(comment.ID, "alice", "/sluice false-positive `c` is no secret")
	p.run()
	p.wantStanding("answered", "F3 false-positive reply")
	pr := p.pull(shop, number)
	if n := len(open(pr)); n != 1 || !pr.Thread(comment.ID).Resolved {
		t.Errorf("%d comments live, resolved %v", n, pr.Thread(comment.ID).Resolved)
	}
	for _, c := range pr.ReviewComments {
		if c.ID == id && (len(c.Reactions) != 1 || c.Reactions[0].Login != "sluice-bot") {
			t.Errorf("acknowledged with %+v", c.Reactions)
		}
	}
	mails := len(p.mails())
	if r := p.run(); r.Decided != 0 || r.Outcome != run.OutcomeOK {
		t.Errorf("not at rest: %+v", r)
	}
	p.must(p.sandbox.EditComment(id, "Oh. /sluice was wrong, it is fine"))
	p.run()
	p.wantStanding("edited away")
	pr = p.pull(shop, number)
	if n := len(open(pr)); n != 2 || pr.Thread(comment.ID).Resolved || len(p.mails()) != mails {
		t.Errorf("%d comments live, resolved %v, %d mails more", n, pr.Thread(comment.ID).Resolved, len(p.mails())-mails)
	}
	p.must(p.sandbox.EditComment(id, "/sluice wont-fix legacy"))
	p.run()
	p.wantStanding("edited again", "F3 wont-fix reply")
	if n := len(open(p.pull(shop, number))); n != 1 {
		t.Errorf("%d comments live", n)
	}
}

// At high severity the security team has the last word.
func TestAnAnswerOnAHighFindingWaitsForApproval(t *testing.T) {
	p, number := answered(t)
	comment := p.on(number, "TOY001")
	id := p.reply(comment.ID, "alice", "/sluice accept 2026-06-30 until the rewrite")
	p.run()
	plans := p.waiting()
	if len(plans) != 1 || plans[0].Kind != promoter.ApprovalException || len(open(p.pull(shop, number))) != 2 {
		t.Fatalf("plans %+v, %d comments live", plans, len(open(p.pull(shop, number))))
	}
	p.run()
	if again := p.waiting(); len(again) != 1 {
		t.Fatalf("asked twice: %+v", again)
	}
	p.must(p.store.DecideApproval(context.Background(), plans[0].ID, promoter.ApprovalApproved, "os:sec", "fine", p.clock.Now()))
	p.run()
	if n := len(open(p.pull(shop, number))); n != 1 {
		t.Errorf("%d comments live after the approval", n)
	}
	in, err := p.store.Dispositions(context.Background())
	p.must(err)
	if len(in) != 1 || in[0].PullRequest != 0 || in[0].Plan != plans[0].ID || in[0].Expires.Format(time.DateOnly) != "2026-06-30" {
		t.Errorf("in force: %+v", in)
	}
	p.clock.jump(60 * 24 * time.Hour)
	p.run()
	p.run()
	if n := len(open(p.pull(shop, number))); n != 2 {
		t.Errorf("%d comments live after the last day", n)
	}

	other := p.reply(comment.ID, "bob", "/sluice false-positive never mind")
	p.run()
	if len(p.waiting()) != 1 {
		t.Fatalf("waiting: %+v", p.waiting())
	}
	p.must(p.sandbox.EditComment(other, "never mind"))
	p.must(p.sandbox.EditComment(id, "never mind"))
	p.run()
	if len(p.waiting()) != 0 {
		t.Errorf("a plan about nothing waits: %+v, standing %v", p.waiting(), p.standing())
	}
}

func TestReactionsAreAnswers(t *testing.T) {
	p, number := answered(t)
	comment := p.on(number, "TOY002")
	p.must(p.sandbox.React(comment.ID, "alice", "-1"))
	p.must(p.sandbox.React(comment.ID, "bob", "+1"))
	p.must(p.sandbox.React(comment.ID, "bob", "heart"))
	p.run()
	p.wantStanding("reactions", "F3 not-useful reaction", "F3 useful reaction")
	if n := len(open(p.pull(shop, number))); n != 2 {
		t.Errorf("a reaction hid something: %d live", n)
	}
	p.must(p.sandbox.Unreact(comment.ID, "alice", "-1"))
	p.run()
	p.wantStanding("one was removed", "F3 useful reaction")
	before := p.rows()
	p.run()
	p.run()
	if more := grown(before, p.rows()); len(more) > 0 && !slices.Equal(more, []string{"run +2", "source_status +2"}) {
		t.Logf("rows that runs add: %v", more)
	}
	p.wantStanding("heard again and again", "F3 useful reaction")
}

// Outsiders are told once, bots and our own account are not heard, and nobody
// counts twice.
func TestWhoCounts(t *testing.T) {
	p, number := answered(t)
	p.settings += "people: [{github: alice, jira: j1}, {github: alice-at-home, jira: j1}]\n"
	comment := p.on(number, "TOY002")
	p.reply(comment.ID, "eve", "/sluice false-positive trust me")
	p.reply(comment.ID, "eve", "/sluice false-positive really")
	p.reply(comment.ID, "renovate[bot]", "/sluice false-positive beep")
	p.reply(comment.ID, "sluice-bot", "/sluice false-positive by ourselves")
	p.must(p.sandbox.React(comment.ID, "sluice-bot", "-1"))
	p.run()
	p.run()
	p.wantStanding("recorded", "F3 false-positive reply uncounted: a bot", "F3 false-positive reply uncounted: no write access", "F3 false-positive reply uncounted: no write access")
	if n := len(open(p.pull(shop, number))); n != 2 {
		t.Errorf("%d comments live", n)
	}
	told := p.ours(number, comment.ID)
	told = slices.DeleteFunc(told, func(s string) bool { return strings.HasPrefix(s, "/sluice") })
	if len(told) != 1 || !strings.Contains(told[0], "write access") {
		t.Errorf("told: %q", told)
	}

	p.must(p.sandbox.React(comment.ID, "alice", "-1"))
	p.must(p.sandbox.React(comment.ID, "alice-at-home", "-1"))
	p.run()
	all, err := p.store.Verdicts(context.Background(), store.VerdictQuery{Standing: true, Source: promoter.FromReaction})
	p.must(err)
	if len(all) != 2 || all[0].Person != all[1].Person {
		t.Errorf("under two logins: %+v", all)
	}
	people, err := p.store.People(context.Background())
	p.must(err)
	if n := len(people); n != 3 { // alice, eve and the bot
		t.Errorf("%d people: %+v", n, people)
	}
}

func TestQuestionsAreAnsweredOnce(t *testing.T) {
	p, number := answered(t)
	comment := p.on(number, "TOY001")
	p.reply(comment.ID, "alice", "/sluice why")
	p.reply(comment.ID, "alice", "/sluice dance")
	p.reply(comment.ID, "alice", "/sluice sing")
	p.reply(comment.ID, "bob", "This looks odd to me.")
	_, err := p.sandbox.CommentOnPullRequest(shop, number, "bob", "/sluice help")
	p.must(err)
	_, err = p.sandbox.CommentOnPullRequest(shop, number, "bob", "/sluice useful")
	p.must(err)
	for range 3 {
		wantOutcome(t, p.run(), run.OutcomeOK)
	}
	got := p.ours(number, comment.ID)
	if len(got) != 2 || !strings.Contains(got[0], "Why this is shown") || !strings.Contains(got[0], "TOY001") || !strings.Contains(got[1], "not understood") {
		t.Errorf("in the thread: %q", got)
	}
	if got := p.ours(number, 0); len(got) != 2 || !strings.Contains(got[0], "how to answer") || !strings.Contains(got[1], "which finding") {
		t.Errorf("in the conversation: %q", got)
	}
	p.wantStanding("words and questions are no verdicts")
}

// What the code says counts where nobody said anything: a fix before the
// merge, and a pull request that was given up.
func TestWhatTheCodeSays(t *testing.T) {
	p, number := answered(t)
	derived := func() (out []string) {
		all, err := p.openStore().Verdicts(context.Background(), store.VerdictQuery{Standing: true, Source: promoter.FromCode})
		p.must(err)
		for _, v := range all {
			out = append(out, fmt.Sprintf("F%d %s", v.Finding, v.Kind))
		}
		slices.Sort(out)
		return out
	}
	want := func(what string, want ...string) {
		t.Helper()
		if got := derived(); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	want("nothing happened")
	head := p.commit(shop, "feature", "", map[string]string{"main.go": base + code("", "func added() {", "\texec(b)", "}")})
	p.scanPull(shop, head, number)
	p.run()
	want("one is fixed", "F3 gone")
	head = p.commit(shop, "feature", "", map[string]string{"main.go": base + code("", "func added() {", "\texec(b)", "\tmd5(c)", "}")})
	p.scanPull(shop, head, number)
	p.run()
	want("it is back")
	p.must(p.sandbox.ClosePullRequest(shop, number))
	p.run()
	want("given up", "F2 unmerged", "F3 unmerged")
	p.must(p.sandbox.ReopenPullRequest(shop, number))
	p.scanPull(shop, head, number)
	p.deliver(shop, head, pullRef(number), "again.sarif", nil)
	p.run()
	p.run()
	want("open again")
}

// The wire breaks at each request in turn, for good; the run after it must
// leave what an undisturbed one leaves.
func TestListeningCutAnywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a story per request")
	}
	story := func() (p *place, number int) {
		p, number = answered(t)
		p.reply(p.on(number, "TOY002").ID, "alice", "/sluice false-positive constant")
		p.reply(p.on(number, "TOY001").ID, "bob", "/sluice why")
		p.must(p.sandbox.React(p.on(number, "TOY001").ID, "alice", "+1"))
		return p, number
	}
	type outcome struct {
		Standing, Replies []string
		Live, Mails       int
	}
	look := func(p *place, number int) outcome {
		replies := p.ours(number, p.on(number, "TOY001").ID)
		for i, r := range replies {
			replies[i], _, _ = strings.Cut(r, "<!--")
		}
		return outcome{p.standing(), replies, len(open(p.pull(shop, number))), len(p.mails())}
	}
	clean, number := story()
	w := &breaker{}
	clean.wrap = w.wrap
	clean.run()
	want := look(clean, number)
	if len(want.Standing) != 2 || len(want.Replies) != 1 || want.Live != 1 {
		t.Fatalf("undisturbed: %+v", want)
	}
	step := max(1, w.sent/12)
	for cut := 1; cut <= w.sent; cut += step {
		p, number := story()
		p.wrap = (&breaker{at: cut}).wrap
		p.run()
		p.wrap = nil
		p.clock.jump(2 * time.Minute)
		p.run()
		p.run()
		if diff := cmp.Diff(want, look(p, number)); diff != "" {
			t.Errorf("request %d of %d (-want +got):\n%s", cut, w.sent, diff)
		}
	}
}

// breaker is a wire that is dead from one request on, whose answer is lost.
type breaker struct {
	sent, at int
	next     http.RoundTripper
}

func (b *breaker) wrap(next http.RoundTripper) http.RoundTripper {
	b.next = next
	return b
}

func (b *breaker) RoundTrip(r *http.Request) (*http.Response, error) {
	b.sent++
	if b.at != 0 && b.sent > b.at {
		return nil, errors.New("connection reset by peer")
	}
	resp, err := b.next.RoundTrip(r)
	if err == nil && b.sent == b.at {
		resp.Body.Close()
		return nil, errors.New("connection reset by peer")
	}
	return resp, err
}

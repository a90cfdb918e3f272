package simulation_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/test/sandbox/faults"
	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

// What the seeds found, played by hand.

// calmStory is a place with one pull request, scanned, shown to engineers as far as its settings let it.
func calmStory(t *testing.T) (*story, *branch) {
	t.Helper()
	s, err := newStory(&law{}, t.TempDir(), 4)
	must(t, err)
	t.Cleanup(func() { _ = s.close() })
	s.rule, s.settings = 2, laws[2].text
	must(t, s.scanEverything())
	s.mustRun(t)
	for _, c := range s.cohorts() {
		must(t, s.move(c, promoter.Advise))
	}
	return s, s.open[1]
}

func (s *story) mustRun(t *testing.T) *run.Report {
	t.Helper()
	report, died, err := s.run(&fuse{})
	if err != nil || died != "" {
		t.Fatal(err, died)
	}
	must(t, s.check())
	return report
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Reports under a name that nobody can be asked about just now are not another repository's: they wait. (Seed 115: each
// finding was commented on twice, by two repositories that were one.)
func TestAReportUnderAnUnknownNameWaitsForThePlatform(t *testing.T) {
	s, b := calmStory(t)
	s.mustRun(t)
	must(t, s.sandbox.RenameRepository(s.full(), "store"))
	s.name = "store"
	must(t, s.scan("pr-1", b.head()))
	s.injector.Inject(faults.Rule{Route: routeRepo, Fault: faults.SSO("https://example.com/sso")})
	report := s.mustRun(t)
	s.injector.Calm()
	repos, err := s.store.Repositories(t.Context())
	must(t, err)
	if len(repos) != 1 || report.Outcome != run.OutcomeFailed {
		t.Errorf("%d repositories, outcome %s", len(repos), report.Outcome)
	}
	for range 2 {
		s.mustRun(t)
	}
	if repos, err = s.store.Repositories(t.Context()); err != nil || len(repos) != 1 || repos[0].FullName() != s.full() {
		t.Errorf("repositories %+v, %v", repos, err)
	}
	known, err := s.store.Deliveries(t.Context(), "ci")
	must(t, err)
	if !slices.ContainsFunc(slices.Collect(maps.Keys(known)), func(l string) bool { return l > "acme/store" && l < "acme/stos" }) {
		t.Error("the report was never read")
	}
}

// What a report says before it breaks off, and before it names its scanner, is nobody's finding. (Seed 28: the same
// problem was commented on twice, once as a nameless scanner's.)
func TestABrokenReportMakesNoNamelessFindings(t *testing.T) {
	s, b := calmStory(t)
	s.mustRun(t)
	report, err := s.report(b.head())
	must(t, err)
	must(t, s.deliver("pr-1", b.head(), "broken.sarif", report[:bytes.Index(report, []byte(`"tool"`))]))
	if r := s.mustRun(t); r.Outcome != run.OutcomePartial {
		t.Errorf("outcome %s", r.Outcome)
	}
	for _, c := range s.cohorts() {
		if !strings.Contains(c.Key, "/toy/") {
			t.Errorf("cohort %s", c.Key)
		}
	}
}

// A clock that was set back does not have a report read again by every run. (Seed 52.)
func TestAClockSetBackHasNothingReadTwice(t *testing.T) {
	s, b := calmStory(t)
	s.mustRun(t)
	s.machine.off = -400 * time.Hour
	must(t, s.push(b, false))
	must(t, s.scan("pr-1", b.head()))
	for range 2 {
		s.mustRun(t)
	}
	must(t, s.anotherRunDoesNothing())
}

// What a person took away with the whole summary is not said again in a comment. (Seed 2598.)
func TestWhatStoodInADeletedSummaryIsNotSaidAgain(t *testing.T) {
	s := oneCohort(t)
	s.settings = "budgets: {pull_request: {comments: 1}}\n"
	s.change(t, s.mains[0], "change", "exec(n9001)", "exec(n9002)")
	s.mustRun(t)
	sticky := s.world(t).Repositories[0].PullRequests[0].Comments
	if len(sticky) != 1 {
		t.Fatalf("%d summaries", len(sticky))
	}
	must(t, s.sandbox.DeleteComment(sticky[0].ID))
	s.settings = wide // there would be room for it now
	for n := range 2 {
		s.next(t, s.mains[0], 1, "change", "exec(n9001)", "exec(n9002)", fmt.Sprintf("exec(n901%d)", n))
		s.mustRun(t)
	}
	for _, p := range s.posts(s.world(t)) {
		if slices.Contains(p.about, "n9001") && slices.Contains(p.about, "n9002") || p.summary {
			t.Errorf("said again: %v", p.about)
		}
	}
	if n := len(s.posts(s.world(t))); n != 3 {
		t.Errorf("%d comments, want the first and the two new ones", n)
	}
}

// What stays in a summary because a person rewrote it is not forgotten there: deleted later, it is not said again. (Seed 4656.)
func TestWhatARewrittenSummaryKeepsIsNotForgotten(t *testing.T) {
	s := oneCohort(t)
	_, err := s.store.EnsureCohorts(t.Context(), []string{"rest/toy/medium"}, s.machine.Now())
	must(t, err)
	pushed := []string{"exec(n9001)", "exec(n9002)", "md5(n9003)"}
	stand := func(at promoter.Stage) {
		for _, c := range s.cohorts() {
			if strings.HasSuffix(c.Key, "/medium") {
				must(t, s.move(c, at))
			}
		}
		s.mustRun(t)
		pushed = append(pushed, "more()")
		s.next(t, s.mains[0], 1, "change", pushed...)
		s.mustRun(t)
	}
	const roomFor = "budgets: {pull_request: {comments: %d}}\nthresholds: {default: {advise: medium}}\n"
	s.settings = fmt.Sprintf(roomFor, 1)
	s.change(t, s.mains[0], "change", pushed...)
	stand(promoter.Advise)
	sticky := s.world(t).Repositories[0].PullRequests[0].Comments
	if len(sticky) != 1 || !strings.Contains(sticky[0].Body, "n9003") {
		t.Fatalf("summaries: %+v", sticky)
	}
	must(t, s.sandbox.EditComment(sticky[0].ID, sticky[0].Body+"\n\nAnn was here."))
	stand(promoter.Triage)
	must(t, s.sandbox.DeleteComment(sticky[0].ID))
	s.settings = fmt.Sprintf(roomFor, 10)
	stand(promoter.Advise)
	for _, p := range s.posts(s.world(t)) {
		if !slices.Equal(p.about, []string{"n9001"}) {
			t.Errorf("said again: %v", p.about)
		}
	}
	must(t, s.anotherRunDoesNothing())
}

// A withdrawn comment that a person rewrote is not edited in every run, once it should be shown again. (Seed 143.)
func TestARewrittenCommentIsNotTriedForEver(t *testing.T) {
	s := oneComment(t)
	p := s.posts(s.world(t))[0]
	must(t, s.move(s.cohorts()[0], promoter.Triage))
	s.mustRun(t)
	must(t, s.sandbox.EditComment(p.id, "Ann was here."))
	must(t, s.move(s.cohorts()[0], promoter.Advise))
	s.mustRun(t)
	s.next(t, s.mains[0], 1, "change", "exec(n9001)", "exec(n9002)") // so that it is decided again
	s.mustRun(t)
	s.next(t, s.mains[0], 1, "change", "exec(n9001)", "exec(n9003)")
	for _, a := range s.mustRun(t).Actions {
		if a.Verb == promoter.VerbEditComment && slices.Contains(a.Findings, "acme/shop:F1") {
			t.Errorf("tried again: %+v", a)
		}
	}
}

// A task that was lost while the clock was fast is not looked for only when that time comes. (Seed 200170.)
func TestALostTaskIsLookedForThoughTheClockWasSetBack(t *testing.T) {
	s := allTasks(t, &law{}, jira.Cloud)
	before, err := s.tasks()
	must(t, err)
	s.machine.off = 40 * time.Hour
	s.jiraFire.Inject(faults.Rule{Method: "POST", Route: "/rest/api/3/issue", Times: 1, Fault: faults.ResetBefore()})
	s.mustRun(t)
	s.machine.off = 0
	for range 3 {
		s.clock.advance(time.Hour)
		s.mustRun(t)
	}
	after, err := s.tasks()
	must(t, err)
	if len(after) != len(before)+1 {
		t.Errorf("%d tasks before, %d after", len(before), len(after))
	}
}

// How long ago a task was sent is told by the tracker's clock: ours may jump before the request arrives. (Seed 865.)
func TestALostTaskIsNotRepeatedThoughTheClockJumps(t *testing.T) {
	s := allTasks(t, &law{}, jira.Cloud)
	before, err := s.tasks()
	must(t, err)
	s.jiraFire.Inject(faults.Rule{Method: "POST", Route: "/rest/api/3/issue", Times: 1, Fault: faults.Late(5 * time.Minute)})
	s.mustRun(t)
	for _, off := range []time.Duration{5 * time.Hour, 5 * time.Hour, 0, 0} {
		s.machine.off = off
		s.clock.advance(time.Minute)
		s.jiraFire.Arrive()
		s.mustRun(t)
	}
	s.clock.advance(time.Hour)
	s.mustRun(t)
	after, err := s.tasks()
	must(t, err)
	if len(after) != len(before)+1 {
		t.Errorf("%d tasks before, %d after", len(before), len(after))
	}
}

// A write that arrives minutes after its connection was lost is not repeated before that: nobody is told twice, and no
// newer text is overwritten by an older one.
func TestAWriteToTheTrackerThatArrivesLateIsNotRepeated(t *testing.T) {
	l := &law{}
	after := func(r faults.Rule) string {
		s := allTasks(t, l, jira.Cloud)
		s.settings = strings.ReplaceAll(s.settings, "To Do", "In Progress")
		r.Writes = true
		s.jiraFire.Inject(r)
		s.mustRun(t)
		if len(s.jiraFire.Met()) == 0 {
			t.Fatalf("nothing is sent to %s", r.Route)
		}
		s.jiraFire.Calm()
		for _, later := range []time.Duration{2 * time.Minute, 2 * time.Minute, 2 * time.Minute, time.Hour} {
			s.clock.advance(later)
			s.jiraFire.Arrive()
			s.mustRun(t)
		}
		return s.shownTasks(t)
	}
	want := after(faults.Rule{Fault: faults.Meanwhile("nothing", func() {})})
	for _, route := range []string{"/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/issue/{issueIdOrKey}/transitions", "/rest/api/3/issue/{issueIdOrKey}/remotelink"} {
		if got := after(faults.Rule{Route: route, Fault: faults.Late(5 * time.Minute)}); got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", route, got, want)
		}
	}
}

// One line that GitHub takes no comment on does not hold back the others: it goes to the summary, and stays there.
func TestALineThatTakesNoCommentHoldsNothingBack(t *testing.T) {
	s := oneCohort(t)
	s.change(t, s.mains[0], "change", "exec(n9001)", "exec(n9002)", "exec(n9003)")
	must(t, s.sandbox.BarLine(s.full(), 1, "change.go", 2))
	r := s.mustRun(t)
	if r.Outcome != run.OutcomeDeferred || r.Effects.Failed > 0 {
		t.Errorf("outcome %s, effects %+v", r.Outcome, r.Effects)
	}
	note := ""
	shown := func() map[string]bool {
		s.mustRun(t)
		in := map[string]bool{}
		for _, p := range s.posts(s.world(t)) {
			for _, n := range p.about {
				in[n] = in[n] || p.summary
			}
			if p.summary {
				note = p.body
			}
		}
		return in
	}
	want := map[string]bool{"n9001": false, "n9002": true, "n9003": false}
	if got := shown(); !maps.Equal(got, want) || !strings.Contains(note, promoter.NoteRefused) {
		t.Errorf("shown in the summary: %v\n%s", got, note)
	}
	must(t, s.anotherRunDoesNothing())
	s.next(t, s.mains[0], 1, "change", "exec(n9001)", "exec(n9002)", "exec(n9003)", "more()")
	if got := shown(); !maps.Equal(got, want) || len(s.world(t).Mails) != 2 {
		t.Errorf("after a push: %v, %d mails", got, len(s.world(t).Mails))
	}
}

// Without the right to look after its review a run does not call it settled, although the pull request is closed.
// (Seed 27: an unsubmitted review was left.)
func TestAReviewThatMayNotBeDeletedStaysUnknown(t *testing.T) {
	s := oneCohort(t)
	s.change(t, s.mains[0], "change", "exec(n9001)")
	s.injector.Inject(faults.Rule{Method: "POST", Route: routeReview + "/{review_id}/events", Times: 1, Fault: faults.ResetBefore()})
	if r := s.mustRun(t); r.Effects.Unknown != 1 {
		t.Fatalf("effects %+v", r.Effects)
	}
	must(t, s.sandbox.ClosePullRequest(s.full(), 1))
	s.permit("read")
	s.mustRun(t)
	s.permit("write")
	s.mustRun(t)
	open, err := s.store.OpenEffects(t.Context())
	must(t, err)
	for _, p := range s.world(t).Repositories[0].PullRequests {
		if len(open) > 0 || slices.ContainsFunc(p.Reviews, func(r *github.Review) bool { return r.State == github.Pending }) {
			t.Errorf("#%d has an unsubmitted review, or effects are open: %+v", p.Number, open)
		}
	}
}

// A comment that is shown again has its thread opened, in a later run if need be. (Seed 10008.)
func TestAThreadThatWasNotOpenedAgainIsOpenedLater(t *testing.T) {
	s := oneComment(t)
	must(t, s.move(s.cohorts()[0], promoter.Observe))
	s.mustRun(t)
	must(t, s.move(s.cohorts()[0], promoter.Advise))
	s.injector.Inject(faults.Rule{Method: "MUTATION", Times: 1, Fault: faults.Unprocessable("no")})
	s.mustRun(t)
	s.mustRun(t)
	for _, p := range s.posts(s.world(t)) {
		if !p.live || p.pull.Thread(p.id).Resolved {
			t.Errorf("comment %d: live %v, thread resolved %v", p.id, p.live, p.pull.Thread(p.id).Resolved)
		}
	}
	must(t, s.anotherRunDoesNothing())
}

// An unsubmitted review that could neither be submitted nor deleted is looked after. (Seed 10059.)
func TestAnUnsubmittedReviewThatCannotBeDeletedIsLookedAfter(t *testing.T) {
	s := oneCohort(t)
	s.change(t, s.mains[0], "change", "exec(n9001)")
	s.injector.Inject(faults.Rule{Method: "POST", Route: routeReview + "/{review_id}/events", Times: 1, Fault: faults.Conflict()})
	s.injector.Inject(faults.Rule{Method: "DELETE", Times: 1, Fault: faults.Conflict()})
	s.mustRun(t)
	must(t, s.move(s.cohorts()[0], promoter.Observe)) // nothing will be said here any more
	s.mustRun(t)
	if p := s.world(t).Repositories[0].PullRequests[0]; len(p.Reviews) != 0 {
		t.Errorf("review %+v", p.Reviews[0])
	}
}

// So is one in a pull request that was closed since. (Seed 4747.)
func TestAnUnsubmittedReviewIsLookedAfterInAClosedPullRequest(t *testing.T) {
	s := oneCohort(t)
	s.change(t, s.mains[0], "change", "exec(n9001)")
	s.injector.Inject(faults.Rule{Method: "POST", Route: routeReview + "/{review_id}/events", Times: 1, Fault: faults.ResetBefore()})
	s.injector.Inject(faults.Rule{Method: "DELETE", Times: 1, Fault: faults.Conflict()})
	s.mustRun(t)
	must(t, s.sandbox.ClosePullRequest(s.full(), 1))
	s.mustRun(t)
	s.mustRun(t)
	if p := s.world(t).Repositories[0].PullRequests[0]; len(p.Reviews) != 0 {
		t.Errorf("review %+v", p.Reviews[0])
	}
	must(t, s.anotherRunDoesNothing())
}

// oneCohort is an empty place that shows engineers findings of high severity.
func oneCohort(t *testing.T) *story {
	t.Helper()
	s := emptyStory(t, &law{}, github.Limits{})
	_, err := s.store.EnsureCohorts(t.Context(), []string{"rest/toy/high"}, s.machine.Now())
	must(t, err)
	must(t, s.move(s.cohorts()[0], promoter.Advise))
	return s
}

// oneComment is a place with one comment on display.
func oneComment(t *testing.T) *story {
	t.Helper()
	s := oneCohort(t)
	s.change(t, s.mains[0], "change", "exec(n9001)")
	s.mustRun(t)
	if n := len(s.posts(s.world(t))); n != 1 {
		t.Fatalf("%d comments", n)
	}
	return s
}

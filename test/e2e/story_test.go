package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

var base = code("package main", "", "func old() {", "\texec(a)", "}", "", "func other() {", "\treturn", "}")

// withChange is a repository with one standing problem and a pull request that
// adds two problems, one of them below the threshold for comments.
func withChange(t *testing.T) (*place, int) {
	t.Helper()
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	main := strings.TrimSpace(p.git(shop, "rev-parse", "main"))
	p.scan(shop, main, "branch-main")
	head := p.commit(shop, "feature", "main", map[string]string{
		"main.go": base + code("", "func added() {", "\texec(b)", "\tprint(c)", "}"),
	})
	number := p.open(shop, "feature")
	p.scanPull(shop, head, number)
	return p, number
}

func asJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

func live(pr *github.PullRequest) (bodies []string) {
	for _, c := range pr.ReviewComments {
		if !strings.Contains(c.Body, "<details>") {
			bodies = append(bodies, c.Body)
		}
	}
	return bodies
}

func wantOutcome(t *testing.T, r *run.Report, want run.Outcome) {
	t.Helper()
	if r.Outcome != want {
		t.Errorf("run %d ended %s, want %s: errors %v, deferred %v, sources %v", r.Run, r.Outcome, want, r.Errors, r.Deferred, r.Sources)
	}
}

func TestNothingIsShownBelowAdvise(t *testing.T) {
	p, number := withChange(t)
	wantOutcome(t, p.run(), run.OutcomeOK)
	p.move("/high", promoter.Triage)
	r := p.run()
	wantOutcome(t, r, run.OutcomeOK)
	if pr := p.pull(shop, number); len(pr.Reviews)+len(pr.Comments) != 0 || len(p.mails()) != 0 {
		t.Errorf("something was shown: %+v", pr)
	}
	if r.Decisions["shown-in-queue"] == 0 && len(r.Decisions) == 0 {
		t.Errorf("no decisions were counted: %v", r.Decisions)
	}
}

func TestAdviseShowsWhatTheChangeIntroducesAndNothingElse(t *testing.T) {
	p, number := withChange(t)
	p.run()
	for _, sev := range []string{"/high", "/low", "/medium"} {
		p.move(sev, promoter.Advise)
	}
	wantOutcome(t, p.run(), run.OutcomeOK)
	pr := p.pull(shop, number)
	if len(pr.ReviewComments) != 1 || len(pr.Reviews) != 1 || pr.Reviews[0].State != github.Commented {
		t.Fatalf("reviews %d, comments %d", len(pr.Reviews), len(pr.ReviewComments))
	}
	c := pr.ReviewComments[0]
	if c.Path != "main.go" || c.Line != 12 || !strings.Contains(c.Body, "A command is built from input") {
		t.Errorf("comment at %s:%d\n%s", c.Path, c.Line, c.Body)
	}
	if n := len(p.mails()); n != 1 {
		t.Errorf("%d mails, want one for the one review", n)
	}
}

func advised(t *testing.T) (*place, int) {
	t.Helper()
	p, number := withChange(t)
	p.run()
	p.move("/high", promoter.Advise)
	p.run()
	if pr := p.pull(shop, number); len(live(pr)) != 1 {
		t.Fatalf("want one comment to start with, have %d", len(pr.ReviewComments))
	}
	return p, number
}

func TestASecondRunAndTheNextDayChangeNothing(t *testing.T) {
	p, number := advised(t)
	p.run()
	before, world := p.rows(), asJSON(p.pull(shop, number))
	for _, wait := range []time.Duration{0, 24 * time.Hour} {
		p.clock.jump(wait)
		r := p.run()
		wantOutcome(t, r, run.OutcomeOK)
		if r.Decided != 0 || r.Effects != (run.EffectCounts{}) {
			t.Errorf("after %s: decided %d, effects %+v", wait, r.Decided, r.Effects)
		}
	}
	if now := asJSON(p.pull(shop, number)); now != world {
		t.Errorf("the pull request changed:\n%s\n%s", world, now)
	}
	for _, table := range grown(before, p.rows()) {
		name, _, _ := strings.Cut(table, " ")
		if !slices.Contains([]string{"run", "source_status"}, name) {
			t.Errorf("table %s grew", table)
		}
	}
}

func TestNothingRepeatsWhenLinesMoveOrTheBranchIsForcePushed(t *testing.T) {
	p, number := advised(t)
	moved := p.commit(shop, "feature", "", map[string]string{
		"main.go": "// Package comment.\n" + base + code("", "// added does it.", "func added() {", "\texec(b)", "\tprint(c)", "}"),
	})
	p.scanPull(shop, moved, number)
	before := p.rows()
	r := p.run()
	wantOutcome(t, r, run.OutcomeOK)
	if r.Effects != (run.EffectCounts{}) {
		t.Errorf("moved lines had effects: %+v", r.Actions)
	}
	for _, table := range grown(before, p.rows()) {
		name, _, _ := strings.Cut(table, " ")
		if !slices.Contains([]string{"run", "scan", "source_status", "delivery", "http_cache"}, name) {
			t.Errorf("table %s grew", table)
		}
	}
	forced := p.commit(shop, "feature", "main", map[string]string{
		"main.go": strings.Replace(base, "return", "return // early", 1) + code("", "func added() {", "\texec(b)", "}"),
	})
	p.scanPull(shop, forced, number)
	wantOutcome(t, p.run(), run.OutcomeOK)
	pr := p.pull(shop, number)
	if len(pr.ReviewComments) != 1 || len(p.mails()) != 1 || len(live(pr)) != 1 {
		t.Errorf("%d comments (%d live), %d mails", len(pr.ReviewComments), len(live(pr)), len(p.mails()))
	}
}

func TestAHeadWithoutAScanLeavesEverythingAsItIs(t *testing.T) {
	p, number := advised(t)
	p.commit(shop, "feature", "", map[string]string{"other.go": code("package main")})
	r := p.run()
	wantOutcome(t, r, run.OutcomeOK)
	if pr := p.pull(shop, number); len(live(pr)) != 1 || r.Effects != (run.EffectCounts{}) {
		t.Errorf("effects %+v, live %d", r.Effects, len(live(pr)))
	}
}

func TestWhatIsFixedIsMarkedAndResolved(t *testing.T) {
	p, number := advised(t)
	fixed := p.commit(shop, "feature", "", map[string]string{"main.go": base + code("", "func added() {", "\tprint(c)", "}")})
	p.scanPull(shop, fixed, number)
	wantOutcome(t, p.run(), run.OutcomeOK)
	pr := p.pull(shop, number)
	if len(live(pr)) != 0 || !strings.Contains(pr.ReviewComments[0].Body, "Fixed in "+fixed[:7]) || !pr.Threads[0].Resolved {
		t.Errorf("resolved %v\n%s", pr.Threads[0].Resolved, pr.ReviewComments[0].Body)
	}
}

// Where conversations must be resolved, opening one again would stop a merge.
func TestAThreadThatAPersonResolvedIsNotOpenedAgain(t *testing.T) {
	p, number := advised(t)
	p.must(p.sandbox.ResolveThread(p.pull(shop, number).ReviewComments[0].ID, "dev", true))
	for _, stage := range []promoter.Stage{promoter.Triage, promoter.Advise, promoter.Triage, promoter.Advise} {
		p.move("/high", stage)
		wantOutcome(t, p.run(), run.OutcomeOK)
		pr := p.pull(shop, number)
		if shown := len(live(pr)) == 1; shown != (stage == promoter.Advise) || !pr.Threads[0].Resolved || pr.Threads[0].ResolvedBy != "dev" {
			t.Errorf("at %s: shown %v, resolved %v by %q", stage, shown, pr.Threads[0].Resolved, pr.Threads[0].ResolvedBy)
		}
	}
	if r := p.run(); len(r.Actions) != 0 {
		t.Errorf("not at rest: %+v", r.Actions)
	}
}

// docs/configuration.md: what was open on a branch that is no more ends with an
// empty report under its name, and is not taken for fixed.
func TestAnEmptyReportEndsWhatABranchHad(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, p.commit(shop, "old", "main", map[string]string{"old.go": code("exec(1)")}), "branch-old")
	p.run()
	dir := filepath.Join(p.drop, shop, "branch-old", "0000000")
	p.must(os.MkdirAll(dir, 0o755))
	p.must(os.WriteFile(filepath.Join(dir, "empty.sarif"), []byte(`{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "toy", "version": "retired"}}, "results": []}]}`), 0o644))
	p.clock.jump(time.Minute)
	p.must(os.Chtimes(filepath.Join(dir, "empty.sarif"), p.clock.now, p.clock.now))
	p.run()
	repos, err := p.openStore().Repositories(t.Context())
	p.must(err)
	snap, err := p.store.Load(t.Context(), repos[0].ID)
	p.must(err)
	for _, s := range snap.Sightings {
		if s.State != store.SightingGone || s.Cause != store.GoneVersion {
			t.Errorf("F%d is %s, %s", s.Finding, s.State, s.Cause)
		}
	}
	if len(snap.Sightings) != 2 {
		t.Errorf("%d sightings, want 2", len(snap.Sightings))
	}
}

func TestALoweredStageWithdrawsAndARaisedOneShowsAgainInPlace(t *testing.T) {
	p, number := advised(t)
	p.move("/high", promoter.Triage)
	wantOutcome(t, p.run(), run.OutcomeOK)
	pr := p.pull(shop, number)
	if len(live(pr)) != 0 || !pr.Threads[0].Resolved || len(p.mails()) != 1 {
		t.Fatalf("live %d, resolved %v, mails %d\n%s", len(live(pr)), pr.Threads[0].Resolved, len(p.mails()), pr.ReviewComments[0].Body)
	}
	p.move("/high", promoter.Advise)
	wantOutcome(t, p.run(), run.OutcomeOK)
	pr = p.pull(shop, number)
	if len(pr.ReviewComments) != 1 || len(live(pr)) != 1 || pr.Threads[0].Resolved || len(p.mails()) != 1 {
		t.Errorf("comments %d, live %d, resolved %v, mails %d", len(pr.ReviewComments), len(live(pr)), pr.Threads[0].Resolved, len(p.mails()))
	}
}

// What somebody answered stays, and says so; what somebody edited stays as it is.
func TestAnsweredAndEditedCommentsAreKept(t *testing.T) {
	for name, c := range map[string]struct {
		act  func(p *place, comment int64)
		mark string
	}{
		"answered": {func(p *place, id int64) {
			_, err := p.sandbox.Reply(id, "dev", "We know, see the design.")
			p.must(err)
		}, "*Kept, because somebody answered."},
		"edited":                     {func(p *place, id int64) { p.must(p.sandbox.EditComment(id, "my own words")) }, ""},
		"found useful":               {func(p *place, id int64) { p.must(p.sandbox.React(id, "dev", "+1")) }, "*Kept, because somebody found it useful."},
		"found useful, by a command": {func(p *place, id int64) { p.reply(id, "dev", "/sluice useful") }, "*Kept, because somebody found it useful."},
		"accepted, and not approved yet": {func(p *place, id int64) { p.reply(id, "dev", "/sluice accept 2026-06-30 until the rewrite") },
			"*Kept, because somebody accepted it."},
	} {
		t.Run(name, func(t *testing.T) {
			p, number := advised(t)
			p.t = t
			id := p.pull(shop, number).ReviewComments[0].ID
			c.act(p, id)
			before := body(p.pull(shop, number))
			p.move("/high", promoter.Triage)
			r := p.run()
			after := body(p.pull(shop, number))
			if !strings.HasPrefix(after, c.mark) || !strings.HasSuffix(after, before) || (c.mark == "") != (after == before) || r.Effects.Kept != 1 {
				t.Errorf("kept %d, body now\n%s", r.Effects.Kept, after)
			}
			if strings.Contains(after, "What stands below is as it was.") != (c.mark != "") {
				t.Errorf("body now\n%s", after)
			}
			if pr := p.pull(shop, number); pr.Threads[0].Resolved {
				t.Error("the thread of what is kept was resolved")
			}
			if r := p.run(); r.Effects != (run.EffectCounts{}) {
				t.Errorf("tried again: %+v", r.Effects)
			}
			p.move("/high", promoter.Advise)
			p.run()
			if again := body(p.pull(shop, number)); again != before {
				t.Errorf("let through again it says\n%s", again)
			}
		})
	}
}

// body is the first review comment's text, without our marker.
func body(pr *github.PullRequest) string {
	return strings.TrimSpace(marker.ReplaceAllString(pr.ReviewComments[0].Body, ""))
}

func TestAPauseStopsWhatIsNew(t *testing.T) {
	p, number := withChange(t)
	p.run()
	p.move("/high", promoter.Advise)
	p.must(p.openStore().SetPause(t.Context(), promoter.Pause{Since: p.clock.Now(), Actor: "os:test", Reason: "incident"}))
	wantOutcome(t, p.run(), run.OutcomeDeferred)
	if n := len(p.pull(shop, number).Reviews); n != 0 {
		t.Fatalf("%d reviews while paused", n)
	}
	p.must(p.store.Resume(t.Context(), "os:test", p.clock.Now()))
	wantOutcome(t, p.run(), run.OutcomeOK)
	if n := len(p.pull(shop, number).Reviews); n != 1 {
		t.Errorf("%d reviews after the pause", n)
	}
}

// onFiles does something once, as a pull request's files are asked for: what is
// to be shown is not yet decided, and the pause was read before.
type onFiles struct {
	next http.RoundTripper
	once *sync.Once
	do   func()
}

func (o onFiles) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/files") {
		o.once.Do(o.do)
	}
	return o.next.RoundTrip(r)
}

func TestAPauseInMidRunStopsWhatJoinsASummary(t *testing.T) {
	p, number := withChange(t)
	p.settings = "budgets: {pull_request: {comments: 1}}\n"
	p.run()
	p.move("/high", promoter.Advise)
	push := func(lines ...string) {
		p.scanPull(shop, p.commit(shop, "feature", "", map[string]string{"new.go": code(lines...)}), number)
	}
	push("exec(one)", "", "exec(two)")
	wantOutcome(t, p.run(), run.OutcomeOK)
	before := p.pull(shop, number).Comments[0].Body
	push("exec(one)", "", "exec(two)", "", "exec(three)")
	p.wrap = func(next http.RoundTripper) http.RoundTripper {
		return onFiles{next, new(sync.Once), func() {
			p.must(p.store.SetPause(t.Context(), promoter.Pause{Since: p.clock.Now(), Actor: "os:test", Reason: "incident"}))
		}}
	}
	wantOutcome(t, p.run(), run.OutcomeDeferred)
	if now := p.pull(shop, number).Comments[0].Body; now != before {
		t.Errorf("shown while paused:\n%s", now)
	}
	p.wrap = nil
	p.must(p.store.Resume(t.Context(), "os:test", p.clock.Now()))
	wantOutcome(t, p.run(), run.OutcomeOK)
	if now := p.pull(shop, number).Comments[0].Body; now == before {
		t.Error("not shown after the pause")
	}
}

func TestACeilingHoldsTheExcessUntilItIsApproved(t *testing.T) {
	p := newPlace(t)
	p.settings = "ceilings: {cohort: {show: 2}}\n"
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	head := p.commit(shop, "feature", "main", map[string]string{"new.go": code("exec(1)", "exec(2)", "exec(3)", "exec(4)", "exec(5)")})
	number := p.open(shop, "feature")
	p.scanPull(shop, head, number)
	p.run()
	p.move("/high", promoter.Advise)
	r := p.run()
	wantOutcome(t, r, run.OutcomeDeferred)
	if n := len(p.pull(shop, number).ReviewComments); n != 2 || len(r.Plans) != 1 || r.Plans[0].Items != 3 {
		t.Fatalf("%d comments, plans %+v", n, r.Plans)
	}
	again := p.run()
	if n := len(p.pull(shop, number).ReviewComments); n != 2 || len(again.Plans) != 1 {
		t.Fatalf("a second run showed more (%d comments) or asked again (%+v)", n, again.Plans)
	}
	p.must(p.store.DecideApproval(t.Context(), r.Plans[0].ID, promoter.ApprovalApproved, "os:lead", "go on", p.clock.Now()))
	wantOutcome(t, p.run(), run.OutcomeOK)
	if n := len(p.pull(shop, number).ReviewComments); n != 5 {
		t.Errorf("%d comments after approval, want 5", n)
	}
}

func TestAClosedPullRequestIsLeftAlone(t *testing.T) {
	p, number := advised(t)
	p.must(p.sandbox.MergePullRequest(shop, number, "dev"))
	p.move("/high", promoter.Triage)
	wantOutcome(t, p.run(), run.OutcomeOK)
	if pr := p.pull(shop, number); len(live(pr)) != 1 {
		t.Errorf("a merged pull request was touched: %s", pr.ReviewComments[0].Body)
	}
}

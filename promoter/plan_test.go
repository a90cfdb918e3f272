package promoter_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// plain renders names only, so that a body says exactly what is on display.
type plain struct{}

func (plain) Comment(es []promoter.Exhibit) string { return "comment " + names(es) }
func (plain) Summary(inline int, es []promoter.Exhibit) string {
	return fmt.Sprintf("summary %d %s", inline, names(es))
}
func (plain) SummaryEmpty() string { return "nothing left" }
func (plain) Withdrawn(w promoter.Withdrawal) string {
	return "withdrawn " + string(w.Cause) + "\n" + w.Original
}
func names(es []promoter.Exhibit) string {
	var out []string
	for _, e := range es {
		out = append(out, e.Name)
	}
	return strings.Join(out, ",")
}

// world plays the platform: it carries out every action without fail.
type world struct{ notices []promoter.Notice }

func (w *world) do(acts []promoter.Action, at time.Time) {
	for _, a := range acts {
		before := a.Before
		if before.No == 0 {
			before = a.Notice
		}
		after := a.Notice
		for _, verb := range a.Verbs {
			after = promoter.Settled(verb, before, a.Notice, promoter.ObservedPost{
				No: a.Notice.No, Remote: promoter.Remote{ID: 1000 + a.Notice.No}, Posted: "hash of " + a.Notice.Body,
			}, at)
			before = after
		}
		w.put(after)
	}
}

func (w *world) put(n promoter.Notice) {
	for i := range w.notices {
		if w.notices[i].No == n.No {
			w.notices[i] = n
			return
		}
	}
	w.notices = append(w.notices, n)
}

func (w *world) visible() (findings []int64) {
	for _, n := range w.notices {
		if n.State == promoter.NoticePosted {
			for _, i := range n.Items {
				if i.Live() {
					findings = append(findings, i.Finding)
				}
			}
		}
	}
	slices.Sort(findings)
	return findings
}

func claim(no int64, group string, inline bool, sev finding.Severity) promoter.Claim {
	c := promoter.Claim{
		Finding: no, Group: group, Cohort: promoter.Cohort{ID: int64(sev), Attempt: 1}, Team: "core",
		Value:   int(sev) * 1000,
		Exhibit: promoter.Exhibit{RepoID: 1, PullRequest: 7, Name: fmt.Sprintf("F%d", no)},
	}
	if inline {
		c.Anchor = &promoter.Anchor{Path: "a.go", Line: int(no)}
	}
	return c
}

func roomy() *promoter.Allowance {
	return &promoter.Allowance{Show: 1000, PerCohort: 1000, Withdraw: 1000, PerTeam: 1000, Answered: map[promoter.ApprovalItem]promoter.Approval{}}
}

func (w *world) next() int64 {
	var no int64
	for _, n := range w.notices {
		no = max(no, n.No)
	}
	return no + 1
}

func (w *world) plan(claims []promoter.Claim, comments int, a *promoter.Allowance, cause promoter.RemovalCause, at time.Time) []promoter.Action {
	sel := promoter.Select(claims, w.notices, comments, a)
	return promoter.Plan(promoter.Planning{
		Target: promoter.Target{RepoID: 1, PullRequest: 7}, Want: promoter.Compose(sel, plain{}), Have: w.notices, NextNo: w.next(),
		Cause:    func(int64) promoter.RemovalCause { return cause },
		Decision: func(no int64) string { return fmt.Sprint(no) }, Commit: "abc", Render: plain{}, Now: at,
	})
}

// Whatever is wanted, doing what the plan says leads exactly there, planning
// again asks for nothing, and nobody is mailed twice about one finding.
func TestDoingThePlanLeadsToWhatIsWantedAndNoFurther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{}
		mailed := map[int64]int{}
		at := noon
		for step := range rapid.IntRange(1, 6).Draw(t, "steps") {
			at = at.Add(time.Hour)
			claims := drawClaims(t, step)
			comments := rapid.IntRange(0, 4).Draw(t, "comments")
			acts := w.plan(claims, comments, roomy(), promoter.RemovedPolicy, at)
			for _, a := range acts {
				if a.Step == promoter.StepShow && a.Verbs[0] == promoter.VerbReview {
					for _, i := range a.Notice.Items {
						mailed[i.Finding]++
					}
				}
			}
			w.do(acts, at)
			if got, want := w.visible(), numbers(claims); !slices.Equal(got, want) {
				t.Fatalf("on display %v, wanted %v\n%+v", got, want, acts)
			}
			if again := w.plan(claims, comments, roomy(), promoter.RemovedPolicy, at.Add(time.Minute)); len(again) != 0 {
				t.Fatalf("planning again is not at rest: %+v", again)
			}
		}
		for no, n := range mailed {
			if n > 1 {
				t.Fatalf("finding %d was in %d new review comments", no, n)
			}
		}
	})
}

func drawClaims(t *rapid.T, step int) []promoter.Claim {
	var out []promoter.Claim
	for no := int64(1); no <= 8; no++ {
		if !rapid.Bool().Draw(t, fmt.Sprintf("wanted %d at %d", no, step)) {
			continue
		}
		group := fmt.Sprintf("F%d", no)
		if no <= 2 {
			group = "fix:shared"
		}
		// Whether a finding is on a changed line stays as it is; its severity too.
		out = append(out, claim(no, group, no%3 != 0 && no != 1, finding.Severity(1+no%5)))
	}
	return out
}

func numbers(claims []promoter.Claim) (out []int64) {
	for _, c := range claims {
		out = append(out, c.Finding)
	}
	slices.Sort(out)
	return out
}

func TestBudgetGoesToTheMostValuableAndTheRestIsListed(t *testing.T) {
	claims := []promoter.Claim{claim(1, "F1", true, finding.Low), claim(2, "F2", true, finding.Critical), claim(3, "F3", true, finding.High)}
	sel := promoter.Select(claims, nil, 2, roomy())
	if len(sel.Inline) != 2 || sel.Inline[0][0].Finding != 2 || sel.Inline[1][0].Finding != 3 {
		t.Errorf("inline: %+v", sel.Inline)
	}
	if len(sel.Listed) != 1 || sel.Listed[0].Finding != 1 || sel.Listed[0].Exhibit.Note != promoter.NoteBudget {
		t.Errorf("listed: %+v", sel.Listed)
	}
}

func TestCeilingDefersWhatItHoldsBackAndNothingElse(t *testing.T) {
	a := roomy()
	a.PerCohort = 1
	claims := []promoter.Claim{claim(1, "F1", true, finding.High), claim(2, "F2", true, finding.High), claim(3, "F3", true, finding.Low)}
	sel := promoter.Select(claims, nil, 10, a)
	if len(sel.Inline) != 2 || len(sel.Deferred) != 1 || sel.Deferred[0].Claim.Finding != 2 || sel.Deferred[0].Why != promoter.DeferCeiling {
		t.Fatalf("got inline %d, deferred %+v", len(sel.Inline), sel.Deferred)
	}
	item := promoter.ApprovalItem{RepoID: 1, Finding: 2, PullRequest: 7}
	for state, want := range map[promoter.ApprovalState]int{promoter.ApprovalWaiting: 2, promoter.ApprovalRejected: 2, promoter.ApprovalApproved: 3} {
		a := roomy()
		a.PerCohort = 1
		a.Answered[item] = promoter.Approval{ID: "P1234", State: state}
		if got := promoter.Select(claims, nil, 10, a); len(got.Inline) != want {
			t.Errorf("%s: %d inline, want %d", state, len(got.Inline), want)
		}
	}
}

func TestAPauseStopsWhatIsNewAndLetsTheRestBe(t *testing.T) {
	w := &world{}
	first := []promoter.Claim{claim(1, "F1", true, finding.High)}
	w.do(w.plan(first, 5, roomy(), "", noon), noon)
	paused := roomy()
	paused.Paused = true
	acts := w.plan(append(first, claim(2, "F2", true, finding.High)), 5, paused, "", noon)
	if len(acts) != 0 {
		t.Errorf("something new was planned while paused: %+v", acts)
	}
	acts = w.plan(nil, 5, paused, promoter.RemovedStage, noon)
	if len(acts) != 1 || acts[0].Step != promoter.StepWithdraw {
		t.Errorf("a withdrawal did not go ahead while paused: %+v", acts)
	}
}

func TestHeldClaimsStayIfShownAndAreNotShownOtherwise(t *testing.T) {
	w := &world{}
	w.do(w.plan([]promoter.Claim{claim(1, "F1", true, finding.High)}, 5, roomy(), "", noon), noon)
	held := []promoter.Claim{claim(1, "F1", false, finding.High), claim(2, "F2", false, finding.High)}
	held[0].Hold, held[1].Hold = true, true
	if acts := w.plan(held, 5, roomy(), promoter.RemovedPolicy, noon); len(acts) != 0 {
		t.Errorf("held claims led to %+v", acts)
	}
}

func TestWithdrawnIsReplacedAndResolvedAndComesBackInItsPlace(t *testing.T) {
	w := &world{}
	claims := []promoter.Claim{claim(1, "F1", true, finding.High)}
	w.do(w.plan(claims, 5, roomy(), "", noon), noon)
	w.do(w.plan(nil, 5, roomy(), promoter.RemovedStage, noon), noon.Add(time.Hour))
	n := w.notices[0]
	if n.State != promoter.NoticeWithdrawn || !n.Resolved || n.Cause != promoter.RemovedStage || !strings.Contains(n.Body, "comment F1") {
		t.Fatalf("withdrawn notice: %+v", n)
	}
	acts := w.plan(claims, 5, roomy(), "", noon.Add(2*time.Hour))
	if len(acts) != 1 || !slices.Equal(acts[0].Verbs, []promoter.Verb{promoter.VerbEditComment, promoter.VerbUnresolve}) {
		t.Fatalf("showing again: %+v", acts)
	}
	w.do(acts, noon.Add(2*time.Hour))
	if n := w.notices[0]; n.State != promoter.NoticePosted || n.Resolved || n.Body != "comment F1" || len(w.notices) != 1 {
		t.Errorf("shown again: %+v", w.notices)
	}
}

// Its pull request was closed between the edit and the thread, and is open again.
func TestAThreadThatWasLeftOpenIsResolvedLater(t *testing.T) {
	w := &world{}
	w.do(w.plan([]promoter.Claim{claim(1, "F1", true, finding.High)}, 5, roomy(), "", noon), noon)
	w.do(w.plan(nil, 5, roomy(), promoter.RemovedStage, noon), noon.Add(time.Hour))
	n := w.notices[0]
	n.State, n.Resolved = promoter.NoticeLeft, false
	w.put(n)
	acts := w.plan(nil, 5, roomy(), promoter.RemovedStage, noon.Add(2*time.Hour))
	if len(acts) != 1 || !slices.Equal(acts[0].Verbs, []promoter.Verb{promoter.VerbResolve}) {
		t.Fatalf("%+v", acts)
	}
	w.do(acts, noon.Add(2*time.Hour))
	if n := w.notices[0]; !n.Resolved || len(w.plan(nil, 5, roomy(), "", noon.Add(3*time.Hour))) != 0 {
		t.Errorf("%+v", n)
	}
}

func TestWhatAPersonAnsweredIsKeptAndNotTriedAgain(t *testing.T) {
	w := &world{}
	w.do(w.plan([]promoter.Claim{claim(1, "F1", true, finding.High)}, 5, roomy(), "", noon), noon)
	acts := w.plan(nil, 5, roomy(), promoter.RemovedStage, noon)
	after := promoter.Settled(acts[0].Verbs[0], acts[0].Before, acts[0].Notice, promoter.ObservedPost{No: 1, Kept: "answered"}, noon)
	w.put(after)
	if after.State != promoter.NoticePosted || after.Items[0].Kept != "answered" || after.Body != "comment F1" {
		t.Errorf("kept notice: %+v", after)
	}
	if again := w.plan(nil, 5, roomy(), promoter.RemovedStage, noon); len(again) != 0 {
		t.Errorf("tried again: %+v", again)
	}
}

func TestWhatAPersonRewroteStandsForWhatIsShownAgain(t *testing.T) {
	w := &world{}
	claims := []promoter.Claim{claim(1, "F1", true, finding.High)}
	w.do(w.plan(claims, 5, roomy(), "", noon), noon)
	w.do(w.plan(nil, 5, roomy(), promoter.RemovedStage, noon), noon.Add(time.Hour))
	acts := w.plan(claims, 5, roomy(), "", noon.Add(2*time.Hour))
	w.put(promoter.Settled(acts[0].Verbs[0], acts[0].Before, acts[0].Notice, promoter.ObservedPost{No: 1, Kept: "edited"}, noon))
	for _, a := range w.plan(claims, 5, roomy(), "", noon.Add(3*time.Hour)) {
		if !slices.Equal(a.Verbs, []promoter.Verb{promoter.VerbUnresolve}) {
			t.Errorf("tried again: %+v", a)
		}
		w.do([]promoter.Action{a}, noon.Add(3*time.Hour))
	}
	if again := w.plan(claims, 5, roomy(), "", noon.Add(4*time.Hour)); len(again) != 0 {
		t.Errorf("tried again: %+v", again)
	}
}

func TestWhatSomebodyDeletedIsNotPostedAgain(t *testing.T) {
	w := &world{}
	claims := []promoter.Claim{claim(1, "F1", true, finding.High)}
	w.do(w.plan(claims, 5, roomy(), "", noon), noon)
	acts := w.plan(nil, 5, roomy(), promoter.RemovedStage, noon)
	w.put(promoter.Settled(acts[0].Verbs[0], acts[0].Before, acts[0].Notice, promoter.ObservedPost{No: 1, Gone: true}, noon))
	if again := w.plan(claims, 5, roomy(), "", noon); len(again) != 0 {
		t.Errorf("planned again: %+v", again)
	}
}

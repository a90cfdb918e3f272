package promoter_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
)

// names only, so that a body says exactly what a task is about.
type plainTasks struct{}

func (plainTasks) Task(es []promoter.Exhibit) (string, string) {
	return fmt.Sprintf("%d findings", len(es)), "task " + names(es)
}
func (plainTasks) HandBack(w promoter.Withdrawal) string { return "handed back: " + string(w.Cause) }

// tracker plays one repository and its tracker, in which every action is
// carried out without fail.
type tracker struct {
	world
	causes map[int64]promoter.RemovalCause
	made   map[int64][]int64 // findings of each new task
	closed map[int64]bool    // by people
}

func newTracker() *tracker {
	return &tracker{causes: map[int64]promoter.RemovalCause{}, made: map[int64][]int64{}, closed: map[int64]bool{}}
}

func (w *tracker) plan(claims []promoter.Claim, a *promoter.Allowance, comments []promoter.Notice, at time.Time) ([]promoter.Action, promoter.TaskSelection) {
	sel := promoter.SelectTasks([]promoter.RepositoryTasks{{RepoID: 1, Claims: claims, Have: w.notices}}, a)
	claimed := map[int64]bool{}
	for _, c := range claims {
		claimed[c.Finding] = true
	}
	return promoter.PlanTasks(promoter.TaskPlanning{
		Repository: promoter.Repository{ID: 1, Owner: "acme", Name: "shop"}, Want: sel.Want[1], Claimed: claimed, Have: w.notices, Comments: comments, NextNo: w.next(),
		Cause: func(no int64) promoter.RemovalCause {
			if cause, ok := w.causes[no]; ok {
				return cause
			}
			return promoter.RemovedPolicy
		},
		Decision: func(no int64) string { return fmt.Sprint(no) },
		Due: func(_ string, severity finding.Severity) time.Time {
			return at.AddDate(0, 0, 60-10*int(severity))
		},
		Render: plainTasks{}, Now: at,
	}), sel
}

// do carries actions out; an issue that a person closed stays as it is.
func (w *tracker) do(acts []promoter.Action, at time.Time) {
	for _, a := range acts {
		if len(a.Verbs) > 0 && w.closed[a.Notice.No] {
			w.put(promoter.Settled(a.Verbs[0], a.Before, a.Notice, promoter.ObservedPost{No: a.Notice.No, Closed: true}, at))
			continue
		}
		if len(a.Verbs) > 0 && a.Verbs[0] == promoter.VerbTask {
			for _, i := range a.Notice.Items {
				if i.Live() {
					w.made[a.Notice.No] = append(w.made[a.Notice.No], i.Finding)
				}
			}
		}
		w.world.do([]promoter.Action{a}, at)
	}
}

func (w *tracker) notice(t *testing.T, no int64) promoter.Notice {
	t.Helper()
	for _, n := range w.notices {
		if n.No == no {
			return n
		}
	}
	t.Fatalf("there is no notice %d in %+v", no, w.notices)
	return promoter.Notice{}
}

func taskClaim(no int64, group string, severity finding.Severity) promoter.Claim {
	c := claim(no, group, false, severity)
	c.Version, c.Route = 1, "pay"
	c.Exhibit.PullRequest, c.Exhibit.Finding.Severity = 0, severity
	return c
}

func verbsOf(acts []promoter.Action) (out []promoter.Verb) {
	for _, a := range acts {
		out = append(out, a.Verbs...)
	}
	return out
}

func wantVerbs(t *testing.T, acts []promoter.Action, want ...promoter.Verb) {
	t.Helper()
	if got := verbsOf(acts); !slices.Equal(got, want) {
		t.Fatalf("verbs %v, want %v in %+v", got, want, acts)
	}
}

func TestATaskIsMadeGroupedEditedAndHandedBack(t *testing.T) {
	w, at := newTracker(), noon
	one, two := taskClaim(1, "fix:go/x@go.mod", finding.High), taskClaim(2, "fix:go/x@go.mod", finding.Medium)
	acts, _ := w.plan([]promoter.Claim{one, two}, roomy(), nil, at)
	wantVerbs(t, acts, promoter.VerbTask)
	w.do(acts, at)
	n := w.notice(t, 1)
	if n.Body != "task F1,F2" || n.Task.Title != "2 findings" || n.Task.Route != "pay" || !n.Task.Due.Equal(noon.AddDate(0, 0, 20)) || n.State != promoter.NoticePosted {
		t.Fatalf("made %+v %+v", n, n.Task)
	}

	w.causes[1] = promoter.RemovedFixed
	acts, _ = w.plan([]promoter.Claim{two}, roomy(), nil, at.Add(time.Hour))
	wantVerbs(t, acts, promoter.VerbEditTask)
	w.do(acts, at.Add(time.Hour))
	if n := w.notice(t, 1); n.Body != "task F2" || n.Items[1].Cause != promoter.RemovedFixed || !n.Task.Due.Equal(noon.AddDate(0, 0, 20)) {
		t.Fatalf("edited %+v", n)
	}

	w.causes[2] = promoter.RemovedFixed
	acts, _ = w.plan(nil, roomy(), nil, at.Add(2*time.Hour))
	wantVerbs(t, acts, promoter.VerbHandBack)
	w.do(acts, at.Add(2*time.Hour))
	if n := w.notice(t, 1); n.State != promoter.NoticeWithdrawn || n.Cause != promoter.RemovedFixed || n.Body != "handed back: fixed" {
		t.Fatalf("handed back %+v", n)
	}

	// What was fixed and is back is something new: the old task is history.
	acts, _ = w.plan([]promoter.Claim{two}, roomy(), nil, at.Add(3*time.Hour))
	wantVerbs(t, acts, promoter.VerbTask)
	if acts[0].Notice.No != 2 || acts[0].Notice.Group != "2/fix:go/x@go.mod" {
		t.Fatalf("made again: %+v", acts[0].Notice)
	}
}

func TestARolledBackTaskComesBackInItsPlace(t *testing.T) {
	w := newTracker()
	claims := []promoter.Claim{taskClaim(1, "F1", finding.High)}
	acts, _ := w.plan(claims, roomy(), nil, noon)
	w.do(acts, noon)
	w.causes[1] = promoter.RemovedStage
	acts, _ = w.plan(nil, roomy(), nil, noon)
	wantVerbs(t, acts, promoter.VerbHandBack)
	w.do(acts, noon)
	if acts, _ = w.plan(nil, roomy(), nil, noon); len(acts) != 0 {
		t.Fatalf("not at rest: %+v", acts)
	}
	acts, _ = w.plan(claims, roomy(), nil, noon)
	wantVerbs(t, acts, promoter.VerbEditTask)
	w.do(acts, noon)
	if n := w.notice(t, 1); n.State != promoter.NoticePosted || n.Body != "task F1" || len(w.notices) != 1 {
		t.Fatalf("%+v", w.notices)
	}
}

func TestWhoWorksOnATaskHearsThatItIsFixed(t *testing.T) {
	w := newTracker()
	w.do(first(w.plan([]promoter.Claim{taskClaim(1, "F1", finding.High)}, roomy(), nil, noon)), noon)
	w.causes[1] = promoter.RemovedStage
	acts := first(w.plan(nil, roomy(), nil, noon.Add(time.Hour)))
	wantVerbs(t, acts, promoter.VerbHandBack)
	w.put(promoter.Settled(acts[0].Verbs[0], acts[0].Before, acts[0].Notice, promoter.ObservedPost{No: 1, Kept: "working"}, noon.Add(time.Hour)))
	wantVerbs(t, first(w.plan(nil, roomy(), nil, noon.Add(2*time.Hour))))
	w.causes[1] = promoter.RemovedFixed
	acts = first(w.plan(nil, roomy(), nil, noon.Add(3*time.Hour)))
	wantVerbs(t, acts, promoter.VerbHandBack)
	w.do(acts, noon.Add(3*time.Hour))
	if n := w.notice(t, 1); n.State != promoter.NoticeWithdrawn || n.Cause != promoter.RemovedFixed {
		t.Errorf("the task: %+v", n)
	}
	wantVerbs(t, first(w.plan(nil, roomy(), nil, noon.Add(4*time.Hour))))
}

func first(acts []promoter.Action, _ promoter.TaskSelection) []promoter.Action { return acts }

func TestWhatAPersonClosedStaysClosedUntilSomethingIsNew(t *testing.T) {
	first := taskClaim(1, "fix:x", finding.High)
	newer := first
	newer.Version = 2
	for name, test := range map[string]struct {
		between func(w *tracker)
		claims  []promoter.Claim
		made    []int64 // by the second task; none: there is none
	}{
		"nothing is new":           {claims: []promoter.Claim{first}},
		"its facts are new":        {claims: []promoter.Claim{newer}, made: []int64{1}},
		"another finding":          {claims: []promoter.Claim{first, taskClaim(2, "fix:x", finding.Low)}, made: []int64{2}},
		"an exception expired":     {between: func(w *tracker) { w.causes[1] = promoter.RemovedAnswered }, claims: []promoter.Claim{first}, made: []int64{1}},
		"it was fixed and is back": {between: func(w *tracker) { w.causes[1] = promoter.RemovedFixed }, claims: []promoter.Claim{first}, made: []int64{1}},
		"it was rolled back":       {between: func(w *tracker) { w.causes[1] = promoter.RemovedStage }, claims: []promoter.Claim{first}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTracker()
			acts, _ := w.plan([]promoter.Claim{first}, roomy(), nil, noon)
			w.do(acts, noon)
			w.closed[1] = true
			other := first
			other.Exhibit.Name = "F1 renamed"
			acts, _ = w.plan([]promoter.Claim{other}, roomy(), nil, noon)
			wantVerbs(t, acts, promoter.VerbEditTask)
			w.do(acts, noon)
			if n := w.notice(t, 1); n.State != promoter.NoticeClosedByPerson {
				t.Fatalf("state %s", n.State)
			}
			if test.between != nil {
				test.between(w)
				acts, _ = w.plan(nil, roomy(), nil, noon)
				w.do(acts, noon)
			}
			acts, _ = w.plan(test.claims, roomy(), nil, noon)
			w.do(acts, noon)
			if got := w.made[2]; !slices.Equal(got, test.made) {
				t.Errorf("made %v, want %v", got, test.made)
			}
			if acts, _ = w.plan(test.claims, roomy(), nil, noon); len(acts) != 0 {
				t.Errorf("not at rest: %+v", acts)
			}
		})
	}
}

func TestATaskLinksThePullRequestsThatShowItsFindings(t *testing.T) {
	w := newTracker()
	claims := []promoter.Claim{taskClaim(1, "F1", finding.High)}
	comment := promoter.Notice{
		No: 9, Surface: promoter.SurfaceReview, State: promoter.NoticePosted, Target: promoter.Target{RepoID: 1, PullRequest: 7},
		Items: []promoter.Item{{Finding: 1}}, Remote: promoter.Remote{ID: 5, URL: "https://x.test/7#5"},
	}
	acts, _ := w.plan(claims, roomy(), []promoter.Notice{comment}, noon)
	wantVerbs(t, acts, promoter.VerbTask, promoter.VerbLinkTask)
	// The run ends between the two: the link is made by the next one.
	w.do([]promoter.Action{{Verbs: acts[0].Verbs[:1], Notice: acts[0].Notice}}, noon)
	acts, _ = w.plan(claims, roomy(), []promoter.Notice{comment}, noon)
	wantVerbs(t, acts, promoter.VerbLinkTask)
	w.do(acts, noon)
	if n := w.notice(t, 1); len(n.Task.Links) != 1 || n.Task.Links[0] != (promoter.TaskLink{URL: "https://x.test/7#5", Title: "acme/shop#7"}) {
		t.Fatalf("links %+v", n.Task)
	}
	if acts, _ = w.plan(claims, roomy(), []promoter.Notice{comment}, noon); len(acts) != 0 {
		t.Errorf("not at rest: %+v", acts)
	}
}

func TestBacklogNeedsACampaignAndTheRestGoesByTheTeamsWeek(t *testing.T) {
	backlog := taskClaim(1, "F1", finding.Low)
	backlog.Backlog = true
	worthMore := taskClaim(2, "F2", finding.Critical)
	worthMore.Backlog = true
	fresh, more := taskClaim(3, "F3", finding.High), taskClaim(4, "F4", finding.Critical)
	claims := []promoter.Claim{backlog, worthMore, fresh, more}

	a := roomy()
	a.PerTeam = 1
	w := newTracker()
	_, sel := w.plan(claims, a, nil, noon)
	if len(sel.Want[1]) != 1 || sel.Want[1][0].Group != "F4" || sel.Backlog != 2 || len(sel.Deferred) != 1 || sel.Deferred[0].Why != promoter.DeferBudget {
		t.Errorf("without a campaign: %+v", sel)
	}
	a = roomy()
	a.PerTeam = 0
	a.Campaigns = []*promoter.CampaignQuota{{ID: "P1", PerWeek: 1, Items: map[promoter.ApprovalItem]bool{{RepoID: 1, Finding: 1}: true, {RepoID: 1, Finding: 2}: true}}}
	acts, sel := w.plan(claims, a, nil, noon)
	if len(acts) != 1 || acts[0].Notice.Group != "F2" || acts[0].Notice.Task.Campaign != "P1" || sel.Paced["P1"][1] != 1 {
		t.Errorf("with a campaign: %+v %+v", acts, sel)
	}
	a = roomy()
	a.Paused = true
	a.Campaigns = []*promoter.CampaignQuota{{ID: "P1", PerWeek: 9, Items: map[promoter.ApprovalItem]bool{{RepoID: 1, Finding: 1}: true}}}
	if acts, _ := w.plan(claims, a, nil, noon); len(acts) != 0 {
		t.Errorf("planned under a pause: %+v", acts)
	}
}

// Whatever is wanted, fixed, rolled back and closed by people: doing the plan
// comes to rest, no finding is in two open tasks, and what a person closed is
// not made again while nothing about it is new.
func TestTasksComeToRestAndNobodyIsContradicted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTracker()
		settled := map[int64]bool{} // closed by a person while its task was open, and nothing new since
		for step := range rapid.IntRange(1, 8).Draw(t, "steps") {
			at := noon.Add(time.Duration(step) * time.Hour)
			claims := drawTaskClaims(t, w)
			for no, cause := range w.causes {
				if !slices.ContainsFunc(claims, func(c promoter.Claim) bool { return c.Finding == no }) && cause == promoter.RemovedFixed {
					delete(settled, no)
				}
			}
			before := maps.Clone(w.made)
			acts, _ := w.plan(claims, roomy(), nil, at)
			w.do(acts, at)
			for no, findings := range w.made {
				if _, known := before[no]; !known && slices.ContainsFunc(findings, func(f int64) bool { return settled[f] }) {
					t.Fatalf("findings %v have a new task, and a person closed one of them: %v", findings, settled)
				}
			}
			// What the plan learnt about closed ones is acted on by the next.
			for range 3 {
				acts, _ = w.plan(claims, roomy(), nil, at)
				w.do(acts, at)
			}
			if again, _ := w.plan(claims, roomy(), nil, at); len(again) != 0 {
				t.Fatalf("planning again is not at rest: %+v", again)
			}
			if seen := w.visible(); len(slices.Compact(slices.Clone(seen))) != len(seen) {
				t.Fatalf("a finding is in two open tasks: %v", seen)
			}
			w.peopleClose(t, settled)
		}
	})
}

func drawTaskClaims(t *rapid.T, w *tracker) (out []promoter.Claim) {
	for no := int64(1); no <= 6; no++ {
		switch rapid.SampledFrom([]string{"wanted", "wanted", "fixed", "rolled back"}).Draw(t, fmt.Sprint("F", no)) {
		case "wanted":
			group := fmt.Sprintf("F%d", no)
			if no <= 3 {
				group = "fix:shared"
			}
			out = append(out, taskClaim(no, group, finding.Severity(1+no%5)))
		case "fixed":
			w.causes[no] = promoter.RemovedFixed
		default:
			w.causes[no] = promoter.RemovedStage
		}
	}
	return out
}

func (w *tracker) peopleClose(t *rapid.T, settled map[int64]bool) {
	for _, n := range w.notices {
		if n.State != promoter.NoticePosted || !rapid.Bool().Draw(t, fmt.Sprint("close ", n.No)) {
			continue
		}
		w.closed[n.No] = true
		for _, i := range n.Items {
			if i.Live() {
				settled[i.Finding] = true
			}
		}
	}
}

func TestGroupsOfLaterTasks(t *testing.T) {
	for group, base := range map[string]string{"F1": "F1", "2/F1": "F1", "12/fix:go/x@go.mod": "fix:go/x@go.mod", "rule:a/b": "rule:a/b"} {
		if got := promoter.BaseGroup(group); got != base {
			t.Errorf("%s: %s", group, got)
		}
	}
	if !strings.HasPrefix(promoter.ChangeName("acme/shop", 3), "acme/shop#3") {
		t.Error("a change's name")
	}
}

package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

const (
	pay = "acme/pay"
	day = 24 * time.Hour
)

// cohort is the one of that key.
func (p *place) cohort(key string) promoter.Cohort {
	p.t.Helper()
	all, err := p.openStore().Cohorts(context.Background())
	p.must(err)
	for _, c := range all {
		if c.Key == key {
			return c
		}
	}
	p.t.Fatalf("no cohort %s in %v", key, all)
	return promoter.Cohort{}
}

func (p *place) wantStage(key string, want promoter.Stage) {
	p.t.Helper()
	if got := p.cohort(key).Stage; got != want {
		p.t.Fatalf("%s stands at %v, want %v", key, got, want)
	}
}

// answer lets a person with write access turn a thumb down on a comment.
func (p *place) answer(full string, number int, person string) {
	p.t.Helper()
	p.must(p.sandbox.Grant(full, person, github.Write))
	p.clock.jump(time.Hour)
	p.must(p.sandbox.React(p.pull(full, number).ReviewComments[0].ID, person, "-1"))
}

// judged lets the security team judge what was drawn of a cohort for its queue,
// and more until it is n findings.
func (p *place) judged(key string, n int, kind promoter.VerdictKind) {
	p.t.Helper()
	ctx := context.Background()
	c := p.cohort(key)
	people, err := p.openStore().EnsurePeople(ctx, promoter.Alias{System: "github", Login: "sam"})
	p.must(err)
	found, err := p.store.Candidates(ctx, c.ID, c.Attempt)
	p.must(err)
	waiting, err := p.store.Unanswered(ctx, c.ID, c.Attempt, true)
	p.must(err)
	var drawn []promoter.Exposure
	for _, f := range found[:min(max(n-len(waiting), 0), len(found))] {
		drawn = append(drawn, promoter.Exposure{RepoID: f.RepoID, Finding: f.Finding, CohortID: c.ID, Attempt: c.Attempt,
			Cluster: promoter.SampleCluster(f.RepoID, f.Finding), ShownAt: p.clock.Now(), Coin: true})
	}
	p.must(p.store.Sample(ctx, drawn))
	for _, w := range waiting {
		drawn = append(drawn, w.Exposure)
	}
	if len(drawn) < n {
		p.t.Fatalf("%d findings of %s to judge, want %d", len(drawn), key, n)
	}
	p.clock.jump(time.Hour)
	open, err := p.store.Unanswered(ctx, c.ID, c.Attempt, true) // what runs drew before, too
	p.must(err)
	r := store.Recording{Actor: "github:sam", At: p.clock.Now()}
	for _, e := range open {
		r.Verdicts = append(r.Verdicts, promoter.Verdict{RepoID: e.RepoID, Finding: e.Finding, Exposure: e.Seq, Person: people[0], Kind: kind,
			Source: promoter.FromCommand, At: r.At, Audit: true})
	}
	p.must(p.store.Record(ctx, r))
}

// noisyFile has one finding of severity medium.
func noisyFile(i int) map[string]string {
	return map[string]string{fmt.Sprintf("new%d.go", i): code(fmt.Sprintf("md5(%d)", i))}
}

// change opens a pull request with one finding, and scans it.
func (p *place) change(full string, i int) int {
	p.t.Helper()
	branch := fmt.Sprintf("feature%d", i)
	head := p.commit(full, branch, "main", noisyFile(i))
	number := p.open(full, branch)
	p.scanPull(full, head, number)
	return number
}

const medium = "rest/toy/medium"

// climbed is a place whose cohort went up to advise by evidence and approval.
func climbed(t *testing.T) *place {
	t.Helper()
	p := newPlace(t)
	p.settings = "promotion: {backlog: {open: 0}}\nthresholds: {default: {triage: info, advise: low, enforce: low}}\n"
	var lines []string
	for i := range 60 {
		lines = append(lines, fmt.Sprintf("md5(old%d)", i))
	}
	for _, full := range []string{shop, pay} {
		p.repository(full, map[string]string{"main.go": code(lines...)})
		p.scan(full, strings.TrimSpace(p.git(full, "rev-parse", "main")), "branch-main")
	}
	p.run()
	p.wantStage(medium, promoter.Observe)
	p.clock.jump(15 * day)
	p.run()
	p.wantStage(medium, promoter.Triage)
	p.judged(medium, 60, promoter.VerdictUseful)
	r := p.run()
	p.wantStage(medium, promoter.Triage) // it stays on each rung for a while
	if len(r.Plans) != 0 {
		t.Fatalf("proposed at once: %+v", r.Plans)
	}
	p.clock.jump(15 * day)
	r = p.run()
	if len(r.Plans) != 1 || r.Plans[0].Kind != promoter.ApprovalProposal || r.Outcome == run.OutcomeDeferred {
		t.Fatalf("plans %+v, outcome %s, moves %+v", r.Plans, r.Outcome, r.Moves)
	}
	p.wantStage(medium, promoter.Triage)
	p.must(p.store.DecideApproval(t.Context(), r.Plans[0].ID, promoter.ApprovalApproved, "github:lead", "good", p.clock.Now()))
	r = p.run()
	p.wantStage(medium, promoter.Advise)
	if len(r.Moves) != 1 || r.Moves[0].Kind != promoter.MovePromote || r.Moves[0].To != promoter.Advise {
		t.Fatalf("moves %+v", r.Moves)
	}
	return p
}

func TestACohortClimbsOnEvidenceAndFallsOnComplaints(t *testing.T) {
	p := climbed(t)
	var pulls []int
	repos := []string{shop, pay}
	for i := range 6 {
		pulls = append(pulls, p.change(repos[i%2], i))
	}
	p.run()
	for i, number := range pulls {
		if len(live(p.pull(repos[i%2], number))) != 1 {
			t.Fatalf("%s#%d shows nothing", repos[i%2], number)
		}
	}
	// Two people in both repositories: five complaints.
	for i, number := range pulls[:4] {
		p.answer(repos[i%2], number, []string{"ada", "ben"}[i%2])
		p.clock.jump(day) // a day's second answer would be part of a burst
		p.run()
		p.wantStage(medium, promoter.Advise)
	}
	p.answer(shop, pulls[4], "ada")
	r := p.run()
	part := medium + "+rule=TOY002"
	p.wantStage(part, promoter.Triage)
	p.wantStage(medium, promoter.Advise)
	if len(r.Moves) != 1 || r.Moves[0].Cohort != part || r.Moves[0].Kind != promoter.MoveCarve || r.Moves[0].Reason != "rule TOY002 is too noisy: complaints about 5 of 6 shown" {
		t.Errorf("moves %+v", r.Moves)
	}
	for i, number := range pulls {
		pr := p.pull(repos[i%2], number)
		if n := len(live(pr)); n != 0 {
			t.Errorf("%s#%d still shows %d", repos[i%2], number, n)
		}
		if body := pr.ReviewComments[0].Body; !strings.HasPrefix(body, "Withdrawn: people answered") {
			t.Errorf("%s#%d does not say why: %s", repos[i%2], number, body)
		}
	}
	if len(r.Tidied) != 1 || r.Tidied[0].Left != 0 || r.Tidied[0].Clean.Before(r.Tidied[0].Quiet) || r.Tidied[0].Clean.IsZero() {
		t.Errorf("tidied %+v", r.Tidied)
	}
	moves, err := p.store.Moves(t.Context(), p.cohort(part).ID)
	p.must(err)
	if len(moves) != 1 || moves[0].Grounds == nil || len(moves[0].Grounds.Voices) != 2 || moves[0].Grounds.Complaints != 5 {
		t.Errorf("the carve rests on %+v", moves)
	}
	p.clock.jump(day)
	// The alarm had put the whole on hold; with the part gone, nothing holds it.
	if r := p.run(); len(r.Moves) != 1 || r.Moves[0].Kind != promoter.MoveRelease || len(r.Tidied) != 0 {
		t.Errorf("the next run moves %+v, tidies %+v", r.Moves, r.Tidied)
	}
	if r := p.run(); len(r.Moves) != 0 {
		t.Errorf("a run without news moves %+v", r.Moves)
	}
	p.wantStage(part, promoter.Triage)
	p.wantStage(medium, promoter.Advise)
}

// One person alone, however angry, lowers nothing: it is held instead.
func TestNobodyRollsACohortBackAlone(t *testing.T) {
	p := climbed(t)
	for i := range 6 {
		full := []string{shop, pay}[i%2]
		number := p.change(full, i)
		p.run()
		p.answer(full, number, "ada")
		p.clock.jump(day)
	}
	r := p.run()
	p.wantStage(medium, promoter.Advise)
	standings, err := p.store.Standings(t.Context())
	p.must(err)
	for _, s := range standings {
		if s.Key == medium && s.Audit == nil {
			t.Errorf("it is not held: %+v, moves %+v", s.Weighed.Result, r.Moves)
		}
	}
}

// stopping ends a run at its n-th request that would change the world, before
// or after it, as a killed process would.
type stopping struct {
	next  http.RoundTripper
	left  *int
	after bool
}

func (s stopping) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet {
		return s.next.RoundTrip(r)
	}
	*s.left--
	switch {
	case *s.left > 0:
		return s.next.RoundTrip(r)
	case *s.left == 0 && s.after:
		if resp, err := s.next.RoundTrip(r); err == nil {
			resp.Body.Close()
		}
	}
	return nil, errors.New("connection reset by peer")
}

// Promote, show, answer, roll back, withdraw, repair, promote again, with the
// world cut off again and again on the way down: at the end nothing stands above
// its stage but what is kept, and no human word is lost.
func TestDownAndUpAgain(t *testing.T) {
	p := climbed(t)
	repos := []string{shop, pay}
	var pulls []int
	for i := range 7 {
		pulls = append(pulls, p.change(repos[i%2], i))
	}
	p.run()
	comment := func(i int) int64 { return p.pull(repos[i%2], pulls[i]).ReviewComments[0].ID }
	_, err := p.sandbox.Reply(comment(5), "dev", "It is only a checksum.")
	p.must(err)
	p.must(p.sandbox.React(comment(6), "dev", "+1"))
	for i, number := range pulls[:5] {
		p.answer(repos[i%2], number, []string{"ada", "ben"}[i%2])
		p.clock.jump(day)
	}
	for n := 1; n <= 4; n++ {
		left := n
		p.wrap = func(next http.RoundTripper) http.RoundTripper { return stopping{next, &left, n%2 == 0} }
		p.run()
	}
	p.wrap = nil
	part := medium + "+rule=TOY002"
	for range 3 {
		p.clock.jump(15 * time.Minute) // what was left unknown is looked for
		p.run()
	}
	p.wantStage(part, promoter.Triage)
	for i, number := range pulls {
		pr := p.pull(repos[i%2], number)
		kept := i >= 5
		if got := len(live(pr)) > 0; got != kept {
			t.Errorf("%s#%d: on display %v, want %v: %q", repos[i%2], number, got, kept, pr.ReviewComments[0].Body)
		}
		if i == 5 && pr.ReviewComments[1].Body != "It is only a checksum." {
			t.Errorf("a person's words are lost: %+v", pr.ReviewComments)
		}
		if kept && !strings.Contains(pr.ReviewComments[0].Body, "Kept") {
			t.Errorf("it does not say that it is kept: %s", pr.ReviewComments[0].Body)
		}
	}
	mails := len(p.mails())

	// The rule is repaired, and judged again.
	p.judged(part, 80, promoter.VerdictUseful)
	p.clock.jump(16 * day)
	r := p.run()
	for _, plan := range r.Plans {
		p.must(p.store.DecideApproval(t.Context(), plan.ID, promoter.ApprovalApproved, "github:lead", "repaired", p.clock.Now()))
	}
	p.run()
	p.wantStage(part, promoter.Advise)
	for i, number := range pulls {
		pr := p.pull(repos[i%2], number)
		want := 1
		if i == 5 {
			want = 2 // with what a person replied
		}
		if len(pr.ReviewComments) != want || len(pr.Reviews) != want {
			t.Errorf("%s#%d was told twice: %d comments in %d reviews", repos[i%2], number, len(pr.ReviewComments), len(pr.Reviews))
		}
	}
	if n := len(p.mails()); n != mails {
		t.Errorf("%d mails about what was said before", n-mails)
	}
}

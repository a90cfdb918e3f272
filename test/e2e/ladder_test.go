package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
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

func (p *place) repoID(full string) int64 {
	p.t.Helper()
	all, err := p.openStore().Repositories(context.Background())
	p.must(err)
	for _, r := range all {
		if r.FullName() == full {
			return r.ID
		}
	}
	p.t.Fatalf("no repository %s", full)
	return 0
}

// answer records what a person said of a finding on display.
func (p *place) answer(full string, number int, person string, kind promoter.VerdictKind) {
	p.t.Helper()
	ctx := context.Background()
	snap, err := p.openStore().Load(ctx, p.repoID(full))
	p.must(err)
	people, err := p.store.EnsurePeople(ctx, promoter.Alias{System: "github", Login: person})
	p.must(err)
	for _, n := range snap.Notices {
		if n.Target.PullRequest == number && n.Surface == promoter.SurfaceReview {
			p.clock.jump(time.Hour)
			at := p.clock.Now()
			p.must(p.store.Record(ctx, store.Recording{Actor: "github:" + person, At: at, Verdicts: []promoter.Verdict{{
				RepoID: snap.Repository.ID, Finding: n.Items[0].Finding, Notice: n.No, Person: people[0], Kind: kind, Source: promoter.FromReaction,
				ExternalID: fmt.Sprintf("%s-%d-%d", person, number, n.No), At: at,
			}}}))
			return
		}
	}
	p.t.Fatalf("%s#%d shows nothing: %+v", full, number, snap.Notices)
}

// judged lets the security team judge a sample of n findings of a cohort.
func (p *place) judged(key string, n int, kind promoter.VerdictKind) {
	p.t.Helper()
	ctx := context.Background()
	c := p.cohort(key)
	people, err := p.openStore().EnsurePeople(ctx, promoter.Alias{System: "github", Login: "sam"})
	p.must(err)
	found, err := p.store.Candidates(ctx, c.ID, c.Attempt)
	p.must(err)
	if len(found) < n {
		p.t.Fatalf("%d candidates of %s, want %d", len(found), key, n)
	}
	var drawn []promoter.Exposure
	for _, f := range found[:n] {
		drawn = append(drawn, promoter.Exposure{RepoID: f.RepoID, Finding: f.Finding, CohortID: c.ID, Attempt: c.Attempt,
			Cluster: promoter.SampleCluster(f.RepoID, f.Finding), ShownAt: p.clock.Now(), Coin: true})
	}
	p.must(p.store.Sample(ctx, drawn))
	p.clock.jump(time.Hour)
	r := store.Recording{Actor: "github:sam", At: p.clock.Now()}
	for _, e := range drawn {
		r.Verdicts = append(r.Verdicts, promoter.Verdict{RepoID: e.RepoID, Finding: e.Finding, Person: people[0], Kind: kind, Source: promoter.FromCommand, At: r.At, Audit: true})
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
		p.answer(repos[i%2], number, []string{"ada", "ben"}[i%2], promoter.VerdictFalsePositive)
		p.clock.jump(day) // a day's second answer would be part of a burst
		p.run()
		p.wantStage(medium, promoter.Advise)
	}
	p.answer(shop, pulls[4], "ada", promoter.VerdictFalsePositive)
	r := p.run()
	part := medium + "+rule=TOY002"
	p.wantStage(part, promoter.Triage)
	p.wantStage(medium, promoter.Advise)
	if len(r.Moves) != 1 || r.Moves[0].Cohort != part || r.Moves[0].Kind != promoter.MoveCarve {
		t.Errorf("moves %+v", r.Moves)
	}
	for i, number := range pulls {
		if n := len(live(p.pull(repos[i%2], number))); n != 0 {
			t.Errorf("%s#%d still shows %d", repos[i%2], number, n)
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
		p.answer(full, number, "ada", promoter.VerdictFalsePositive)
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

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
)

func TestAnUnknownEffectOnADeletedPullRequestIsSettled(t *testing.T) {
	p, number := withChange(t)
	p.run()
	p.move("/high", promoter.Advise)
	seen := 0
	p.wrap = func(next http.RoundTripper) http.RoundTripper { return deaf{next, 2, &seen} }
	p.run()
	p.wrap = nil
	p.must(p.sandbox.DeletePullRequest(shop, number))
	p.run()
	r := p.run()
	wantOutcome(t, r, run.OutcomeOK)
	if r.Effects.Unknown != 0 {
		t.Errorf("still unknown: %+v", r.Actions)
	}
}

// The day changes between deciding and remembering.
func TestAnExceptionThatEndsDuringARunIsNoticed(t *testing.T) {
	p, number := withChange(t)
	p.settings = "exceptions: [{repositories: [acme/shop], finding: \"acme/shop:F2\", reason: legacy, owner: team, expires: 2026-05-04}]\n" +
		"suppressions: [{scanner: toy, rule: TOY001, repositories: [acme/shop], reason: legacy, owner: team, expires: 2026-05-04}]\n"
	p.run()
	p.move("/high", promoter.Advise)
	cfg := p.config()
	cfg.Progress.Step = func(name string, _ int) {
		if name == "acting" {
			p.clock.jump(24 * time.Hour)
		}
	}
	_, err := run.Run(t.Context(), cfg, run.Selection{})
	p.must(err)
	if n := len(p.pull(shop, number).Reviews); n != 0 {
		t.Fatalf("%d reviews while the suppression holds", n)
	}
	p.run()
	if n := len(p.pull(shop, number).Reviews); n != 1 {
		t.Errorf("%d reviews on the day after", n)
	}
}

// unsure is a policy that gives no answer about surfaces.
type unsure struct{ run.Decider }

func (unsure) Surface(context.Context, input.Surface) policy.Result[input.SurfaceAnswer] {
	return policy.Result[input.SurfaceAnswer]{Outcome: policy.Undefined}
}

// eager is a policy that was edited badly: it shows everything everywhere.
type eager struct{ run.Decider }

func (d eager) Surface(ctx context.Context, in input.Surface) policy.Result[input.SurfaceAnswer] {
	out := d.Decider.Surface(ctx, in)
	out.Answer.Surfaces = []string{input.SurfaceReview, input.SurfaceSummary}
	return out
}

// The stage binds whatever the policy says, or does not say.
func TestNoPolicyShowsEngineersWhatTheStageDoesNot(t *testing.T) {
	t.Run("an error does not stop a rollback", func(t *testing.T) {
		p, number := advised(t)
		p.move("/high", promoter.Triage)
		cfg := p.config()
		cfg.Decider = unsure{cfg.Decider}
		r, err := run.Run(t.Context(), cfg, run.Selection{})
		p.must(err)
		if n := len(live(p.pull(shop, number))); n != 0 || r.PolicyErrors == 0 {
			t.Errorf("%d comments still live, policy errors %d", n, r.PolicyErrors)
		}
	})
	t.Run("an error alone withdraws nothing", func(t *testing.T) {
		p, number := advised(t)
		cfg := p.config()
		cfg.Decider = unsure{cfg.Decider}
		p.scanPull(shop, p.commit(shop, "feature", "", map[string]string{"main.go": "\n" + added}), number)
		_, err := run.Run(t.Context(), cfg, run.Selection{})
		p.must(err)
		if n := len(live(p.pull(shop, number))); n != 1 {
			t.Errorf("%d comments live, want 1", n)
		}
	})
	t.Run("a bad policy shows nothing early", func(t *testing.T) {
		p, number := withChange(t)
		p.run()
		p.move("/high", promoter.Triage)
		cfg := p.config()
		cfg.Decider = eager{cfg.Decider}
		_, err := run.Run(t.Context(), cfg, run.Selection{})
		p.must(err)
		if pr := p.pull(shop, number); len(pr.Reviews)+len(pr.Comments) != 0 {
			t.Errorf("shown in triage: %s", asJSON(pr.ReviewComments))
		}
	})
}

// broken answers 500 to every request whose path holds a word.
type broken struct {
	next http.RoundTripper
	word string
}

func (b broken) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, b.word) {
		return &http.Response{StatusCode: 500, Status: "500 Internal Server Error", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
	}
	return b.next.RoundTrip(r)
}

func TestAPullRequestThatGitHubCannotServeKeepsNobodyWaiting(t *testing.T) {
	p, number := withChange(t)
	p.repository("acme/atlas", map[string]string{"main.go": base})
	head := p.commit("acme/atlas", "feature", "main", map[string]string{"main.go": added})
	other := p.open("acme/atlas", "feature")
	p.scanPull("acme/atlas", head, other)
	p.run()
	p.move("/high", promoter.Advise)
	p.wrap = func(next http.RoundTripper) http.RoundTripper {
		return broken{next, fmt.Sprintf("/acme/atlas/pulls/%d/reviews", other)}
	}
	r := p.run()
	if n := len(live(p.pull(shop, number))); n != 1 || r.Effects.Deferred != 1 {
		t.Errorf("%d comments elsewhere, effects %+v", n, r.Effects)
	}
}

// A repository without open pull requests has reports of branches only.
func TestATemplateWithoutFilesBesideOneWithSomeIsPartial(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	r := p.run()
	wantOutcome(t, r, run.OutcomePartial)
	if r.Sources[0].State != "partial" || r.Findings.New != 1 {
		t.Errorf("source %+v", r.Sources[0])
	}
}

// Somebody deleted a comment: that is an answer, in whatever form we would
// say it again.
func TestADeletedCommentIsNotSaidAgainElsewhere(t *testing.T) {
	p, number := advised(t)
	p.must(p.sandbox.DeleteComment(p.pull(shop, number).ReviewComments[0].ID))
	p.move("/high", promoter.Triage)
	p.run()
	p.move("/high", promoter.Advise)
	p.settings = "budgets: {pull_request: {comments: 0}}\nceilings: {run: {show: 0}}\n"
	p.run()
	r := p.run()
	if pr := p.pull(shop, number); len(pr.Comments) != 0 || len(live(pr)) != 0 || len(r.Plans) != 0 {
		t.Errorf("summary %s, plans %+v, outcome %s", asJSON(pr.Comments), r.Plans, r.Outcome)
	}
}

// Many findings in a scan of the test merge, and many pull requests, must not
// make the work grow with their product.
func TestAScanOfTheMergeWithManyFindings(t *testing.T) {
	p := newPlace(t)
	many := strings.Repeat("\texec(x)\n", 4000)
	p.repository(shop, map[string]string{"main.go": "\n"})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	p.commit(shop, "feature", "main", map[string]string{"new.go": many})
	p.commit(shop, "main", "", map[string]string{"main.go": "\n\n"})
	number := p.open(shop, "feature")
	p.scanPull(shop, p.pull(shop, number).MergeCommit, number)
	p.run()
	p.move("/high", promoter.Advise)
	started := time.Now()
	r := p.run()
	if took := time.Since(started); took > 60*time.Second {
		t.Errorf("took %s", took)
	}
	if got := r.Deferred; got["ceiling"] != 3950 {
		t.Errorf("deferred %v", got)
	}
}

// One tool may say the same in two categories and through two sources.
func TestOneProblemReportedTwiceIsOneComment(t *testing.T) {
	p, number := withChange(t)
	head := strings.TrimSpace(p.git(shop, "rev-parse", "feature"))
	p.deliver(shop, head, pullRef(number), "other.sarif", func(r map[string]any) {
		r["automationDetails"] = map[string]any{"id": "nightly/"}
	})
	p.run()
	p.move("/high", promoter.Advise)
	cfg := p.config()
	mirror := cfg.Sources[0]
	mirror.Name = "mirror"
	cfg.Sources = append(cfg.Sources, mirror)
	for range 2 {
		r, err := run.Run(t.Context(), cfg, run.Selection{})
		p.must(err)
		wantOutcome(t, r, run.OutcomeOK)
	}
	if n := len(p.pull(shop, number).ReviewComments); n != 1 {
		t.Errorf("%d comments, want 1", n)
	}
	p.move("/low", promoter.Triage) // decides everything once more
	_, err := run.Run(t.Context(), cfg, run.Selection{})
	p.must(err)
	p.move("/low", promoter.Observe)
	_, err = run.Run(t.Context(), cfg, run.Selection{})
	p.must(err)
	if n := len(live(p.pull(shop, number))); n != 1 {
		t.Errorf("%d live, want 1", n)
	}
}

// A rename is noticed also when no new report tells of it.
func TestARollbackReachesARenamedRepository(t *testing.T) {
	p, number := advised(t)
	p.must(p.sandbox.RenameRepository(shop, "store"))
	p.gitPath["acme/store"] = p.gitPath[shop]
	p.move("/high", promoter.Triage)
	p.run()
	wantOutcome(t, p.run(), run.OutcomeOK)
	if n := len(live(p.pull("acme/store", number))); n != 0 {
		t.Errorf("%d comments still live", n)
	}
}

// Its old name may belong to another by then, whose pull requests are none of its.
func TestARollbackReachesARepositoryWhoseNameIsAnothers(t *testing.T) {
	p, number := advised(t)
	p.must(p.sandbox.RenameRepository(shop, "store"))
	p.gitPath["acme/store"] = p.gitPath[shop]
	p.repository(shop, map[string]string{"main.go": base})
	p.move("/high", promoter.Triage)
	p.run()
	wantOutcome(t, p.run(), run.OutcomeOK)
	if n := len(live(p.pull("acme/store", number))); n != 0 {
		t.Errorf("%d comments still live", n)
	}
}

// Where it is not to be seen any more, what is shown there stays booked, and no run acts on the other.
func TestARepositoryOutOfSightIsNotTakenForTheOneOfItsName(t *testing.T) {
	p, _ := advised(t)
	p.must(p.sandbox.DeleteRepository(shop))
	p.repository(shop, map[string]string{"main.go": base})
	p.move("/high", promoter.Triage)
	p.run()
	p.clock.jump(8 * 24 * time.Hour)
	if r := p.run(); len(r.Unseen) != 1 || r.Effects != (run.EffectCounts{}) {
		t.Errorf("unseen %v, effects %+v, errors %v", r.Unseen, r.Effects, r.Errors)
	}
	snap, err := p.store.Load(t.Context(), 1)
	p.must(err)
	for _, n := range snap.Notices {
		if n.State != promoter.NoticePosted {
			t.Errorf("notice %d is %s", n.No, n.State)
		}
	}
	for _, s := range snap.Sightings {
		if s.Until != 0 {
			t.Errorf("finding %d is taken for gone", s.Finding)
		}
	}
}

// A part of a scan that cannot be read proves nothing fixed.
func TestAReportThatCannotBeReadMarksNothingFixed(t *testing.T) {
	p, number := withChange(t)
	head := strings.TrimSpace(p.git(shop, "rev-parse", "feature"))
	p.deliver(shop, head, pullRef(number), "part.sarif", func(r map[string]any) { r["results"] = []any{} })
	p.run()
	p.move("/high", promoter.Advise)
	p.run()
	dir := filepath.Join(p.drop, shop, pullRef(number), head)
	p.must(os.Remove(filepath.Join(dir, "toy.sarif")))
	p.must(os.Symlink("/nowhere/toy.sarif", filepath.Join(dir, "toy.sarif")))
	p.deliver(shop, head, pullRef(number), "part.sarif", func(r map[string]any) { r["results"] = []any{}; r["columnKind"] = "utf16CodeUnits" })
	p.run()
	if n := len(live(p.pull(shop, number))); n != 1 {
		t.Errorf("%d comments live, want 1", n)
	}
}

// opened tells that a repository was made public.
type opened struct{ next http.RoundTripper }

func (o opened) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := o.next.RoundTrip(r)
	if err != nil || r.URL.Path != "/repos/"+shop {
		return resp, err
	}
	raw, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	var doc map[string]any
	if err == nil {
		err = json.Unmarshal(raw, &doc)
	}
	if err != nil {
		return nil, err
	}
	doc["private"], doc["visibility"] = false, "public"
	body := asJSON(doc)
	resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	resp.Header.Del("Content-Length")
	resp.Header.Del("ETag")
	return resp, nil
}

// In public repositories nothing is said about secrets: whether one is public
// is asked before something is shown, not when a report happens to arrive.
func TestARepositoryThatBecomesPublicIsNoticedBeforeSecretsAreShown(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	head := p.commit(shop, "feature", "main", map[string]string{"main.go": added})
	number := p.open(shop, "feature")
	p.deliver(shop, head, pullRef(number), "toy.sarif", func(r map[string]any) {
		for _, rule := range r["tool"].(map[string]any)["driver"].(map[string]any)["rules"].([]any) {
			rule.(map[string]any)["properties"].(map[string]any)["tags"] = []any{"secret"}
		}
	})
	p.run()
	p.move("/high", promoter.Advise)
	p.wrap = func(next http.RoundTripper) http.RoundTripper {
		return opened{roundTrip(func(r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.Header.Del("If-None-Match") // what was remembered is from before
			return next.RoundTrip(r)
		})}
	}
	r := p.run()
	if pr := p.pull(shop, number); len(pr.Reviews)+len(pr.Comments) != 0 || r.Decisions["secret-in-public-repository"] == 0 {
		t.Errorf("shown in public: %s, decisions %v", asJSON(pr.ReviewComments), r.Decisions)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// While GitHub is down, a run does not wait for it once for each repository.
func TestAnOutageIsNotWaitedForInEveryRepository(t *testing.T) {
	p, number := withChange(t)
	for i := range 8 {
		name := fmt.Sprintf("acme/r%d", i)
		p.repository(name, map[string]string{"main.go": base})
		head := p.commit(name, "feature", "main", map[string]string{"main.go": added})
		p.scanPull(name, head, p.open(name, "feature"))
	}
	p.run()
	p.move("/high", promoter.Advise)
	requests := 0
	p.wrap = func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			requests++
			return broken{next, "/"}.RoundTrip(r)
		})
	}
	wantOutcome(t, p.run(), run.OutcomePartial)
	if requests > 12 { // four attempts in three repositories
		t.Errorf("%d requests to a GitHub that is down", requests)
	}
	p.wrap = nil
	wantOutcome(t, p.run(), run.OutcomeOK)
	if n := len(live(p.pull(shop, number))); n != 1 {
		t.Errorf("%d comments once GitHub is back", n)
	}
}

package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
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
	"github.com/sluice-sec/sluice/promoter/store"
)

// Stories that once ended badly, each written before its defect was mended.

// deliver drops a report that was changed on its way.
func (p *place) deliver(full, commit, ref, file string, change func(report map[string]any)) {
	p.t.Helper()
	var doc map[string]any
	p.must(json.Unmarshal(p.report(full, commit), &doc))
	if change != nil {
		change(doc["runs"].([]any)[0].(map[string]any))
	}
	raw, err := json.Marshal(doc)
	p.must(err)
	dir := filepath.Join(p.drop, full, ref, commit)
	p.must(os.MkdirAll(dir, 0o755))
	p.must(os.WriteFile(filepath.Join(dir, file), raw, 0o644))
	p.clock.jump(time.Minute)
	p.must(os.Chtimes(filepath.Join(dir, file), p.clock.now, p.clock.now))
}

func pullRef(number int) string { return fmt.Sprintf("pr-%d", number) }

var added = base + code("", "func added() {", "\texec(b)", "\tprint(c)", "}")

// An older commit's job may end after the newer one's.
func TestALateReportOfAnOlderCommitChangesNothing(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	older := p.commit(shop, "feature", "main", map[string]string{"main.go": base + code("", "func added() {", "}")})
	newer := p.commit(shop, "feature", "", map[string]string{"main.go": added})
	number := p.open(shop, "feature")
	p.scanPull(shop, newer, number)
	p.run()
	p.move("/high", promoter.Advise)
	p.run()
	world := asJSON(p.pull(shop, number))
	p.scanPull(shop, older, number)
	for range 2 {
		r := p.run()
		wantOutcome(t, r, run.OutcomeOK)
		if now := asJSON(p.pull(shop, number)); now != world || r.Effects != (run.EffectCounts{}) {
			t.Fatalf("effects %+v, live %d of 1", r.Effects, len(live(p.pull(shop, number))))
		}
	}
	if r := p.run(); r.Decided != 0 {
		t.Errorf("the late report is looked at in every run: decided %d", r.Decided)
	}
}

// A branch that is reset to an earlier commit has a report already.
func TestABranchThatIsResetToAnEarlierCommit(t *testing.T) {
	p, number := advised(t)
	first := strings.TrimSpace(p.git(shop, "rev-parse", "feature"))
	fixed := p.commit(shop, "feature", "", map[string]string{"main.go": base})
	p.scanPull(shop, fixed, number)
	p.run()
	if n := len(live(p.pull(shop, number))); n != 0 {
		t.Fatalf("%d comments live after the fix", n)
	}
	p.git(shop, "update-ref", "refs/heads/feature", first)
	p.commit(shop, "elsewhere", "main", map[string]string{"x": "x"}) // the sandbox looks at the branches again
	p.scanPull(shop, first, number)                                  // the job runs again and says the same
	p.run()
	wantOutcome(t, p.run(), run.OutcomeOK)
	if pr := p.pull(shop, number); len(live(pr)) != 1 || len(p.mails()) != 1 {
		t.Errorf("live %d, mails %d, head %s want %s", len(live(pr)), len(p.mails()), pr.Head, first)
	}
}

func TestAReopenedPullRequest(t *testing.T) {
	for name, rescan := range map[string]bool{"fixed meanwhile": false, "scanned again with the same result": true} {
		t.Run(name, func(t *testing.T) {
			p, number := withChange(t)
			p.run()
			if !rescan {
				p.move("/high", promoter.Advise)
				p.run()
			}
			p.must(p.sandbox.ClosePullRequest(shop, number))
			p.run()
			p.must(p.sandbox.ReopenPullRequest(shop, number))
			want := 0
			if rescan {
				p.move("/high", promoter.Advise)
				p.scanPull(shop, strings.TrimSpace(p.git(shop, "rev-parse", "feature")), number)
				want = 1
			} else {
				fixed := p.commit(shop, "feature", "", map[string]string{"main.go": code("package main")})
				p.scanPull(shop, fixed, number)
			}
			p.run()
			wantOutcome(t, p.run(), run.OutcomeOK)
			if n := len(live(p.pull(shop, number))); n != want {
				t.Errorf("%d comments live, want %d", n, want)
			}
			if r := p.run(); r.Decided != 0 {
				t.Errorf("not at rest: decided %d", r.Decided)
			}
		})
	}
}

func TestADraftWithAnUnscannedHeadKeepsWhatIsShown(t *testing.T) {
	p, number := advised(t)
	p.must(p.sandbox.SetDraft(shop, number, true))
	p.commit(shop, "feature", "", map[string]string{"other.go": code("package main")})
	r := p.run()
	if n := len(live(p.pull(shop, number))); n != 1 || r.Effects != (run.EffectCounts{}) {
		t.Errorf("live %d, effects %+v", n, r.Effects)
	}
}

// A comment with a suggestion keeps it while the head is not scanned.
func TestAHeadWithoutAScanRewritesNothing(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	head := p.commit(shop, "feature", "main", map[string]string{"main.go": added})
	number := p.open(shop, "feature")
	p.deliver(shop, head, pullRef(number), "toy.sarif", func(r map[string]any) {
		for _, result := range r["results"].([]any) {
			result := result.(map[string]any)
			place := result["locations"].([]any)[0].(map[string]any)["physicalLocation"].(map[string]any)
			line := place["region"].(map[string]any)["startLine"]
			result["fixes"] = []any{map[string]any{"description": map[string]any{"text": "Use run."}, "artifactChanges": []any{map[string]any{
				"artifactLocation": place["artifactLocation"],
				"replacements": []any{map[string]any{
					"deletedRegion":   map[string]any{"startLine": line},
					"insertedContent": map[string]any{"text": "\trun(b)"}}}}}}}
		}
	})
	p.run()
	p.move("/high", promoter.Advise)
	p.run()
	before := p.pull(shop, number)
	if len(before.ReviewComments) != 1 || !strings.Contains(before.ReviewComments[0].Body, "```suggestion") {
		t.Fatalf("no suggestion to start with: %s", asJSON(before.ReviewComments))
	}
	p.commit(shop, "feature", "", map[string]string{"other.go": code("package main")})
	r := p.run()
	if now := p.pull(shop, number); now.ReviewComments[0].Body != before.ReviewComments[0].Body || r.Effects != (run.EffectCounts{}) {
		t.Errorf("effects %+v, body now\n%s", r.Effects, now.ReviewComments[0].Body)
	}
}

// oneBroken fails whatever is stored of one repository.
type oneBroken struct {
	store.Store
	repo int64
}

func (s *oneBroken) Load(ctx context.Context, id int64) (*store.Snapshot, error) {
	if id == s.repo {
		return nil, errors.New("row 7 is not JSON")
	}
	return s.Store.Load(ctx, id)
}

func TestABrokenRepositorySinksNoOther(t *testing.T) {
	p, number := withChange(t)
	p.repository("acme/atlas", map[string]string{"main.go": base})
	first := strings.TrimSpace(p.git("acme/atlas", "rev-parse", "main"))
	p.scan("acme/atlas", first, "branch-main")
	p.run()
	p.move("/high", promoter.Advise)
	cfg := p.config()
	repos, err := p.store.Repositories(t.Context())
	p.must(err)
	for _, r := range repos {
		if r.Name == "atlas" {
			cfg.Store = &oneBroken{p.store, r.ID}
		}
	}
	for _, stage := range []string{"deciding", "taking in"} {
		if stage == "taking in" {
			p.scan("acme/atlas", p.commit("acme/atlas", "main", "", map[string]string{"new.go": code("exec(z)")}), "branch-main")
		}
		r, err := run.Run(t.Context(), cfg, run.Selection{})
		p.must(err)
		wantOutcome(t, r, run.OutcomeFailed)
		if n := len(live(p.pull(shop, number))); n != 1 || !strings.Contains(asJSON(r.Errors), "acme/atlas") {
			t.Errorf("%s: %d comments in the other repository, errors %+v", stage, n, r.Errors)
		}
	}
	// What was broken is made up for once it works again.
	p.run()
	snap, err := p.store.Load(t.Context(), cfg.Store.(*oneBroken).repo)
	p.must(err)
	if len(snap.Findings) != 2 {
		t.Errorf("%d findings of the once broken repository, want 2", len(snap.Findings))
	}
}

// A job that is run twice delivers its report twice.
func TestTheSameReportDeliveredTwiceIsOneScan(t *testing.T) {
	for name, between := range map[string]bool{"in one run": false, "in two runs": true} {
		t.Run(name, func(t *testing.T) {
			p, number := withChange(t)
			head := strings.TrimSpace(p.git(shop, "rev-parse", "feature"))
			if between {
				p.run()
			}
			p.deliver(shop, head, pullRef(number), "again.sarif", nil)
			p.run()
			p.move("/high", promoter.Advise)
			p.run()
			if n := len(p.pull(shop, number).ReviewComments); n != 1 {
				t.Errorf("%d comments, want 1", n)
			}
		})
	}
}

func excessive(t *testing.T) (p *place, number int, plan string) {
	t.Helper()
	p = newPlace(t)
	p.settings = "ceilings: {cohort: {show: 2}}\n"
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	head := p.commit(shop, "feature", "main", map[string]string{"new.go": code("exec(1)", "exec(2)", "exec(3)", "exec(4)", "exec(5)")})
	number = p.open(shop, "feature")
	p.scanPull(shop, head, number)
	p.run()
	p.move("/high", promoter.Advise)
	r := p.run()
	if len(r.Plans) != 1 {
		t.Fatalf("plans %+v", r.Plans)
	}
	return p, number, r.Plans[0].ID
}

func TestAPlanThatIsAboutNothingAnyMoreExpires(t *testing.T) {
	for name, end := range map[string]func(p *place, number int){
		"the pull request is closed": func(p *place, n int) { p.must(p.sandbox.ClosePullRequest(shop, n)) },
		"the stage is lowered":       func(p *place, _ int) { p.move("/high", promoter.Triage) },
	} {
		t.Run(name, func(t *testing.T) {
			p, number, id := excessive(t)
			p.t = t
			end(p, number)
			p.run()
			r := p.run()
			wantOutcome(t, r, run.OutcomeOK)
			all, err := p.store.Approvals(t.Context())
			p.must(err)
			if len(r.Plans) != 0 || len(all) != 1 || all[0].ID != id || all[0].State != promoter.ApprovalExpired {
				t.Errorf("plans %+v, stored %+v", r.Plans, all)
			}
		})
	}
}

func TestAPlanWaitsThroughTroubleAndNarrowRuns(t *testing.T) {
	p, _, id := excessive(t)
	_, err := run.Run(t.Context(), p.config(), run.Selection{Repository: "acme/other"})
	p.must(err)
	p.wrap = func(next http.RoundTripper) http.RoundTripper { return broken{next, "/pulls/"} }
	p.run()
	p.wrap = nil
	if r := p.run(); len(r.Plans) != 1 || r.Plans[0].ID != id {
		t.Errorf("plans %+v, want %s to wait still", r.Plans, id)
	}
}

func TestARejectedMassWithdrawalComesToRest(t *testing.T) {
	p, number := advised(t)
	p.settings = "ceilings: {run: {withdraw: 0}}\nthresholds: {default: {triage: low, advise: critical, enforce: critical}}\n"
	r := p.run()
	wantOutcome(t, r, run.OutcomeDeferred)
	if len(r.Plans) != 1 {
		t.Fatalf("plans %+v", r.Plans)
	}
	p.must(p.store.DecideApproval(t.Context(), r.Plans[0].ID, promoter.ApprovalRejected, "os:lead", "no", p.clock.Now()))
	wantOutcome(t, p.run(), run.OutcomeOK)
	if r := p.run(); r.Decided != 0 || len(live(p.pull(shop, number))) != 1 {
		t.Errorf("decided %d, live %d", r.Decided, len(live(p.pull(shop, number))))
	}
}

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

// A newer scanner finds more in old code; the change did not bring that.
func TestANewScannerVersionMakesNoChangeGuilty(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	main := strings.TrimSpace(p.git(shop, "rev-parse", "main"))
	p.deliver(shop, main, "branch-main", "toy.sarif", func(r map[string]any) { r["results"] = []any{} })
	head := p.commit(shop, "feature", "main", map[string]string{"main.go": added})
	number := p.open(shop, "feature")
	p.deliver(shop, head, pullRef(number), "toy.sarif", func(r map[string]any) {
		r["tool"].(map[string]any)["driver"].(map[string]any)["version"] = "2.0"
	})
	p.run()
	p.move("/high", promoter.Advise)
	p.run()
	pr := p.pull(shop, number)
	if len(pr.ReviewComments) != 1 || pr.ReviewComments[0].Line != 12 || len(pr.Comments) != 0 {
		t.Errorf("comments %s, summary %s", asJSON(pr.ReviewComments), asJSON(pr.Comments))
	}
}

func rated(score string) func(map[string]any) {
	return func(r map[string]any) {
		for _, rule := range r["tool"].(map[string]any)["driver"].(map[string]any)["rules"].([]any) {
			rule := rule.(map[string]any)
			if rule["id"] == "TOY001" {
				rule["properties"].(map[string]any)["security-severity"] = score
			}
		}
	}
}

// A finding is judged with those of its severity, also when that changes.
func TestASeverityThatChangesTakesAFindingToItsCohort(t *testing.T) {
	for name, c := range map[string]struct {
		first, then string
		advised     string
		shown       int
	}{
		"raised to a cohort in advise":     {"2.0", "8.8", "/high", 1},
		"raised to a cohort in observe":    {"2.0", "8.8", "/low", 0},
		"lowered from a cohort in advise":  {"8.8", "2.0", "/high", 0},
		"lowered to a cohort in advise":    {"8.8", "2.0", "/low", 1},
		"unchanged in a cohort in observe": {"2.0", "2.0", "/high", 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.settings = "thresholds: {default: {triage: low, advise: low, enforce: critical}}\n"
			p.repository(shop, map[string]string{"main.go": base, "other.go": code("exec(q)", "print(q)")})
			main := strings.TrimSpace(p.git(shop, "rev-parse", "main"))
			p.deliver(shop, main, "branch-main", "toy.sarif", nil)
			p.run() // so that there is a cohort for each severity
			head := p.commit(shop, "feature", "main", map[string]string{"main.go": base + code("", "func added() {", "\texec(b)", "}")})
			number := p.open(shop, "feature")
			p.must(p.sandbox.SetDraft(shop, number, true))
			p.deliver(shop, head, pullRef(number), "toy.sarif", rated(c.first))
			p.run()
			p.move(c.advised, promoter.Advise)
			p.must(p.sandbox.SetDraft(shop, number, false))
			p.deliver(shop, head, pullRef(number), "toy.sarif", rated(c.then))
			p.run()
			if n := len(live(p.pull(shop, number))); n != c.shown {
				t.Errorf("%d comments, want %d", n, c.shown)
			}
		})
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

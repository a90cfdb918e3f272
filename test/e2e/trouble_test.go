package e2e_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// deaf performs the n-th write and loses its answer.
type deaf struct {
	next  http.RoundTripper
	write int
	seen  *int
}

func (d deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.next.RoundTrip(r)
	if r.Method == http.MethodGet || err != nil {
		return resp, err
	}
	if *d.seen++; *d.seen == d.write {
		resp.Body.Close()
		return nil, errors.New("connection reset by peer")
	}
	return resp, nil
}

// Whichever write's answer is lost, the run says that it does not know, and
// the next one settles it: one visible object, one mail.
func TestALostAnswerIsSettledByTheNextRun(t *testing.T) {
	for write := 1; write <= 2; write++ {
		t.Run(fmt.Sprintf("write %d", write), func(t *testing.T) {
			p, number := withChange(t)
			p.run()
			p.move("/high", promoter.Advise)
			seen := 0
			p.wrap = func(next http.RoundTripper) http.RoundTripper { return deaf{next, write, &seen} }
			first := p.run()
			if first.Outcome == run.OutcomeFailed {
				t.Errorf("a lost answer is no failure: %+v", first.Errors)
			}
			p.wrap = nil
			p.run()
			wantOutcome(t, p.run(), run.OutcomeOK)
			pr := p.pull(shop, number)
			if len(pr.Reviews) != 1 || pr.Reviews[0].State != github.Commented || len(live(pr)) != 1 || len(p.mails()) != 1 {
				t.Errorf("reviews %d, live comments %d, mails %d", len(pr.Reviews), len(live(pr)), len(p.mails()))
			}
		})
	}
}

func TestADraftAndABotAreNotCommentedOn(t *testing.T) {
	p, number := withChange(t)
	p.must(p.sandbox.SetDraft(shop, number, true))
	bots := p.commit(shop, "bump", "main", map[string]string{"bump.go": code("exec(x)")})
	p.sandbox.AddPerson("bumper[bot]")
	p.must(p.sandbox.Grant(shop, "bumper[bot]", github.Write))
	bot, err := p.sandbox.OpenPullRequest(shop, github.NewPullRequest{Title: "Bump", Head: "bump", Base: "main", Author: "bumper[bot]"})
	p.must(err)
	p.scanPull(shop, bots, bot)
	p.run()
	p.move("/high", promoter.Advise)
	wantOutcome(t, p.run(), run.OutcomeOK)
	if n := len(p.mails()); n != 0 {
		t.Fatalf("%d mails", n)
	}
	p.must(p.sandbox.SetDraft(shop, number, false))
	p.run()
	if got := len(live(p.pull(shop, number))); got != 1 {
		t.Errorf("%d comments once it is ready", got)
	}
	p.must(p.sandbox.SetDraft(shop, number, true))
	p.run()
	if got := len(live(p.pull(shop, number))); got != 1 {
		t.Errorf("%d comments left after it became a draft again", got)
	}
}

func TestWhatCannotBeWrittenIsInTheReport(t *testing.T) {
	p, number := withChange(t)
	p.run()
	p.move("/high", promoter.Advise)
	p.sandbox.RevokeToken("secret-token")
	p.sandbox.AddToken(github.Token{Value: "secret-token", Login: "sluice-bot", Permissions: map[string]string{
		"contents": "read", "metadata": "read", "pull_requests": "read", "issues": "read"}})
	r := p.run()
	wantOutcome(t, r, run.OutcomeFailed)
	if len(r.Errors) != 1 || !strings.Contains(r.Errors[0].Text, "pull requests: write") && !strings.Contains(r.Errors[0].Text, "pull_requests") {
		t.Errorf("the permission is not named: %+v", r.Errors)
	}
	found := false
	for _, a := range r.Actions {
		found = found || a.PullRequest == number && len(a.Findings) == 1 && a.Outcome == "failed"
	}
	if !found || strings.Contains(asJSON(r), "secret-token") {
		t.Errorf("where the finding ended up is not in the report, or the token is: %s", asJSON(r))
	}
}

func TestABrokenReportSinksNothingElse(t *testing.T) {
	p, number := advised(t)
	head := p.commit(shop, "feature", "", map[string]string{"other.go": code("package main")})
	dir := filepath.Join(p.drop, shop, fmt.Sprintf("pr-%d", number), head)
	p.must(os.MkdirAll(dir, 0o755))
	p.must(os.WriteFile(filepath.Join(dir, "toy.sarif"), []byte(`{"version":"2.1.0","runs":[{"results":[{"ruleId"`), 0o644))
	r := p.run()
	wantOutcome(t, r, run.OutcomePartial)
	if r.Sources[0].State != "partial" || len(live(p.pull(shop, number))) != 1 {
		t.Errorf("source %+v", r.Sources[0])
	}
	if again := p.run(); again.Outcome != run.OutcomePartial || again.Sources[0].State != "partial" {
		t.Errorf("a report that is still broken is forgotten: %+v", again.Sources[0])
	}
}

func TestARepositoryKeepsItsHistoryThroughARename(t *testing.T) {
	p, number := advised(t)
	p.must(p.sandbox.RenameRepository(shop, "store"))
	p.gitPath["acme/store"] = p.gitPath[shop]
	moved := p.commit("acme/store", "feature", "", map[string]string{"main.go": "\n" + base + code("", "func added() {", "\texec(b)", "}")})
	p.scanPull("acme/store", moved, number)
	p.run()
	wantOutcome(t, p.run(), run.OutcomeOK)
	if pr := p.pull("acme/store", number); len(pr.ReviewComments) != 1 || len(p.mails()) != 1 {
		t.Errorf("%d comments, %d mails", len(pr.ReviewComments), len(p.mails()))
	}
}

// A scan of the trial merge has other line numbers than the head.
func TestAScanOfTheMergeIsShownOnTheHeadsLines(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	p.commit(shop, "feature", "main", map[string]string{"main.go": base + code("", "func added() {", "\texec(b)", "}")})
	p.commit(shop, "main", "", map[string]string{"main.go": "// One.\n// Two.\n// Three.\n" + base})
	number := p.open(shop, "feature")
	merge := p.pull(shop, number).MergeCommit
	if merge == "" {
		t.Fatal("the sandbox made no trial merge")
	}
	p.scanPull(shop, merge, number)
	p.run()
	p.move("/high", promoter.Advise)
	wantOutcome(t, p.run(), run.OutcomeOK)
	pr := p.pull(shop, number)
	if len(pr.ReviewComments) != 1 || pr.ReviewComments[0].Line != 12 {
		t.Errorf("comments %s", asJSON(pr.ReviewComments))
	}
}

// Each push to main makes another trial merge. A scan of the one before still
// speaks of the same head.
func TestAScanOfAnEarlierMergeStillCounts(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	p.commit(shop, "feature", "main", map[string]string{"main.go": base + code("", "func added() {", "\texec(b)", "}")})
	p.commit(shop, "main", "", map[string]string{"main.go": "// One.\n" + base})
	number := p.open(shop, "feature")
	merge := p.pull(shop, number).MergeCommit
	p.scanPull(shop, merge, number)
	p.commit(shop, "main", "", map[string]string{"main.go": "// One.\n// Two.\n" + base})
	if now := p.pull(shop, number).MergeCommit; now == merge {
		t.Fatal("the sandbox made no new trial merge")
	}
	p.run()
	p.move("/high", promoter.Advise)
	r := p.run()
	wantOutcome(t, r, run.OutcomeOK)
	pr := p.pull(shop, number)
	if len(pr.ReviewComments) != 1 || pr.ReviewComments[0].Line != 12 || r.Findings.Stale != 0 {
		t.Errorf("stale %d, comments %s", r.Findings.Stale, asJSON(pr.ReviewComments))
	}
}

func TestTwentyThousandStandingFindingsShowNothingToEngineers(t *testing.T) {
	p := newPlace(t)
	lines := strings.Repeat("\texec(x)\n", 20_000)
	p.repository(shop, map[string]string{"main.go": lines})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	head := p.commit(shop, "feature", "main", map[string]string{"main.go": lines + "\treturn\n"})
	number := p.open(shop, "feature")
	p.scanPull(shop, head, number)
	p.run()
	p.move("/high", promoter.Advise)
	r := p.run()
	pr := p.pull(shop, number)
	if len(pr.Reviews)+len(pr.Comments) != 0 {
		t.Errorf("shown: %d reviews, %d comments; report %s", len(pr.Reviews), len(pr.Comments), asJSON(r.Findings))
	}
}

// A rollback decided while a run is under way overtakes what was planned.
func TestAMoveDuringARunIsHonoured(t *testing.T) {
	p, number := withChange(t)
	p.run()
	p.move("/high", promoter.Advise)
	cfg := p.config()
	cfg.Progress.Step = func(name string, _ int) {
		if name == "acting" {
			p.move("/high", promoter.Triage)
		}
	}
	r, err := run.Run(t.Context(), cfg, run.Selection{})
	p.must(err)
	if n := len(p.pull(shop, number).Reviews); n != 0 || r.Effects.Deferred == 0 {
		t.Errorf("%d reviews; effects %+v", n, r.Effects)
	}
}

// Without a scan of the merge base the touched lines decide, but what was
// there when Sluice first looked is not the change's.
func TestTouchingTheLineOfABacklogFindingDoesNotMakeItTheChanges(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	first := strings.TrimSpace(p.git(shop, "rev-parse", "main"))
	p.scan(shop, first, "branch-main")
	p.commit(shop, "main", "", map[string]string{"other.go": code("package main")}) // the merge base: never scanned
	head := p.commit(shop, "feature", "main", map[string]string{
		"main.go": strings.Replace(base, "\texec(a)", "\t\texec(a)", 1) + code("", "exec(mine)")})
	number := p.open(shop, "feature")
	p.scanPull(shop, head, number)
	p.run()
	p.move("/high", promoter.Advise)
	p.run()
	pr := p.pull(shop, number)
	if len(pr.ReviewComments) != 1 || pr.ReviewComments[0].Line != 11 {
		t.Errorf("comments: %s", asJSON(pr.ReviewComments))
	}
}

func TestWithoutAPlatformFindingsEndInTheReportAndTheQueue(t *testing.T) {
	p, number := withChange(t)
	cfg := p.config()
	cfg.Platform = nil
	_, err := run.Run(t.Context(), cfg, run.Selection{})
	p.must(err)
	p.move("/high", promoter.Triage)
	cfg = p.config()
	cfg.Platform = nil
	r, err := run.Run(t.Context(), cfg, run.Selection{})
	p.must(err)
	repos, err := p.store.Repositories(t.Context())
	p.must(err)
	snap, err := p.store.Load(t.Context(), repos[0].ID)
	p.must(err)
	queued := 0
	for _, d := range snap.Decisions {
		if d.Change == number && strings.Contains(string(d.Answer), `"surfaces":["queue"]`) {
			queued++
		}
	}
	if queued != 2 || r.NoPlatform == 0 || len(p.pull(shop, number).Reviews) != 0 {
		t.Errorf("%d queued, %d without platform", queued, r.NoPlatform)
	}
}

// The same line in another file of another open pull request is another
// problem: what is said of one must not count for both.
func TestTwoPullRequestsDoNotShareAFinding(t *testing.T) {
	t.Run("by text", func(t *testing.T) { twoPullRequests(t, nil) })
	t.Run("by the scanner's hash of the lines around", func(t *testing.T) {
		twoPullRequests(t, func(run map[string]any) {
			for _, r := range run["results"].([]any) {
				if uri(r) != "main.go" {
					r.(map[string]any)["partialFingerprints"] = map[string]any{"primaryLocationLineHash": "39fa2ee980eb94b0:1"}
				}
			}
		})
	})
	// Whoever opens a pull request can write any number into its report.
	t.Run("by the number of an alert", func(t *testing.T) {
		twoPullRequests(t, func(run map[string]any) {
			for _, r := range run["results"].([]any) {
				if uri(r) != "main.go" {
					r.(map[string]any)["properties"] = map[string]any{"github/alertNumber": 7}
				}
			}
		})
	})
}

func twoPullRequests(t *testing.T, change func(run map[string]any)) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	for _, file := range []string{"one.go", "two.go"} {
		head := p.commit(shop, "add-"+file, "main", map[string]string{file: code("package main", "exec(b)")})
		p.deliver(shop, head, pullRef(p.open(shop, "add-"+file)), "toy.sarif", change)
	}
	p.run()
	p.move("/high", promoter.Advise)
	p.run()
	repos, err := p.openStore().Repositories(t.Context())
	p.must(err)
	snap, err := p.store.Load(t.Context(), repos[0].ID)
	p.must(err)
	if len(snap.Findings) != 3 || len(live(p.pull(shop, 1)))+len(live(p.pull(shop, 2))) != 2 {
		t.Errorf("%d findings, comments %d and %d", len(snap.Findings), len(live(p.pull(shop, 1))), len(live(p.pull(shop, 2))))
	}
}

// An edited threshold shows and withdraws; what stays on display stays as it is.
func TestAnEditedThresholdRewritesNoComment(t *testing.T) {
	p, number := advised(t)
	before := body(p.pull(shop, number))
	p.settings = "thresholds: {default: {advise: medium}}\n"
	r := p.run()
	if body(p.pull(shop, number)) != before || r.Effects != (run.EffectCounts{}) {
		t.Errorf("effects %+v: %+v", r.Effects, r.Actions)
	}
}

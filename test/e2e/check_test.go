package e2e_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// enforcing is a pull request with one finding that fails a check, in an
// organisation where Sluice runs as a GitHub App.
func enforcing(t *testing.T) (*place, int, string) {
	t.Helper()
	p := newPlace(t)
	p.installApp()
	p.settings = "thresholds: {default: {enforce: high}}\n"
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	head := p.commit(shop, "feature", "main", map[string]string{"main.go": added})
	number := p.open(shop, "feature")
	p.scanPull(shop, head, number)
	p.run()
	p.move("/high", promoter.Enforce)
	wantOutcome(t, p.run(), run.OutcomeOK)
	return p, number, head
}

// installApp has Sluice run as a GitHub App. Its token is fetched at once, for
// the key signs by the system's clock, and the place's clock runs ahead.
func (p *place) installApp() {
	p.t.Helper()
	p.clock.now = time.Now()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	p.must(err)
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	p.must(err)
	added := p.sandbox.AddApp(github.App{Slug: "sluice", PublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		Permissions: map[string]string{"contents": "read", "metadata": "read", "pull_requests": "write", "checks": "write"}})
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		if p.wrap == nil {
			return http.DefaultTransport.RoundTrip(r)
		}
		return p.wrap(http.DefaultTransport).RoundTrip(r)
	})
	p.asApp, err = githubapi.New(githubapi.Config{URL: p.url, Cache: p.openStore(), Clock: p.clock, Transport: transport,
		App: &githubapi.App{ID: added.ID, InstallationID: added.Installation, PrivateKey: private}})
	p.must(err)
	_, _ = p.asApp.Repository(context.Background(), "acme", "none")
}

// checks are the check runs on a commit, as "conclusion: title".
func (p *place) checks(commit string) (said []string, last *github.CheckRun) {
	p.t.Helper()
	w, err := p.sandbox.World()
	p.must(err)
	for _, r := range w.Repositories {
		for _, c := range r.CheckRuns {
			if c.HeadSHA == commit {
				said, last = append(said, c.Conclusion+": "+c.Title), c
			}
		}
	}
	return said, last
}

func wantCheck(t *testing.T, p *place, commit, want string) *github.CheckRun {
	t.Helper()
	said, last := p.checks(commit)
	if len(said) != 1 || said[0] != want {
		t.Fatalf("checks on the head: %q, want one %q", said, want)
	}
	return last
}

const mustBeDealtWith = "failure: One finding must be dealt with"

func TestWhatIsEnforcedFailsTheCheckUntilItIsMended(t *testing.T) {
	p, number, head := enforcing(t)
	check := wantCheck(t, p, head, mustBeDealtWith)
	if len(check.Annotations) != 1 || check.Annotations[0].Path != "main.go" || !strings.Contains(check.Summary, "TOY001") ||
		!strings.Contains(check.Summary, fmt.Sprintf("sluice check release acme/shop#%d", number)) {
		t.Errorf("the check says\n%s\nwith %v", check.Summary, check.Annotations)
	}
	if n := len(live(p.pull(shop, number))); n != 1 {
		t.Errorf("%d comments, want the finding's one", n)
	}
	if r := p.run(); r.Unchanged != r.Repositories || r.Effects != (run.EffectCounts{}) {
		t.Errorf("again: %+v", r.Effects)
	}

	mended := p.commit(shop, "feature", "", map[string]string{"main.go": base})
	p.run()
	wantCheck(t, p, mended, "neutral: This commit is not scanned completely yet")
	p.scanPull(shop, mended, number)
	p.run()
	wantCheck(t, p, mended, "success: Nothing found that must be dealt with")
	wantCheck(t, p, head, mustBeDealtWith) // it says what was true of that commit
}

func TestAPullRequestWithNothingInItGetsACheckToo(t *testing.T) {
	p, _, _ := enforcing(t)
	head := p.commit(shop, "clean", "main", map[string]string{"README.md": "nothing to see"})
	number := p.open(shop, "clean")
	p.scanPull(shop, head, number)
	p.run()
	wantCheck(t, p, head, "success: Nothing found that must be dealt with")
}

func TestTheMergeQueueGetsItsCheck(t *testing.T) {
	p, number, head := enforcing(t)
	group := p.commit(shop, fmt.Sprintf("gh-readonly-queue/main/pr-%d-0123456", number), "feature", map[string]string{"queued": "1"})
	p.run()
	wantCheck(t, p, head, mustBeDealtWith)
	wantCheck(t, p, group, mustBeDealtWith)
}

func TestACheckStandsAside(t *testing.T) {
	ctx := context.Background()
	p, number, head := enforcing(t)
	p.must(p.openStore().SetPause(ctx, promoter.Pause{Since: p.clock.Now(), Actor: "os:test", Reason: "an outage"}))
	p.run()
	wantCheck(t, p, head, "neutral: Sluice is paused")
	p.must(p.store.Resume(ctx, "os:test", p.clock.Now()))
	p.run()
	wantCheck(t, p, head, mustBeDealtWith)

	repos, err := p.store.Repositories(ctx)
	p.must(err)
	p.must(p.store.Release(ctx, promoter.Release{RepoID: repos[0].ID, PullRequest: number, Actor: "os:carol", Reason: "production is down", At: p.clock.Now()}))
	p.run()
	wantCheck(t, p, head, "neutral: Let through by carol: production is down")
	p.must(p.store.Hold(ctx, repos[0].ID, number, "os:carol", "it is up again", p.clock.Now()))
	p.run()
	wantCheck(t, p, head, mustBeDealtWith)

	// Rolled back: one request, and the comment stays.
	before := p.requests("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}")
	p.move("/high", promoter.Advise)
	p.run()
	wantCheck(t, p, head, "neutral: Withdrawn: Sluice enforces nothing here any more")
	if n := p.requests("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}") - before; n != 1 {
		t.Errorf("withdrawn with %d requests", n)
	}
	if n := len(live(p.pull(shop, number))); n != 1 {
		t.Errorf("%d comments live at advise", n)
	}
}

func (p *place) requests(route string) int {
	p.t.Helper()
	w, err := p.sandbox.World()
	p.must(err)
	return int(w.Requests[route].Requests)
}

// A person's token may not write checks: everything else goes on, and it is said.
func TestWithoutAnAppNothingFailsACheck(t *testing.T) {
	p, _ := advised(t)
	p.settings = "thresholds: {default: {enforce: high}}\n"
	p.move("/high", promoter.Enforce)
	r := p.run()
	if !strings.Contains(strings.Join(r.Warnings, "\n"), "only a GitHub App may write checks") {
		t.Errorf("warnings %q", r.Warnings)
	}
}

// Nor may an App that was not given the permission: no comment waits for that.
func TestARefusedCheckHoldsNoCommentBack(t *testing.T) {
	p := newPlace(t)
	p.installApp()
	p.settings = "thresholds: {default: {enforce: high}}\n"
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	var pulls []int
	for _, name := range []string{"one", "two"} {
		head := p.commit(shop, name, "main", map[string]string{name + ".go": code("exec(" + name + ")")})
		number := p.open(shop, name)
		p.scanPull(shop, head, number)
		pulls = append(pulls, number)
	}
	p.run()
	p.move("/high", promoter.Enforce)
	p.wrap = func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(r.URL.Path, "/check-runs") || r.Method != http.MethodPost {
				return next.RoundTrip(r)
			}
			return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
				Body: io.NopCloser(strings.NewReader(`{"message": "Resource not accessible by integration"}`))}, nil
		})
	}
	for range 2 {
		if r := p.run(); len(r.Errors) != 1 {
			t.Errorf("errors %+v", r.Errors)
		}
	}
	for _, number := range pulls {
		if n := len(live(p.pull(shop, number))); n != 1 {
			t.Errorf("#%d has %d comments", number, n)
		}
	}
}

// Whatever request for a check nobody hears the answer of: there is one check
// in the end, with all of its annotations.
func TestAnUnansweredCheckIsFoundAgain(t *testing.T) {
	for _, lose := range []struct{ method, path string }{{"POST", "/check-runs"}, {"PATCH", "/check-runs/"}} {
		t.Run(lose.method, func(t *testing.T) {
			p := newPlace(t)
			p.installApp()
			p.settings = "thresholds: {default: {enforce: high}}\nbudgets: {pull_request: {comments: 1}}\nceilings: {run: {show: 500}, cohort: {show: 500}}\n"
			p.repository(shop, map[string]string{"main.go": base})
			p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
			head := p.commit(shop, "feature", "main", map[string]string{"many.go": strings.Repeat("\texec(b)\n", 120)})
			number := p.open(shop, "feature")
			p.scanPull(shop, head, number)
			p.run()
			p.move("/high", promoter.Enforce)
			lost := false
			p.wrap = func(next http.RoundTripper) http.RoundTripper {
				return roundTrip(func(r *http.Request) (*http.Response, error) {
					answer, err := next.RoundTrip(r)
					if !lost && err == nil && r.Method == lose.method && strings.Contains(r.URL.Path, lose.path) {
						lost = true
						answer.Body.Close()
						return nil, fmt.Errorf("connection reset")
					}
					return answer, err
				})
			}
			p.run()
			p.run()
			check := wantCheck(t, p, head, "failure: 120 findings must be dealt with")
			if !lost || len(check.Annotations) != 120 {
				t.Errorf("lost %v, %d annotations of 120", lost, len(check.Annotations))
			}
			if r := p.run(); r.Effects != (run.EffectCounts{}) {
				t.Errorf("again: %+v", r.Effects)
			}
		})
	}
}

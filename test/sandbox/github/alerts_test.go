package github_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	client "github.com/google/go-github/v60/github"

	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// scanned is a fixture whose bot may read alerts.
func scanned(t *testing.T) *fixture {
	f := newFixture(t, github.Options{})
	f.AddToken(github.Token{Value: "reader", Login: "sluice[bot]", App: true, Permissions: map[string]string{
		"metadata": "read", "security_events": "read", "vulnerability_alerts": "read", "secret_scanning_alerts": "read"}})
	return f
}

func TestCodeScanningKeepsAnInstanceForEachRef(t *testing.T) {
	f, ctx := scanned(t), context.Background()
	c := f.client("reader")
	_, _, err := c.CodeScanning.ListAlertsForRepo(ctx, "acme", "shop", nil)
	wantStatus(t, "alerts before any analysis", err, 404)
	problem := github.Result{Rule: "G1", Security: "high", Severity: "error", Path: "main.go", Line: 3, Message: "bad", Tags: []string{"security"}}
	other := problem
	other.Rule = "G2"
	upload := github.Upload{Ref: "refs/heads/main", Commit: "0123456789012345678901234567890123456789", Tool: "gosec", Version: "2", Category: "a/b", Results: []github.Result{problem}}
	f.must(f.Analyse(shop, upload))
	upload.Ref, upload.Results = "refs/pull/1/merge", []github.Result{problem, other}
	f.must(f.Analyse(shop, upload))
	list := func(ref string) map[string]string {
		t.Helper()
		alerts, _, err := c.CodeScanning.ListAlertsForRepo(ctx, "acme", "shop", &client.AlertListOptions{Ref: ref})
		f.must(err)
		out := map[string]string{}
		for _, a := range alerts {
			out[a.GetRule().GetID()] = a.GetState() + " " + a.GetMostRecentInstance().GetRef()
		}
		return out
	}
	if got, want := fmt.Sprint(list("")), "map[G1:open refs/heads/main]"; got != want {
		t.Errorf("on the default branch: %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(list("refs/pull/1/merge")), "map[G1:open refs/pull/1/merge G2:open refs/pull/1/merge]"; got != want {
		t.Errorf("in the pull request: %s, want %s", got, want)
	}
	upload.Results = []github.Result{other}
	f.must(f.Analyse(shop, upload))
	f.must(f.DismissAlert(shop, "code-scanning", 2, "alice", "false positive", "it is a test"))
	if got, want := fmt.Sprint(list("refs/pull/1/merge")), "map[G1:fixed refs/pull/1/merge G2:dismissed refs/pull/1/merge]"; got != want {
		t.Errorf("after a fix and a dismissal: %s, want %s", got, want)
	}
	if got := fmt.Sprint(list("")); got != "map[G1:open refs/heads/main]" {
		t.Errorf("the default branch has changed with the pull request: %s", got)
	}
	analyses, _, err := c.CodeScanning.ListAnalysesForRepo(ctx, "acme", "shop", nil)
	if f.must(err); len(analyses) != 3 || analyses[0].GetResultsCount() != 1 {
		t.Errorf("analyses %+v, want three, the newest first", analyses)
	}
	byOrg, _, err := c.CodeScanning.ListAlertsForOrg(ctx, "acme", nil)
	if f.must(err); len(byOrg) != 1 || byOrg[0].GetRepository().GetFullName() != shop {
		t.Errorf("the organisation's alerts: %v", byOrg)
	}
}

func TestDependabotPagesByCursorOnly(t *testing.T) {
	f, ctx := scanned(t), context.Background()
	c := f.client("reader")
	for i := range 7 {
		_, err := f.AddDependabotAlert(shop, github.DependabotAlert{Package: fmt.Sprint("p", i), Manifest: "package.json", GHSA: "GHSA-aaaa-bbbb-cccc", CVE: "CVE-2026-0001", Score: 7.5, EPSS: .1, Percentile: .9, Patched: "2"})
		f.must(err)
		f.clock.Pass(time.Second)
	}
	f.must(f.DismissAlert(shop, "dependabot", 2, "alice", "tolerable_risk", ""))
	f.must(f.SetDependabotState(shop, 3, "auto_dismissed"))
	f.must(f.SetDependabotState(shop, 4, "fixed"))
	for _, scope := range []string{"repos/acme/shop", "orgs/acme"} {
		if r := f.get("reader", "/"+scope+"/dependabot/alerts?page=2", nil); r.StatusCode != 400 {
			t.Errorf("page=2: %d, want 400", r.StatusCode)
		}
		var seen []int
		opt := &client.ListAlertsOptions{ListCursorOptions: client.ListCursorOptions{PerPage: 3}, Direction: client.String("asc")}
		for {
			list, resp, err := c.Dependabot.ListOrgAlerts(ctx, "acme", opt)
			if scope != "orgs/acme" {
				list, resp, err = c.Dependabot.ListRepoAlerts(ctx, "acme", "shop", opt)
			}
			f.must(err)
			for _, a := range list {
				seen = append(seen, a.GetNumber())
			}
			if opt.After = resp.After; opt.After == "" {
				break
			}
		}
		if got := fmt.Sprint(seen); got != "[1 2 3 4 5 6 7]" {
			t.Errorf("%s: %s", scope, got)
		}
	}
}

func TestSecretsAndInventory(t *testing.T) {
	f, ctx := scanned(t), context.Background()
	c := f.client("reader")
	_, err := f.AddSecretAlert(shop, github.SecretAlert{Type: "aws_key", DisplayName: "AWS key", Secret: "hush", Path: "main.go", Line: 3, Commit: "0123456789012345678901234567890123456789"})
	f.must(err)
	f.must(f.DismissAlert(shop, "secret-scanning", 1, "alice", "revoked", "rotated"))
	f.must(f.SetFacts(shop, github.Facts{Topics: []string{"pci"}, Language: "Go", Properties: map[string]any{"tier": "1"}}))
	for _, path := range []string{"/orgs/acme/secret-scanning/alerts", "/orgs/acme/secret-scanning/alerts?after=", "/repos/acme/shop/secret-scanning/alerts?hide_secret=true", "/repos/acme/shop", "/orgs/acme/repos"} {
		if r := f.get("reader", path, nil); r.StatusCode != 200 {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	repos, _, err := c.Repositories.ListByOrg(ctx, "acme", nil)
	if f.must(err); len(repos) != 1 || repos[0].Topics[0] != "pci" || repos[0].GetLanguage() != "Go" {
		t.Errorf("inventory %v", repos)
	}
	first := f.get("reader", "/orgs/acme/secret-scanning/alerts", nil)
	again := f.get("reader", "/orgs/acme/secret-scanning/alerts", map[string]string{"If-None-Match": first.Header.Get("ETag")})
	if again.StatusCode != 304 {
		t.Errorf("an unchanged list: %d, want 304", again.StatusCode)
	}
}

func TestAlertsNeedTheirPermission(t *testing.T) {
	f := scanned(t)
	f.must(f.Analyse(shop, github.Upload{Ref: "refs/heads/main", Tool: "x"}))
	for _, path := range []string{"code-scanning/alerts", "code-scanning/analyses", "dependabot/alerts", "secret-scanning/alerts"} {
		if r := f.get("bot", "/repos/acme/shop/"+path, nil); r.StatusCode != 403 || r.Header.Get("X-Accepted-GitHub-Permissions") == "" {
			t.Errorf("%s without permission: %d %v", path, r.StatusCode, r.Header)
		}
	}
}

func TestTheSARIFOfAnAnalysis(t *testing.T) {
	f := scanned(t)
	f.must(f.Analyse(shop, github.Upload{Ref: "refs/heads/main", Commit: "0123456789012345678901234567890123456789", Tool: "gosec", Version: "2", Category: "a/b",
		Results: []github.Result{{Rule: "G1", Path: "main.go", Line: 3, Message: "bad", Snippet: "exec(x)", Print: "abc:1", Fix: "run(x)"}}}))
	list, _, err := f.client("reader").CodeScanning.ListAnalysesForRepo(context.Background(), "acme", "shop", nil)
	f.must(err)
	path := fmt.Sprintf("/repos/acme/shop/code-scanning/analyses/%d", list[0].GetID())
	if r := f.get("reader", path, nil); r.StatusCode != 200 || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		t.Errorf("without a media type: %d %s", r.StatusCode, r.Header.Get("Content-Type"))
	}
	r := f.get("reader", path, map[string]string{"Accept": "application/sarif+json"})
	var report struct {
		Runs []struct {
			Results []struct {
				RuleID     string
				Properties map[string]any
			}
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&report); err != nil || r.Header.Get("Content-Type") != "application/sarif+json" {
		t.Fatalf("%v, %v", err, r.Header)
	}
	if got := fmt.Sprint(report.Runs[0].Results); !strings.Contains(got, "G1") || !strings.Contains(got, "github/alertNumber:1") {
		t.Errorf("results %s", got)
	}
	if r := f.get("reader", "/repos/acme/shop/code-scanning/analyses/99", nil); r.StatusCode != 404 {
		t.Errorf("one that is not there: %d", r.StatusCode)
	}
}

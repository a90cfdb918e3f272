package scale_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/alerts"
	"github.com/sluice-sec/sluice/connectors/githubapi"
	surface "github.com/sluice-sec/sluice/promoter/github"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/test/sandbox/clock"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

const (
	alertRepositories = 2000
	codeEach          = 10
	dependabotEach    = 12
	secretsEach       = 3
)

// BenchmarkAlerts pulls 50,000 alerts of an organisation with 2,000
// repositories from a GitHub that enforces its limits, on a clock that passes
// when somebody waits: a first time, with nothing changed, and after small
// changes. One alert more can make one page more of a list that is paged by
// numbers, whose every page then says so in its links. Its figures are counted by the GitHub.
func BenchmarkAlerts(b *testing.B) {
	for b.Loop() {
		w := newAlertWorld(b)
		w.pull(b, "first", alertRepositories*(codeEach+dependabotEach+secretsEach))
		w.pull(b, "the rest of the reports", 0) // of analyses, as the budget has it
		w.pull(b, "unchanged", 0)
		must(b, w.sandbox.Analyse("acme/repo-0700", w.upload(700, codeEach+1)))
		w.pull(b, "one alert and one page more", 1)
		must(b, w.sandbox.Analyse("acme/repo-0900", w.upload(900, codeEach+1)))
		w.pull(b, "one alert more", 1)
		must(b, w.sandbox.DismissAlert("acme/repo-1200", "dependabot", 3, "dev", "tolerable_risk", ""))
		w.pull(b, "one dismissal", 0)
	}
	b.ReportMetric(peakMiB(), "peak-MiB")
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

type alertWorld struct {
	sandbox *github.Server
	clock   *clock.Clock
	cfg     run.Config
}

func newAlertWorld(b *testing.B) *alertWorld {
	b.Helper()
	w := &alertWorld{clock: clock.Standing(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC))}
	dir := b.TempDir()
	state, err := json.Marshal(w.world())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "state.json"), state, 0o600)
	}
	if err == nil {
		w.sandbox, err = github.New(dir, github.Options{Clock: w.clock.Now, Limits: github.GitHubLimits()})
	}
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(w.sandbox)
	b.Cleanup(server.Close)
	w.cfg = config(b, b.TempDir(), filepath.Join(b.TempDir(), "sluice.db"))
	client, err := githubapi.New(githubapi.Config{URL: server.URL, Token: "token", Clock: w.clock, Cache: w.cfg.Store.(githubapi.Cache)})
	if err != nil {
		b.Fatal(err)
	}
	shown, err := surface.New(client, surface.Options{MarkerKey: []byte("0123456789abcdef0123456789abcdef"), Clock: w.clock})
	if err != nil {
		b.Fatal(err)
	}
	w.cfg.Platform, w.cfg.Now, w.cfg.Sources = shown, w.clock.Now, nil
	w.cfg.Secrets = func(s string) string { return fmt.Sprintf("%x", len(s)) }
	for _, kind := range alerts.Kinds() {
		feed, err := alerts.New(client, alerts.Options{Kind: kind, Organisation: "acme", Secrets: w.cfg.Secrets, Now: w.clock.Now})
		if err != nil {
			b.Fatal(err)
		}
		w.cfg.Sources = append(w.cfg.Sources, connectors.Config{Name: string(kind), Type: string(kind), Feed: feed})
	}
	return w
}

// world is what the GitHub begins with. Nothing here looks at code, so there is
// no git behind it.
func (w *alertWorld) world() github.World {
	out := github.World{LastID: 1 << 20, Requests: map[string]github.RouteCount{}, People: []*github.Person{{ID: 1, Login: "sluice-bot", Type: "User"}},
		Tokens: []*github.Token{{Value: "token", Login: "sluice-bot"}}}
	made := w.clock.Now().Add(-1000 * time.Hour)
	for i := range alertRepositories {
		made = made.Add(time.Minute)
		r := &github.Repository{ID: int64(i + 1), Owner: "acme", Name: fmt.Sprintf("repo-%04d", i), Private: true, DefaultBranch: "main", Created: made,
			Collaborators: map[string]github.Level{"sluice-bot": github.Write}}
		u := w.upload(i, codeEach)
		r.Analyses = []*github.Analysis{{ID: int64(i + 1), Ref: u.Ref, Commit: u.Commit, Tool: u.Tool, Version: u.Version, Category: u.Category, Results: codeEach, Created: made}}
		for n, result := range u.Results {
			made = made.Add(time.Second)
			r.Code = append(r.Code, &github.CodeAlert{Number: n + 1, Result: result, Tool: u.Tool, Version: u.Version, Created: made, Updated: made,
				Instances: []*github.CodeInstance{{Ref: u.Ref, Category: u.Category, Commit: u.Commit, Path: result.Path, Line: result.Line, EndLine: result.Line, Message: result.Message}}})
		}
		for n := range dependabotEach {
			made = made.Add(time.Second)
			r.Dependabot = append(r.Dependabot, &github.DependabotAlert{Number: n + 1, State: "open", Ecosystem: "npm", Package: fmt.Sprintf("package-%d", n), Manifest: "package-lock.json",
				GHSA: fmt.Sprintf("GHSA-2222-3333-%04d", n), CVE: fmt.Sprintf("CVE-2026-%04d", n), Summary: "A package does what it should not do", Severity: "high", Patched: "2.0.0", Score: 7.5, EPSS: .01, Percentile: .5, Created: made, Updated: made})
		}
		for n := range secretsEach {
			made = made.Add(time.Second)
			r.Secrets = append(r.Secrets, &github.SecretAlert{Number: n + 1, Type: "aws_key", DisplayName: "AWS key", Secret: fmt.Sprint("secret-", i, n), Path: "config.go", Line: n + 1, Commit: u.Commit, Created: made, Updated: made})
		}
		out.Repositories = append(out.Repositories, r)
	}
	return out
}

func (w *alertWorld) upload(repository, results int) github.Upload {
	u := github.Upload{Ref: "refs/heads/main", Commit: fmt.Sprintf("%040x", repository+results<<16), Tool: "CodeQL", Version: "2.20", Category: "/language:go"}
	for n := range results {
		u.Results = append(u.Results, github.Result{Rule: fmt.Sprintf("go/rule-%d", n%7), Security: "high", Severity: "error", Description: "A rule about something that can go wrong.",
			Path: fmt.Sprintf("pkg%d/file.go", n), Line: n + 1, Message: fmt.Sprintf("Value %d is not checked on its way.", n), Tags: []string{"security"}})
	}
	return u
}

// pull runs once and says what it asked for.
func (w *alertWorld) pull(b *testing.B, what string, fresh int) {
	b.Helper()
	before, started, began := w.counts(b), time.Now(), w.clock.Now()
	report, err := run.Run(context.Background(), w.cfg, run.Selection{})
	if err != nil || report.Findings.New != fresh || report.Findings.Gone > 0 {
		b.Fatalf("%s: %v, findings %+v, errors %v, want %d new", what, err, report.Findings, report.Errors, fresh)
	}
	for _, s := range report.Sources {
		if s.State != "complete" {
			b.Fatalf("%s: source %s is %s: %s", what, s.Source, s.State, s.Detail)
		}
	}
	now := w.counts(b)
	requests, free := now.Requests-before.Requests, now.NotModified-before.NotModified
	b.Logf("%-27s %5d requests, %5d of them free (304), quota %4d, refused %d; GitHub's limits take %s, the rest %s", what, requests, free, requests-free,
		now.Refused-before.Refused, w.clock.Now().Sub(began).Round(time.Second), time.Since(started).Round(100*time.Millisecond))
	b.ReportMetric(float64(requests-free), strings.ReplaceAll(what, " ", "-")+"-quota")
	_ = w.clock.Sleep(context.Background(), time.Hour) // the next run is an hour later
}

func (w *alertWorld) counts(b *testing.B) (sum github.RouteCount) {
	b.Helper()
	world, err := w.sandbox.World()
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range world.Requests {
		sum.Requests, sum.NotModified, sum.Refused = sum.Requests+c.Requests, sum.NotModified+c.NotModified, sum.Refused+c.Refused
	}
	return sum
}

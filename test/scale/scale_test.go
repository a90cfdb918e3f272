// Package scale measures whole runs on a large organisation: 100,000 findings
// in 200 repositories, no platform. Benchmarks only; nothing here is timed in
// a test.
package scale_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
	"github.com/sluice-sec/sluice/rules"
)

const (
	repositories = 200
	each         = 500
)

// BenchmarkFirstRun takes everything in; BenchmarkUnchangedRun finds that
// nothing is new. Both say the process's peak memory so far.
func BenchmarkFirstRun(b *testing.B) {
	drop := dropFolder(b)
	for b.Loop() {
		b.StopTimer()
		cfg := config(b, drop, filepath.Join(b.TempDir(), "sluice.db"))
		b.StartTimer()
		report := mustRun(b, cfg)
		if report.Findings.New != repositories*each {
			b.Fatalf("%d new findings, want %d", report.Findings.New, repositories*each)
		}
	}
	b.ReportMetric(peakMiB(), "peak-MiB")
	b.ReportMetric(float64(repositories*each)*float64(b.N)/b.Elapsed().Seconds(), "findings/s")
}

func BenchmarkUnchangedRun(b *testing.B) {
	cfg := config(b, dropFolder(b), filepath.Join(b.TempDir(), "sluice.db"))
	mustRun(b, cfg)
	for b.Loop() {
		report := mustRun(b, cfg)
		if report.Unchanged != repositories || report.Findings.New != 0 {
			b.Fatalf("unchanged %d of %d, new %d", report.Unchanged, repositories, report.Findings.New)
		}
	}
	b.ReportMetric(peakMiB(), "peak-MiB")
}

// BenchmarkEditedSettings decides everything anew because settings were edited:
// by an edit that leaves all cohorts as they are, and by one that cuts them all
// otherwise.
func BenchmarkEditedSettings(b *testing.B) {
	for name, edits := range map[string][]string{
		"cohorts as before": {"budgets: {pull_request: {comments: 5}}", "budgets: {pull_request: {comments: 6}}"},
		"cohorts cut anew":  {"cohorts: {by: [scanner, severity]}", "cohorts: {by: [group, scanner, severity]}"},
	} {
		b.Run(name, func(b *testing.B) {
			cfg := config(b, dropFolder(b), filepath.Join(b.TempDir(), "sluice.db"))
			mustRun(b, cfg)
			var edited []run.Config
			for _, e := range edits {
				one := cfg
				one.Settings, one.Decider = law(b, e)
				edited = append(edited, one)
			}
			for i := 0; b.Loop(); i++ {
				if r := mustRun(b, edited[i%2]); r.Decided != repositories {
					b.Fatalf("decided in %d of %d repositories", r.Decided, repositories)
				}
			}
			b.ReportMetric(peakMiB(), "peak-MiB")
		})
	}
}

func mustRun(b *testing.B, cfg run.Config) *run.Report {
	b.Helper()
	report, err := run.Run(context.Background(), cfg, run.Selection{})
	if err != nil || len(report.Errors) > 0 {
		b.Fatal(err, report.Errors)
	}
	return report
}

func config(b *testing.B, drop, database string) run.Config {
	b.Helper()
	s, engine := law(b, "")
	db, err := sqlite.Open(context.Background(), database, sqlite.Options{Clock: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return run.Config{
		Store: db, Decider: engine, Settings: s, Host: "none",
		Sources: []connectors.Config{{Name: "ci", Type: "sarif", Base: drop, Paths: []string{"{owner}/{name}/{branch}/{commit}/*.sarif"}}},
		Now:     time.Now, Log: zap.NewNop(), Actor: "os:bench", Token: func() string { return "" },
	}
}

// law is the library with the settings of all benchmarks and more.
func law(b *testing.B, more string) (*settings.Settings, *policy.Engine) {
	b.Helper()
	s, err := settings.Parse("settings.yaml", []byte("groups: {core: {repositories: [\"acme/repo-0*\"]}}\n"+more+"\n"))
	if err != nil {
		b.Fatal(err)
	}
	engine, err := policy.Load(context.Background(), policy.Source{FS: rules.FS, Name: "rules"}, s, policy.Options{Timeout: 10 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	return s, engine
}

// dropFolder writes one report a repository: 40 rules, five levels of score,
// paths in source, tests and vendored folders.
func dropFolder(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	rng := rand.New(rand.NewPCG(1, 1))
	for r := range repositories {
		folder := filepath.Join(dir, "acme", fmt.Sprintf("repo-%03d", r), "main", strings.Repeat("a", 40))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "scan.sarif"), report(rng), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

func report(rng *rand.Rand) []byte {
	var rules, results []any
	for i := range 40 {
		rules = append(rules, map[string]any{"id": fmt.Sprintf("R%03d", i), "shortDescription": map[string]any{"text": "A rule about something that can go wrong."},
			"properties": map[string]any{"security-severity": fmt.Sprintf("%.1f", rng.Float64()*10), "tags": []string{"security", "external/cwe/cwe-089"}}})
	}
	for i := range each {
		path := fmt.Sprintf("%s/pkg%d/file%d.go", []string{"src", "internal", "vendor", "test"}[rng.IntN(4)], rng.IntN(20), rng.IntN(50))
		results = append(results, map[string]any{"ruleId": fmt.Sprintf("R%03d", rng.IntN(40)),
			"message": map[string]any{"text": fmt.Sprintf("Value %d flows from a request into a query without being checked on its way.", i)},
			"locations": []any{map[string]any{"physicalLocation": map[string]any{
				"artifactLocation": map[string]any{"uri": path}, "region": map[string]any{"startLine": 1 + rng.IntN(2000), "snippet": map[string]any{"text": fmt.Sprintf("db.Query(q%d + r.URL.Path)", i)}}}}}})
	}
	var buf bytes.Buffer
	_ = json.NewEncoder(&buf).Encode(map[string]any{"version": "2.1.0", "runs": []any{map[string]any{
		"tool": map[string]any{"driver": map[string]any{"name": "bench", "version": "1.0", "rules": rules}}, "results": results}}})
	return buf.Bytes()
}

func peakMiB() float64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Maxrss) / 1024
}

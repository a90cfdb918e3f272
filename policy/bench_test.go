package policy_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/policy/settings"
)

const (
	benchFindings     = 100_000
	benchRepositories = 200
)

// realistic draws findings as an organisation has them: few rules make most of
// them, a third is looked at in a change, one in fifty is excepted. They come
// repository by repository, as a run asks about them.
func realistic() []input.Surface {
	r := rand.New(rand.NewPCG(1, 2))
	rule := rand.NewZipf(r, 1.2, 1, 199)
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	classes := []string{"source", "source", "source", "source", "tests", "generated", "vendored", "examples"}
	out := make([]input.Surface, benchFindings)
	for i := range out {
		n := i * benchRepositories / benchFindings
		id := rule.Uint64()
		in := input.Surface{
			Schema: input.Schema, Stage: []string{"observe", "triage", "advise", "enforce"}[n%4], Exceptions: []input.Exception{},
			Repository: input.Repository{
				Name: fmt.Sprintf("acme/service-%03d", n), Visibility: []string{"private", "internal", "public", ""}[n%4],
				Group: []string{"core", "web", "rest"}[n%3], Tier: n % 3, Wave: n % 4,
			},
			Finding: input.Finding{
				Scanner: []string{"gosec", "semgrep", "trivy", "gitleaks", "checkov"}[id%5], Kind: []string{"sast", "sast", "sca", "secret", "iac"}[id%5],
				Rule: fmt.Sprintf("R%03d", id), Severity: pick("info", "low", "medium", "medium", "high", "critical"), SeverityFrom: "level",
				Score: float64(r.IntN(100)) / 10, CWEs: []string{fmt.Sprintf("CWE-%d", id)}, Tags: []string{"security"},
				Path: fmt.Sprintf("internal/pkg%d/file%d.go", r.IntN(40), r.IntN(400)), PathClass: classes[r.IntN(len(classes))], Advisories: []string{},
			},
		}
		if r.IntN(3) == 0 {
			in.Change = &input.Change{Origin: pick("introduced", "introduced", "standing", "unattributed"), Draft: r.IntN(10) == 0, Bot: r.IntN(10) == 0, OnDiff: r.IntN(4) != 0}
		}
		if r.IntN(50) == 0 {
			in.Exceptions = append(in.Exceptions, input.Exception{Kind: input.ExceptionSuppression, Reason: "by design", Owner: "team"})
		}
		out[i] = in
	}
	return out
}

// tuned has thresholds for a group and a repository, so that the cache must keep
// repositories apart.
const tuned = `{groups: {core: {repositories: ["acme/*"]}}, thresholds: {groups: {core: {advise: medium}}, repositories: {acme/service-007: {advise: low}}}}`

func benchEngine(b *testing.B, text string, cache int) *policy.Engine {
	b.Helper()
	s, err := settings.Parse("bench", []byte(text))
	if err != nil {
		b.Fatal(err)
	}
	e, err := policy.Load(b.Context(), embedded, s, policy.Options{CacheSize: cache, SkipTests: true, Timeout: 10 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	return e
}

// One iteration is one finding, evaluated.
func BenchmarkSurfacePlain(b *testing.B) {
	e, all := benchEngine(b, tuned, -1), realistic()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		e.Surface(b.Context(), all[i*7919%len(all)])
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "findings/s")
}

// One iteration is 100,000 findings, beginning with an empty cache.
func BenchmarkSurfaceCold(b *testing.B) {
	for name, text := range map[string]string{"defaults": "", "tuned": tuned} {
		b.Run(name, func(b *testing.B) {
			cold(b, text, func(e *policy.Engine, in input.Surface) { e.Surface(b.Context(), in) })
		})
	}
}

func BenchmarkCohortCold(b *testing.B) {
	cold(b, "", func(e *policy.Engine, in input.Surface) {
		e.Cohort(b.Context(), input.Cohort{Schema: input.Schema, Finding: in.Finding, Repository: in.Repository})
	})
}

func cold(b *testing.B, text string, ask func(*policy.Engine, input.Surface)) {
	all := realistic()
	var s policy.Stats
	for b.Loop() {
		b.StopTimer()
		e := benchEngine(b, text, 0)
		b.StartTimer()
		for i := range all {
			ask(e, all[i])
		}
		s = e.Stats()
	}
	b.ReportMetric(float64(b.N*len(all))/b.Elapsed().Seconds(), "findings/s")
	b.ReportMetric(float64(s.Evaluations-s.Sampled), "evaluations")
	if s.Differences != 0 {
		b.Errorf("%+v", s)
	}
}

// One iteration is 100,000 findings that were asked about before.
func BenchmarkSurfaceWarm(b *testing.B) {
	e, all := benchEngine(b, tuned, 0), realistic()
	for i := range all {
		e.Surface(b.Context(), all[i])
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range all {
			e.Surface(b.Context(), all[i])
		}
	}
	b.ReportMetric(float64(b.N*len(all))/b.Elapsed().Seconds(), "findings/s")
	if s := e.Stats(); s.Differences != 0 {
		b.Errorf("%+v", s)
	}
}

func BenchmarkLoadWithTests(b *testing.B) {
	for b.Loop() {
		if _, err := policy.Load(b.Context(), embedded, settings.Default(), policy.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

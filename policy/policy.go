// Package policy asks a Rego library the three questions of a run: which cohort
// a finding belongs to, where it may be shown, and whether a cohort should move.
// It is the only importer of OPA.
//
// A library is checked when it is loaded: it compiles strictly, has no built-in
// whose result depends on anything but its arguments, reads only fields its
// inputs have, and passes its own tests. Each evaluation is bounded in time and
// in the size of its answer; an error or no answer is an outcome of its own,
// never a decision.
//
// The awkward truth: the time bound is the only bound on memory while a policy
// runs. One that doubles a string in a loop can take a lot within a quarter of a
// second; libraries are trusted that far. And answers come from a cache keyed by
// what a policy can read of its input, so a policy that reads input.finding.path
// or hands whole objects to functions is right, but as slow as asking afresh
// each time.
package policy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/policy/settings"
)

// Options tune an Engine. The zero value is usable.
type Options struct {
	Logger      *zap.Logger   // nil: silent
	Timeout     time.Duration // of one evaluation, on the wall clock; 0: 1 s, since a busy machine is no slow policy
	TestTimeout time.Duration // of one of the library's tests; 0: 5 s
	MaxAnswer   int           // bytes of JSON; 0: 64 KiB
	SampleEvery int           // one in so many cache hits is evaluated again; 0: 1000; negative: never
	CacheSize   int           // answers remembered for each question; 0: 65536; negative: none
	Seed        uint64        // of the sample
	SkipTests   bool          // load even if the library's own tests fail, to run them with Test
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Second
	}
	if o.TestTimeout <= 0 {
		o.TestTimeout = 5 * time.Second
	}
	if o.MaxAnswer <= 0 {
		o.MaxAnswer = 64 << 10
	}
	if o.SampleEvery == 0 {
		o.SampleEvery = 1000
	}
	if o.CacheSize == 0 {
		o.CacheSize = 1 << 16
	}
	return o
}

// Outcome says whether a question was answered.
type Outcome string

// Only a decided question has an Answer.
const (
	Decided   Outcome = "decided"
	Undefined Outcome = "undefined" // no rule gave an answer for this input
	Failed    Outcome = "error"     // the policy broke, took too long, or answered nonsense
)

// Result is what came of a question. Err says why when Outcome is not Decided.
type Result[A any] struct {
	Answer  A
	Outcome Outcome
	Err     error
}

// Errors a caller may tell apart with errors.Is.
var (
	ErrTimeout = errors.New("the policy took too long")
	ErrAnswer  = errors.New("the policy's answer is not usable")
	ErrTests   = errors.New("the policy's own tests fail")
)

// Engine answers questions by one library and one settings document. It is safe
// for concurrent use.
type Engine struct {
	lib      *library
	compiler *ast.Compiler
	options  Options
	limits   *limits
	cohort   *question[input.Cohort, input.CohortAnswer]
	surface  *question[input.Surface, input.SurfaceAnswer]
	stage    *question[input.Stage, input.StageAnswer]
}

// Load reads, checks and prepares a library. What is wrong in a file is of type
// problem.List; failing tests are ErrTests (with Options.SkipTests they are not
// run).
func Load(ctx context.Context, from Source, s *settings.Settings, o Options) (*Engine, error) {
	lib, err := readLibrary(from)
	if err != nil {
		return nil, fmt.Errorf("load policy: %w", err)
	}
	compiler, err := compile(lib, from.Name)
	if err != nil {
		return nil, fmt.Errorf("load policy: %w", err)
	}
	e := &Engine{lib: lib, compiler: compiler, options: o.withDefaults()}
	if err := e.prepare(ctx, s); err != nil {
		return nil, fmt.Errorf("load policy: %w", err)
	}
	if !o.SkipTests {
		report, err := e.Test(ctx)
		if err != nil {
			return nil, fmt.Errorf("load policy: %w", err)
		}
		if len(report.Failures) > 0 {
			return nil, fmt.Errorf("load policy: %w: %d of %d\n%s", ErrTests, len(report.Failures), report.Total(), report.Problems())
		}
	}
	return e, nil
}

// Revision is the SHA-256, in hex, of the rules and the data they decide by. It
// leaves out tests and the settings, which have a revision of their own.
func (e *Engine) Revision() string { return e.lib.revision }

// Cohort asks which cohort a finding belongs to.
func (e *Engine) Cohort(ctx context.Context, in input.Cohort) Result[input.CohortAnswer] {
	return e.cohort.ask(ctx, &in)
}

// Surface asks where a finding may be shown.
func (e *Engine) Surface(ctx context.Context, in input.Surface) Result[input.SurfaceAnswer] {
	return e.surface.ask(ctx, &in)
}

// Stage asks whether a cohort should move.
func (e *Engine) Stage(ctx context.Context, in input.Stage) Result[input.StageAnswer] {
	return e.stage.ask(ctx, &in)
}

// Reads lists, for each question ("cohort", "surface", "stage"), the input
// fields its rules can read, such as "finding.severity"; "" is the whole input.
func (e *Engine) Reads() map[string][]string {
	return map[string][]string{"cohort": e.cohort.read.paths(), "surface": e.surface.read.paths(), "stage": e.stage.read.paths()}
}

// Stats counts what an Engine did since it was loaded.
type Stats struct {
	Evaluations int64 // policies really run, samples included
	Hits        int64 // answers taken from the cache
	Sampled     int64 // hits evaluated again
	Differences int64 // samples that disagreed with the cache: a defect in Sluice
	Timeouts    int64
}

// Stats returns the counts so far.
func (e *Engine) Stats() Stats {
	var s Stats
	for _, c := range []*counts{&e.cohort.counts, &e.surface.counts, &e.stage.counts} {
		s.Evaluations += c.evaluations.Load()
		s.Hits += c.hits.Load()
		s.Sampled += c.sampled.Load()
		s.Differences += c.differences.Load()
	}
	s.Timeouts = e.limits.timeouts.Load()
	return s
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

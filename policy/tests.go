package policy

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/sluice-sec/sluice/policy/problem"
	"github.com/sluice-sec/sluice/policy/settings"
)

// TestReport sums up a run of a library's own Rego tests.
type TestReport struct {
	Passed, Skipped int
	Failures        []TestFailure // by file and line
}

// TestFailure is one test that failed or broke.
type TestFailure struct {
	File string
	Line int
	Name string // data.sluice.surface_test.test_...
	Why  string
}

// Total is the number of tests found.
func (r TestReport) Total() int { return r.Passed + r.Skipped + len(r.Failures) }

// maxProblems is how many failures an error names: an edit of data.yaml can
// fail every test.
const maxProblems = 5

// Problems names the first failures in the form every error in a policy has, a
// line each, and counts the rest.
func (r TestReport) Problems() string {
	var out problem.List
	for i, f := range r.Failures {
		if i == maxProblems {
			return fmt.Sprintf("%v\nand %d more: `sluice policy test` names them", out, len(r.Failures)-i)
		}
		out = append(out, problem.Problem{File: f.File, Line: f.Line, Column: 1, Path: f.Name, What: f.Why})
	}
	return out.Error()
}

// Test runs the library's tests as a stock `opa test` would: with the folder's
// own data, not with the settings in force, so that tuning a setting breaks no
// test. A folder without data.settings gets the defaults.
func (e *Engine) Test(ctx context.Context) (TestReport, error) {
	data := maps.Clone(e.lib.data)
	if data["settings"] == nil {
		data["settings"] = settings.Default().Document()
	}
	store := inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(false))
	modules := maps.Clone(e.lib.rules)
	maps.Copy(modules, e.lib.tests)

	var report TestReport
	err := storage.Txn(ctx, store, storage.TransactionParams{}, func(txn storage.Transaction) error {
		results, err := tester.NewRunner().SetCompiler(newCompiler()).SetStore(store).
			SetModules(modules).SetTimeout(e.options.TestTimeout).CapturePrintOutput(false).RunTests(ctx, txn)
		if err != nil {
			return err
		}
		for r := range results {
			report.add(r)
		}
		return ctx.Err()
	})
	slices.SortFunc(report.Failures, func(a, b TestFailure) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, cmp.Compare(a.Name, b.Name))
	})
	if err != nil && ctx.Err() == nil {
		if list := e.lib.problems(err); list[0].File != "" {
			return report, fmt.Errorf("test policy: %w", list)
		}
	}
	if err != nil {
		return report, fmt.Errorf("test policy: %w", err)
	}
	return report, nil
}

func (r *TestReport) add(result *tester.Result) {
	switch {
	case result.Skip:
		r.Skipped++
	case result.Pass():
		r.Passed++
	default:
		why := "the test is not true"
		if result.Error != nil {
			why = result.Error.Error()
		}
		r.Failures = append(r.Failures, TestFailure{
			File: result.Location.File, Line: result.Location.Row, Name: result.Package + "." + result.Name, Why: why,
		})
	}
}

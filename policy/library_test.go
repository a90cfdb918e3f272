package policy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/rules"
)

// embedded is the library as it ships.
var embedded = policy.Source{FS: rules.FS, Name: "rules"}

func load(t testing.TB, from policy.Source, o policy.Options) *policy.Engine {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second // a busy machine is not a slow policy
	}
	e, err := policy.Load(t.Context(), from, settings.Default(), o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTheLibraryPassesItsOwnTests(t *testing.T) {
	e := load(t, embedded, policy.Options{SkipTests: true})
	report, err := e.Test(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Failures) > 0 || report.Passed < 50 {
		t.Errorf("passed %d, skipped %d\n%s", report.Passed, report.Skipped, report.Problems())
	}
	t.Logf("%d Rego tests pass; reads: %v", report.Passed, e.Reads())
}

// What `opa test rules/` does: every YAML, JSON and Rego file of the folder.
func TestAStockTesterPassesTheLibrary(t *testing.T) {
	modules, store, err := tester.Load([]string{"../rules"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	err = storage.Txn(context.Background(), store, storage.TransactionParams{}, func(txn storage.Transaction) error {
		results, err := tester.NewRunner().SetStore(store).SetModules(modules).RunTests(t.Context(), txn)
		if err != nil {
			return err
		}
		for r := range results {
			if !r.Pass() {
				t.Errorf("%v", r)
			}
			passed++
		}
		return nil
	})
	if err != nil || passed < 50 {
		t.Errorf("%d tests, %v", passed, err)
	}
}

// data.yaml is the defaults as they are written, and what rules see of them.
func TestShippedDataIsWhatDefaultsLookLike(t *testing.T) {
	_, store, err := tester.Load([]string{"../rules"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got any
	err = storage.Txn(t.Context(), store, storage.TransactionParams{}, func(txn storage.Transaction) (err error) {
		got, err = store.Read(t.Context(), txn, storage.MustParsePath("/settings"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plain(t, settings.Default().Document()), plain(t, got)); diff != "" {
		t.Errorf("(-document +data.yaml):\n%s", diff)
	}
}

// Every rule that can put a reason into an answer is explained to its readers.
func TestEveryReasonIsInTheReadme(t *testing.T) {
	readme, err := fs.ReadFile(rules.FS, "README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range reasonsOf(t) {
		if !strings.Contains(string(readme), "| `"+reason+"` |") {
			t.Errorf("README.md explains no reason %q", reason)
		}
	}
}

var literalReason = regexp.MustCompile(`(?m)^(?:hidden|withheld|noted|reasons) contains "([^"]+)"`)

func reasonsOf(t *testing.T) []string {
	t.Helper()
	reasons := []string{}
	for _, class := range []string{"tests", "generated", "vendored", "examples"} {
		reasons = append(reasons, "path-"+class)
	}
	for _, file := range []string{"surface.rego", "stage.rego"} {
		text, err := fs.ReadFile(rules.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range literalReason.FindAllSubmatch(text, -1) {
			reasons = append(reasons, string(match[1]))
		}
	}
	if len(reasons) < 18 {
		t.Fatalf("found only %d reasons in the rules", len(reasons))
	}
	return reasons
}

// plain is a value as JSON has it, whatever Go types it is made of.
func plain(t *testing.T, v any) any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheExampleSettingsAreTheDefaults(t *testing.T) {
	text, err := fs.ReadFile(rules.FS, "settings.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := settings.Parse("settings.example.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	if s.Revision() != settings.Default().Revision() {
		t.Errorf("as it ships it changes something:\n%s", cmp.Diff(settings.Default().Document(), s.Document()))
	}
	// Uncommented, it is still valid.
	live := regexp.MustCompile(`(?m)^# ((?:[a-z]+:| {2,}|- ).*)$`).ReplaceAll(text, []byte("$1"))
	live = bytes.Replace(live, []byte("#   groups:\n"), []byte("  groups:\n"), 1)
	if s, err = settings.Parse("uncommented", live); err != nil {
		t.Fatalf("%v\n%s", err, live)
	}
	if s.Group(settings.Repository{Name: "acme/shop"}, "").Name != "core" || len(s.InForce(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))) != 3 {
		t.Error("the examples in comments were not read")
	}
}

// Formatted as `opa fmt` does it, so that a team's first edit is its own diff.
func TestTheLibraryIsFormatted(t *testing.T) {
	files, err := fs.Glob(rules.FS, "*.rego")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(rules.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := format.SourceWithOpts(file, text, format.Opts{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile("../rules/"+file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(string(want), string(text)); diff != "" {
			t.Errorf("%s (-formatted +is):\n%s", file, diff)
		}
	}
}

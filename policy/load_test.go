package policy_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/settings"
)

var update = flag.Bool("update", false, "write the golden files again")

func TestBadFoldersAreRefusedWithWhatAndWhere(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"misspelt-field":       {"surface.rego": surfaceAnswering("input.finding.sevrity", "")},
		"misspelt-in-helper":   {"surface.rego": surfaceAnswering("data.sluice.help.word", ""), "help.rego": "package sluice.help\n\nword := f.sevrity if f := input.finding\n"},
		"misspelt-in-change":   {"surface.rego": surfaceAnswering(`"a"`, "") + "\nx if input.change.drft\n\ny if x\n", "more.rego": "package sluice.cohort\n\nz if data.sluice.surface.y\n", "cohort.rego": "package sluice.cohort\n\nanswer := {\"key\": [\"a\"]} if not z\n"},
		"misspelt-nullable":    {"surface.rego": surfaceAnswering("word", "\nword := \"draft\" if input.change.drft\n")},
		"no-entrypoint":        {"stage.rego": ""},
		"clock":                {"surface.rego": surfaceAnswering("sprintf(\"%d\", [time.now_ns()])", "")},
		"network":              {"surface.rego": surfaceAnswering(`http.send({"method": "get", "url": "http://localhost"}).body`, "")},
		"environment":          {"surface.rego": surfaceAnswering("opa.runtime().env.HOME", "")},
		"random":               {"surface.rego": surfaceAnswering(`sprintf("%d", [rand.intn("x", 5)])`, "")},
		"syntax":               {"surface.rego": "package sluice.surface\n\nanswer := {\n"},
		"old-syntax":           {"surface.rego": "package sluice.surface\n\nanswer = x { x := 1 }\n"},
		"unsafe":               {"surface.rego": surfaceAnswering("word", "")},
		"strict-unused-import": {"surface.rego": strings.Replace(surfaceAnswering(`"a"`, ""), "\n\n", "\n\nimport data.sluice.cohort\n\n", 1)},
		"answer-unknown-field": {"cohort.rego": "package sluice.cohort\n\nanswer := {\"key\": [\"a\"], \"keys\": [\"a\"]}\n"},
		"answer-lacks-field":   {"stage.rego": "package sluice.stage\n\nanswer := {\"stage\": \"observe\", \"reasons\": [\"a\"]}\n"},
		"bad-data":             {"data.yaml": "- a\n"},
		"failing-test":         {"surface_test.rego": "package sluice.surface_test\n\ntest_it if data.sluice.surface.answer.group == \"fix\"\n\ntest_fine if true\n"},
		"broken-test":          {"surface_test.rego": "package sluice.surface_test\n\ntest_it if data.sluice.surface.answer == nothing\n"},
		"recursion":            {"surface.rego": surfaceAnswering("a", "\na := b\n\nb := a\n")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.Load(t.Context(), folder(files), settings.Default(), policy.Options{})
			if err == nil {
				t.Fatal("accepted")
			}
			golden := filepath.Join("testdata", "refused", name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, _ := os.ReadFile(golden)
			if diff := cmp.Diff(string(want), err.Error()+"\n"); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if name == "failing-test" && !errors.Is(err, policy.ErrTests) {
				t.Errorf("not ErrTests: %v", err)
			}
		})
	}
}

func TestALoopInATestEndsAndFails(t *testing.T) {
	e := load(t, folder(map[string]string{
		"loop_test.rego": "package sluice.loop_test\n\ntest_it if count(numbers.range(1, 1000000000)) > 0\n",
	}), policy.Options{SkipTests: true, TestTimeout: 50 * time.Millisecond})
	report, err := e.Test(t.Context())
	if err != nil || len(report.Failures) != 1 || report.Failures[0].Line != 3 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestRevisionFollowsWhatDecides(t *testing.T) {
	revision := func(files map[string]string) string {
		return load(t, folder(files), policy.Options{}).Revision()
	}
	base := revision(nil)
	if len(base) != 64 || base != revision(nil) {
		t.Errorf("not a stable digest: %s", base)
	}
	for name, c := range map[string]struct {
		files map[string]string
		same  bool
	}{
		"a test decides nothing":      {map[string]string{"a_test.rego": "package a_test\n\ntest_a if true\n"}, true},
		"settings have their own":     {map[string]string{"data.yaml": "settings: {groups: {}}\n"}, true},
		"a rule decides":              {map[string]string{"surface.rego": surfaceAnswering(`"never"`, "")}, false},
		"data decides":                {map[string]string{"teams/data.yaml": "a: b\n"}, false},
		"files that do not count":     {map[string]string{"README.md": "hello", ".git/x.rego": "nonsense"}, true},
		"a rule in another file name": {map[string]string{"surface.rego": "", "s.rego": surfaceAnswering(`"always"`, "")}, false},
	} {
		if got := revision(c.files); (got == base) != c.same {
			t.Errorf("%s: same revision is %v", name, got == base)
		}
	}
}

func TestDataFilesStandWhereTheirFolderDoes(t *testing.T) {
	e := load(t, folder(map[string]string{
		"data.yaml":       "top: a\n",
		"teams/data.json": `{"pay": "b"}`,
		"surface.rego":    surfaceAnswering(`concat("-", [data.top, data.teams.pay])`, ""),
	}), policy.Options{})
	got := e.Surface(t.Context(), introduced())
	if diff := cmp.Diff([]string{"a-b"}, got.Answer.Reasons); diff != "" {
		t.Errorf("(-want +got):\n%s %v", diff, got.Err)
	}
}

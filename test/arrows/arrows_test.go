package arrows

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/test/shared"
)

const module = "github.com/sluice-sec/sluice/"

// rule says what the packages of a folder may import, of this module and of what is fenced. "x" means the package x,
// "x/..." x and all below it. The rule with the longest folder counts; a package without any is an error, so that a new
// folder has to say where it stands.
type rule struct {
	folder string
	may    []string
}

var rules = []rule{
	{"connectors/finding", nil},
	{"connectors", []string{"connectors/..."}},
	{"rules", nil},
	{"policy", []string{"connectors/finding", "policy/...", "rules", opa}},
	// What parsers are tested with. Imports of tests are not fenced.
	{"connectors/native/nativetest", []string{"connectors/...", "test/shared"}},
	{"promoter", []string{"connectors/finding", "policy/input"}},
	{"promoter/match", []string{"connectors/finding", "promoter"}},
	{"promoter/evidence", []string{"connectors/finding", "promoter"}},
	{"promoter/ladder", []string{"connectors/finding", "policy/input", "policy/settings", "promoter", "promoter/evidence"}},
	{"promoter/simulate", []string{"connectors/finding", "policy/input", "promoter", "promoter/evidence", "promoter/ladder"}},
	{"promoter/run", []string{"connectors/...", "policy/...", "promoter", "promoter/match", "promoter/evidence", "promoter/ladder", "promoter/store", "promoter/run/..."}},
	{"promoter/wording", []string{"connectors/finding", "promoter"}},
	// Surfaces know the API they speak, and neither each other nor a store.
	{"promoter/github", []string{"connectors/finding", "connectors/githubapi", "promoter", "promoter/wording/...", "promoter/github/..."}},
	// Jira's also knows the routes of the settings, which say what its tasks are filled with.
	{"promoter/jira", []string{"connectors/finding", "policy/settings", "promoter", "promoter/wording/...", "promoter/jira/..."}},
	// Stores know what is stored, and neither each other nor a surface.
	{"promoter/store", []string{"connectors/finding", "promoter", "promoter/evidence"}},
	{"promoter/store/storetest", []string{"connectors/finding", "promoter", "promoter/evidence", "promoter/store"}},
	{"promoter/store/sqlite", []string{"connectors/finding", "promoter", "promoter/evidence", "promoter/store", "promoter/store/sqlite/..."}},
	{"promoter/store/postgres", []string{"connectors/finding", "promoter", "promoter/evidence", "promoter/store", "promoter/store/postgres/..."}},
	{"promoter/board", []string{"connectors/finding", "policy/input", "promoter", "promoter/store", "promoter/board/..."}},
	// app wires: it alone sees everything but other commands and tests.
	{"cmd/sluice/app", []string{"connectors/...", "policy/...", "promoter/...", "rules", "cmd/sluice/app/..."}},
	{"cmd/sluice", []string{"cmd/sluice/...", "connectors/...", "policy/...", "promoter", "promoter/evidence", "promoter/ladder", "promoter/run", "promoter/simulate", "promoter/store", "rules"}},
	{"cmd/sandbox", []string{"test/sandbox/..."}},
	// The doubles share nothing with what is tested against them, so that both cannot make the same mistake.
	{"test/sandbox", []string{"test/sandbox/..."}},
	{"test/demo", []string{"test/demo/...", "test/sandbox/..."}},
	// The second act runs the program in its own process, for the sake of its clock.
	{"test/demo/weeks", []string{"cmd/sluice/app", "promoter", "promoter/run", "promoter/store", "test/sandbox/..."}},
	{"docs", nil},
	{"test/shared", nil},
	{"test", []string{"cmd/...", "connectors/...", "policy/...", "promoter/...", "rules", "test/..."}},
}

const opa = "github.com/open-policy-agent/opa/..."

// fenced are imports from outside the module that need a rule's leave. The scanners of the demo are programs: no package
// may import them at all.
var fenced = []string{opa, "github.com/securego/gosec/...", "github.com/zricethezav/gitleaks/...", "C"}

// standardOnly are folders without any import from outside the standard library.
var standardOnly = []string{"connectors/finding/...", "policy/problem", "rules"}

// pkg is the part of `go list -json` that is used here.
type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func TestImportsGoOneWay(t *testing.T) {
	packages := list(t)
	if len(packages) < 15 {
		t.Fatalf("go list names %d packages only: is this the whole module?", len(packages))
	}
	for _, broken := range check(packages) {
		t.Error(broken)
	}
}

func TestScannersAreNotDependencies(t *testing.T) {
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root(t), name))
		if err != nil {
			t.Fatal(err)
		}
		for _, scanner := range []string{"securego/gosec", "zricethezav/gitleaks", "gitleaks/gitleaks"} {
			if strings.Contains(string(text), scanner) {
				t.Errorf("%s names %s: the demo's scanners are installed as programs, apart from this module", name, scanner)
			}
		}
	}
}

// What the test is for: each of these must be noticed.
func TestCheckNoticesBrokenArrows(t *testing.T) {
	tests := []struct{ from, imports, want string }{
		{"connectors/finding", module + "connectors", "may not import"},
		{"connectors/finding", "golang.org/x/text/width", "standard library"},
		{"connectors/sarif", module + "promoter", "may not import"},
		{"connectors/sarif", "github.com/open-policy-agent/opa/v1/rego", "may not import"},
		{"policy/input", module + "promoter", "may not import"},
		{"promoter", module + "promoter/store", "may not import"},
		{"promoter/run", module + "promoter/store/sqlite", "may not import"},
		{"promoter/run", module + "promoter/github", "may not import"},
		{"promoter/github", module + "promoter/store", "may not import"},
		{"promoter/github", module + "promoter/jira", "may not import"},
		{"promoter/store/sqlite", module + "promoter/github", "may not import"},
		{"cmd/sluice", module + "promoter/github", "may not import"},
		{"cmd/sluice/app", module + "test/sandbox/github", "may not import"},
		{"test/sandbox/github", module + "connectors/githubapi", "may not import"},
		{"test/demo", "github.com/zricethezav/gitleaks/v8/detect", "may not import"},
		{"promoter/store/sqlite", "C", "may not import"},
		{"surprise", "fmt", "no rule"},

		{"connectors/finding", "strings", ""},
		{"connectors/sarif", module + "connectors/finding", ""},
		{"policy", "github.com/open-policy-agent/opa/v1/rego", ""},
		{"promoter/run", module + "policy/settings", ""},
		{"cmd/sluice/app", module + "promoter/store/sqlite", ""},
	}
	for _, tt := range tests {
		broken := check([]pkg{{ImportPath: module + tt.from, Imports: []string{tt.imports}}})
		got := strings.Join(broken, "\n")
		if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s imports %s: %q, want %q", tt.from, tt.imports, got, tt.want)
		}
	}
}

// check returns one line for each import that no rule allows.
func check(packages []pkg) (broken []string) {
	for _, p := range packages {
		name := strings.TrimPrefix(p.ImportPath, module)
		r, ok := ruleOf(name)
		if !ok {
			broken = append(broken, fmt.Sprintf("%s has no rule in test/arrows: say what it may import", name))
			continue
		}
		for _, path := range p.Imports {
			local, inModule := strings.CutPrefix(path, module)
			if (inModule || matchesAny(fenced, path)) && !matchesAny(r.may, local) {
				broken = append(broken, fmt.Sprintf("%s may not import %s (it may: %s)", name, local, strings.Join(r.may, " ")))
			}
			if !inModule && strings.Contains(strings.Split(path, "/")[0], ".") && matchesAny(standardOnly, name) {
				broken = append(broken, fmt.Sprintf("%s imports %s, and should do with the standard library", name, path))
			}
		}
	}
	return broken
}

func ruleOf(name string) (best rule, ok bool) {
	for _, r := range rules {
		if matches(r.folder+"/...", name) && (!ok || len(r.folder) > len(best.folder)) {
			best, ok = r, true
		}
	}
	return best, ok
}

func matchesAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, path) })
}

func matches(pattern, path string) bool {
	folder, below := strings.CutSuffix(pattern, "/...")
	return path == folder || (below && strings.HasPrefix(path, folder+"/"))
}

func TestMatches(t *testing.T) {
	got := map[string]bool{}
	for _, path := range []string{"a", "a/b", "ab", "a/b/c"} {
		got[path] = matches("a/...", path)
	}
	want := map[string]bool{"a": true, "a/b": true, "ab": false, "a/b/c": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// list asks the go command for every package of the module.
func list(t *testing.T) (packages []pkg) {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir, cmd.Stderr = root(t), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal("go list:", err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal("read go list:", err)
		}
		packages = append(packages, p)
	}
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := shared.Root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

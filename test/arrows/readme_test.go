package arrows

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The README says of each module that is imported why it is there, and of no other.
func TestReadmeNamesEveryDependency(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "### Dependencies")
	table, _, ended := strings.Cut(rest, "\n## ")
	if !ok || !ended {
		t.Fatal("README.md has no section Dependencies")
	}
	imported := map[string]bool{}
	for _, p := range list(t) {
		for _, paths := range [][]string{p.Imports, p.TestImports, p.XTestImports} {
			for _, path := range paths {
				imported[path] = true
			}
		}
	}
	for _, module := range required(t) {
		used := false
		for path := range imported {
			used = used || matches(module+"/...", path)
		}
		if named := strings.Contains(table, short(module)); named != used {
			t.Errorf("%s: imported is %v, named in the README's table is %v", module, used, named)
		}
	}
}

// short is a module's path as the table writes it: without host and major version.
func short(module string) string {
	return strings.TrimPrefix(regexp.MustCompile(`/v[0-9]+$`).ReplaceAllString(module, ""), "github.com/")
}

// required are the direct dependencies of go.mod.
func required(t *testing.T) (paths []string) {
	t.Helper()
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal("go mod edit:", err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Require {
		if !r.Indirect {
			paths = append(paths, r.Path)
		}
	}
	if len(paths) < 10 {
		t.Fatalf("go.mod requires %d modules directly: is this it?", len(paths))
	}
	return paths
}

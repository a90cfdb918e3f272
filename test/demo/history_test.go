package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A scanner that cannot compile the service finds less and says so in small print only: each commit of the story must
// compile, with the standard library alone.
func TestEachStateOfTheServiceCompiles(t *testing.T) {
	histories := map[string][]string{
		"main": {"base"}, "search": {"base", "search"}, "rebased": {"base", "search", "search-rebased"},
		"fixed":    {"base", "search", "search-rebased", "search-fixed"},
		"invoices": {"base", "invoices"}, "trim": {"base", "trim"}, "readme": {"base", "readme"},
	}
	for name, states := range histories {
		t.Run(name, func(t *testing.T) {
			tree := map[string]string{}
			for _, state := range states {
				changed, err := files(state)
				if err != nil {
					t.Fatal(err)
				}
				maps.Copy(tree, changed)
			}
			dir := t.TempDir()
			for path, text := range tree {
				if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command("go", "vet", "./...")
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestTheTokenIsInOneStateOnly(t *testing.T) {
	for _, state := range []string{"base", "search", "search-rebased", "search-fixed", "invoices", "trim", "readme"} {
		tree, err := files(state)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, text := range tree {
			found += strings.Count(text, fakeToken)
		}
		if want := map[string]int{"invoices": 1}[state]; found != want {
			t.Errorf("%s holds the token %d times, want %d", state, found, want)
		}
	}
}

package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/rules"
)

//go:embed template/sluice.yaml
var configTemplate []byte

// settingsExample is settings.yaml as a newcomer gets it.
const settingsExample = "settings.example.yaml"

// keyFiles are where the template has them.
var keyFiles = [...]string{"keys/markers.key", "keys/secrets.key"}

func (p *program) initCommand() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use: "init [DIR]", Short: "a configuration, settings, keys and policies to edit",
		Long: "Writes sluice.yaml, settings.yaml, two keys and a copy of the policy library into a folder.\nIt replaces nothing that is there, unless --force; keys it never replaces.",
	}
	c.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 1 {
			return &app.UsageError{Err: &flagError{fmt.Errorf("%q is one argument too many", args[1])}}
		}
		return nil
	}
	c.Flags().BoolVar(&force, "force", false, "replace the configuration, the settings and the policies")
	c.RunE = func(_ *cobra.Command, args []string) error {
		dir := "."
		if len(args) == 1 {
			dir = args[0]
		}
		files, err := initFiles()
		if err != nil {
			return err
		}
		if there := present(dir, files); len(there) > 0 && !force {
			return usagef("%s: there already; --force replaces the configuration, the settings and the policies", strings.Join(there, ", "))
		}
		made, err := writeInit(dir, files)
		if err != nil {
			return err
		}
		return p.show(made, func(w io.Writer) error { return writeNextSteps(w, dir, made) })
	}
	return c
}

// initFiles are the files to write, by their path in the folder.
func initFiles() (map[string][]byte, error) {
	example, err := fs.ReadFile(rules.FS, settingsExample)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"sluice.yaml": configTemplate, "settings.yaml": example, "keys/.gitignore": []byte("*\n")}
	err = fs.WalkDir(rules.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == settingsExample {
			return err
		}
		files[path.Join("rules", name)], err = fs.ReadFile(rules.FS, name)
		return err
	})
	return files, err
}

// present lists what init would replace, the policies as one.
func present(dir string, files map[string][]byte) []string {
	var there []string
	for _, name := range []string{"sluice.yaml", "settings.yaml"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			there = append(there, name)
		}
	}
	for name := range files {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil && strings.HasPrefix(name, "rules/") {
			return append(there, "rules/")
		}
	}
	return there
}

// initResult is what init did.
type initResult struct {
	Folder string   `json:"folder"`
	Keys   []string `json:"keys"` // new ones
	Kept   []string `json:"kept"` // keys that were there
}

func writeInit(dir string, files map[string][]byte) (*initResult, error) {
	for name, body := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		mode := fs.FileMode(0o755)
		if path.Dir(name) == "keys" {
			mode = 0o700
		}
		if err := os.MkdirAll(filepath.Dir(file), mode); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, body, 0o644); err != nil {
			return nil, err
		}
	}
	made := &initResult{Folder: dir, Keys: []string{}, Kept: []string{}}
	for _, name := range keyFiles {
		switch err := app.WriteKey(filepath.Join(dir, name)); {
		case errors.Is(err, fs.ErrExist):
			made.Kept = append(made.Kept, name)
		case err != nil:
			return nil, err
		default:
			made.Keys = append(made.Keys, name)
		}
	}
	return made, nil
}

func writeNextSteps(w io.Writer, dir string, made *initResult) error {
	fmt.Fprintf(w, "sluice.yaml, settings.yaml and rules/ are in %s\n", dir)
	if len(made.Keys) > 0 {
		fmt.Fprintf(w, "new keys: %s; keep copies of them somewhere safe, and out of git\n", strings.Join(made.Keys, ", "))
	}
	if len(made.Kept) > 0 {
		fmt.Fprintf(w, "kept the keys that were there: %s\n", strings.Join(made.Kept, ", "))
	}
	_, err := fmt.Fprint(w, `next:
  1. name your reports under sources in sluice.yaml
  2. sluice doctor          says what is missing
  3. sluice run             records; every cohort begins at observe, so nothing is shown
  4. sluice cohort list     then: sluice cohort move KEY triage --reason "..."
`)
	return err
}

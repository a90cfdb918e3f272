package policy_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/settings"
)

// A folder on disk may hold more than files.
func TestAFolderOnDisk(t *testing.T) {
	write := func(t *testing.T, dir string) {
		for name, text := range smallest {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	load := func(dir string) error {
		_, err := policy.Load(t.Context(), policy.Source{FS: os.DirFS(dir), Name: "mine"}, settings.Default(), policy.Options{})
		return err
	}
	t.Run("files that are links, as a ConfigMap mounts them", func(t *testing.T) {
		behind, dir := t.TempDir(), t.TempDir()
		write(t, behind)
		for name := range smallest {
			if err := os.Symlink(filepath.Join(behind, name), filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := load(dir); err != nil {
			t.Error(err)
		}
	})
	t.Run("a pipe nobody writes to", func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir)
		if err := syscall.Mkfifo(filepath.Join(dir, "more.rego"), 0o600); err != nil {
			t.Skip("no pipes here: ", err)
		}
		if err := load(dir); err == nil || !strings.Contains(err.Error(), "more.rego is no regular file") {
			t.Errorf("got %v", err)
		}
	})
}

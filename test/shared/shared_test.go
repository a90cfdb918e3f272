package shared_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/test/shared"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("SLUICE_SHARED", dir)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("packed"))
	_ = z.Close()
	for name, data := range map[string][]byte{"a.json": []byte("plain"), "b.json.gz": packed.Bytes(), "broken.gz": []byte("plain")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"a.json": "plain", "b.json.gz": "packed"} {
		if got, err := shared.Read(name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := shared.Read("broken.gz"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("broken: %v", err)
	}
	if _, err := shared.Read("absent"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "SLUICE_SHARED") {
		t.Errorf("absent: %v", err)
	}
	if got := shared.Files(t, "*.gz"); len(got) != 2 {
		t.Errorf("files: %v", got)
	}
}

func TestRoot(t *testing.T) {
	root, err := shared.Root()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "test", "shared", "shared.go")); err != nil {
		t.Error(err)
	}
}

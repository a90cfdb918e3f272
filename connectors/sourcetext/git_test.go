package sourcetext_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/sluice-sec/sluice/connectors/sourcetext"
)

// repository is a new git repository with one commit of the given files.
func repository(t *testing.T, files map[string]string) (dir, commit string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir = t.TempDir()
	git(t, dir, "init", "-q", "-b", "main")
	return dir, commitFiles(t, dir, files)
}

func commitFiles(t *testing.T, dir string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git(t, dir, "add", "-A")
	git(t, dir, "-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "-q", "-m", "x")
	return strings.TrimSpace(git(t, dir, "rev-parse", "HEAD"))
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestGitReadsFilesAtTheirCommit(t *testing.T) {
	dir, first := repository(t, map[string]string{
		"a.go": "one\n", "dir/with space/é.go": "x\x00y\n\n", "empty": "", "dir/x blob 3": "odd name"})
	second := commitFiles(t, dir, map[string]string{"a.go": "two\n"})
	bare := filepath.Join(t.TempDir(), "bare.git")
	git(t, dir, "clone", "-q", "--bare", dir, bare)

	for _, where := range []string{dir, bare} {
		r := sourcetext.Git(where)
		for _, tt := range []struct{ commit, path, want string }{
			{first, "a.go", "one\n"}, {second, "a.go", "two\n"}, {second[:12], "a.go", "two\n"},
			{second, "dir/with space/é.go", "x\x00y\n\n"}, {first, "empty", ""}, {first, "dir/x blob 3", "odd name"},
		} {
			got, err := r.Read(t.Context(), tt.commit, tt.path)
			if err != nil || string(got) != tt.want {
				t.Errorf("%s at %s: %q, %v", tt.path, tt.commit, got, err)
			}
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestGitTellsWhatIsMissing(t *testing.T) {
	dir, commit := repository(t, map[string]string{"dir/a.go": "a"})
	r := sourcetext.Git(dir)
	defer r.Close()
	absent := strings.Repeat("0", 40)
	for _, tt := range []struct {
		name, commit, path string
		want               error
		noCommit           bool
	}{
		{"no such file", commit, "dir/b.go", fs.ErrNotExist, false},
		{"a file used as a folder", commit, "dir/a.go/x", fs.ErrNotExist, false},
		{"a name that looks like an answer", commit, "x blob 3 missing", fs.ErrNotExist, false},
		{"a folder", commit, "dir", fs.ErrInvalid, false},
		{"no such commit", absent, "dir/a.go", fs.ErrNotExist, true},
		{"climbing", commit, "../dir/a.go", fs.ErrInvalid, false},
		{"climbing inside", commit, "dir/../dir/a.go", fs.ErrInvalid, false},
		{"absolute", commit, "/dir/a.go", fs.ErrInvalid, false},
		{"two names", commit, "dir/a.go\n" + commit + ":dir/a.go", fs.ErrInvalid, false},
		{"NUL", commit, "dir/a.go\x00", fs.ErrInvalid, false},
		{"no name", commit, "", fs.ErrInvalid, false},
		{"the root", commit, ".", fs.ErrInvalid, false},
		{"a branch", "main", "dir/a.go", fs.ErrInvalid, false},
		{"an option", "--help", "dir/a.go", fs.ErrInvalid, false},
	} {
		text, err := r.Read(t.Context(), tt.commit, tt.path)
		if !errors.Is(err, tt.want) || errors.Is(err, sourcetext.ErrNoCommit) != tt.noCommit {
			t.Errorf("%s: %q, %v", tt.name, text, err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\x00") {
			t.Errorf("%s: the error is not one line: %q", tt.name, err)
		}
	}
	if text, err := r.Read(t.Context(), commit, "dir/a.go"); err != nil || string(text) != "a" {
		t.Errorf("afterwards: %q, %v", text, err)
	}
}

func TestGitBoundsSizesAndGoesOn(t *testing.T) {
	dir, commit := repository(t, map[string]string{
		"large": strings.Repeat("x", sourcetext.MaxFile+1), "full": strings.Repeat("x", sourcetext.MaxFile), "a": "a"})
	r := sourcetext.Git(dir)
	defer r.Close()
	if _, err := r.Read(t.Context(), commit, "large"); !errors.Is(err, sourcetext.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if text, err := r.Read(t.Context(), commit, "full"); err != nil || len(text) != sourcetext.MaxFile {
		t.Errorf("just fits: %d bytes, %v", len(text), err)
	}
	if text, err := r.Read(t.Context(), commit, "a"); err != nil || string(text) != "a" {
		t.Errorf("afterwards: %q, %v", text, err)
	}
}

func TestGitIsNotMisledByWhatStandsAround(t *testing.T) {
	outer, commit := repository(t, map[string]string{"a": "outer"})
	inner := filepath.Join(outer, "plain")
	if err := os.Mkdir(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_DIR", filepath.Join(outer, ".git"))
	r := sourcetext.Git(inner)
	defer r.Close()
	if text, err := r.Read(t.Context(), commit, "a"); err == nil || !strings.Contains(err.Error(), "not a git repository") {
		t.Errorf("a plain folder inside a repository gave %q, %v", text, err)
	}
	if _, err := sourcetext.Git(filepath.Join(outer, "nowhere")).Read(t.Context(), commit, "a"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestGitReadersAreSharedAndEndWithTheirContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	files := map[string]string{}
	for i := range 40 {
		files[fmt.Sprintf("f%d", i)] = strings.Repeat(fmt.Sprintf("line %d\n", i), 1000)
	}
	dir, commit := repository(t, files)
	r := sourcetext.Git(dir)
	var wg sync.WaitGroup
	for name, want := range files {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if got, err := r.Read(context.Background(), commit, name); err != nil || !bytes.Equal(got, []byte(want)) {
				t.Errorf("%s: %d bytes, %v", name, len(got), err)
			}
		}()
	}
	wg.Wait()

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Read(ctx, commit, "f1"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if got, err := r.Read(context.Background(), commit, "f1"); err != nil || string(got) != files["f1"] {
		t.Errorf("afterwards: %d bytes, %v", len(got), err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

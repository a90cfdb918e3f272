// Package gitrepo is what the sandbox needs of a bare git repository: refs as they are now, diffs, blobs, merges, and
// commits whose hashes are the same every time.
//
// The awkward truth: everything but reading a ref runs the git command (2.38 or newer, for merge-tree), some
// milliseconds each; answers that can never change (those between full hashes) are kept in memory, without bound within
// one Repository.
package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ErrNotFound says that a ref, commit or path does not exist.
var ErrNotFound = errors.New("not found")

// Identity is a name and address in commits.
type Identity struct{ Name, Mail string }

// Repository is a bare repository on disk. Its methods can be called by several goroutines.
type Repository struct {
	dir string

	mu    sync.Mutex
	cache map[string][]byte
}

// Open uses the repository at dir, which must exist.
func Open(dir string) *Repository { return &Repository{dir: dir, cache: map[string][]byte{}} }

// Create makes an empty bare repository at dir whose HEAD names branch.
func Create(dir, branch string) (*Repository, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create repository: %w", err)
	}
	r := Open(dir)
	if _, err := r.run(nil, nil, "init", "--quiet", "--bare", "--initial-branch="+branch, "--template="); err != nil {
		return nil, err
	}
	for key, value := range map[string]string{"gc.auto": "0", "uploadpack.allowAnySHA1InWant": "true", "core.logAllRefUpdates": "false"} {
		if _, err := r.run(nil, nil, "config", key, value); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Dir is the path of the bare repository.
func (r *Repository) Dir() string { return r.dir }

// run calls git with an environment of its own, so that no setting of the machine changes an answer.
func (r *Repository) run(stdin []byte, env []string, args ...string) ([]byte, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "LC_ALL=C", "TZ=UTC", "GIT_DIR=" + r.dir,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0",
	}, env...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

// frozen is run for commands whose answer can never change.
func (r *Repository) frozen(args ...string) ([]byte, error) {
	key := strings.Join(args, "\x00")
	r.mu.Lock()
	out, ok := r.cache[key]
	r.mu.Unlock()
	if ok {
		return out, nil
	}
	out, err := r.run(nil, nil, args...)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.cache[key] = out
	r.mu.Unlock()
	return out, nil
}

// IsHash says whether s is written as a full commit hash.
func IsHash(s string) bool {
	return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == ""
}

// Ref returns the hash a full ref name (refs/heads/main) points to now, or ErrNotFound. It reads the files themselves,
// because it is asked before every answer.
func (r *Repository) Ref(name string) (string, error) {
	if !filepath.IsLocal(name) || !strings.HasPrefix(name, "refs/") {
		return "", fmt.Errorf("ref %q: %w", name, ErrNotFound)
	}
	if data, err := os.ReadFile(filepath.Join(r.dir, filepath.FromSlash(name))); err == nil {
		if hash := strings.TrimSpace(string(data)); IsHash(hash) {
			return hash, nil
		}
	}
	packed, err := os.ReadFile(filepath.Join(r.dir, "packed-refs"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read packed refs: %w", err)
	}
	for line := range strings.Lines(string(packed)) {
		if hash, ref, ok := strings.Cut(strings.TrimSpace(line), " "); ok && ref == name {
			return hash, nil
		}
	}
	return "", fmt.Errorf("ref %q: %w", name, ErrNotFound)
}

// Branches lists the names below refs/heads, sorted.
func (r *Repository) Branches() ([]string, error) {
	out, err := r.run(nil, nil, "for-each-ref", "--format=%(refname)", "refs/heads/")
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		names = append(names, strings.TrimPrefix(strings.TrimSpace(line), "refs/heads/"))
	}
	return names, nil
}

// SetRef points a full ref name to a hash. It writes the file itself, because each push moves refs/pull.
func (r *Repository) SetRef(name, hash string) error {
	if !filepath.IsLocal(name) || !strings.HasPrefix(name, "refs/") {
		return fmt.Errorf("set ref %q: no full name", name)
	}
	path := filepath.Join(r.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("set ref: %w", err)
	}
	// A file of its own for each writer, for two requests may move one ref;
	// git overlooks what ends in .lock.
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.lock")
	if err != nil {
		return fmt.Errorf("set ref: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(hash + "\n")
	if err := errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return fmt.Errorf("set ref: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("set ref: %w", err)
	}
	return nil
}

// Resolve turns a branch, tag, full ref or (short) hash into a full commit hash, or ErrNotFound.
func (r *Repository) Resolve(name string) (string, error) {
	for _, prefix := range []string{"refs/heads/", ""} {
		if hash, err := r.Ref(prefix + name); err == nil {
			return hash, nil
		}
	}
	if name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, "^~:@{ \x00") {
		return "", fmt.Errorf("commit %q: %w", name, ErrNotFound)
	}
	ask := func(args ...string) ([]byte, error) { return r.run(nil, nil, args...) }
	if IsHash(name) {
		ask = r.frozen // a commit that is there stays
	}
	out, err := ask("rev-parse", "--quiet", "--verify", "--end-of-options", name+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("commit %q: %w", name, ErrNotFound)
	}
	return strings.TrimSpace(string(out)), nil
}

// MergeBase returns the best common ancestor of two commits, or ErrNotFound where they have none.
func (r *Repository) MergeBase(a, b string) (string, error) {
	out, err := r.frozen("merge-base", a, b)
	if err != nil {
		return "", fmt.Errorf("merge base of %.12s and %.12s: %w", a, b, ErrNotFound)
	}
	return strings.TrimSpace(string(out)), nil
}

// Between lists the commits that to has and from has not, oldest first.
func (r *Repository) Between(from, to string) ([]string, error) {
	out, err := r.frozen("rev-list", "--reverse", "--topo-order", from+".."+to)
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(out)), nil
}

// Commit is what git knows about one commit.
type Commit struct {
	Hash, Tree        string
	Parents           []string
	Author, Committer Identity
	Authored, Written time.Time
	Message           string
}

// Commit reads one commit by its full hash, or ErrNotFound.
func (r *Repository) Commit(hash string) (Commit, error) {
	out, err := r.frozen("show", "--no-patch", "--format=%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B", hash)
	if err != nil {
		return Commit{}, fmt.Errorf("commit %.12s: %w", hash, ErrNotFound)
	}
	f := strings.SplitN(string(out), "\x00", 9)
	if len(f) < 9 {
		return Commit{}, fmt.Errorf("commit %.12s: unreadable", hash)
	}
	at := func(s string) time.Time { n, _ := strconv.ParseInt(s, 10, 64); return time.Unix(n, 0).UTC() }
	return Commit{
		Hash: hash, Tree: f[0], Parents: strings.Fields(f[1]), Author: Identity{f[2], f[3]}, Authored: at(f[4]),
		Committer: Identity{f[5], f[6]}, Written: at(f[7]), Message: strings.TrimRight(f[8], "\n"),
	}, nil
}

// Merge makes, without touching any branch, the commit that merges head into base. ok is false where they conflict.
// The same two commits and message give the same hash.
func (r *Repository) Merge(base, head, message string, who Identity) (hash string, ok bool, err error) {
	key := "merge\x00" + base + head + message + who.Mail
	r.mu.Lock()
	known, cached := r.cache[key]
	r.mu.Unlock()
	if cached {
		return string(known), len(known) > 0, nil
	}
	hash, ok, err = r.merge(base, head, message, who)
	if err == nil {
		r.mu.Lock()
		r.cache[key] = []byte(hash)
		r.mu.Unlock()
	}
	return hash, ok, err
}

func (r *Repository) merge(base, head, message string, who Identity) (string, bool, error) {
	out, err := r.run(nil, nil, "merge-tree", "--write-tree", base, head)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	c, err := r.Commit(head)
	if err != nil {
		return "", false, err
	}
	hash, err := r.run([]byte(message), identity(who, c.Written), "commit-tree", strings.TrimSpace(string(out)), "-p", base, "-p", head)
	return strings.TrimSpace(string(hash)), err == nil, err
}

func identity(who Identity, at time.Time) []string {
	date := strconv.FormatInt(at.Unix(), 10) + " +0000"
	return []string{
		"GIT_AUTHOR_NAME=" + who.Name, "GIT_AUTHOR_EMAIL=" + who.Mail, "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=" + who.Name, "GIT_COMMITTER_EMAIL=" + who.Mail, "GIT_COMMITTER_DATE=" + date,
	}
}

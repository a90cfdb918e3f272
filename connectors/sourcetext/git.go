package sourcetext

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// ErrNoCommit is an fs.ErrNotExist of a whole commit: the checkout is too
// shallow or too old, and fetching would help.
var ErrNoCommit = fmt.Errorf("the repository does not have the commit: %w", fs.ErrNotExist)

// GitReader reads files of a git repository, at any commit it has. It asks one
// `git cat-file --batch` process, started at the first Read, one file at a
// time. git fetches nothing and sees none of the caller's GIT_* variables.
type GitReader struct {
	dir string

	mu      sync.Mutex
	process *process
}

// Git reads the repository in dir, a checkout or a bare repository. It touches
// nothing before the first Read.
func Git(dir string) *GitReader { return &GitReader{dir: dir} }

// process is a running `git cat-file --batch`.
// Its protocol: https://git-scm.com/docs/git-cat-file#_batch_output
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *bytes.Buffer
}

// Read implements Reader. A folder is fs.ErrInvalid, a path inside a submodule
// fs.ErrNotExist; of a symbolic link it gives what git stores, the target's name.
func (g *GitReader) Read(ctx context.Context, commit, path string) ([]byte, error) {
	if err := check(commit, path); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	text, err := g.object(ctx, commit+":"+path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, missing := g.object(ctx, commit+"^{tree}"); errors.Is(missing, fs.ErrNotExist) {
			err = fmt.Errorf("%w (%s)", ErrNoCommit, commit)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read %q from %s: %w", path, g.dir, err)
	}
	return text, nil
}

// Close ends the process. The reader may be used again: it starts another.
func (g *GitReader) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stop()
	return nil
}

// errOtherObject: there is such an object, and it is not a file.
var errOtherObject = fmt.Errorf("not a file: %w", fs.ErrInvalid)

// object asks for one object. After anything but a clean answer the process is
// not in a known state, so it is ended and the next call starts another.
func (g *GitReader) object(ctx context.Context, name string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if g.process == nil {
		p, err := start(g.dir)
		if err != nil {
			return nil, err
		}
		g.process = p
	}
	p := g.process
	release := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	text, err := p.ask(name)
	if !release() {
		err = ctx.Err()
	}
	clean := err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, errOtherObject)
	if !clean {
		g.stop()
		if said := strings.TrimSpace(p.stderr.String()); said != "" && ctx.Err() == nil {
			err = fmt.Errorf("%w (git: %s)", err, firstLine(said))
		}
	}
	return text, err
}

func start(dir string) (*process, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("git", "-C", abs, "cat-file", "--batch")
	cmd.Env = environment(filepath.Dir(abs))
	p := &process{cmd: cmd, stderr: &bytes.Buffer{}}
	cmd.Stderr = p.stderr
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReaderSize(out, 64<<10)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start git: %w", err)
	}
	return p, nil
}

// environment is ours without git's own variables, which would redirect it, and
// with a ceiling, so that a folder that is no repository is not taken for a part
// of the one around it.
func environment(ceiling string) []string {
	var env []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "GIT_") {
			env = append(env, pair)
		}
	}
	return append(env, "LC_ALL=C", "GIT_CEILING_DIRECTORIES="+ceiling,
		"GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1", "GIT_TERMINAL_PROMPT=0")
}

// ask sends one name and reads the answer: "<hash> <type> <size>" and the
// bytes, or the name and a word that says why not.
func (p *process) ask(name string) ([]byte, error) {
	if _, err := io.WriteString(p.in, name+"\n"); err != nil {
		return nil, err
	}
	header, err := p.out.ReadString('\n')
	if err != nil {
		return nil, err
	}
	header = strings.TrimSuffix(header, "\n")
	if header == name+" missing" || header == name+" ambiguous" {
		return nil, fs.ErrNotExist
	}
	fields := strings.Fields(header)
	if len(fields) != 3 {
		return nil, fmt.Errorf("unexpected answer %q", header)
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 {
		return nil, fmt.Errorf("unexpected answer %q", header)
	}
	if size > MaxFile {
		return nil, ErrTooLarge // reading past it would cost more than another process
	}
	text := make([]byte, size+1) // a line feed follows
	if _, err := io.ReadFull(p.out, text); err != nil {
		return nil, err
	}
	if fields[1] != "blob" {
		return nil, errOtherObject
	}
	return text[:size], nil
}

// stop ends the process, whatever state it is in.
func (g *GitReader) stop() {
	if g.process == nil {
		return
	}
	_ = g.process.in.Close()
	_ = g.process.cmd.Process.Kill()
	_ = g.process.cmd.Wait() // "signal: killed" is what was asked for
	g.process = nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

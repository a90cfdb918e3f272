// Package sourcetext reads the scanned source and takes from it what reports
// leave out: the reported lines, a hash of the code around them, and the place
// of a finding among its equals.
//
// The awkward truth: what is stored of the source is little, but it is source.
// A snippet is up to a few hundred characters of a line; a finding that is not
// about a secret may still stand on a line that holds one, which only the
// scanner for secrets could have told. And hashes of short, guessable text can
// be guessed; only those of kind secret are keyed.
package sourcetext

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
)

// MaxFile is the size in bytes above which a file is not read.
const MaxFile = 8 << 20

// ErrTooLarge says that a file is larger than MaxFile.
var ErrTooLarge = errors.New("file is too large")

// Reader gives the bytes of one file at one commit. A file or commit that is
// not there is fs.ErrNotExist; a path that could not be one of a repository is
// fs.ErrInvalid. Readers may be used by several goroutines.
type Reader interface {
	Read(ctx context.Context, commit, path string) ([]byte, error)
}

// Func makes a Reader of a function, such as a platform's contents API. Paths
// are checked and sizes bounded before and after the call.
func Func(read func(ctx context.Context, commit, path string) ([]byte, error)) Reader {
	return funcReader(read)
}

type funcReader func(ctx context.Context, commit, path string) ([]byte, error)

func (read funcReader) Read(ctx context.Context, commit, path string) ([]byte, error) {
	if err := check(commit, path); err != nil {
		return nil, err
	}
	text, err := read(ctx, commit, path)
	if err == nil && len(text) > MaxFile {
		return nil, fmt.Errorf("read %q: %w", path, ErrTooLarge)
	}
	return text, err
}

// First asks one reader after the other until one has the file. Without any
// reader, nothing exists. If none has it, the error is the first that says more
// than that it does not exist.
func First(readers ...Reader) Reader { return first(readers) }

type first []Reader

func (readers first) Read(ctx context.Context, commit, path string) ([]byte, error) {
	var telling error
	for _, r := range readers {
		text, err := r.Read(ctx, commit, path)
		if err == nil || ctx.Err() != nil {
			return text, err
		}
		if telling == nil && !errors.Is(err, fs.ErrNotExist) {
			telling = err
		}
	}
	if telling == nil {
		telling = notExist(path)
	}
	return nil, telling
}

// Cached remembers what r answered, also that a file does not exist, and starts
// over when it holds more than maxBytes. Other errors are not remembered.
func Cached(r Reader, maxBytes int) Reader {
	return &cached{reader: r, max: maxBytes, answers: map[[2]string]answer{}}
}

type answer struct {
	text []byte
	err  error
}

type cached struct {
	reader Reader
	max    int

	mu      sync.Mutex
	size    int
	answers map[[2]string]answer
}

func (c *cached) Read(ctx context.Context, commit, path string) ([]byte, error) {
	key := [2]string{commit, path}
	c.mu.Lock()
	known, ok := c.answers[key]
	c.mu.Unlock()
	if ok {
		return known.text, known.err
	}
	text, err := c.reader.Read(ctx, commit, path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	const overhead = 200
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size += len(text) + overhead; c.size > c.max {
		c.size = len(text) + overhead
		clear(c.answers)
	}
	c.answers[key] = answer{text, err}
	return text, err
}

// check refuses what no repository holds, and what could be mistaken for
// something else on the way to git or into a URL.
func check(commit, path string) error {
	if len(commit) < 7 || len(commit) > 64 || strings.Trim(commit, "0123456789abcdef") != "" {
		return fmt.Errorf("read %q: commit %q is not 7 to 64 hexadecimal digits: %w", path, commit, fs.ErrInvalid)
	}
	if path == "." || !fs.ValidPath(path) || strings.ContainsAny(path, "\x00\r\n") || len(path) > 4096 {
		return fmt.Errorf("read %q: not a path inside a repository: %w", path, fs.ErrInvalid)
	}
	return nil
}

func notExist(path string) error { return fmt.Errorf("read %q: %w", path, fs.ErrNotExist) }

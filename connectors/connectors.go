// Package connectors finds the reports a source delivers, works out which
// repository, ref and commit each one speaks of, and hands it to its parser.
//
// The awkward truth: a report hardly ever says which repository and commit it
// is about, so the path of the file has to, or the CI job that runs Sluice. A
// drop folder that is laid out wrongly attributes findings wrongly, and nothing
// here can notice as long as the names look right. A path that can be read in
// two ways is therefore refused, not guessed at.
package connectors

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Config is one entry under `sources:` in sluice.yaml.
type Config struct {
	Name string
	Type string // one of Types
	// Paths are templates of report files; see Discover. Reports of the base
	// and of the heads usually need two, in one source so that they share scopes.
	Paths []string
	// Base is the folder that relative Paths and SourceDir start from: the one
	// sluice.yaml is in. Empty is the working directory.
	Base string
	// Root is where the scanned checkout lay, as the report writes it; see
	// sarif.Options.
	Root string
	// SourceDir is where the scanned source can be read, a checkout or a bare
	// repository, with the same captures as Paths. Empty: nowhere.
	SourceDir string
	// WriteBack: what people decide about this source's findings is written to
	// the platform's alerts.
	WriteBack bool
	// Context is what flags or the CI say. It fills what a path leaves open.
	Context Context
	// Feed is asked for the documents of a source that is no folder of files;
	// Paths and Root say nothing then.
	Feed Feed
}

// Feed is a source that is asked for what it has, such as a GitHub for its
// alerts.
type Feed interface {
	// Documents keeps the promises of Discover, but that nothing is an answer
	// and no failure. It is asked once a run and may be asked by a goroutine of
	// its own. What came before an error comes with it.
	Documents(ctx context.Context, w Wanted) ([]Document, []Problem, error)
}

// Wanted narrows what a Feed is asked for. The zero value wants everything.
type Wanted struct {
	Repository  string // owner/name
	PullRequest int    // needs Repository
	// Progress, unless nil, hears how many steps of a total are done; the total
	// may grow.
	Progress func(done, total int)
}

// Documents lists what a source has: what its Feed says, or its files.
func Documents(ctx context.Context, cfg Config, w Wanted) ([]Document, []Problem, error) {
	if cfg.Feed != nil {
		return cfg.Feed.Documents(ctx, w)
	}
	return Discover(ctx, cfg)
}

// SourceFolder is SourceDir with its captures filled in from c, or "" if the
// source has none. It fails if SourceDir uses a capture that c has no value for.
func (cfg Config) SourceFolder(c Context) (string, error) {
	if cfg.SourceDir == "" {
		return "", nil
	}
	dir, err := fill(cfg.SourceDir, c)
	if err != nil {
		return "", fmt.Errorf("source_dir %q of source %s: %w", cfg.SourceDir, cfg.Name, err)
	}
	return absolute(cfg.Base, dir)
}

// Document is one report file, or what a Feed has about one scan. Nothing of it
// has been read yet.
type Document struct {
	// Location names it the same way in every run: of a file, the template with
	// its wildcards filled in, forward slashes. Relative templates stay relative.
	Location string
	Context  Context
	ModTime  time.Time
	Size     int64 // bytes, at the time of discovery
	// Open may be called any number of times. It refuses a file that has
	// become a link out of the drop folder meanwhile.
	Open func() (io.ReadCloser, error)

	// What a Feed says of a document, and a file does not.
	Lacking string // why it may not be all there is; "": it is whole
	Note    string // what is worth knowing of it and takes nothing from it
	Read    Reader // instead of the parser of the source's type; nil: that one
}

// Reader reads a document and calls emit with every finding, as Parse does.
type Reader func(ctx context.Context, d Document, o ParseOptions, emit func(finding.Finding) error) (finding.Report, error)

// Digest is the SHA-256 of the document's bytes in hexadecimal. It streams.
func Digest(d Document) (string, error) {
	r, err := d.Open()
	if err != nil {
		return "", fmt.Errorf("digest %s: %w", d.Location, err)
	}
	defer r.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, r); err != nil {
		return "", fmt.Errorf("digest %s: %w", d.Location, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Problem is a file that matched a template and still cannot be used. The
// others are not affected.
type Problem struct {
	Path   string // as Document.Location
	Reason string // what is wrong
	Advice string // what to do about it
}

func (p Problem) String() string {
	return fmt.Sprintf("%q: %s; %s", p.Path, p.Reason, p.Advice)
}

// ErrNoFiles is what errors.Is finds in a NoFilesError.
var ErrNoFiles = errors.New("no file matches")

// NoFilesError says that a template matched no file at all: a delivery that
// went missing, which must not be taken for a clean scan.
type NoFilesError struct {
	Template string
	Furthest string // the deepest folder on the template's way that exists; "" if not even its fixed part does
}

func (e *NoFilesError) Error() string {
	where := "not even its first folder exists"
	if e.Furthest != "" {
		where = fmt.Sprintf("the deepest folder on its way that exists is %q", e.Furthest)
	}
	return fmt.Sprintf("no file matches; %s; check where the scanner writes its reports", where) // Discover puts the template in front
}

// Is makes errors.Is(err, ErrNoFiles) true.
func (e *NoFilesError) Is(target error) bool { return target == ErrNoFiles }

// absolute is path, seen from base when it is relative.
func absolute(base, path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(base, path)
	}
	return filepath.Abs(path)
}

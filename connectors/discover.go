package connectors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Discover lists the report files of a source, oldest first (then by
// location), each once. A template is a path in which
//
//   - * and ? stand for any characters of one name, ** alone between slashes
//     for any number of folders; none of them matches a leading dot;
//   - {owner}, {name}, {repository} (which is {owner}/{name}), {branch},
//     {pull_request}, {commit} and {category} stand for one or more characters
//     of one name and are captured. A slash in a branch or a category is written
//     %2F in the folder's name, a percent sign %25.
//
// The folders in front of the first wildcard are the drop folder. Links are
// followed inside it and refused where they lead out of it, or into the folder of
// another repository; ** does not follow links to folders. A file that matches and cannot be used is a Problem, and so
// is a folder that cannot be listed: the pull is then not complete.
//
// A template that no file matches makes the pull a failed one: the error is
// then (or joins) a *NoFilesError, beside whatever the other templates matched.
func Discover(ctx context.Context, cfg Config) ([]Document, []Problem, error) {
	if err := cfg.Context.Validate(); err != nil {
		return nil, nil, err
	}
	if len(cfg.Paths) == 0 {
		return nil, nil, errors.New("it has no path")
	}
	d := &discovery{cfg: cfg, seen: map[string]bool{}}
	var failed []error
	for _, text := range cfg.Paths {
		t, err := parseTemplate(text)
		if err == nil {
			err = d.walkTemplate(ctx, t)
		}
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("path %q: %w", text, err))
		}
	}
	slices.SortFunc(d.documents, func(a, b Document) int {
		return cmp.Or(a.ModTime.Compare(b.ModTime), cmp.Compare(a.Location, b.Location))
	})
	slices.SortFunc(d.problems, func(a, b Problem) int { return cmp.Compare(a.Path, b.Path) })
	return d.documents, d.problems, errors.Join(failed...)
}

// discovery gathers what the templates of one source match.
type discovery struct {
	cfg       Config
	documents []Document
	problems  []Problem
	seen      map[string]bool // absolute paths, so that overlapping templates deliver a file once
}

// walk is one template on its way through the drop folder.
type walk struct {
	*discovery
	template
	dir      string   // the drop folder, absolute
	real     string   // the same, where links lead
	root     *os.Root // the same, and no way out of it
	matched  int
	furthest string // the deepest folder that matched so far, as Location writes it
	depth    int    // how many folders below dir that is
}

func (d *discovery) walkTemplate(ctx context.Context, t template) error {
	dir, err := absolute(d.cfg.Base, filepath.FromSlash(t.fixed))
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return &NoFilesError{Template: t.text, Furthest: d.furthestFixed(t.fixed)}
	}
	if err != nil {
		return err
	}
	defer root.Close()
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	w := &walk{discovery: d, template: t, dir: dir, real: real, root: root, furthest: t.fixed}
	if err := w.descend(ctx, ".", t.segments, nil); err != nil {
		return err
	}
	if w.matched == 0 {
		return &NoFilesError{Template: t.text, Furthest: w.furthest}
	}
	return nil
}

// furthestFixed is the deepest folder of a template's fixed part that exists.
func (d *discovery) furthestFixed(fixed string) string {
	for dir := fixed; ; dir = path.Dir(dir) {
		abs, err := absolute(d.cfg.Base, filepath.FromSlash(dir))
		if err != nil {
			return ""
		}
		if info, err := os.Stat(abs); err == nil && info.IsDir() {
			return dir
		}
		if dir == path.Dir(dir) {
			return ""
		}
	}
}

// descend matches the names in dir (relative to the root) against the first of
// the segments. taken is what the folders above were read as.
func (w *walk) descend(ctx context.Context, dir string, segments []segment, taken []capture) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := fs.ReadDir(w.root.FS(), dir)
	if err != nil {
		w.problem(dir, "the folder cannot be listed ("+cause(err)+")", "let Sluice's user read it")
		return nil
	}
	if depth := strings.Count(dir, "/") + 1; dir != "." && depth > w.depth {
		w.depth, w.furthest = depth, w.location(dir)
	}
	if segments[0].deep {
		return w.deep(ctx, dir, entries, segments, taken)
	}
	return w.entries(ctx, dir, entries, segments, taken)
}

// deep tries "**" as no folder at all, and as each folder of dir.
func (w *walk) deep(ctx context.Context, dir string, entries []fs.DirEntry, segments []segment, taken []capture) error {
	rest := segments[1:]
	if rest[0].deep { // **/** says no more than **
		return w.deep(ctx, dir, entries, rest, taken)
	}
	if err := w.entries(ctx, dir, entries, rest, taken); err != nil {
		return err
	}
	for _, entry := range entries {
		if !entry.IsDir() || entry.Name()[0] == '.' {
			continue
		}
		if err := w.descend(ctx, path.Join(dir, entry.Name()), segments, taken); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) entries(ctx context.Context, dir string, entries []fs.DirEntry, segments []segment, taken []capture) error {
	for _, entry := range entries {
		captures, ambiguous, ok := segments[0].match(entry.Name())
		if !ok {
			continue
		}
		name := path.Join(dir, entry.Name())
		if ambiguous {
			captures = []capture{{}} // remembered until it is known to be a file's way
		}
		here := append(slices.Clip(taken), captures...)
		if len(segments) == 1 {
			if !entry.IsDir() {
				w.file(name, here)
			}
			continue
		}
		if entry.IsDir() || w.leadsToFolder(entry, name) {
			if err := w.descend(ctx, name, segments[1:], here); err != nil {
				return err
			}
		}
	}
	return nil
}

// leadsToFolder follows a link, as far as the root allows.
func (w *walk) leadsToFolder(entry fs.DirEntry, name string) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return false
	}
	info, err := w.root.Stat(name)
	if err != nil {
		w.problem(name, "the link cannot be followed inside the drop folder ("+cause(err)+")",
			"put the folder itself there, or name its real place in `path`")
		return false
	}
	return info.IsDir()
}

// file turns a matched file into a document or a problem.
func (w *walk) file(name string, captures []capture) {
	info, err := w.root.Stat(name)
	if err == nil && info.IsDir() {
		return // a link to a folder
	}
	w.matched++
	abs := filepath.Join(w.dir, filepath.FromSlash(name))
	if w.seen[abs] {
		return
	}
	w.seen[abs] = true
	switch {
	case err != nil:
		w.problem(name, "it cannot be read inside the drop folder ("+cause(err)+")",
			"put the report itself there, not a link out of it, and let Sluice's user read it")
		return
	case !info.Mode().IsRegular():
		w.problem(name, "it is not a regular file", "put a regular file there, or exclude it from `path`")
		return
	}
	c, ok := w.context(name, captures)
	if !ok {
		return
	}
	if other, err := w.foreign(name, c); err != nil || other != "" {
		w.problem(name, "it is a link to a report of "+cmp.Or(other, "which nobody can say whose it is"), "put the report itself there")
		return
	}
	w.documents = append(w.documents, Document{
		Location: w.location(name), Context: c, ModTime: info.ModTime().UTC(), Size: info.Size(),
		Open: func() (io.ReadCloser, error) { return w.open(name, c) },
	})
}

// context makes a document's context of its captures; a problem if they cannot
// be what the template says they are.
func (w *walk) context(name string, captures []capture) (Context, bool) {
	var c Context
	for _, taken := range captures {
		if taken.name == "" {
			w.problem(name, "its captures can be read in more than one way",
				"put each capture into a folder of its own")
			return c, false
		}
		if err := c.set(taken.name, taken.value); err != nil {
			w.problem(name, fmt.Sprintf("{%s} would be %q: %v", taken.name, taken.value, err),
				"rename the folder, or correct the template "+w.text)
			return c, false
		}
	}
	c = c.over(w.cfg.Context)
	if c.Repository() == "" {
		w.problem(name, "nothing says which repository it is about",
			"capture {repository} in `path`, or say it with a flag")
		return c, false
	}
	return c, true
}

func (w *walk) problem(name, reason, advice string) {
	w.problems = append(w.problems, Problem{Path: w.location(name), Reason: reason, Advice: advice})
}

// location is a name below the drop folder as Document.Location writes it.
func (w *walk) location(name string) string { return path.Join(w.fixed, name) }

// cause is an error without the path around it.
func cause(err error) string {
	var e *fs.PathError
	if errors.As(err, &e) {
		err = e.Err
	}
	return err.Error()
}

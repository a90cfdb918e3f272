package connectors

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Who may put links into one repository's folder must not have another's report
// read as theirs: it would be shown to people who may not see it.

// foreign names the repository in whose folder a file really lies, where links
// lead there from that of another one; "" if it is at home. Two templates may
// share a drop folder, so folders count and not what the file is called.
func (w *walk) foreign(name string, c Context) (string, error) {
	at, err := filepath.EvalSymlinks(filepath.Join(w.real, filepath.FromSlash(name)))
	if err != nil {
		return "", err
	}
	real, err := filepath.Rel(w.real, at)
	if err != nil || filepath.ToSlash(real) == name {
		return "", err
	}
	owner, ok := w.ownerOf(w.segments, strings.Split(filepath.ToSlash(real), "/"), Context{})
	if !ok || !differs(owner.Owner, c.Owner) && !differs(owner.Name, c.Name) {
		return "", nil
	}
	return owner.over(c).Repository(), nil
}

// ownerOf reads the folders of a path as far as the template says in them whose
// they are.
func (w *walk) ownerOf(segments []segment, names []string, taken Context) (Context, bool) {
	last := -1
	for i, s := range segments {
		if s.names("owner") || s.names("name") {
			last = i
		}
	}
	switch {
	case last < 0:
		return taken, taken.Owner != "" || taken.Name != ""
	case len(names) == 0 || len(segments) > 1 && len(names) == 1 && !segments[0].deep:
		return taken, false // a file where the template has a folder
	case segments[0].deep:
		for i := range names {
			if c, ok := w.ownerOf(segments[1:], names[i:], taken); ok {
				return c, true
			}
		}
		return taken, false
	}
	captures, ambiguous, ok := segments[0].match(names[0])
	if !ok || ambiguous {
		return taken, false
	}
	for _, capture := range captures {
		if taken.set(capture.name, capture.value) != nil {
			return taken, false
		}
	}
	return w.ownerOf(segments[1:], names[1:], taken)
}

// names tells whether a segment captures something.
func (s segment) names(capture string) bool { return !s.deep && s.long.SubexpIndex(capture) >= 0 }

// open opens a file of the drop folder, and looks once more whose it is: links
// can be changed after they were looked at.
func (w *walk) open(name string, c Context) (io.ReadCloser, error) {
	f, err := os.OpenInRoot(w.dir, filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	if other, err := w.foreign(name, c); err != nil || other != "" {
		f.Close()
		return nil, fmt.Errorf("it has become a link into another repository's folder (%s)", other)
	}
	return f, nil
}

package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// epoch dates the first commit of a repository whose writer gives no date.
var epoch = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// Change is a commit to be made.
type Change struct {
	Branch  string            // short name; made if absent
	From    string            // where the branch starts over (branch or hash): a force-push if it exists; empty goes on from its tip
	Message string            // "change" if empty
	Author  Identity          // a fixed one if empty
	When    time.Time         // zero: an hour after the parent, so that hashes do not depend on the clock
	Write   map[string]string // contents by path
	Delete  []string          // files or folders
	Rename  map[string]string // new path by old path; applied before Write
}

// Apply makes the commit and returns its hash. The same change on the same parent has the same hash, always.
func (r *Repository) Apply(c Change) (string, error) {
	ref := "refs/heads/" + c.Branch
	parent, err := r.parent(ref, c.From)
	if err != nil {
		return "", fmt.Errorf("commit on %s: %w", c.Branch, err)
	}
	if c.When, err = r.date(c.When, parent); err != nil {
		return "", fmt.Errorf("commit on %s: %w", c.Branch, err)
	}
	if _, err := r.run(stream(c, ref, parent), nil, "fast-import", "--quiet", "--force", "--done"); err != nil {
		return "", fmt.Errorf("commit on %s: %w", c.Branch, err)
	}
	return r.Ref(ref)
}

func (r *Repository) parent(ref, from string) (string, error) {
	if from != "" {
		return r.Resolve(from)
	}
	hash, err := r.Ref(ref)
	if errors.Is(err, ErrNotFound) {
		return "", nil // the first commit of this branch has no parent
	}
	return hash, err
}

func (r *Repository) date(when time.Time, parent string) (time.Time, error) {
	if !when.IsZero() || parent == "" {
		if when.IsZero() {
			when = epoch
		}
		return when, nil
	}
	c, err := r.Commit(parent)
	return c.Written.Add(time.Hour), err
}

// stream writes a change as git fast-import reads it (git-fast-import(1), "INPUT FORMAT").
func stream(c Change, ref, parent string) []byte {
	if c.Author == (Identity{}) {
		c.Author = Identity{"Sandbox", "sandbox@example.com"}
	}
	if c.Message == "" {
		c.Message = "change"
	}
	var b bytes.Buffer
	date := c.When.Unix()
	if parent != "" {
		fmt.Fprintf(&b, "reset %s\nfrom %s\n\n", ref, parent)
	}
	fmt.Fprintf(&b, "commit %s\nauthor %s <%s> %d +0000\ncommitter %s <%s> %d +0000\ndata %d\n%s\n",
		ref, c.Author.Name, c.Author.Mail, date, c.Author.Name, c.Author.Mail, date, len(c.Message), c.Message)
	if parent != "" {
		fmt.Fprintf(&b, "from %s\n", parent)
	}
	for _, path := range slices.Sorted(maps.Keys(c.Rename)) {
		fmt.Fprintf(&b, "R %s %s\n", quote(path), quote(c.Rename[path]))
	}
	for _, path := range c.Delete {
		fmt.Fprintf(&b, "D %s\n", quote(path))
	}
	for _, path := range slices.Sorted(maps.Keys(c.Write)) {
		fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", quote(path), len(c.Write[path]), c.Write[path])
	}
	b.WriteString("\ndone\n")
	return b.Bytes()
}

func quote(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(path) + `"`
}

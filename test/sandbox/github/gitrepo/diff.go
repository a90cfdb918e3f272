package gitrepo

import (
	"fmt"
	"strconv"
	"strings"
)

// File is one changed file of a diff.
type File struct {
	Path, OldPath  string // OldPath differs from Path for renames only
	Status         string // GitHub's words: added, removed, modified, renamed, changed
	Blob           string // the new blob, or the old one of a removed file
	Added, Removed int    // lines; 0 for binary files
	Patch          string // from the first hunk header on, without the last line end; empty for binary files and pure renames
	Binary         bool
}

// Diff compares two commits (full hashes) with this many lines of context, renames detected, in git's order.
func (r *Repository) Diff(from, to string, context int) ([]File, error) {
	raw, err := r.frozen("diff-tree", "-r", "-z", "--raw", "--find-renames", "--abbrev=40", from, to)
	if err != nil {
		return nil, err
	}
	text, err := r.RawDiff(from, to, context)
	if err != nil {
		return nil, err
	}
	files, err := parseRaw(string(raw))
	if err != nil {
		return nil, err
	}
	sections := split(string(text))
	for i := range files {
		n := 1
		if files[i].Status == "changed" {
			n = 2 // a file that became a link, say, is printed as removed and added
		}
		if len(sections) < n {
			return nil, fmt.Errorf("diff %.12s %.12s: no patch for %s", from, to, files[i].Path)
		}
		if n == 1 {
			files[i].fill(sections[0])
		}
		sections = sections[n:]
	}
	return files, nil
}

// RawDiff is the whole diff as text.
func (r *Repository) RawDiff(from, to string, context int) ([]byte, error) {
	return r.frozen("diff-tree", "-r", "-p", "--no-color", "--no-ext-diff", "--no-textconv", "--find-renames", "--full-index",
		"--unified="+strconv.Itoa(context), from, to)
}

// parseRaw reads `git diff-tree --raw -z` (git-diff(1), "RAW OUTPUT FORMAT").
func parseRaw(raw string) ([]File, error) {
	fields := strings.Split(strings.TrimSuffix(raw, "\x00"), "\x00")
	var files []File
	for i := 0; i < len(fields) && fields[i] != ""; {
		f := strings.Fields(strings.TrimPrefix(fields[i], ":"))
		if len(f) != 5 || i+1 >= len(fields) {
			return nil, fmt.Errorf("read raw diff: unexpected %.60q", fields[i])
		}
		file := File{Blob: f[3], OldPath: fields[i+1], Path: fields[i+1]}
		i += 2
		switch f[4][0] {
		case 'A':
			file.Status = "added"
		case 'D':
			file.Status, file.Blob = "removed", f[2]
		case 'R':
			if i >= len(fields) {
				return nil, fmt.Errorf("read raw diff: a rename without its new name")
			}
			file.Status, file.Path = "renamed", fields[i]
			i++
		case 'T':
			file.Status = "changed"
		default:
			file.Status = "modified"
		}
		files = append(files, file)
	}
	return files, nil
}

// split cuts a diff at its "diff --git" lines; inside hunks every line begins with another character.
func split(text string) []string {
	var sections []string
	for text != "" {
		end := strings.Index(text, "\ndiff --git ")
		if end < 0 {
			return append(sections, text)
		}
		sections = append(sections, text[:end+1])
		text = text[end+1:]
	}
	return sections
}

func (f *File) fill(section string) {
	start := strings.Index(section, "\n@@ ")
	if start < 0 {
		f.Binary = strings.Contains(section, "\nBinary files ")
		return
	}
	f.Patch = strings.TrimSuffix(section[start+1:], "\n")
	for line := range strings.Lines(f.Patch) {
		switch line[0] {
		case '+':
			f.Added++
		case '-':
			f.Removed++
		}
	}
}

// Entry is what a path of a commit is.
type Entry struct {
	Name, Path, Hash string
	Type             string // blob, tree, commit (a submodule)
	Size             int    // of a blob, in bytes
}

// Entry looks a path up in a commit; the empty path is the root. ErrNotFound where there is none.
func (r *Repository) Entry(commit, path string) (Entry, error) {
	if path == "" {
		return Entry{Type: "tree", Hash: commit}, nil
	}
	entries, err := r.list(commit, path)
	if err != nil || len(entries) != 1 {
		return Entry{}, fmt.Errorf("path %q: %w", path, ErrNotFound)
	}
	return entries[0], nil
}

// List returns the entries directly in a folder of a commit.
func (r *Repository) List(commit, path string) ([]Entry, error) {
	if path == "" {
		return r.list(commit)
	}
	return r.list(commit, path+"/")
}

func (r *Repository) list(commit string, paths ...string) ([]Entry, error) {
	out, err := r.frozen(append([]string{"ls-tree", "-z", "--long", commit, "--"}, paths...)...)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for line := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		info, path, ok := strings.Cut(line, "\t")
		f := strings.Fields(info)
		if !ok || len(f) != 4 {
			continue
		}
		size, _ := strconv.Atoi(f[3]) // "-" for what is no blob
		entries = append(entries, Entry{Name: path[strings.LastIndexByte(path, '/')+1:], Path: path, Type: f[1], Hash: f[2], Size: size})
	}
	return entries, nil
}

// Blob reads a blob by its full hash.
func (r *Repository) Blob(hash string) ([]byte, error) { return r.frozen("cat-file", "blob", hash) }

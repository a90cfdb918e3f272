package policy

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/sluice-sec/sluice/policy/problem"
)

// Source is a folder of policies: the embedded library or a team's copy of it.
type Source struct {
	FS   fs.FS
	Name string // what messages call the folder, such as "rules"
}

const (
	maxFiles     = 2000
	maxFileBytes = 1 << 20
)

// library is a source as read: parsed, not yet compiled.
type library struct {
	rules    map[string]*ast.Module // by file
	tests    map[string]*ast.Module
	lines    map[string][]string // text of each Rego file, for excerpts
	data     map[string]any      // from data.json, data.yaml and data.yml
	revision string
}

// readLibrary reads Rego and data. Like OPA, it puts a data file's content where
// its folder stands: paths/data.yaml is data.paths.
func readLibrary(s Source) (*library, error) {
	files, err := contents(s)
	if err != nil {
		return nil, err
	}
	lib := &library{
		rules: map[string]*ast.Module{}, tests: map[string]*ast.Module{},
		lines: map[string][]string{}, data: map[string]any{},
	}
	var bad problem.List
	for _, file := range slices.Sorted(maps.Keys(files)) {
		shown := path.Join(s.Name, file)
		if path.Ext(file) != ".rego" {
			if err := lib.addData(path.Dir(file), files[file]); err != nil {
				bad = append(bad, problem.Problem{File: shown, Line: 1, Column: 1, What: err.Error()})
			}
			continue
		}
		lib.lines[shown] = strings.Split(string(files[file]), "\n")
		m, err := ast.ParseModuleWithOpts(shown, string(files[file]), ast.ParserOptions{
			Capabilities: pure(), ProcessAnnotation: true, RegoVersion: ast.RegoV1,
		})
		switch {
		case err != nil:
			bad = append(bad, lib.problems(err)...)
		case m == nil:
			bad = append(bad, problem.Problem{File: shown, Line: 1, Column: 1, What: "an empty policy; give it a package or remove the file"})
		case strings.HasSuffix(file, "_test.rego"):
			lib.tests[shown] = m
		default:
			lib.rules[shown] = m
		}
	}
	if len(bad) > 0 {
		return nil, bad
	}
	lib.revision, err = revision(files, lib.data)
	return lib, err
}

// contents reads the files that count, by path. Hidden folders are left out.
func contents(s Source) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(s.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != "." && strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains([]string{"data.json", "data.yaml", "data.yml"}, entry.Name()) && path.Ext(name) != ".rego" {
			return nil
		}
		if len(files) == maxFiles {
			return fmt.Errorf("more than %d files; is this the right folder?", maxFiles)
		}
		info, err := fs.Stat(s.FS, name) // of what a link leads to: a ConfigMap mounts its files as links
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no regular file", name)
		}
		if info.Size() > maxFileBytes {
			return fmt.Errorf("%s is larger than %d bytes", name, maxFileBytes)
		}
		files[name], err = fs.ReadFile(s.FS, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.Name, err)
	}
	return files, nil
}

func (lib *library) addData(folder string, text []byte) error {
	var doc map[string]any
	if err := util.Unmarshal(text, &doc); err != nil || doc == nil {
		return errors.New("not a mapping in YAML or JSON; data is named, such as `teams: {pay: [alice]}`")
	}
	if folder != "." {
		parts := strings.Split(folder, "/")
		for i := range parts {
			doc = map[string]any{parts[len(parts)-1-i]: doc}
		}
	}
	return merge(lib.data, doc, "data")
}

func merge(into, from map[string]any, at string) error {
	for _, name := range slices.Sorted(maps.Keys(from)) {
		old, there := into[name]
		if !there {
			into[name] = from[name]
			continue
		}
		a, isMap := old.(map[string]any)
		b, alsoMap := from[name].(map[string]any)
		if !isMap || !alsoMap {
			return fmt.Errorf("%s.%s is given by another data file as well", at, name)
		}
		if err := merge(a, b, at+"."+name); err != nil {
			return err
		}
	}
	return nil
}

// revision digests what decides: every rule's text, and the data but for the
// settings, which have a revision of their own. Tests do not decide.
func revision(files map[string][]byte, data map[string]any) (string, error) {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(name) == ".rego" && !strings.HasSuffix(name, "_test.rego") {
			fmt.Fprintf(h, "%d:%s%d:", len(name), name, len(files[name]))
			h.Write(files[name])
		}
	}
	rest := maps.Clone(data)
	delete(rest, "settings")
	raw, err := json.Marshal(rest)
	if err != nil {
		return "", fmt.Errorf("digest data: %w", err)
	}
	h.Write(raw)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// problems turns OPA's errors into ours: file, line, column, the line itself
// and, where one is known, what to do.
func (lib *library) problems(err error) problem.List {
	var list ast.Errors
	if !errors.As(err, &list) {
		var one *ast.Error
		if !errors.As(err, &one) {
			return problem.List{{Line: 1, Column: 1, What: err.Error()}}
		}
		list = ast.Errors{one}
	}
	var out problem.List
	for _, e := range list {
		p := lib.problem(e.Location, e.Message+hint(e))
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b problem.Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	return out
}

// problem is one thing wrong at a place in the library.
func (lib *library) problem(at *ast.Location, what string) problem.Problem {
	p := problem.Problem{Line: 1, Column: 1, What: what}
	if at != nil {
		p.File, p.Line, p.Column = at.File, at.Row, max(1, at.Col)
		p.Excerpt = problem.Excerpt(lib.lines[p.File], p.Line, p.Column)
	}
	return p
}

// hint says what to do about an error of OPA's.
func hint(e *ast.Error) string {
	switch d := e.Details.(type) {
	case *ast.RefErrInvalidDetail:
		var known bytes.Buffer
		for i, v := range d.OneOf {
			if i > 0 {
				known.WriteString(", ")
			}
			known.WriteString(strings.Trim(v.String(), `"`))
		}
		if known.Len() > 0 {
			return "; known here: " + known.String()
		}
	}
	switch {
	case strings.HasPrefix(e.Message, "undefined function"):
		return "; misspelt, or one that policies do not have: no clock, network, randomness or environment"
	case e.Code == ast.UnsafeVarErr:
		return "; it is never given a value: misspelt, or a missing import?"
	}
	return ""
}

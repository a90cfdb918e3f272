package simulation_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

// The code of this world: every line with a problem has a number of its own, n1, n2, ..., which the scanner repeats in
// its message, so that what the world shows of a problem can be recognised wherever it stands.

var scanner = []struct{ rule, needle, level, score, severity string }{
	{"TOY001", "exec(", "error", "8.8", "high"},
	{"TOY002", "md5(", "warning", "5.0", "medium"},
	{"TOY003", "print(", "note", "2.0", "low"},
}

var problem = regexp.MustCompile(`\bn[0-9]+\b`)

func (s *story) newProblem() string {
	s.lines++
	return fmt.Sprintf("\t%sn%d)", scanner[[]int{0, 0, 0, 1, 1, 2}[s.rng.IntN(6)]].needle, s.lines)
}

// branch is a pull request as its author works on it.
type branch struct {
	number int
	name   string
	base   string              // commit of main it started from
	own    map[string][]string // files that only it has
	tail   []string            // what it adds to main.go
	gone   []string            // own files it renamed
	pushed []string            // its heads, oldest first
}

func (b *branch) head() string { return b.pushed[len(b.pushed)-1] }

func (b *branch) paths() []string { return slices.Sorted(maps.Keys(b.own)) }

// edit changes something in a working copy.
func (s *story) edit(b *branch) string {
	path := b.paths()[s.rng.IntN(len(b.own))]
	lines := b.own[path]
	switch s.rng.IntN(6) {
	case 0, 1:
		b.own[path] = append(lines, s.newProblem(), "// filler")
		return "adds a problem to " + path
	case 2:
		b.tail = append(b.tail, s.newProblem())
		return "adds a problem to main.go"
	case 3:
		b.own[path] = slices.Insert(lines, s.rng.IntN(len(lines)), "// moved", "// down")
		return "moves lines of " + path
	case 4:
		to := fmt.Sprintf("p%d_%d.go", b.number, s.rng.IntN(1000))
		delete(b.own, path)
		b.own[to], b.gone = lines, append(b.gone, path)
		return "renames " + path + " to " + to
	}
	fixed := func(line string) bool { return strings.Contains(line, "(n") && s.rng.IntN(2) == 0 }
	b.own[path] = append(slices.DeleteFunc(lines, fixed), "// fixed")
	b.tail = slices.DeleteFunc(b.tail, fixed)
	return "fixes something in " + path
}

// push commits the working copy, on top of what was pushed or, forced, on top of main.
func (s *story) push(b *branch, force bool) error {
	change := gitrepo.Change{Branch: b.name, Write: map[string]string{}}
	if force || len(b.pushed) == 0 {
		tip, err := s.git.Ref("refs/heads/main")
		if err != nil {
			return err
		}
		b.base, change.From = tip, tip
	} else {
		change.Delete = b.gone
	}
	b.gone = nil
	files, err := s.checkout(b.base)
	if err != nil {
		return err
	}
	change.Write["main.go"] = files["main.go"] + text(b.tail)
	for path, lines := range b.own {
		change.Write[path] = text(lines)
	}
	head, err := s.commit(change, b.base)
	if err != nil {
		return err
	}
	b.pushed = append(b.pushed, head)
	return nil
}

func text(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// newBranch opens a pull request with a problem or two.
func (s *story) newBranch() error {
	s.branches++
	b := &branch{number: s.branches, name: fmt.Sprintf("change-%d", s.branches)}
	b.own = map[string][]string{fmt.Sprintf("p%d.go", b.number): {"package main", s.newProblem(), "// filler"}}
	for range s.rng.IntN(3) {
		s.edit(b)
	}
	if err := s.push(b, true); err != nil {
		return err
	}
	number, err := s.sandbox.OpenPullRequest(s.full(), github.NewPullRequest{Title: b.name, Head: b.name, Base: "main", Author: "dev", Draft: s.rng.IntN(8) == 0})
	if err != nil {
		return err
	}
	b.number = number
	s.open[number] = b
	return nil
}

// pushMain commits to main: a problem of everybody's, a fix, or moved lines.
func (s *story) pushMain() error {
	tip, err := s.git.Ref("refs/heads/main")
	if err != nil {
		return err
	}
	files, err := s.checkout(tip)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(files["main.go"], "\n"), "\n")
	switch s.rng.IntN(6) {
	case 0, 1, 2:
		lines = append(lines, s.newProblem())
	case 3:
		lines = append(slices.DeleteFunc(lines, func(line string) bool {
			fixed := strings.Contains(line, "(n") && s.rng.IntN(2) == 0
			if fixed {
				delete(s.standing, problem.FindString(line))
			}
			return fixed
		}), "// fixed")
	default:
		lines = slices.Insert(lines, 1, "// moved")
	}
	head, err := s.commit(gitrepo.Change{Branch: "main", Write: map[string]string{"main.go": text(lines)}}, tip)
	s.mains = append(s.mains, head)
	return err
}

// problems are what a scanner finds in a commit: rule and place by number.
func (s *story) problems(commit string) (map[string]found, error) {
	files, err := s.checkout(commit)
	if err != nil {
		return nil, fmt.Errorf("scan %s: %w", commit, err)
	}
	out := map[string]found{}
	for path, text := range files {
		for i, line := range strings.Split(text, "\n") {
			for _, r := range scanner {
				if strings.Contains(line, r.needle) {
					out[problem.FindString(line)] = found{r.rule, r.severity, path, i + 1}
				}
			}
		}
	}
	return out, nil
}

type found struct {
	rule, severity, path string
	line                 int
}

// report is the scanner's SARIF over a commit.
func (s *story) report(commit string) ([]byte, error) {
	all, err := s.problems(commit)
	if err != nil {
		return nil, err
	}
	rules, results := []any{}, []any{}
	for _, r := range scanner {
		rules = append(rules, map[string]any{"id": r.rule, "name": r.rule, "shortDescription": map[string]any{"text": "Rule " + r.rule},
			"properties": map[string]any{"security-severity": r.score}})
	}
	for _, n := range slices.Sorted(maps.Keys(all)) {
		f := all[n]
		results = append(results, map[string]any{"ruleId": f.rule, "message": map[string]any{"text": "A problem: " + n + "."},
			"locations": []any{map[string]any{"physicalLocation": map[string]any{
				"artifactLocation": map[string]any{"uri": f.path}, "region": map[string]any{"startLine": f.line}}}}})
	}
	return json.Marshal(map[string]any{"version": "2.1.0", "runs": []any{map[string]any{
		"tool": map[string]any{"driver": map[string]any{"name": "toy", "version": "1.0", "rules": rules}}, "results": results}}})
}

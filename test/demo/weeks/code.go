package weeks

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// code holds a file of each kind that the engineers write, with a problem and, where there is one, without. @Noun@ and
// @noun@ are what it is about.
//
//go:embed testdata/code
var code embed.FS

// recorded is what gosec wrote about one file of each kind.
//
//go:embed testdata/gosec.sarif
var recorded []byte

// label is the kind of file in which gosec sees a problem where there is none: it does not follow the min of the line
// before. kinds are the others, whose problems are real.
const label = "label"

var kinds = []string{"read", "find", "save", "unpack", "ask", "print"}

// source is one file of one repository at one commit.
type source struct {
	repo, kind, noun string
	fixed            bool
}

func (s source) path() string { return s.kind + "_" + s.noun + ".go" }

func (s source) template() string {
	if s.fixed {
		return s.kind + "-fixed"
	}
	return s.kind
}

// fill puts the names of a source in place of those of its kind.
func (s source) fill(text string) string {
	noun := strings.ToUpper(s.noun[:1]) + s.noun[1:]
	return strings.NewReplacer("@package@", s.repo, "@Noun@", noun, "@noun@", s.noun).Replace(text)
}

func (s source) text() (string, error) {
	raw, err := code.ReadFile("testdata/code/" + s.template() + ".go.txt")
	return s.fill(string(raw)), err
}

// sarif is the part of a report that is taken apart and put together.
type sarif struct {
	Version string `json:"version"`
	Schema  string `json:"$schema"`
	Runs    []struct {
		Tool       json.RawMessage   `json:"tool"`
		Taxonomies json.RawMessage   `json:"taxonomies,omitempty"`
		Results    []json.RawMessage `json:"results"`
	} `json:"runs"`
}

// scanner gives each commit the report that gosec would write about it: what gosec said of a file of each kind, under
// the names of the files in the commit.
type scanner struct {
	frame sarif // without results
	says  map[string][]string
	rules map[string]string // the first rule that each template breaks
}

func newScanner(report []byte) (*scanner, error) {
	s := &scanner{says: map[string][]string{}, rules: map[string]string{}}
	if err := json.Unmarshal(report, &s.frame); err != nil || len(s.frame.Runs) != 1 {
		return nil, fmt.Errorf("gosec's report: %d runs, %w", len(s.frame.Runs), err)
	}
	for _, raw := range s.frame.Runs[0].Results {
		var r struct {
			RuleID    string `json:"ruleId"`
			Locations []struct {
				Physical struct {
					Artifact struct {
						URI string `json:"uri"`
					} `json:"artifactLocation"`
				} `json:"physicalLocation"`
			} `json:"locations"`
		}
		if err := json.Unmarshal(raw, &r); err != nil || len(r.Locations) != 1 {
			return nil, fmt.Errorf("gosec's report: a result with %d places, %w", len(r.Locations), err)
		}
		uri := r.Locations[0].Physical.Artifact.URI
		template := strings.TrimSuffix(filepath.Base(uri), ".go")
		text := strings.NewReplacer(`"`+uri+`"`, `"@path@"`, sample.Noun, "@Noun@", sample.noun, "@noun@").Replace(string(raw))
		s.says[template], s.rules[template] = append(s.says[template], text), r.RuleID
	}
	s.frame.Runs[0].Results = nil
	return s, nil
}

// report is what is wrong with a tree.
func (s *scanner) report(tree []source) ([]byte, error) {
	out := s.frame
	run := out.Runs[0]
	run.Results = []json.RawMessage{}
	for _, file := range tree {
		for _, result := range s.says[file.template()] {
			run.Results = append(run.Results, json.RawMessage(file.fill(strings.ReplaceAll(result, "@path@", file.path()))))
		}
	}
	out.Runs = append(out.Runs[:0:0], run)
	return json.Marshal(out)
}

// sample is what the files are about that gosec looks at.
var sample = struct{ Noun, noun string }{"Somethings", "somethings"}

// scan lets gosec look at a file of each kind and returns its report.
func scan(ctx context.Context, gosec, dir string) ([]byte, error) {
	entries, err := code.ReadDir("testdata/code")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/acme\n\ngo 1.25\n"), 0o644); err != nil {
		return nil, err
	}
	for _, entry := range entries {
		raw, err := code.ReadFile("testdata/code/" + entry.Name())
		if err != nil {
			return nil, err
		}
		// Each in a package of its own: with and without a problem they say the same names.
		template := strings.TrimSuffix(entry.Name(), ".go.txt")
		file := filepath.Join(dir, template, template+".go")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
		text := source{repo: "acme", noun: sample.noun}.fill(string(raw))
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	report := filepath.Join(dir, "gosec.sarif")
	cmd := exec.CommandContext(ctx, gosec, "-quiet", "-no-fail", "-fmt=sarif", "-out="+report, "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOTOOLCHAIN=local")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("gosec: %w\n%s", err, bytes.TrimSpace(out))
	}
	return os.ReadFile(report)
}

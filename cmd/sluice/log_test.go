package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Each line of the log is JSON with the number of its run, and there is one for
// each step, source and effect.
func TestTheLogCanBeFollowed(t *testing.T) {
	p := newPlace(t)
	p.shop()
	p.ends(0, "run")
	p.ends(0, "cohort", "move", "core/gosec/high", "advise", "--reason", "they are good")
	p.said.Reset()
	p.ends(0, "run", "--sarif", filepath.Join(p.dir, "out.sarif"))
	var told []string
	for _, line := range strings.Split(p.said.String(), "\n") {
		if !strings.HasPrefix(line, "{") {
			continue // the report
		}
		var entry map[string]any
		p.must(json.Unmarshal([]byte(line), &entry))
		if entry["run"] != 2.0 {
			t.Errorf("not numbered: %s", line)
		}
		switch entry["msg"] {
		case "step":
			told = append(told, entry["step"].(string))
		case "source":
			told = append(told, entry["source"].(string)+" "+entry["state"].(string))
		case "effect":
			told = append(told, strings.Join([]string{entry["repository"].(string), entry["verb"].(string), entry["outcome"].(string)}, " "))
			if entry["pull_request"] != 1.0 || entry["took"] == "" {
				t.Errorf("effect: %s", line)
			}
		}
	}
	want := []string{"recover", "read the ladder", "listen", "weigh", "move", "ci complete", "pull", "learn of risks", "recut", "decide", "draw the queue's sample", "acme/shop review done", "act", "end campaigns", "tell what is clean", "remember", "prune"}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	p.wantDocumentedFilter(p.said.Bytes())
}

// wantDocumentedFilter tries the line of jq that the documentation gives.
func (p *place) wantDocumentedFilter(log []byte) {
	p.t.Helper()
	jq, err := exec.LookPath("jq")
	if err != nil {
		p.t.Log("no jq here to try the documented filter with")
		return
	}
	doc, err := os.ReadFile("../../docs/configuration.md")
	p.must(err)
	m := regexp.MustCompile(`jq -rR '([^']+)'`).FindSubmatch(doc)
	if m == nil {
		p.t.Fatal("the documentation has no such line")
	}
	c := exec.Command(jq, "-rR", string(m[1]))
	c.Stdin = bytes.NewReader(log)
	out, err := c.Output()
	p.must(err)
	if got := string(out); strings.Count(got, "\n") != 1 || !strings.Contains(got, "\tacme/shop\t1\treview\tdone\t") {
		p.t.Errorf("the filter gives %q", got)
	}
}

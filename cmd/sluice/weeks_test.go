package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

// weeks is the whole story of a rule, told by the program's own commands: it climbs, is shown, is answered, falls, is
// withdrawn, is repaired, and climbs again.
type weeks struct {
	*place
	*fate
	began time.Time
	pulls []pull
	words map[int64]string // what people wrote, by comment
}

type pull struct {
	repository string
	number     int
}

// Bars so low that one sitting of the security team lets a cohort climb, and a handful of complaints lets it fall.
const weeksSettings = `promotion: {backlog: {open: 0}}
thresholds: {default: {triage: info, advise: low, enforce: low}}
bars: {noise: {medium: 0.25}, alpha: 0.3}
`

const (
	weeksCohort = "rest/toy/medium"
	weeksPart   = weeksCohort + "+rule=TOY2"
)

func (w *weeks) repositories() []string { return []string{"acme/shop", "acme/pay"} }

// at lets it be a time of a day of the story. Where processes died it is a little later than elsewhere.
func (w *weeks) at(day, hour int) {
	w.now = w.began.AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour)
}

func (w *weeks) do(args ...string) { w.carryOut(w.place, errand{args: args}) }

// sitting lets the security team judge what was drawn for it.
func (w *weeks) sitting() {
	w.t.Helper()
	w.carryOut(w.place, errand{args: []string{"queue", "judge"}, typed: func(p *place) string {
		_, out := p.mortal(0, "", "queue", "--limit", "0", "--output", "json")
		var queue []findingView
		p.must(json.Unmarshal([]byte(out), &queue))
		keys := ""
		for _, f := range queue {
			if f.Sampled {
				keys += "u"
			}
		}
		return keys
	}})
}

// approve lets a lead approve the proposal that waits.
func (w *weeks) approve() {
	w.t.Helper()
	_, out := w.mortal(0, "", "plan", "list", "--output", "json")
	var plans []struct{ ID, State string }
	w.must(json.Unmarshal([]byte(out), &plans))
	for _, plan := range plans {
		if plan.State == "waiting" {
			w.do("plan", "approve", plan.ID, "--as", "github:lead", "--reason", "they are good")
			return
		}
	}
	w.t.Fatalf("no plan waits: %s\n%s", out, w.said.String())
}

// begin makes the organisation, and its standing findings.
func (w *weeks) begin() {
	w.must(os.WriteFile(filepath.Join(w.dir, "settings.yaml"), []byte(weeksSettings), 0o600))
	w.callBeside()
	var old []string
	for i := range 40 {
		old = append(old, fmt.Sprintf("md5(old%d)", i))
	}
	for _, full := range w.repositories() {
		owner, name, _ := strings.Cut(full, "/")
		_, err := w.sandbox.CreateRepository(owner, name, true)
		w.must(err)
		for _, login := range []string{"sluice-bot", "dev", "ada", "ben"} {
			w.must(w.sandbox.Grant(full, login, github.Write))
		}
		w.scan(full, "branch-main", w.commit(full, "main", "", "main.go", old...), "main.go", old...)
		w.change(full, "clean.go")
	}
}

// commit puts a file on a branch.
func (w *weeks) commit(full, branch, from, file string, lines ...string) string {
	w.t.Helper()
	commit, err := w.sandbox.Commit(full, gitrepo.Change{Branch: branch, From: from, Write: map[string]string{file: strings.Join(lines, "\n") + "\n"}})
	w.must(err)
	return commit
}

// scan drops what a scanner says of a file: that each of its lines is a problem.
func (w *weeks) scan(full, ref, commit, file string, lines ...string) {
	w.t.Helper()
	results := []any{}
	for i := range lines {
		results = append(results, map[string]any{"ruleId": "TOY2", "level": "warning", "message": map[string]any{"text": "MD5 is no longer collision resistant."},
			"locations": []any{map[string]any{"physicalLocation": map[string]any{"artifactLocation": map[string]any{"uri": file}, "region": map[string]any{"startLine": i + 1}}}}})
	}
	raw, err := json.Marshal(map[string]any{"version": "2.1.0", "runs": []any{map[string]any{"results": results, "tool": map[string]any{"driver": map[string]any{
		"name": "toy", "version": "1.0", "rules": []any{map[string]any{"id": "TOY2", "properties": map[string]any{"security-severity": "5.0"}}}}}}}})
	w.must(err)
	dir := filepath.Join(w.dir, "reports", full, ref, commit)
	w.must(os.MkdirAll(dir, 0o755))
	w.must(os.WriteFile(filepath.Join(dir, "toy.sarif"), raw, 0o644))
}

// change opens a pull request that adds a file, with a finding in each line.
func (w *weeks) change(full, file string, lines ...string) pull {
	w.t.Helper()
	commit := w.commit(full, "add-"+file, "main", file, lines...)
	number, err := w.sandbox.OpenPullRequest(full, github.NewPullRequest{Title: "Add " + file, Head: "add-" + file, Base: "main", Author: "dev"})
	w.must(err)
	w.scan(full, fmt.Sprintf("pr-%d", number), commit, file, lines...)
	return pull{full, number}
}

// noisy opens the next pull request with a finding.
func (w *weeks) noisy() {
	w.t.Helper()
	n := len(w.pulls)
	w.pulls = append(w.pulls, w.change(w.repositories()[n%2], fmt.Sprintf("new%d.go", n), fmt.Sprintf("md5(new%d)", n)))
}

// look is a pull request as the world shows it.
func (w *weeks) look(p pull) *github.PullRequest {
	w.t.Helper()
	world, err := w.sandbox.World()
	w.must(err)
	for _, pr := range world.Repository(p.repository).PullRequests {
		if pr.Number == p.number {
			return pr
		}
	}
	w.t.Fatalf("no %s#%d", p.repository, p.number)
	return nil
}

// comment is the first of a pull request: ours.
func (w *weeks) comment(p pull) *github.ReviewComment {
	w.t.Helper()
	all := w.look(p).ReviewComments
	if len(all) == 0 {
		w.t.Fatalf("nothing is shown in %s#%d:\n%s", p.repository, p.number, w.said.String())
	}
	return all[0]
}

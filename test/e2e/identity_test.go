package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

// Which problems are one and which are two, across files, branches and pull requests.

// numbers lists by finding where it is open, as "main:a.go" or "#7:b.go".
func (p *place) numbers() map[int64][]string {
	p.t.Helper()
	repos, err := p.openStore().Repositories(context.Background())
	p.must(err)
	snap, err := p.store.Load(context.Background(), repos[0].ID)
	p.must(err)
	refs := map[int64]string{}
	for _, s := range snap.Scopes {
		refs[s.No] = strings.TrimPrefix(s.Ref, "refs/heads/")
		if n := store.ChangeOf(s.Ref); n != 0 {
			refs[s.No] = fmt.Sprintf("#%d", n)
		}
	}
	out := map[int64][]string{}
	for _, f := range snap.Findings {
		out[f.No] = nil
	}
	for _, s := range snap.Sightings {
		if s.Until == 0 {
			out[s.Finding] = append(out[s.Finding], refs[s.Scope]+":"+s.Place.Path)
			slices.Sort(out[s.Finding])
		}
	}
	return out
}

func (p *place) wantNumbers(what string, want ...string) {
	p.t.Helper()
	got := p.numbers()
	var say []string
	for no := range int64(len(got)) {
		say = append(say, strings.Join(got[no+1], " "))
	}
	if !slices.Equal(say, want) {
		p.t.Fatalf("%s: findings are open at %q, want %q", what, say, want)
	}
}

// edit commits to a branch, new or not, and scans it: main, or a pull request if
// it is one.
func (p *place) edit(branch string, number int, c gitrepo.Change) {
	p.t.Helper()
	c.Branch = branch
	hash, err := p.sandbox.Commit(shop, c)
	p.must(err)
	if number != 0 {
		p.scanPull(shop, hash, number)
	} else {
		p.scan(shop, hash, "branch-"+branch)
	}
}

// proposed opens a pull request with a commit on a branch from main, and scans it.
func (p *place) proposed(branch string, c gitrepo.Change) int {
	p.t.Helper()
	c.Branch, c.From = branch, "main"
	hash, err := p.sandbox.Commit(shop, c)
	p.must(err)
	number := p.open(shop, branch)
	p.scanPull(shop, hash, number)
	return number
}

var clean, bad = code("package main"), code("package main", "exec(b)")

// bare is a repository whose main was scanned and has this.
func bare(t *testing.T, files map[string]string) *place {
	p := newPlace(t)
	p.repository(shop, files)
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	p.run()
	return p
}

func TestARenamedFileKeepsItsFindings(t *testing.T) {
	rename := gitrepo.Change{Rename: map[string]string{"a.go": "b.go"}}
	p := bare(t, map[string]string{"a.go": bad})
	number := p.proposed("rename", rename)
	p.run()
	p.wantNumbers("in a pull request", fmt.Sprintf("#%d:b.go main:a.go", number))
	p.edit("main", 0, rename)
	p.run()
	p.wantNumbers("merged", fmt.Sprintf("#%d:b.go main:b.go", number))
	p.edit("rename", number, gitrepo.Change{Rename: map[string]string{"b.go": "c.go"}})
	p.run()
	p.wantNumbers("once more, by another commit", fmt.Sprintf("#%d:c.go main:b.go", number))
}

// What was fixed on another branch does not hide where it still is.
func TestAFileRenamedWhileAnotherBranchHasItFixed(t *testing.T) {
	p := bare(t, map[string]string{"a.go": bad})
	p.edit("release", 0, gitrepo.Change{From: "main", Write: map[string]string{"b.go": clean}})
	p.run()
	p.edit("release", 0, gitrepo.Change{Write: map[string]string{"a.go": clean}})
	p.run()
	number := p.proposed("rename", gitrepo.Change{Rename: map[string]string{"a.go": "c.go"}})
	p.run()
	p.wantNumbers("", fmt.Sprintf("#%d:c.go main:a.go", number))
}

// Nor does what another source says of the same code.
func TestAFileRenamedOfWhichAnotherSourceSpeaks(t *testing.T) {
	p := bare(t, map[string]string{"a.go": bad})
	p.deliver(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "nightly-main", "toy.sarif", nil)
	both := p.config()
	both.Sources = append(both.Sources, connectors.Config{
		Name: "nightly", Type: "sarif", Base: p.drop, Paths: []string{"{owner}/{name}/nightly-{branch}/{commit}/*.sarif"}})
	_, err := run.Run(t.Context(), both, run.Selection{})
	p.must(err)
	number := p.proposed("rename", gitrepo.Change{Rename: map[string]string{"a.go": "c.go"}})
	p.run()
	p.wantNumbers("", fmt.Sprintf("#%d:c.go main:a.go main:a.go", number))
}

// What was fixed did not move: whoever writes the same line in another file
// later brings a problem that nobody has judged.
func TestWhatWasJudgedAndFixedHidesNoOtherFile(t *testing.T) {
	p := bare(t, map[string]string{"main.go": clean})
	one := p.proposed("one", gitrepo.Change{Write: map[string]string{"tool.go": bad}})
	p.run()
	p.move("/high", promoter.Advise)
	p.run()
	p.reply(p.on(one, "TOY001").ID, "dev", "/sluice false-positive it is never run")
	p.run()
	p.edit("one", one, gitrepo.Change{Delete: []string{"tool.go"}})
	p.run()
	two := p.proposed("two", gitrepo.Change{Write: map[string]string{"prod.go": bad}})
	p.run()
	p.wantNumbers("the same line elsewhere", "", fmt.Sprintf("#%d:prod.go", two))
	if n := len(open(p.pull(shop, two))); n != 1 {
		t.Errorf("%d comments, want 1", n)
	}
	p.edit("one", one, gitrepo.Change{Write: map[string]string{"tool.go": bad}})
	p.run()
	p.wantNumbers("and back where it was", fmt.Sprintf("#%d:tool.go", one), fmt.Sprintf("#%d:prod.go", two))
}

func TestWhatOnePullRequestFixesAnotherDoesNotMove(t *testing.T) {
	p := bare(t, map[string]string{"a.go": bad})
	p.proposed("one", gitrepo.Change{Write: map[string]string{"a.go": clean}})
	two := p.proposed("two", gitrepo.Change{Write: map[string]string{"b.go": bad}})
	p.run()
	p.wantNumbers("", fmt.Sprintf("#%d:a.go main:a.go", two), fmt.Sprintf("#%d:b.go", two))
}

// A report that holds the pull request's own files alone says of the others
// nothing, whatever it calls itself.
func TestWhatAPullRequestDoesNotTouchDoesNotMoveInIt(t *testing.T) {
	p := bare(t, map[string]string{"a.go": bad})
	head := p.commit(shop, "one", "main", map[string]string{"b.go": bad})
	number := p.open(shop, "one")
	p.deliver(shop, head, pullRef(number), "toy.sarif", func(report map[string]any) {
		report["results"] = slices.DeleteFunc(report["results"].([]any), func(r any) bool { return uri(r) == "a.go" })
	})
	p.run()
	p.wantNumbers("", "main:a.go", fmt.Sprintf("#%d:b.go", number))
}

// A pull request that has been scanned already had nothing there that could have moved.
func TestWhatCameToMainSinceDoesNotMoveInAPullRequest(t *testing.T) {
	p := bare(t, map[string]string{"main.go": clean})
	number := p.proposed("one", gitrepo.Change{Write: map[string]string{"one.go": clean}})
	p.edit("main", 0, gitrepo.Change{Write: map[string]string{"a.go": bad}})
	p.run()
	p.edit("one", number, gitrepo.Change{Write: map[string]string{"one.go": bad}})
	p.run()
	p.wantNumbers("", "main:a.go", fmt.Sprintf("#%d:one.go", number))
}

func TestTwoCategoriesDoNotShareAFinding(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"a/x.go": bad, "b/x.go": bad})
	commit := strings.TrimSpace(p.git(shop, "rev-parse", "main"))
	for range 2 {
		for _, category := range []string{"a", "b"} {
			p.deliver(shop, commit, "branch-main", category+".sarif", func(report map[string]any) {
				report["automationDetails"] = map[string]any{"id": category + "/"}
				report["results"] = slices.DeleteFunc(report["results"].([]any), func(r any) bool { return !strings.HasPrefix(uri(r), category) })
			})
			p.run()
		}
	}
	p.wantNumbers("", "main:a/x.go", "main:b/x.go")
}

// uri is the file that a result of the toy scanner is about.
func uri(result any) string {
	place := result.(map[string]any)["locations"].([]any)[0].(map[string]any)["physicalLocation"].(map[string]any)
	return place["artifactLocation"].(map[string]any)["uri"].(string)
}

// A pull request that was closed takes nothing with it that a rename could make new.
func TestAFileRenamedWhileItsPullRequestWasClosed(t *testing.T) {
	p := bare(t, map[string]string{"a.go": clean})
	number := p.proposed("feature", gitrepo.Change{Write: map[string]string{"b.go": bad}})
	p.run()
	p.must(p.sandbox.ClosePullRequest(shop, number))
	p.run()
	p.wantNumbers("closed", "")
	p.must(p.sandbox.ReopenPullRequest(shop, number))
	p.edit("feature", number, gitrepo.Change{Rename: map[string]string{"b.go": "c.go"}})
	p.run()
	p.wantNumbers("open again", fmt.Sprintf("#%d:c.go", number))
}

// What a part of a report shows in another file has moved only where its own
// file is no more.
func TestAFileRenamedOfWhichTheReportIsCutShort(t *testing.T) {
	for _, test := range []struct {
		change gitrepo.Change
		want   []string
	}{
		{gitrepo.Change{Rename: map[string]string{"a.go": "b.go"}}, []string{"#1:b.go main:a.go"}},
		{gitrepo.Change{Write: map[string]string{"b.go": bad}}, []string{"#1:a.go main:a.go", "#1:b.go"}},
	} {
		p := bare(t, map[string]string{"a.go": bad})
		number := p.proposed("feature", gitrepo.Change{Write: map[string]string{"c.go": clean}})
		p.run()
		test.change.Branch = "feature"
		head, err := p.sandbox.Commit(shop, test.change)
		p.must(err)
		p.scanPull(shop, head, number)
		file := filepath.Join(p.drop, shop, fmt.Sprintf("pr-%d", number), head, "toy.sarif")
		whole, err := os.ReadFile(file)
		p.must(err)
		cut := bytes.LastIndex(whole, []byte(`]`))
		p.must(os.WriteFile(file, whole[:cut], 0o644))
		p.run()
		p.wantNumbers("cut short", test.want...)
	}
}

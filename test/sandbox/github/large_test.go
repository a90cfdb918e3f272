package github_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	client "github.com/google/go-github/v60/github"

	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

func TestLargePullRequests(t *testing.T) {
	f, ctx := newFixture(t, github.Options{MaxPatchLines: 50}), context.Background()
	raw := client.RawOptions{Type: client.Diff}
	text, _, err := f.sluice.PullRequests.GetRaw(ctx, "acme", "shop", 1, raw)
	f.must(err)
	if !strings.Contains(text, "+thirteen and a half\n") {
		t.Errorf("raw diff: %s", text)
	}
	files := map[string]string{"big.go": source(51, nil), "small.go": source(50, nil)}
	for n := range 299 {
		files[fmt.Sprintf("many/%03d", n)] = "x\n"
	}
	f.commit(gitrepo.Change{Branch: "fix", Write: files})
	_, _, err = f.sluice.PullRequests.GetRaw(ctx, "acme", "shop", 1, raw)
	wantStatus(t, "the raw diff of more than 300 files", err, 406)

	patches := map[string]bool{}
	opt := &client.ListOptions{PerPage: 100}
	for {
		list, res, err := f.sluice.PullRequests.ListFiles(ctx, "acme", "shop", 1, opt)
		f.must(err)
		for _, x := range list {
			patches[x.GetFilename()] = x.Patch != nil
		}
		if opt.Page = res.NextPage; opt.Page == 0 {
			break
		}
	}
	if len(patches) != 304 || patches["big.go"] || !patches["small.go"] {
		t.Errorf("%d files; big has a patch: %v; small: %v", len(patches), patches["big.go"], patches["small.go"])
	}
	big := comment(1)
	big.Path = client.String("big.go")
	_, _, err = f.sluice.PullRequests.CreateReview(ctx, "acme", "shop", 1, &client.PullRequestReviewRequest{Comments: []*client.DraftReviewComment{big}})
	wantStatus(t, "a comment in a file without a patch", err, 422)
}

func TestConflictsAndDrafts(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	f.must(f.SetDraft(shop, 1, true))
	f.commit(gitrepo.Change{Branch: "main", Write: map[string]string{"main.go": source(30, map[int]string{12: "another twelve"})}})
	p, _, err := f.sluice.PullRequests.Get(ctx, "acme", "shop", 1)
	f.must(err)
	if p.GetMergeable() || p.GetMergeableState() != "dirty" || p.MergeCommitSHA != nil || !p.GetDraft() {
		t.Errorf("conflict: %v %s %v", p.GetMergeable(), p.GetMergeableState(), p.MergeCommitSHA)
	}
	if err := f.MergePullRequest(shop, 1, "bob"); err == nil {
		t.Error("a conflict was merged")
	}
	if w := f.pull(); w.MergeBase == p.GetBase().GetSHA() {
		t.Error("the merge base moved with the base branch")
	}
}

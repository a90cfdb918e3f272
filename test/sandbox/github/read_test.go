package github_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	client "github.com/google/go-github/v60/github"

	"github.com/sluice-sec/sluice/test/sandbox/github"
)

func TestReadingAPullRequest(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	p, _, err := f.sluice.PullRequests.Get(ctx, "acme", "shop", 1)
	f.must(err)
	if p.GetTitle() != "Fix it" || p.GetState() != "open" || !p.GetMergeable() || p.GetUser().GetLogin() != "alice" || p.GetChangedFiles() != 3 || p.GetAdditions() != 3 {
		t.Errorf("pull request: %v", p)
	}
	list, _, err := f.sluice.PullRequests.List(ctx, "acme", "shop", &client.PullRequestListOptions{State: "open"})
	f.must(err)
	if len(list) != 1 || list[0].GetHead().GetSHA() != p.GetHead().GetSHA() {
		t.Errorf("list: %v", list)
	}
	files, _, err := f.sluice.PullRequests.ListFiles(ctx, "acme", "shop", 1, nil)
	f.must(err)
	type file struct{ Name, Old, Status, Patch string }
	var got []file
	for _, x := range files {
		got = append(got, file{x.GetFilename(), x.GetPreviousFilename(), x.GetStatus(), x.GetPatch()})
	}
	want := []file{{"bin", "", "modified", ""}, {"main.go", "", "modified", "@@ -9,8 +9,9 @@ line 8\n line 9\n line 10\n line 11\n-line 12\n-line 13\n+twelve\n+thirteen\n+thirteen and a half\n line 14\n line 15\n line 16"},
		{"new name.txt", "old.txt", "renamed", ""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	cmpd, _, err := f.sluice.Repositories.CompareCommits(ctx, "acme", "shop", "main", "fix", nil)
	f.must(err)
	if cmpd.GetMergeBaseCommit().GetSHA() != p.GetBase().GetSHA() || cmpd.GetStatus() != "ahead" || len(cmpd.Files) != 3 {
		t.Errorf("comparison: %v", cmpd)
	}
}

func TestReadingARepository(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	r, _, err := f.sluice.Repositories.Get(ctx, "acme", "shop")
	f.must(err)
	if !r.GetPrivate() || r.GetFullName() != shop || r.GetDefaultBranch() != "main" {
		t.Errorf("repository: %v", r)
	}
	file, _, _, err := f.sluice.Repositories.GetContents(ctx, "acme", "shop", "new name.txt", &client.RepositoryContentGetOptions{Ref: "fix"})
	f.must(err)
	if text, err := file.GetContent(); err != nil || text != source(9, nil) {
		t.Errorf("contents: %q %v", text, err)
	}
	_, folder, _, err := f.sluice.Repositories.GetContents(ctx, "acme", "shop", "", nil)
	f.must(err)
	if len(folder) != 3 {
		t.Errorf("root: %v", folder)
	}
	b, _, err := f.sluice.Repositories.GetBranch(ctx, "acme", "shop", "fix", 0)
	f.must(err)
	g, _, err := f.sluice.Git.GetCommit(ctx, "acme", "shop", b.GetCommit().GetSHA())
	f.must(err)
	ref, _, err := f.sluice.Git.GetRef(ctx, "acme", "shop", "heads/fix")
	f.must(err)
	head, _, err := f.sluice.Git.GetRef(ctx, "acme", "shop", "pull/1/head")
	f.must(err)
	c, _, err := f.sluice.Repositories.GetCommit(ctx, "acme", "shop", "fix", nil)
	f.must(err)
	for name, hash := range map[string]string{"commit": g.GetSHA(), "ref": ref.GetObject().GetSHA(), "pull ref": head.GetObject().GetSHA(), "by branch": c.GetSHA()} {
		if hash != b.GetCommit().GetSHA() {
			t.Errorf("%s: %s, want %s", name, hash, b.GetCommit().GetSHA())
		}
	}
	branches, _, err := f.sluice.Repositories.ListBranches(ctx, "acme", "shop", nil)
	f.must(err)
	if len(branches) != 2 {
		t.Errorf("branches: %v", branches)
	}
	for login, want := range map[string]string{"bob": "write", "carol": "read"} {
		level, _, err := f.sluice.Repositories.GetPermissionLevel(ctx, "acme", "shop", login)
		f.must(err)
		if level.GetPermission() != want {
			t.Errorf("%s: %s", login, level.GetPermission())
		}
	}
	me, _, err := f.bob.Users.Get(ctx, "")
	f.must(err)
	if me.GetLogin() != "bob" || me.GetType() != "User" {
		t.Errorf("bob: %v", me)
	}
	_, _, err = f.sluice.Users.Get(ctx, "")
	wantStatus(t, "an App asking who it is", err, 403)
}

func TestRenamedRepository(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	f.must(f.RenameRepository(shop, "store"))
	if res := f.get("bot", "/repos/acme/shop/pulls?state=open", nil); res.StatusCode != 301 {
		t.Errorf("status %d", res.StatusCode)
	}
	list, _, err := f.sluice.PullRequests.List(ctx, "acme", "shop", nil)
	f.must(err)
	if len(list) != 1 || list[0].GetBase().GetRepo().GetFullName() != "acme/store" {
		t.Errorf("after the rename: %v", list)
	}
}

func TestEnterprisePaths(t *testing.T) {
	f := newFixture(t, github.Options{})
	c, err := f.sluice.WithEnterpriseURLs(f.url, f.url)
	f.must(err)
	p, _, err := c.PullRequests.Get(context.Background(), "acme", "shop", 1)
	f.must(err)
	if want := f.url + "/api/v3/repos/acme/shop/pulls/1"; p.GetURL() != want {
		t.Errorf("url %s, want %s", p.GetURL(), want)
	}
}

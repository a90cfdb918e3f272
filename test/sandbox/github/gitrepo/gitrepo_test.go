package gitrepo_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

func create(t *testing.T) *gitrepo.Repository {
	t.Helper()
	r, err := gitrepo.Create(filepath.Join(t.TempDir(), "r.git"), "main")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func apply(t *testing.T, r *gitrepo.Repository, c gitrepo.Change) string {
	t.Helper()
	hash, err := r.Apply(c)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestCommitsAreReproducible(t *testing.T) {
	var hashes []string
	for range 2 {
		r := create(t)
		apply(t, r, gitrepo.Change{Branch: "main", Write: map[string]string{"a": "1\n", "ü \"b\"": "2\n"}})
		hashes = append(hashes, apply(t, r, gitrepo.Change{Branch: "main", Write: map[string]string{"a": "3\n"}}))
	}
	if hashes[0] != hashes[1] {
		t.Errorf("two hashes for one history: %v", hashes)
	}
}

func TestDiff(t *testing.T) {
	r := create(t)
	long := "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n"
	a := apply(t, r, gitrepo.Change{Branch: "main", Write: map[string]string{
		"edit": "a\nb\nc\n", "gone": "x\n", "old name": long, "sub/é": "q\n", "binary": "\x00\x01", "diff": "diff --git a/x b/x\n"}})
	b := apply(t, r, gitrepo.Change{Branch: "main", Delete: []string{"gone"}, Rename: map[string]string{"old name": "new\tname"},
		Write: map[string]string{"edit": "a\nB\nc\n", "sub/é": "q\nr\n", "binary": "\x00\x02", "new": "n", "diff": "x\ndiff --git a/x b/x\n@@ -1 +1 @@\n"}})
	files, err := r.Diff(a, b, 3)
	if err != nil {
		t.Fatal(err)
	}
	want := []gitrepo.File{
		{Path: "binary", OldPath: "binary", Status: "modified", Binary: true},
		{Path: "diff", OldPath: "diff", Status: "modified", Added: 2, Patch: "@@ -1 +1,3 @@\n+x\n diff --git a/x b/x\n+@@ -1 +1 @@"},
		{Path: "edit", OldPath: "edit", Status: "modified", Added: 1, Removed: 1, Patch: "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c"},
		{Path: "gone", OldPath: "gone", Status: "removed", Removed: 1, Patch: "@@ -1 +0,0 @@\n-x"},
		{Path: "new", OldPath: "new", Status: "added", Added: 1, Patch: "@@ -0,0 +1 @@\n+n\n\\ No newline at end of file"},
		{Path: "new\tname", OldPath: "old name", Status: "renamed"},
		{Path: "sub/é", OldPath: "sub/é", Status: "modified", Added: 1, Patch: "@@ -1 +1,2 @@\n q\n+r"},
	}
	if diff := cmp.Diff(want, files, cmpopts.IgnoreFields(gitrepo.File{}, "Blob")); diff != "" {
		t.Error(diff)
	}
}

func TestRefs(t *testing.T) {
	r := create(t)
	hash := apply(t, r, gitrepo.Change{Branch: "feature/x", Write: map[string]string{"a": "1\n"}})
	check := func(when string) {
		for _, name := range []string{"feature/x", "refs/heads/feature/x", hash, hash[:9]} {
			if got, err := r.Resolve(name); err != nil || got != hash {
				t.Errorf("%s: resolve %s: %s, %v", when, name, got, err)
			}
		}
	}
	check("loose")
	if out, err := exec.Command("git", "-C", r.Dir(), "pack-refs", "--all").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	check("packed")
	for _, name := range []string{"", "nothing", "../../etc/passwd", "refs/heads/../../x", "-x", "main^{tree}"} {
		if _, err := r.Resolve(name); !errors.Is(err, gitrepo.ErrNotFound) {
			t.Errorf("resolve %q: %v", name, err)
		}
	}
}

func TestMerge(t *testing.T) {
	r := create(t)
	base := apply(t, r, gitrepo.Change{Branch: "main", Write: map[string]string{"a": "1\n", "b": "1\n"}})
	clean := apply(t, r, gitrepo.Change{Branch: "clean", From: base, Write: map[string]string{"b": "2\n"}})
	clash := apply(t, r, gitrepo.Change{Branch: "clash", From: base, Write: map[string]string{"a": "2\n"}})
	main := apply(t, r, gitrepo.Change{Branch: "main", Write: map[string]string{"a": "3\n"}})
	who := gitrepo.Identity{Name: "a", Mail: "a@example.com"}
	hash, ok, err := r.Merge(main, clean, "merge", who)
	if err != nil || !ok {
		t.Fatalf("clean merge: %v %v", ok, err)
	}
	entries, err := r.List(hash, "")
	if err != nil || len(entries) != 2 || entries[0].Size != 2 {
		t.Errorf("merged tree: %v %v", entries, err)
	}
	if _, ok, err := r.Merge(main, clash, "merge", who); err != nil || ok {
		t.Errorf("conflict: %v %v", ok, err)
	}
	if got, err := r.MergeBase(main, clean); err != nil || got != base {
		t.Errorf("merge base: %s %v", got, err)
	}
}

func TestManyMayMoveOneRef(t *testing.T) {
	r := create(t)
	hash := apply(t, r, gitrepo.Change{Branch: "main", Write: map[string]string{"a": "1"}})
	var together sync.WaitGroup
	for range 8 {
		together.Go(func() {
			for range 50 {
				if err := r.SetRef("refs/pull/1/head", hash); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	together.Wait()
	if got, err := r.Ref("refs/pull/1/head"); got != hash {
		t.Errorf("refs/pull/1/head is %q, %v; want %q", got, err, hash)
	}
}

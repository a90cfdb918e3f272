package patch_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/test/sandbox/github/patch"
)

func TestParse(t *testing.T) {
	hunks, err := patch.Parse("@@ -1,3 +1,3 @@ func f\n a\n-b\n+B\n c\n@@ -10 +10,2 @@\n x\n+y\n\\ No newline at end of file")
	if err != nil {
		t.Fatal(err)
	}
	want := []patch.Hunk{
		{Header: "@@ -1,3 +1,3 @@ func f", OldStart: 1, OldCount: 3, NewStart: 1, NewCount: 3, Lines: []patch.Line{
			{' ', 1, 1, "a", 1}, {'-', 2, 0, "b", 2}, {'+', 0, 2, "B", 3}, {' ', 3, 3, "c", 4}}},
		{Header: "@@ -10 +10,2 @@", OldStart: 10, OldCount: 1, NewStart: 10, NewCount: 2, Lines: []patch.Line{
			{' ', 10, 10, "x", 6}, {'+', 0, 11, "y", 7}}},
	}
	if diff := cmp.Diff(want, hunks); diff != "" {
		t.Error(diff)
	}
	h, i, ok := patch.Find(hunks, patch.Right, 2)
	if got := patch.Excerpt(h, i); !ok || got != "@@ -1,3 +1,3 @@ func f\n a\n-b\n+B" {
		t.Errorf("excerpt %q", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no header":      "+a",
		"too short":      "@@ -1,2 +1,2 @@\n a",
		"too long":       "@@ -1 +1 @@\n a\n b",
		"unknown kind":   "@@ -1 +1 @@\n?a",
		"empty hunk":     "@@ -1,0 +1,0 @@",
		"wrong balance":  "@@ -1,1 +1,3 @@\n a\n-b\n+c",
		"no kind at all": "@@ -1,2 +1,2 @@\n a\n\n",
	} {
		if h, err := patch.Parse(text); err == nil {
			t.Errorf("%s: want an error, have %v", name, h)
		}
	}
}

// TestAgainstGit holds the answers against git's own: a line of the new file is in the diff exactly when it lies within
// three lines of a change, as `git diff --unified=0` reports changes; and Move agrees with the text of the lines.
func TestAgainstGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is missing")
	}
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	rapid.Check(t, func(t *rapid.T) {
		old := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "", "@@ -1 +1 @@", "-x"}), 0, 40).Draw(t, "old")
		edited := edit(t, old)
		write(t, a, old)
		write(t, b, edited)
		wide, narrow := parse(t, diff(t, a, b, "3")), parse(t, diff(t, a, b, "0"))

		near := map[int]bool{}
		for _, h := range narrow {
			from, to := h.NewStart-3, h.NewStart+h.NewCount+2
			if h.NewCount == 0 {
				from, to = h.NewStart-2, h.NewStart+3
			}
			for n := from; n <= to; n++ {
				near[n] = true
			}
		}
		for n := 1; n <= len(edited); n++ {
			h, i, ok := patch.Find(wide, patch.Right, n)
			if ok != near[n] {
				t.Fatalf("line %d in the diff: %v, git says %v", n, ok, near[n])
			}
			if ok && h.Lines[i].Text != edited[n-1] {
				t.Fatalf("line %d is %q, want %q", n, h.Lines[i].Text, edited[n-1])
			}
		}
		for n := 1; n <= len(old); n++ {
			moved, ok := patch.Move(narrow, n)
			wideMoved, wideOK := patch.Move(wide, n)
			if moved != wideMoved || ok != wideOK {
				t.Fatalf("line %d moves to %d %v, with context to %d %v", n, moved, ok, wideMoved, wideOK)
			}
			if ok && edited[moved-1] != old[n-1] {
				t.Fatalf("line %d %q moves to %d %q", n, old[n-1], moved, edited[moved-1])
			}
		}
	})
}

func edit(t *rapid.T, old []string) []string {
	out := append([]string(nil), old...)
	for range rapid.IntRange(1, 4).Draw(t, "edits") {
		at := rapid.IntRange(0, len(out)).Draw(t, "at")
		if at < len(out) && rapid.Bool().Draw(t, "remove") {
			out = append(out[:at], out[at+1:]...)
			continue
		}
		out = append(out[:at], append([]string{rapid.SampledFrom([]string{"a", "new", ""}).Draw(t, "text")}, out[at:]...)...)
	}
	return out
}

func write(t *rapid.T, path string, lines []string) {
	text := strings.Join(lines, "\n")
	if len(lines) > 0 {
		text += "\n"
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func diff(t *rapid.T, a, b, context string) string {
	out, err := exec.Command("git", "diff", "--no-index", "--no-color", "--no-ext-diff", "--unified="+context, a, b).Output()
	if err != nil && len(out) == 0 {
		t.Fatal(err)
	}
	if i := strings.Index(string(out), "\n@@ "); i >= 0 {
		return string(out[i+1:])
	}
	return ""
}

func parse(t *rapid.T, text string) []patch.Hunk {
	hunks, err := patch.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return hunks
}

func FuzzParse(f *testing.F) {
	f.Add("@@ -1,3 +1,3 @@ func f\n a\n-b\n+B\n c")
	f.Add("@@ -0,0 +1 @@\n+a\n\\ No newline at end of file")
	f.Fuzz(func(t *testing.T, text string) {
		hunks, err := patch.Parse(text)
		if err != nil {
			return
		}
		for _, h := range hunks {
			old, new := 0, 0
			for i, l := range h.Lines {
				if l.Old > 0 {
					old++
				}
				if l.New > 0 {
					new++
				}
				if !strings.Contains(text, patch.Excerpt(h, i)) && !strings.Contains(text, `\`) {
					t.Fatalf("excerpt %q is not in %q", patch.Excerpt(h, i), text)
				}
			}
			if old != h.OldCount || new != h.NewCount {
				t.Fatalf("hunk %q has %d and %d lines", h.Header, old, new)
			}
		}
	})
}

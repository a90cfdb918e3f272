package clean_test

import (
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/connectors/clean"
)

func TestPathStaysInTheRepository(t *testing.T) {
	for _, c := range []struct{ root, file, want string }{
		{"", "a/b.go", "a/b.go"},
		{"", "./a//b.go", "a/b.go"},
		{"", `a\b.go`, "a/b.go"},
		{"", "100%25.go", "100%25.go"}, // no URI: nothing to decode
		{"", "a/../b.go", "b.go"},
		{"", "", ""},
		{"", ".", ""},
		{"", "..", ""},
		{"", "../b.go", ""},
		{"", "a/../../b.go", ""},
		{"", `..\..\b.go`, ""},
		{"", "/etc/passwd", ""},
		{"", `C:\src\b.go`, ""},
		{"", "https://example.com/a", ""},
		{"", "a\x00b", ""},
		{"", strings.Repeat("a", 5000), ""},
		{"/src", "/src/a/b.go", "a/b.go"},
		{"/src/", "/src/a/b.go", "a/b.go"},
		{"/src", "/srcs/b.go", ""},
		{"/src", "/src/../etc/passwd", ""},
		{"/src", "/src", ""},
		{"/src", "a/b.go", "a/b.go"},
		{`C:\src`, `c:\SRC\b.go`, "b.go"},
		{"/", "/a/b.go", "a/b.go"},
		{"app", "app/b.go", "b.go"},
		{"./app", "app/b.go", "b.go"},
		{"app", "apple/b.go", "apple/b.go"},
		{"app", "/app/b.go", ""},
		{"app", "app/../../b.go", ""},
	} {
		if got := clean.Path(c.root, c.file); got != c.want {
			t.Errorf("Path(%q, %q) = %q, want %q", c.root, c.file, got, c.want)
		}
	}
}

func TestPathIsNeverOutside(t *testing.T) {
	part := rapid.SampledFrom([]string{"..", ".", "a", "src", "/", `\`, "C:", "", " ", "%2e%2e", "\x00", "b.go"})
	rapid.Check(t, func(t *rapid.T) {
		root := strings.Join(rapid.SliceOfN(part, 0, 4).Draw(t, "root"), "")
		p := clean.Path(root, strings.Join(rapid.SliceOfN(part, 0, 10).Draw(t, "file"), rapid.SampledFrom([]string{"", "/", `\`}).Draw(t, "separator")))
		if p != "" && (path.IsAbs(p) || path.Clean(p) != p || p == "." || p == ".." || strings.HasPrefix(p, "../") || strings.Contains(p, `\`)) {
			t.Fatalf("%q is outside", p)
		}
	})
}

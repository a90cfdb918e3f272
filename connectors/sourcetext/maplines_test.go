package sourcetext_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/connectors/sourcetext"
)

func TestMapLines(t *testing.T) {
	for _, tt := range []struct{ name, from, to, want string }{
		{"the same", "a\nb\n", "a\nb\n", "1 2 -"},
		{"inserted above", "a\nb\n", "x\ny\na\nb\n", "3 4 -"},
		{"removed above", "x\ny\na\nb\n", "a\nb\n", "- - 1 2 -"},
		{"changed", "a\nb\nc\n", "a\nB\nc\n", "1 - 3 -"},
		{"two places far apart", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n12\n", "2 3 4 5 6 7 8 9 10 11 - 12 -"},
		{"no line feed at the end", "a\nb", "a\nb\nc\n", "1 2 -"},
		{"from nothing", "", "a\n", "-"},
		{"to nothing", "a\n", "", "- -"},
		{"lines that look like a diff", "@@ -1,2 +3,4 @@\n--- x\n+++ y\nz\n", "+++ y\n@@ -1,2 +3,4 @@\n--- x\nz\n", ""},
	} {
		at := sourcetext.MapLines([]byte(tt.from), []byte(tt.to))
		var got []string
		from, to := strings.Split(tt.from, "\n"), strings.Split(tt.to, "\n")
		for line := 1; line <= strings.Count(tt.want, " ")+1; line++ {
			n, ok := at(line)
			if !ok {
				got = append(got, "-")
				continue
			}
			if from[line-1] != to[n-1] {
				t.Errorf("%s: line %d became %d, which is another", tt.name, line, n)
			}
			got = append(got, fmt.Sprint(n))
		}
		if tt.want != "" && strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
		if _, ok := at(0); ok {
			t.Errorf("%s: there is no line 0", tt.name)
		}
	}
}

// Wherever a line is mapped to, the same text stands there, and order is kept.
func TestMapLinesNeverMapsToOtherText(t *testing.T) {
	line := rapid.SampledFrom([]string{"", "}", "a", "b", "c", "- d", "+ e", "@@ -1,1 +1,1 @@", " f"})
	rapid.Check(t, func(rt *rapid.T) {
		from := rapid.SliceOfN(line, 0, 30).Draw(rt, "from")
		to := rapid.SliceOfN(line, 0, 30).Draw(rt, "to")
		at := sourcetext.MapLines([]byte(strings.Join(from, "\n")), []byte(strings.Join(to, "\n")))
		last := 0
		for i := range from {
			n, ok := at(i + 1)
			if !ok {
				continue
			}
			if n <= last || n > len(to) || from[i] != to[n-1] {
				rt.Fatalf("line %d (%q) became %d of %q", i+1, from[i], n, to)
			}
			last = n
		}
	})
}

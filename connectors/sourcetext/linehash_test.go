package sourcetext_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/connectors/sourcetext"
	"github.com/sluice-sec/sluice/test/shared"
)

// slowHashes is the same hash straight from its definition: no window, no
// wraparound, every line's polynomial written out in full.
func slowHashes(text string) []string {
	type char struct {
		c      uint16
		begins bool
	}
	var kept []char
	begins := true
	text = strings.ReplaceAll(text, "\r \n", "\r\x01\n") // only a line feed right behind a CR belongs to it
	text = strings.ReplaceAll(text, "\r\t\n", "\r\x01\n")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	text = strings.ReplaceAll(text, "\x01", "")
	for _, c := range append(utf16.Encode([]rune(text)), 65535) {
		if c == ' ' || c == '\t' {
			continue
		}
		kept = append(kept, char{c, begins})
		begins = c == '\n'
	}
	mod := new(big.Int).Lsh(big.NewInt(1), 64)
	count := map[string]int{}
	var hashes []string
	for i, first := range kept {
		if !first.begins {
			continue
		}
		sum := new(big.Int)
		for j := i; j < i+100; j++ {
			sum.Mul(sum, big.NewInt(37))
			if j < len(kept) {
				sum.Add(sum, big.NewInt(int64(kept[j].c)))
			}
		}
		hash := sum.Mod(sum, mod).Text(16)
		count[hash]++
		hashes = append(hashes, fmt.Sprintf("%s:%d", hash, count[hash]))
	}
	return hashes
}

func allHashes(text string) []string {
	at := sourcetext.LineHashes([]byte(text))
	var hashes []string
	for line := 1; at(line) != ""; line++ {
		hashes = append(hashes, at(line))
	}
	return hashes
}

func TestLineHashesEqualTheDefinition(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		piece := rapid.SampledFrom([]string{"a", "b", "\n", "\r", "\r\n", " ", "\t", "é", "漢", "😀", "}\n", strings.Repeat("x = 1;\n", 20)})
		text := strings.Join(rapid.SliceOfN(piece, 0, 60).Draw(rt, "text"), "")
		if diff := cmp.Diff(slowHashes(text), allHashes(text)); diff != "" {
			rt.Fatalf("%q (-want +got)\n%s", text, diff)
		}
	})
}

func TestLineHashesIgnoreBlanksAndLineEnds(t *testing.T) {
	want := allHashes("if a {\n\tb()\n}\n")
	for _, same := range []string{"if a {\r\n    b()\r\n}\r\n", "if a {\rb()\r}\r", " i f a{\nb()\n\t}\n"} {
		if diff := cmp.Diff(want, allHashes(same)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", same, diff)
		}
	}
}

func TestLineHashesCountEqualsAndEndWithTheFile(t *testing.T) {
	block := strings.Repeat("0123456789\n", 10)
	hashes := allHashes(block + block + "end\n")
	if len(hashes) != 22 {
		t.Fatalf("%d lines", len(hashes))
	}
	if first, second := hashes[0], hashes[1]; !strings.HasSuffix(first, ":1") || second != strings.TrimSuffix(first, "1")+"2" {
		t.Errorf("equal blocks: %s, %s", first, second)
	}
	at := sourcetext.LineHashes([]byte("a\n"))
	if at(0) != "" || at(-1) != "" || at(99) != "" {
		t.Error("a line that is not there has a hash")
	}
}

// The expectations are GitHub's own, for two files of four assignments each.
func TestLineHashesAreGitHubs(t *testing.T) {
	expected := shared.Need(t, "reports/sarif/codeql-action_fingerprinting.expected.sarif")
	var report struct {
		Runs []struct {
			Results []struct {
				Locations []struct {
					PhysicalLocation struct{ Region struct{ StartLine int } }
				}
				PartialFingerprints map[string]string
			}
		}
	}
	if err := json.Unmarshal(expected, &report); err != nil {
		t.Fatal(err)
	}
	files := []string{assignments("a", "b", "c", "d"), assignments("foo", "bar", "baz", "qux")}
	for i, result := range report.Runs[0].Results {
		line := result.Locations[0].PhysicalLocation.Region.StartLine
		want := result.PartialFingerprints["primaryLocationLineHash"]
		if got := sourcetext.LineHashes([]byte(files[i]))(line); got != want || want == "" {
			t.Errorf("line %d of file %d: %s, want %s", line, i+1, got, want)
		}
	}
}

func assignments(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "var %s = 0;\n", name)
	}
	return b.String()
}

func FuzzLineHashes(f *testing.F) {
	f.Add("a\r\nb\n")
	f.Add("\r \n\xff\xfe")
	f.Fuzz(func(t *testing.T, text string) {
		hashes := allHashes(text)
		if len(hashes) == 0 || !slices.Equal(hashes, allHashes(text)) {
			t.Errorf("%q: %v", text, hashes)
		}
		if strings.ToValidUTF8(text, "") == text && !strings.Contains(text, "\x01") {
			if diff := cmp.Diff(slowHashes(text), hashes); diff != "" {
				t.Errorf("%q (-want +got)\n%s", text, diff)
			}
		}
	})
}

func BenchmarkLineHashes(b *testing.B) {
	text := []byte(strings.Repeat("\tif err := doSomething(ctx, name); err != nil {\n", 20_000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		sourcetext.LineHashes(text)
	}
}

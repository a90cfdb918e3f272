package match_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sourcetext"
	"github.com/sluice-sec/sluice/promoter/match"
)

// world is source files by path, with a scanner that reports every line that
// calls eval or exec. Its lines carry an id that the scanner does not see: what
// a finding truly is.
type world map[string][]line

type line struct {
	id   int // 0: not reported
	text string
}

// scan reports a world, in an order that differs by seed, and says which id
// each finding has. With source, Parts come from the text; without, the
// scanner's message is all there is.
func (w world) scan(t interface{ Fatal(...any) }, withSource bool, seed uint64) (findings []finding.Finding, ids []int64) {
	type one struct {
		f  finding.Finding
		id int64
	}
	var all []one
	texts := map[string]string{}
	for path, lines := range w {
		var b strings.Builder
		for n, l := range lines {
			b.WriteString(l.text + "\n")
			if l.id != 0 {
				rule, _, _ := strings.Cut(l.text, "(")
				all = append(all, one{finding.Finding{Rule: finding.Rule{ID: rule}, Message: rule + " is dangerous",
					Place: &finding.Place{Path: path, StartLine: n + 1, EndLine: n + 1}}, int64(l.id)})
			}
		}
		texts[path] = b.String()
	}
	slices.SortFunc(all, func(a, b one) int { return int(a.id - b.id) })
	rand.New(rand.NewPCG(seed, seed)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, x := range all {
		findings, ids = append(findings, x.f), append(ids, x.id)
	}
	reader := sourcetext.First()
	if withSource {
		reader = sourcetext.Func(func(_ context.Context, _, path string) ([]byte, error) {
			if text, ok := texts[path]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		})
	}
	if _, err := sourcetext.Enrich(context.Background(), reader, "0123456789abcdef", findings, nil); err != nil {
		t.Fatal(err)
	}
	return findings, ids
}

// drawWorld makes a few files out of few different lines, so that equals abound.
func drawWorld(t *rapid.T) world {
	w := world{}
	id := 0
	text := rapid.SampledFrom([]string{"eval(x)", "eval(y)", "exec(x)", "}", "", "  g()", "return"})
	for n := range rapid.IntRange(1, 3).Draw(t, "files") {
		var lines []line
		for _, s := range rapid.SliceOfN(text, 0, 25).Draw(t, "lines") {
			l := line{text: s}
			if strings.HasPrefix(s, "e") {
				id++
				l.id = id
			}
			lines = append(lines, l)
		}
		w[fmt.Sprintf("f%d", n)] = lines
	}
	return w
}

// candidates are known findings under their ids.
func candidates(findings []finding.Finding, ids []int64) []match.Candidate {
	out := known(findings...)
	for i := range out {
		out[i].No = ids[i]
	}
	return out
}

// expectIdentity scans before and after and expects every finding to keep its id.
func expectIdentity(t *rapid.T, before, after world) {
	source := rapid.Bool().Draw(t, "source")
	old, oldIDs := before.scan(t, source, 1)
	incoming, want := after.scan(t, source, rapid.Uint64().Draw(t, "order"))
	got := match.Match([][]match.Candidate{candidates(old, oldIDs)}, incoming)
	if !slices.Equal(got.No, want) || got.Ambiguous != 0 {
		t.Fatalf("want %v, got %v (%d ambiguous)", want, say(got), got.Ambiguous)
	}
}

func TestAReportMatchedAgainstItselfIsTheIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		expectIdentity(t, w, w)
	})
}

func TestLinesInsertedOrRemovedAboveChangeNothing(t *testing.T) {
	unrelated := rapid.SliceOfN(rapid.SampledFrom([]string{"", "// note", "import y", "}"}), 0, 12)
	above := func(t *rapid.T, w world) world {
		out := world{}
		for _, path := range slices.Sorted(maps.Keys(w)) {
			var lines []line
			for _, s := range unrelated.Draw(t, "above") {
				lines = append(lines, line{text: s})
			}
			out[path] = append(lines, w[path]...)
		}
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		expectIdentity(t, above(t, w), above(t, w))
	})
}

func TestUnrelatedLinesAnywhereChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := drawWorld(t), world{}
		for _, path := range slices.Sorted(maps.Keys(before)) {
			for n, l := range before[path] {
				if rapid.IntRange(0, 4).Draw(t, "insert") == 0 {
					after[path] = append(after[path], line{text: fmt.Sprintf("// note %d", n)})
				}
				after[path] = append(after[path], l)
			}
		}
		expectIdentity(t, before, after)
	})
}

func TestAllLinesShiftedChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := drawWorld(t), world{}
		by := make([]line, rapid.IntRange(1, 40).Draw(t, "by"))
		for path, lines := range before {
			after[path] = append(slices.Clone(by), lines...)
		}
		expectIdentity(t, before, after)
	})
}

// Findings are truly different where their ids are. Whatever is deleted and
// added, a number goes to one finding only, of the same rule, and what is
// neither the same text nor message is new.
func TestWhateverHappensNumbersAreGivenOnceAndWithinARule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tiers [][]match.Candidate
		rules := map[int64]string{}
		paths := map[int64][]string{} // where each was; a third of them may not have left
		no := int64(0)
		for range rapid.IntRange(0, 3).Draw(t, "tiers") {
			old, _ := drawWorld(t).scan(t, rapid.Bool().Draw(t, "source"), 1)
			from := rapid.Int64Range(1, no+1).Draw(t, "from") // tiers may share numbers
			c := knownFrom(from, drawPrints(t, old)...)
			for i := range c {
				if rule, ok := rules[c[i].No]; ok && rule != c[i].Rule {
					c[i].No = no + 1
				}
				rules[c[i].No] = c[i].Rule
				no = max(no, c[i].No)
				c[i].AnyFile = c[i].No%3 != 0
				paths[c[i].No] = append(paths[c[i].No], c[i].Place.Path)
			}
			tiers = append(tiers, c)
		}
		incoming, _ := drawWorld(t).scan(t, rapid.Bool().Draw(t, "source"), 2)
		incoming = drawPrints(t, incoming)
		got := match.Match(tiers, incoming)

		given, fresh := map[int64]bool{}, 0
		for i, n := range got.No {
			if (n == 0) != (got.How[i] == match.New) {
				t.Fatalf("finding %d: number %d by %s", i, n, got.How[i])
			}
			if n == 0 {
				fresh++
				continue
			}
			if given[n] {
				t.Fatalf("number %d was given twice: %v", n, say(got))
			}
			given[n] = true
			if rules[n] != incoming[i].Rule.ID {
				t.Fatalf("%s became number %d, which is %q", incoming[i].Rule.ID, n, rules[n])
			}
			if n%3 == 0 && !slices.Contains(paths[n], incoming[i].Place.Path) {
				t.Fatalf("number %d, in %v for good, was found in %s by %s", n, paths[n], incoming[i].Place.Path, got.How[i])
			}
		}
		if got.Ambiguous > fresh {
			t.Fatalf("%d ambiguous of %d new", got.Ambiguous, fresh)
		}

		// The report's order has no say. Every finding stands on a line of its own.
		order := rapid.Permutation(incoming).Draw(t, "order")
		again := match.Match(tiers, order)
		for i, x := range order {
			j := slices.IndexFunc(incoming, func(y finding.Finding) bool { return y.Place == x.Place })
			if again.No[i] != got.No[j] || again.How[i] != got.How[j] {
				t.Fatalf("%+v: %d by %s, and in another order %d by %s", x.Place, got.No[j], got.How[j], again.No[i], again.How[i])
			}
		}
	})
}

// Equals without context, of which another number came back on other lines.
func TestAmbiguityNeverAttaches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, m := rapid.IntRange(1, 6).Draw(t, "known"), rapid.IntRange(1, 6).Draw(t, "incoming")
		if n == m {
			t.Skip("equal numbers are in order")
		}
		text := rapid.SampledFrom([]string{"", "x"}).Draw(t, "text")
		elsewhere := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "path")
		if text == "" {
			elsewhere = "a"
		}
		var old, incoming []finding.Finding
		for i := range n {
			old = append(old, f("a", 2*i+1, text, ""))
		}
		for i := range m {
			incoming = append(incoming, f(elsewhere, 2*i+2, text, ""))
		}
		next := knownFrom(100, f("c", 1, text, "")) // would be a rename, had the first tier been empty
		got := match.Match([][]match.Candidate{known(old...), next}, incoming)
		if slices.ContainsFunc(got.No, func(no int64) bool { return no != 0 }) || got.Ambiguous != m {
			t.Fatalf("%d known, %d came: %v, %d ambiguous", n, m, say(got), got.Ambiguous)
		}
	})
}

// drawPrints gives some findings fingerprints, few different ones.
func drawPrints(t *rapid.T, findings []finding.Finding) []finding.Finding {
	value := rapid.SampledFrom([]string{"", "1", "2", "3"})
	for i := range findings {
		findings[i] = printed(findings[i], "p", value.Draw(t, "p"), "q", value.Draw(t, "q"))
	}
	return findings
}

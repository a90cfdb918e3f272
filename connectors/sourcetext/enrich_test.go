package sourcetext_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sourcetext"
)

func at(rule, path string, first, last int) finding.Finding {
	return finding.Finding{Kind: finding.SAST, Rule: finding.Rule{ID: rule}, Message: rule + " is bad",
		Place: &finding.Place{Path: path, StartLine: first, EndLine: last}}
}

// texts lists snippets with their ordinals.
func texts(fs []finding.Finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, fmt.Sprintf("%s %d", f.Parts.Snippet, f.Parts.Ordinal))
	}
	return out
}

func TestEnrichTakesTheReportedLines(t *testing.T) {
	s := &shelf{texts: map[string]string{
		"a.go": "package a\n\n\tx :=   eval(1)\ny(\n  2)\n\tx := eval(1)\r\n", "empty": ""}}
	fs := []finding.Finding{
		at("E1", "a.go", 6, 0), at("E1", "a.go", 3, 3), at("E2", "a.go", 4, 5), at("E1", "a.go", 99, 99),
		at("E1", "gone.go", 3, 3), at("E1", "empty", 1, 1), at("E3", "a.go", 2, 2), at("E3", "a.go", 0, 0), {Message: "no place"},
	}
	fs[4].Parts.Snippet = "from the report"
	stats, err := sourcetext.Enrich(t.Context(), s, someCommit, fs, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"x := eval(1) 1", "x := eval(1) 0", "y( 2) 0", " 0", "from the report 0", " 0", " 1", " 0", " 0"}
	if diff := cmp.Diff(want, texts(fs)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	hashes := sourcetext.LineHashes([]byte(s.texts["a.go"]))
	if fs[0].Parts.LineHash != hashes(6) || fs[2].Parts.LineHash != hashes(4) || fs[3].Parts.LineHash != "" {
		t.Errorf("line hashes %q %q %q", fs[0].Parts.LineHash, fs[2].Parts.LineHash, fs[3].Parts.LineHash)
	}
	if diff := cmp.Diff(sourcetext.Stats{Files: 3, Missing: 1, Enriched: 3, NoText: 5}, stats); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for path, times := range s.asked {
		if times != 1 {
			t.Errorf("%s was read %d times", path, times)
		}
	}
}

func TestEnrichKeepsSecretsToItself(t *testing.T) {
	const secret = "hunter2hunter2"
	s := &shelf{texts: map[string]string{"a.env": "PASSWORD=" + secret + "\n"}}
	secretAt := func() []finding.Finding {
		f := at("password", "a.env", 1, 1)
		f.Kind, f.Parts.Snippet = finding.Secret, "[redacted]"
		return []finding.Finding{f}
	}
	keyed := func(x string) string { return fmt.Sprintf("k%d", len(x)) }
	fs := secretAt()
	if _, err := sourcetext.Enrich(t.Context(), s, someCommit, fs, keyed); err != nil {
		t.Fatal(err)
	}
	plain, _, _ := strings.Cut(sourcetext.LineHashes([]byte(s.texts["a.env"]))(1), ":")
	if p := fs[0].Parts; p.Snippet != "[redacted:k23]" || strings.Contains(p.LineHash, plain) || p.LineHash != keyed(plain)+":1" {
		t.Errorf("%+v", p)
	}
	fs = secretAt()
	fs[0].Parts.Snippet = "[redacted:by the parser]"
	if _, err := sourcetext.Enrich(t.Context(), s, someCommit, fs, keyed); err != nil {
		t.Fatal(err)
	}
	if p := fs[0].Parts; p.Snippet != "[redacted:by the parser]" || p.LineHash == "" {
		t.Errorf("the parser's hash of the secret itself: %+v", p)
	}
	fs = secretAt()
	stats, err := sourcetext.Enrich(t.Context(), s, someCommit, fs, nil)
	if p := fs[0].Parts; err != nil || p.Snippet != "[redacted]" || p.LineHash != "" || stats.NoText != 1 {
		t.Errorf("without a key: %+v, %+v, %v", p, stats, err)
	}
}

func TestEnrichCutsLongSnippetsAndTellsThemApart(t *testing.T) {
	long := strings.Repeat("é", 5000)
	s := &shelf{texts: map[string]string{"a.js": long + "1\n" + long + "2\n" + "\xff\xfe\n"}}
	fs := []finding.Finding{at("R", "a.js", 1, 1), at("R", "a.js", 2, 2), at("R", "a.js", 3, 3)}
	if _, err := sourcetext.Enrich(t.Context(), s, someCommit, fs, nil); err != nil {
		t.Fatal(err)
	}
	a, b := fs[0].Parts.Snippet, fs[1].Parts.Snippet
	if len(a) > 450 || a == b || a[:300] != b[:300] {
		t.Errorf("%d bytes, equal: %v", len(a), a == b)
	}
	for _, f := range fs {
		if !utf8.ValidString(f.Parts.Snippet) {
			t.Errorf("%q is not UTF-8", f.Parts.Snippet)
		}
	}
}

func TestOrdinalsDoNotDependOnTheReportsOrder(t *testing.T) {
	s := &shelf{texts: map[string]string{"a.go": strings.Repeat("f()\n", 9)}}
	var fs []finding.Finding
	for line := 1; line <= 9; line++ {
		fs = append(fs, at("R", "a.go", line, line))
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(fs), func(i, j int) { fs[i], fs[j] = fs[j], fs[i] })
	if _, err := sourcetext.Enrich(t.Context(), s, someCommit, fs, nil); err != nil {
		t.Fatal(err)
	}
	for _, f := range fs {
		if f.Parts.Ordinal != f.Place.StartLine-1 {
			t.Errorf("line %d has ordinal %d", f.Place.StartLine, f.Parts.Ordinal)
		}
	}
}

func TestOrdinalsCountWithinAToolACategoryAndAPackage(t *testing.T) {
	fs := []finding.Finding{at("R", "a", 0, 0), at("R", "a", 0, 0), at("R", "a", 0, 0), at("R", "lock", 1, 1), at("R", "lock", 1, 1), at("R", "lock", 1, 1)}
	fs[0].Category = "java"
	fs[1].Scanner.Name = "other"
	for i, name := range []string{"x", "y", "x"} {
		fs[3+i].Package = &finding.Package{Name: name, Manifest: "lock"}
	}
	if _, err := sourcetext.Enrich(t.Context(), sourcetext.First(), someCommit, fs, nil); err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, f := range fs {
		got = append(got, f.Parts.Ordinal)
	}
	if diff := cmp.Diff([]int{0, 0, 0, 0, 0, 1}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestEnrichReportsWhyItCouldNotRead(t *testing.T) {
	down := errors.New("rate limited")
	stats, err := sourcetext.Enrich(t.Context(), &shelf{err: down}, someCommit, []finding.Finding{at("R", "a", 1, 1)}, nil)
	if err != nil || !errors.Is(stats.Err, down) || stats.Missing != 1 {
		t.Errorf("%+v, %v", stats, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sourcetext.Enrich(ctx, &shelf{err: ctx.Err()}, someCommit, []finding.Finding{at("R", "a", 1, 1)}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// Nothing that acts on a terminal gets through, however the text is cut into
// writes, and the cuts make no difference.
func TestNothingActsOnATerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "text") + "\n"
		var whole, pieces bytes.Buffer
		if _, err := (&visible{to: &whole}).Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		v := &visible{to: &pieces}
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "cut")
			if _, err := v.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if whole.String() != pieces.String() {
			t.Fatalf("written whole: %q, in pieces: %q", whole.String(), pieces.String())
		}
		if !utf8.Valid(whole.Bytes()) || strings.ContainsFunc(whole.String(), func(r rune) bool { return r != '\n' && r != '\t' && acts(r) }) {
			t.Fatalf("%q became %q", text, whole.String())
		}
	})
}

// Nothing from outside is a command to the runner of GitHub Actions, which reads what a step writes: a line that begins
// with two colons after blanks, or two hashes and a bracket anywhere.
func TestNothingIsACommandToARunner(t *testing.T) {
	for in, want := range map[string]string{
		"::error file=a::x\n":       ":\\u003aerror file=a::x\n",
		" \u00a0::add-mask::x\n":    " \u00a0:\\u003aadd-mask::x\n",
		"a ##[error]x ###[group]\n": "a ##\\u005berror]x ###\\u005bgroup]\n",
		"std::string: a ## [x]\n":   "std::string: a ## [x]\n",
	} {
		var out bytes.Buffer
		if _, err := (&visible{to: &out}).Write([]byte(in)); err != nil || out.String() != want {
			t.Errorf("%q became %q, want %q (%v)", in, out.String(), want, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		var out bytes.Buffer
		v := &visible{to: &out}
		for _, piece := range rapid.SliceOf(rapid.SampledFrom([]string{":", "::", "#", "##", "[", " ", "\n", "\u00a0", "a", "\t", "\r"})).Draw(t, "pieces") {
			if _, err := v.Write([]byte(piece)); err != nil {
				t.Fatal(err)
			}
		}
		for _, line := range strings.Split(out.String(), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
				t.Fatalf("%q", line)
			}
		}
	})
}

// JSON that passes through says the same as before.
func TestJSONSurvivesBeingMadeVisible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.String().Draw(t, "text")
		var out bytes.Buffer
		if err := writeJSON(&visible{to: &out}, want); err != nil {
			t.Fatal(err)
		}
		var got string
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || got != want {
			t.Fatalf("%q became %q (%v)", want, got, err)
		}
	})
}

func TestColumnsStandInLineWhateverTheyHold(t *testing.T) {
	table := table{head: []string{"PLACE", "RULE", "MESSAGE"}}
	table.add("src/\u202eevil.go:8", "R\x1b[2J", "one")
	table.add("a.go:1", "R2", "two")
	var out bytes.Buffer
	if err := table.write(&visible{to: &out}, 80); err != nil {
		t.Fatal(err)
	}
	want := "PLACE                RULE        MESSAGE\nsrc/\\u202eevil.go:8  R\\u001b[2J  one\na.go:1               R2          two\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestAnEmptyLastColumnKeepsItsPlace(t *testing.T) {
	table := table{head: []string{"AT", "DETAIL"}}
	table.add("2026-11-23", "")
	var out bytes.Buffer
	if err := table.write(&out, 0); err != nil {
		t.Fatal(err)
	}
	if want := "AT          DETAIL\n2026-11-23\n"; out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestATableFitsTheTerminal(t *testing.T) {
	table := table{head: []string{"FINDING", "MESSAGE"}}
	table.add("acme/shop:F1", "a message that\ngoes on and on and on and on")
	table.add("acme/shop:F2", "")
	var out bytes.Buffer
	if err := table.write(&out, 40); err != nil {
		t.Fatal(err)
	}
	want := "FINDING       MESSAGE\nacme/shop:F1  a message that goes on ...\nacme/shop:F2\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestATableFitsItsTerminal(t *testing.T) {
	rows := func() *table {
		t := &table{head: []string{"FINDING", "RULE", "PLACE", "MESSAGE"}}
		t.add("acme/a-shop-with-a-long-name:F12", "java.lang.security.audit.crypto.weak", "services/payment/src/main/java/Pay.java:120", "a weak cipher is used here")
		t.add("acme/shop:F1", "G204", "main.go:1", "short")
		return t
	}
	for _, width := range []int{0, 80, 100, 300} {
		var out strings.Builder
		if err := rows().write(&out, width); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "acme/a-shop-with-a-long-name:F12 ") {
			t.Errorf("width %d: a name that people copy is cut:\n%s", width, out.String())
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); width != 0 && n > width {
				t.Errorf("width %d: a line of %d:\n%s", width, n, out.String())
			}
		}
		if whole := strings.Contains(out.String(), "src/main/java/Pay.java:120"); whole != (width == 0 || width == 300) {
			t.Errorf("width %d: place whole: %v\n%s", width, whole, out.String())
		}
	}
}

// What does not fit beside a row is told below it, whole.
func TestATableFolds(t *testing.T) {
	ladder := table{head: []string{"COHORT", "STAGE", "NOISE", "NEXT"}}
	ladder.add("core/gosec/high", "advise", "4 %, 1 to 14 %, 79 % answered", "enforce: about 43 more clean answers; 3 complaints in a row would raise the alarm")
	ladder.add("core/gosec/low", "observe", "-", "-")
	var wide, narrow strings.Builder
	if err := ladder.folded("noise", "next").write(&wide, 200); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(wide.String(), "\n"); n != 3 {
		t.Errorf("%d lines where the terminal is wide enough:\n%s", n, wide.String())
	}
	if err := ladder.folded("noise", "next").write(&narrow, 60); err != nil {
		t.Fatal(err)
	}
	want := `COHORT           STAGE
core/gosec/high  advise
    noise  4 %, 1 to 14 %, 79 % answered
    next   enforce: about 43 more clean answers; 3
           complaints in a row would raise the alarm
core/gosec/low   observe
`
	if narrow.String() != want {
		t.Errorf("got\n%s\nwant\n%s", narrow.String(), want)
	}
}

// Elsewhere than on a terminal nothing is cut, and one long cell does not make
// every line as long.
func TestALongCellIsItsOwnRowsMatter(t *testing.T) {
	found := table{head: []string{"FINDING", "PLACE", "MESSAGE"}}
	found.add("acme/shop:F1", strings.Repeat("deep/", 40)+"main.go:1", "first")
	found.add("acme/shop:F2", "main.go:1", "second")
	var out strings.Builder
	if err := found.write(&out, 0); err != nil {
		t.Fatal(err)
	}
	want := "FINDING       PLACE" + strings.Repeat(" ", widestPad-5+gap) + "MESSAGE\n" +
		"acme/shop:F1  " + strings.Repeat("deep/", 40) + "main.go:1  first\n" +
		"acme/shop:F2  main.go:1" + strings.Repeat(" ", widestPad-9+gap) + "second\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestATableWithoutRowsSaysSo(t *testing.T) {
	for _, width := range []int{0, 20} {
		var out strings.Builder
		empty := table{head: []string{"COHORT", "NEXT"}}.folded("next")
		if err := empty.write(&out, width); err != nil || out.String() != "none\n" {
			t.Errorf("width %d: %q, %v", width, out.String(), err)
		}
	}
}

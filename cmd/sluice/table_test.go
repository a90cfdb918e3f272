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

package github

import (
	"testing"
)

// FuzzParseQuery: whatever comes in, the reader ends and does not panic; what it accepts has named fields only.
func FuzzParseQuery(f *testing.F) {
	f.Add(`query A($x: [ID!] = ["a"]) @d { a: b(c: $x, d: {e: [1, -2.5, null, true, X]}) { ... on T { f } ...g } } fragment g on T { h }`)
	f.Add(`{ a(b: "\"\u00e9") }`)
	f.Add("fragment a on T { ...a } { ...a }")
	f.Fuzz(func(t *testing.T, text string) {
		_, fields, err := parseQuery(text, map[string]any{"x": 1})
		if err != nil {
			return
		}
		var check func([]field)
		check = func(fields []field) {
			for _, x := range fields {
				if x.Name != "..." && !isName(x.Name) {
					t.Fatalf("field %q", x.Name)
				}
				check(x.Fields)
			}
		}
		check(fields)
	})
}

package github

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMarkerIsBoundToItsPlace(t *testing.T) {
	s := signer{key: []byte("0123456789abcdef"), repository: "7", number: 1}
	m := marker{kind: inComment, token: "tok", notice: 3}
	body := s.seal("text", m)
	m.digest = digestOf("text")
	if have, ok := s.open(body); !ok || have != m || !s.intact(body, have) {
		t.Fatalf("have %+v %v", have, ok)
	}
	edited := strings.Replace(body, "text", "a person's words", 1)
	if have, ok := s.open(edited); !ok || s.intact(edited, have) {
		t.Errorf("an edited body: %+v %v", have, ok)
	}
	older := "text\n\n<!-- sluice:1 comment tok 3 " + s.mac(marker{kind: inComment, token: "tok", notice: 3}) + " -->"
	if have, ok := s.open(older); !ok || have.token != "tok" || s.intact(older, have) {
		t.Errorf("a marker without a digest: %+v %v", have, ok)
	}
	elsewhere := map[string]signer{
		"key": {key: []byte("another key here"), repository: "7", number: 1}, "repository": {key: s.key, repository: "8", number: 1},
		"pull request": {key: s.key, repository: "7", number: 2},
	}
	for name, other := range elsewhere {
		if _, ok := other.open(body); ok {
			t.Errorf("valid with another %s", name)
		}
	}
	for _, change := range [][2]string{{"comment", "summary"}, {"tok", "tik"}, {" 3 ", " 4 "}, {"sluice:1", "sluice:2"}} {
		if _, ok := s.open(strings.Replace(body, change[0], change[1], 1)); ok {
			t.Errorf("valid after changing %q to %q", change[0], change[1])
		}
	}
	if have, ok := s.open("quoted: " + body + "\n" + s.seal("", marker{kind: inComment, token: "last", notice: 4})); !ok || have.token != "last" {
		t.Errorf("the last marker counts, have %+v %v", have, ok)
	}
}

// No rendered text can carry a marker of its own.
func TestNoMarkerFromOutside(t *testing.T) {
	s := signer{key: []byte("0123456789abcdef"), repository: "7", number: 1}
	rapid.Check(t, func(t *rapid.T) {
		forged := rapid.String().Draw(t, "before") + s.seal("", marker{kind: inComment, token: "x", notice: 1}) + rapid.String().Draw(t, "after")
		if out := text(forged, 1000); strings.Contains(out, "<!--") {
			t.Fatalf("prose: %q", out)
		}
		if m, ok := s.open(s.seal(code(forged, 1000), marker{kind: inComment, token: "ours", notice: 2})); !ok || m.token != "ours" {
			t.Fatalf("code: %+v", m)
		}
	})
}

func FuzzMarker(f *testing.F) {
	s := signer{key: []byte("0123456789abcdef"), repository: "7", number: 1}
	f.Add(s.seal("text", marker{kind: inReview, token: "tok"}))
	f.Add("<!-- sluice:1 comment a 99999999999999999999 00000000000000000000000000000000 -->")
	f.Add("<!-- sluice:1 <!-- sluice:1 comment")
	f.Fuzz(func(t *testing.T, body string) {
		m, ok := s.open(body)
		if ok && !strings.Contains(body, s.mac(m)) {
			t.Fatalf("%+v was never signed", m)
		}
		if again, ok := s.open(s.seal(body, marker{kind: inSummary, token: "ours", notice: 5})); !ok || again.token != "ours" {
			t.Fatalf("our own marker is not read back after %q", body)
		}
	})
}

func FuzzPatch(f *testing.F) {
	f.Add("@@ -1,2 +1,3 @@\n a\n+b\n c")
	f.Add("@@ -0,0 +1 @@\n+x\n\\ No newline at end of file")
	f.Fuzz(func(t *testing.T, patch string) {
		added, context, err := lines(patch)
		if err != nil {
			return
		}
		last := 0
		for _, r := range added {
			if r.First > r.Last || r.First <= last && last != 0 {
				t.Fatalf("added %v of %q", added, patch)
			}
			last = r.Last
		}
		for _, r := range context {
			if r.First > r.Last {
				t.Fatalf("context %v of %q", context, patch)
			}
		}
	})
}

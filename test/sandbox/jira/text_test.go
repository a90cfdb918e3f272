package jira_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

// TestTextsInBothForms holds testdata/texts: each name.wiki is put on version 2 and read as a document on version 3
// (name.json), and that document, put on version 3, is read as the same wiki text on version 2.
func TestTextsInBothForms(t *testing.T) {
	f := newFixture(t, jira.Options{})
	files, err := filepath.Glob("testdata/texts/*.wiki")
	if err != nil || len(files) == 0 {
		t.Fatal("no texts", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		f.must(err)
		wiki := strings.TrimSpace(string(data))
		key := f.make(m{"description": wiki})
		got := f.ask("sluice", "GET", "/rest/api/3/issue/"+key+"?fields=description", nil).at("fields", "description")
		golden := strings.TrimSuffix(file, ".wiki") + ".json"
		text, err := json.MarshalIndent(got, "", " ")
		f.must(err)
		if os.Getenv("UPDATE") != "" {
			f.must(os.WriteFile(golden, append(text, '\n'), 0o600))
		}
		want, err := os.ReadFile(golden)
		f.must(err)
		if diff := cmp.Diff(strings.TrimSpace(string(want)), string(text)); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
		if r := f.ask("sluice", "PUT", "/rest/api/3/issue/"+key, m{"fields": m{"description": got}}); r.status != 204 {
			t.Errorf("%s: the document is refused: %s", file, r.text)
		}
		if diff := cmp.Diff(wiki, f.issue(key).Description.Wiki); diff != "" {
			t.Errorf("%s, there and back: %s", file, diff)
		}
	}
}

// TestEscapedSignsAreOrdinary: with a backslash or as a character reference.
func TestEscapedSignsAreOrdinary(t *testing.T) {
	f := newFixture(t, jira.Options{})
	key := f.make(m{"description": `\(x\) \*a\* \[b\|https&#58;//c\] &#123;&#123;d&#125;&#125; \_e\_ &#38;lt; &#92;`})
	want := doc(`(x) *a* [b|https://c] {{d}} _e_ &lt; \`)
	want["version"] = 1.0
	got := f.ask("sluice", "GET", "/rest/api/3/issue/"+key+"?fields=description", nil).at("fields", "description")
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestDocumentsThatAreNone(t *testing.T) {
	f := newFixture(t, jira.Options{})
	key := f.make(m{"description": "as it was"})
	text := func(s string, marks ...any) m {
		n := m{"type": "text", "text": s}
		if marks != nil {
			n["marks"] = marks
		}
		return n
	}
	in := func(kind string, content ...any) m { return m{"type": kind, "content": content} }
	whole := func(content ...any) m { return m{"type": "doc", "version": 1, "content": content} }
	deep := in("paragraph", text("x"))
	for range 60 {
		deep = in("bulletList", in("listItem", deep))
	}
	for name, body := range map[string]any{
		"a string":            "text",
		"no version":          m{"type": "doc", "content": []any{}},
		"no content":          m{"type": "doc", "version": 1},
		"text at the top":     whole(text("x")),
		"empty text":          whole(in("paragraph", text(""))),
		"an unknown node":     whole(in("heading2", text("x"))),
		"a block in a line":   whole(in("paragraph", in("paragraph"))),
		"an unknown mark":     whole(in("paragraph", text("x", m{"type": "bold"}))),
		"a link to nowhere":   whole(in("paragraph", text("x", m{"type": "link"}))),
		"bold code":           whole(in("paragraph", text("x", m{"type": "code"}, m{"type": "strong"}))),
		"marks in code":       whole(in("codeBlock", text("x", m{"type": "strong"}))),
		"a heading of none":   whole(in("heading", text("x"))),
		"a heading of seven":  whole(m{"type": "heading", "attrs": m{"level": 7}, "content": []any{text("x")}}),
		"an empty list":       whole(m{"type": "bulletList"}),
		"a line in a list":    whole(in("bulletList", in("paragraph", text("x")))),
		"an unknown property": whole(m{"type": "paragraph", "text2": "x"}),
		"nested too deeply":   whole(deep),
		"too long":            doc(strings.Repeat("x", 32_768)),
	} {
		r := f.ask("sluice", "PUT", "/rest/api/3/issue/"+key, m{"fields": m{"description": body}})
		if r.status != 400 || r.wrong("description") == "" {
			t.Errorf("%s: %d %s", name, r.status, r.text)
		}
		if r := f.ask("sluice", "POST", "/rest/api/3/issue/"+key+"/comment", m{"body": body}); r.status != 400 || r.wrong("comment") == "" {
			t.Errorf("%s, as a comment: %d %s", name, r.status, r.text)
		}
	}
	if i := f.issue(key); i.Description.Wiki != "as it was" || len(i.Comments) != 0 {
		t.Errorf("kept: %+v", i)
	}
	if r := f.ask("sluice", "PUT", "/rest/api/2/issue/"+key, m{"fields": m{"description": doc("x")}}); r.status != 400 {
		t.Errorf("a document on version 2: %d", r.status)
	}
	if r := f.ask("sluice", "POST", "/rest/api/3/issue/"+key+"/comment", m{"body": doc("hello")}); r.status != 201 || r.at("body", "type") != "doc" {
		t.Errorf("a comment: %d %s", r.status, r.text)
	}
	if r := f.ask("sluice", "GET", "/rest/api/2/issue/"+key+"/comment", nil); !strings.Contains(r.text, `"body":"hello"`) {
		t.Errorf("as wiki text: %s", r.text)
	}
}

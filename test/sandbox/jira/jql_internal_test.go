package jira

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func smallWorld(t testing.TB) *call {
	s, err := New(t.TempDir(), Options{Clock: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddProject(Project{Key: "SEC"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateIssue("alice", "SEC", "Task", map[string]any{"summary": "s", "labels": []any{"a"}}); err != nil {
		t.Fatal(err)
	}
	return &call{s: s, version: "3", person: s.world.Person("alice")}
}

// FuzzJQL: whatever is asked, the answer is issues or a 400, and a query and its negation never find the same issue.
func FuzzJQL(f *testing.F) {
	for _, q := range []string{"project = SEC order by key desc, created", `labels in ("a", b) and not (status != Done or summary ~ 'x y')`, "created >= -7d && due is empty",
		"issue.property[k].a.b = 1", "a = \"\\\"", "cf[10] is not null", "assignee = currentUser() || text !~ x", "!!labels=a", "= )(,"} {
		f.Add(q)
	}
	c := smallWorld(f)
	f.Fuzz(func(t *testing.T, text string) {
		found, err := c.found(text, nil, false)
		var r *refusal
		if err != nil {
			if !errors.As(err, &r) || r.status != 400 {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		q, err := parse(text)
		if err != nil || q.where == nil || q.order != nil {
			return
		}
		other, err := c.found("not ("+text+")", nil, false)
		if err == nil && len(found)+len(other) != 1 {
			t.Errorf("%q: %d and its negation %d of 1", text, len(found), len(other))
		}
	})
}

// FuzzWiki: every wiki text is a document that Jira takes, and is shown without a tag that is not ours.
func FuzzWiki(f *testing.F) {
	for _, text := range []string{"h1. T\n* a\n** b\n# c\n\n{code:go}\nx\n{code}\n----\n{quote}\nq\n{quote}", "[a|javascript:x] {{c}} *b* _e_ \\*n\\*", "{code}", "** deep", "<script>", "{panel}\n{panel}", "{quote}\nh1. x\n{panel}\ny\n----\n{quote}", "{panel}\n{quote}\n{panel}\n* x", "#* x\n*# y"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // comes as JSON, so it never is
		}
		data, err := json.Marshal(documentOf(text))
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := json.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		if err := checkDocument(doc); err != nil {
			t.Errorf("%q: %v\n%s", text, err, data)
		}
		wikiOf(doc)
		shown := string(richHTML(doc))
		for rest := shown; ; {
			_, after, ok := strings.Cut(rest, "<")
			if !ok {
				break
			}
			tag, _, closed := strings.Cut(after, ">")
			name := strings.TrimPrefix(strings.Fields(tag + " x")[0], "/")
			if !closed || !strings.Contains(" p ul ol li blockquote pre code strong em del u a br hr div h3 h4 h5 h6 ", " "+name+" ") {
				t.Fatalf("%q is shown as %s", text, shown)
			}
			rest = after
		}
	})
}

package jira

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
)

// content is what we write of an issue and people may change: each field in
// one form for all the ways Jira may give it back.
type content struct{ title, body, due string }

// contentFields are the ids of a content's fields, in its order.
var contentFields = [...]string{"summary", "description", "duedate"}

func (c content) all() [3]string { return [3]string{c.title, c.body, c.due} }

// wanted is what the effect's notice is to say.
func (t *task) wanted() content {
	return content{title: strings.TrimSpace(t.notice.Task.Title), body: t.canonical(t.notice.Body), due: day(t.notice.Task.Due)}
}

// shown is what an issue says.
func (s *Surface) shown(i issue) content {
	c := content{title: strings.TrimSpace(i.Fields.Summary), due: i.Fields.Due}
	raw := strings.TrimSpace(string(i.Fields.Description))
	switch {
	case raw == "" || raw == "null":
	case s.config.Deployment == Cloud:
		c.body = s.canonical(raw)
	default:
		var text string
		if json.Unmarshal(i.Fields.Description, &text) == nil {
			c.body = s.canonical(text)
		} else {
			c.body = raw
		}
	}
	return c
}

// canonical is a body as it is compared. Jira may change line ends and blanks
// at the end of wiki text, and give the nodes of a document names of their own.
func (s *Surface) canonical(body string) string {
	if s.config.Deployment == DataCenter {
		lines := strings.Split(strings.ReplaceAll(body, "\r\n", "\n"), "\n")
		for n := range lines {
			lines[n] = strings.TrimRight(lines[n], " ")
		}
		return strings.TrimSpace(strings.Join(lines, "\n"))
	}
	var doc any
	if json.Unmarshal([]byte(body), &doc) != nil {
		return body
	}
	out, err := json.Marshal(bare(doc))
	if err != nil {
		return body
	}
	return string(out)
}

// bare is a document without what says nothing: null, empty lists and
// objects, and the ids an editor gives to nodes.
func bare(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, x := range v {
			if x = bare(x); x != nil && name != "localId" {
				out[name] = x
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case []any:
		var out []any
		for _, x := range v {
			out = append(out, bare(x))
		}
		if out == nil {
			return nil
		}
		return out
	}
	return v
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// posted are the hashes by which an edit by a person is seen, field by field,
// as Notice.Posted keeps them.
type posted [3]string

func (c content) posted() posted {
	var p posted
	for n, field := range c.all() {
		p[n] = promoter.HashBody(field)[:32]
	}
	return p
}

func (p posted) String() string { return strings.Join(p[:], ".") }

// readPosted takes what a notice remembers; nothing matches what it cannot read.
func readPosted(s string) posted {
	var p posted
	copy(p[:], strings.Split(s, "."))
	return p
}

// ours are the hashes to remember after we wrote: of what Jira gave back, if
// nobody else touched a field since, else of what we wrote.
func (t *task) ours(i issue, me string) posted {
	wrote, back := t.wanted().posted(), t.shown(i).posted()
	for n, field := range contentFields {
		if !i.wroteLast(field, me) {
			back[n] = wrote[n]
		}
	}
	return back
}

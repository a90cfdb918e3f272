package jira

import (
	"html"
	"regexp"
	"slices"
	"strings"
)

// documentOf reads wiki text (https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all): headings, lists,
// code, quotes, rules and paragraphs with links, monospace, bold and emphasis. What it does not know stays text.
func documentOf(wiki string) map[string]any {
	r := &wikiReader{lines: strings.Split(strings.ReplaceAll(wiki, "\r\n", "\n"), "\n")}
	return map[string]any{"type": "doc", "version": 1, "content": r.blocks("")}
}

type wikiReader struct{ lines []string }

var (
	wikiHeading = regexp.MustCompile(`^h([1-6])\.\s+(.*)$`)
	wikiFence   = regexp.MustCompile(`^\{(code|noformat)(?::([A-Za-z0-9#+-]*)[^}]*)?\}$`)
	wikiItem    = regexp.MustCompile(`^([*#]{1,10})\s+(.*)$`)
)

// blocks reads until a line that is end, or the last one.
func (r *wikiReader) blocks(end string) []any {
	out := []any{}
	for len(r.lines) > 0 {
		line := strings.TrimRight(r.lines[0], " ")
		if end != "" && line == end {
			r.lines = r.lines[1:]
			return out
		}
		switch m := wikiHeading.FindStringSubmatch(line); {
		case m != nil:
			r.lines = r.lines[1:]
			out = append(out, node("heading", wikiText(m[2]), "level", int(m[1][0]-'0')))
		case wikiFence.MatchString(line):
			out = append(out, r.code(wikiFence.FindStringSubmatch(line)))
		case line == "{quote}" || line == "{panel}":
			r.lines = r.lines[1:]
			inner := r.blocks(line)
			if line == "{quote}" {
				out = append(out, node("blockquote", fitting("blockquote", inner)))
			} else {
				out = append(out, node("panel", fitting("panel", inner), "panelType", "info"))
			}
		case line == "----":
			r.lines = r.lines[1:]
			out = append(out, node("rule", nil))
		case wikiItem.MatchString(line):
			out = append(out, r.list(1))
		case line == "":
			r.lines = r.lines[1:]
		default:
			out = append(out, r.paragraph())
		}
	}
	return out
}

// fitting makes paragraphs of the blocks that a node of this kind cannot hold; it is never empty.
func fitting(kind string, blocks []any) []any {
	out := []any{}
	for _, b := range blocks {
		n := b.(map[string]any)
		if text := plain(n); !slices.Contains(strings.Fields(contents[kind]), ref(n, "type")) {
			n = node("paragraph", nil)
			if text != "" {
				n["content"] = []any{map[string]any{"type": "text", "text": text}}
			}
		}
		out = append(out, n)
	}
	if len(out) == 0 {
		return []any{node("paragraph", nil)}
	}
	return out
}

func node(kind string, content []any, attrs ...any) map[string]any {
	n := map[string]any{"type": kind}
	if content != nil {
		n["content"] = content
	}
	if len(attrs) == 2 {
		n["attrs"] = map[string]any{attrs[0].(string): attrs[1]}
	}
	return n
}

func (r *wikiReader) code(m []string) map[string]any {
	r.lines = r.lines[1:]
	var text []string
	for len(r.lines) > 0 {
		line := r.lines[0]
		r.lines = r.lines[1:]
		if strings.TrimSpace(line) == "{"+m[1]+"}" {
			break
		}
		text = append(text, line)
	}
	var content []any
	if all := strings.Join(text, "\n"); all != "" {
		content = []any{map[string]any{"type": "text", "text": all}}
	}
	if m[2] != "" {
		return node("codeBlock", content, "language", m[2])
	}
	return node("codeBlock", content)
}

// list reads the items of a depth, and those below them.
func (r *wikiReader) list(depth int) map[string]any {
	kind := "bulletList"
	if m := wikiItem.FindStringSubmatch(r.lines[0]); m[1][min(depth, len(m[1]))-1] == '#' {
		kind = "orderedList"
	}
	items := []any{}
	for len(r.lines) > 0 {
		m := wikiItem.FindStringSubmatch(r.lines[0])
		if m == nil || len(m[1]) < depth {
			break
		}
		if len(m[1]) > depth && len(items) > 0 {
			last := items[len(items)-1].(map[string]any)
			last["content"] = append(last["content"].([]any), r.list(depth+1))
			continue
		}
		r.lines = r.lines[1:]
		items = append(items, node("listItem", []any{node("paragraph", wikiText(m[2]))}))
	}
	return node(kind, items)
}

// paragraph reads lines up to an empty one or one that begins something else.
func (r *wikiReader) paragraph() map[string]any {
	content := []any{}
	for n := 0; len(r.lines) > 0; n++ {
		line := strings.TrimRight(r.lines[0], " ")
		special := line == "" || line == "----" || line == "{quote}" || line == "{panel}" || wikiHeading.MatchString(line) || wikiFence.MatchString(line) || wikiItem.MatchString(line)
		if n > 0 && special {
			break
		}
		r.lines = r.lines[1:]
		if n > 0 {
			content = append(content, map[string]any{"type": "hardBreak"})
		}
		content = append(content, wikiText(line)...)
	}
	return node("paragraph", content)
}

var wikiInlines = regexp.MustCompile(`\{\{(.+?)\}\}|\[([^\[\]|\n]+)\|([^\[\]|\n]+)\]|\[(https?://[^\[\]|\s]+)\]|\*(\S|\S[^*\n]*?\S)\*|\b_(\S|\S[^_\n]*?\S)_\b`)

// wikiText reads text with marks. A backslash makes the next sign an ordinary one.
func wikiText(text string) []any {
	out := []any{}
	add := func(t string, mark string, href string) {
		if t == "" {
			return
		}
		n := map[string]any{"type": "text", "text": unescape(t)}
		if mark == "link" {
			n["marks"] = []any{map[string]any{"type": mark, "attrs": map[string]any{"href": href}}}
		} else if mark != "" {
			n["marks"] = []any{map[string]any{"type": mark}}
		}
		out = append(out, n)
	}
	rest := 0
	for _, m := range wikiInlines.FindAllStringSubmatchIndex(text, -1) {
		if m[0] > 0 && text[m[0]-1] == '\\' {
			continue
		}
		add(text[rest:m[0]], "", "")
		rest = m[1]
		group := func(n int) string {
			if m[2*n] < 0 {
				return ""
			}
			return text[m[2*n]:m[2*n+1]]
		}
		switch {
		case m[2] >= 0:
			add(group(1), "code", "")
		case m[4] >= 0:
			add(group(2), "link", group(3))
		case m[8] >= 0:
			add(group(4), "link", group(4))
		case m[10] >= 0:
			add(group(5), "strong", "")
		default:
			add(group(6), "em", "")
		}
	}
	add(text[rest:], "", "")
	return out
}

var (
	escaped   = regexp.MustCompile(`\\([][{}()*_#!?%@|^~+\-\\])`)
	reference = regexp.MustCompile(`&#[0-9]{1,7};`)
)

// unescape takes the backslashes from signs, and writes character references out, as Jira leaves them to the browser.
func unescape(text string) string {
	return reference.ReplaceAllStringFunc(escaped.ReplaceAllString(text, "$1"), html.UnescapeString)
}

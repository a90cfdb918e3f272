package jira

import (
	"fmt"
	"html"
	"html/template"
	"net/url"
	"strings"
)

// tags are the elements that show a node; the others show what is in them.
var tags = map[string]string{"paragraph": "p", "bulletList": "ul", "orderedList": "ol", "listItem": "li", "blockquote": "blockquote", "table": "table",
	"tableRow": "tr", "tableHeader": "th", "tableCell": "td", "expand": "details", "nestedExpand": "details"}

// richHTML shows a document. Everything in it is escaped; links lead to http, https and mail addresses only.
func richHTML(doc map[string]any) template.HTML {
	var b strings.Builder
	writeNode(&b, doc, 0)
	return template.HTML(b.String()) // every text in it is escaped
}

func writeNode(b *strings.Builder, n map[string]any, depth int) {
	if depth > 60 {
		return
	}
	attrs, _ := n["attrs"].(map[string]any)
	kind := ref(n, "type")
	open, shut := "", ""
	switch kind {
	case "text":
		writeText(b, n)
		return
	case "hardBreak":
		b.WriteString("<br>")
		return
	case "rule":
		b.WriteString("<hr>")
		return
	case "heading":
		level := fmt.Sprintf("h%d", 2+min(4, max(1, int(number(attrs["level"])))))
		open, shut = "<"+level+">", "</"+level+">"
	case "codeBlock":
		open, shut = "<pre>", "</pre>"
	case "panel":
		open, shut = `<div class="panel">`, "</div>"
	case "expand", "nestedExpand":
		open, shut = "<details><summary>"+html.EscapeString(ref(attrs, "title"))+"</summary>", "</details>"
	default:
		if tag := tags[kind]; tag != "" {
			open, shut = "<"+tag+">", "</"+tag+">"
		} else {
			b.WriteString(html.EscapeString(ref(attrs, "text", "url", "shortName")))
		}
	}
	b.WriteString(open)
	for _, x := range children(n) {
		writeNode(b, x, depth+1)
	}
	b.WriteString(shut)
}

// number reads a number as JSON or as Go has it.
func number(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case int:
		return float64(v)
	}
	return 0
}

func writeText(b *strings.Builder, n map[string]any) {
	text, marks := html.EscapeString(ref(n, "text")), marksOf(n)
	for _, m := range []struct{ mark, tag string }{{"code", "code"}, {"strong", "strong"}, {"em", "em"}, {"strike", "del"}, {"underline", "u"}} {
		if _, ok := marks[m.mark]; ok {
			text = "<" + m.tag + ">" + text + "</" + m.tag + ">"
		}
	}
	u, err := url.Parse(marks["link"])
	if err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "mailto") {
		text = `<a rel="nofollow noreferrer" href="` + html.EscapeString(u.String()) + `">` + text + "</a>"
	}
	b.WriteString(text)
}

package jira

import (
	"fmt"
	"slices"
	"strings"
)

// A document is rich text in the Atlassian Document Format
// (https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/): nodes with a type, content, marks and attrs.

const (
	blocks  = "paragraph heading bulletList orderedList codeBlock blockquote rule panel table expand mediaSingle mediaGroup blockCard taskList decisionList"
	inlines = "text hardBreak mention emoji inlineCard date status placeholder"
)

// contents says which nodes may be in which; a node that is missing has no content.
var contents = map[string]string{
	"doc": blocks, "paragraph": inlines, "heading": inlines, "bulletList": "listItem", "orderedList": "listItem",
	"listItem": "paragraph bulletList orderedList codeBlock mediaSingle", "codeBlock": "text",
	"blockquote": "paragraph bulletList orderedList codeBlock mediaSingle mediaGroup",
	"panel":      "paragraph heading bulletList orderedList blockCard mediaGroup mediaSingle codeBlock taskList rule decisionList",
	"expand":     strings.ReplaceAll(blocks, "expand ", "") + " nestedExpand", "nestedExpand": "paragraph heading mediaGroup mediaSingle codeBlock bulletList orderedList taskList panel blockquote rule",
	"table": "tableRow", "tableRow": "tableHeader tableCell", "tableHeader": "paragraph panel blockquote orderedList bulletList rule heading codeBlock mediaGroup mediaSingle blockCard nestedExpand taskList",
	"tableCell": "paragraph panel blockquote orderedList bulletList rule heading codeBlock mediaGroup mediaSingle blockCard nestedExpand taskList",
	"taskList":  "taskItem taskList", "taskItem": inlines, "decisionList": "decisionItem", "decisionItem": inlines, "mediaSingle": "media caption", "mediaGroup": "media", "caption": inlines,
}

// needs are the attributes a node must have.
var needs = map[string]string{"heading": "level", "panel": "panelType", "mention": "id", "emoji": "shortName", "date": "timestamp", "status": "text"}

const marks = "strong em code strike underline subsup link textColor backgroundColor border"

func checkDocument(doc map[string]any) error {
	if doc["type"] != "doc" || doc["version"] != 1.0 {
		return fmt.Errorf("a document has type doc and version 1")
	}
	if _, ok := doc["content"].([]any); !ok {
		return fmt.Errorf("a document has content")
	}
	return checkNode(doc, 0)
}

func checkNode(n map[string]any, depth int) error {
	kind, _ := n["type"].(string)
	if depth > 50 {
		return fmt.Errorf("nodes are nested too deeply")
	}
	for key := range n {
		if !slices.Contains([]string{"type", "content", "text", "marks", "attrs", "version"}, key) {
			return fmt.Errorf("%s has no %s", kind, key)
		}
	}
	attrs, _ := n["attrs"].(map[string]any)
	if a := needs[kind]; a != "" && attrs[a] == nil {
		return fmt.Errorf("%s needs attrs.%s", kind, a)
	}
	if level, _ := attrs["level"].(float64); kind == "heading" && (level < 1 || level > 6) {
		return fmt.Errorf("a heading's level is between 1 and 6")
	}
	if kind == "text" {
		return checkText(n)
	}
	inner, _ := n["content"].([]any)
	if len(inner) == 0 && strings.Contains(" bulletList orderedList listItem table tableRow blockquote panel expand ", " "+kind+" ") {
		return fmt.Errorf("%s needs content", kind)
	}
	for _, x := range inner {
		child, _ := x.(map[string]any)
		name, _ := child["type"].(string)
		if name == "" || !slices.Contains(strings.Fields(contents[kind]), name) {
			return fmt.Errorf("%s cannot hold %q", kind, name)
		}
		if kind == "codeBlock" && child["marks"] != nil {
			return fmt.Errorf("text in a codeBlock has no marks")
		}
		if err := checkNode(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func checkText(n map[string]any) error {
	if text, _ := n["text"].(string); text == "" {
		return fmt.Errorf("text is never empty")
	}
	list, _ := n["marks"].([]any)
	var names []string
	for _, m := range list {
		mark, _ := m.(map[string]any)
		name, _ := mark["type"].(string)
		if !slices.Contains(strings.Fields(marks), name) {
			return fmt.Errorf("there is no mark %q", name)
		}
		if attrs, _ := mark["attrs"].(map[string]any); name == "link" && ref(attrs, "href") == "" {
			return fmt.Errorf("a link needs attrs.href")
		}
		names = append(names, name)
	}
	if slices.Contains(names, "code") {
		for _, name := range names {
			if name != "code" && name != "link" {
				return fmt.Errorf("code goes with no other mark than link")
			}
		}
	}
	return nil
}

// children are a node's nodes.
func children(n map[string]any) []map[string]any {
	var out []map[string]any
	list, _ := n["content"].([]any)
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// marksOf are a text's marks by name; a link's value is its address.
func marksOf(n map[string]any) map[string]string {
	out := map[string]string{}
	list, _ := n["marks"].([]any)
	for _, x := range list {
		m, _ := x.(map[string]any)
		out[ref(m, "type")] = ref(m["attrs"], "href", "type")
	}
	return out
}

// wikiOf writes a document as wiki text.
func wikiOf(doc map[string]any) string {
	return strings.TrimSpace(wikiBlocks(doc, ""))
}

// wikiBlocks writes the blocks in a node; bullets are the signs of the lists around it.
func wikiBlocks(n map[string]any, bullets string) string {
	var parts []string
	for _, b := range children(n) {
		kind := ref(b, "type")
		attrs, _ := b["attrs"].(map[string]any)
		switch kind {
		case "heading":
			parts = append(parts, fmt.Sprintf("h%v. %s", attrs["level"], wikiInline(b)))
		case "codeBlock":
			open := "{code}"
			if language := ref(attrs, "language"); language != "" {
				open = "{code:" + language + "}"
			}
			parts = append(parts, open+"\n"+plain(b)+"\n{code}")
		case "bulletList", "orderedList":
			sign := map[string]string{"bulletList": "*", "orderedList": "#"}[kind]
			parts = append(parts, wikiList(b, bullets+sign))
		case "blockquote":
			parts = append(parts, "{quote}\n"+wikiBlocks(b, "")+"\n{quote}")
		case "panel":
			parts = append(parts, "{panel}\n"+wikiBlocks(b, "")+"\n{panel}")
		case "rule":
			parts = append(parts, "----")
		case "table":
			parts = append(parts, wikiTable(b))
		case "paragraph":
			parts = append(parts, wikiInline(b))
		default:
			parts = append(parts, wikiBlocks(b, bullets)+plain(b))
		}
	}
	return strings.Join(parts, "\n\n")
}

func wikiList(n map[string]any, bullets string) string {
	var lines []string
	for _, item := range children(n) {
		for k, b := range children(item) {
			switch kind := ref(b, "type"); {
			case kind == "bulletList":
				lines = append(lines, wikiList(b, bullets+"*"))
			case kind == "orderedList":
				lines = append(lines, wikiList(b, bullets+"#"))
			case k == 0:
				lines = append(lines, bullets+" "+wikiInline(b))
			default:
				lines = append(lines, wikiBlocks(map[string]any{"content": []any{b}}, ""))
			}
		}
	}
	return strings.Join(lines, "\n")
}

func wikiTable(n map[string]any) string {
	var lines []string
	for _, row := range children(n) {
		line := ""
		for _, cell := range children(row) {
			bar := "|"
			if ref(cell, "type") == "tableHeader" {
				bar = "||"
			}
			line += bar + strings.ReplaceAll(wikiBlocks(cell, ""), "\n", " ")
		}
		lines = append(lines, line+"|")
	}
	return strings.Join(lines, "\n")
}

// wikiInline writes the text in a node with its marks.
func wikiInline(n map[string]any) string {
	var b strings.Builder
	for _, x := range children(n) {
		attrs, _ := x["attrs"].(map[string]any)
		switch ref(x, "type") {
		case "hardBreak":
			b.WriteString("\n")
		case "text":
			b.WriteString(wikiMarked(ref(x, "text"), marksOf(x)))
		case "mention":
			b.WriteString("[~accountid:" + ref(attrs, "id") + "]")
		default:
			b.WriteString(ref(attrs, "url", "text", "shortName", "timestamp"))
		}
	}
	return b.String()
}

func wikiMarked(text string, marks map[string]string) string {
	for _, m := range []struct{ name, open, close string }{{"code", "{{", "}}"}, {"strong", "*", "*"}, {"em", "_", "_"}, {"strike", "-", "-"}, {"underline", "+", "+"}} {
		if _, ok := marks[m.name]; ok {
			text = m.open + text + m.close
		}
	}
	if href := marks["link"]; href != "" {
		if href == text {
			return "[" + href + "]"
		}
		text = "[" + text + "|" + href + "]"
	}
	return text
}

// plain is the text in a node without anything.
func plain(n map[string]any) string {
	if text, ok := n["text"].(string); ok {
		return text
	}
	var b strings.Builder
	for _, x := range children(n) {
		b.WriteString(plain(x))
	}
	return b.String()
}

// document is the text as a document.
func (t Text) document() map[string]any {
	if t.Document != nil {
		return t.Document
	}
	return documentOf(t.Wiki)
}

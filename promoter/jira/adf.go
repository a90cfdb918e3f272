package jira

import (
	"bytes"
	"encoding/json"

	"github.com/sluice-sec/sluice/promoter/wording"
)

// node is one node of the Atlassian Document Format
// (https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/).
// Text in it is never parsed for markup, so foreign text needs no escaping.
type node struct {
	Type    string         `json:"type"`
	Version int            `json:"version,omitempty"`
	Text    string         `json:"text,omitempty"`
	Marks   []node         `json:"marks,omitempty"`
	Attrs   map[string]any `json:"attrs,omitempty"`
	Content []node         `json:"content,omitempty"`
}

// adf writes a document as Cloud stores it, as JSON.
func adf(d document) string {
	root := node{Type: "doc", Version: 1}
	for _, b := range d {
		root.Content = append(root.Content, adfBlock(b))
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(root); err != nil {
		panic(err) // strings and numbers only
	}
	return string(bytes.TrimSpace(out.Bytes()))
}

func adfBlock(b block) node {
	switch b.kind {
	case list:
		n := node{Type: "bulletList"}
		for _, item := range b.items {
			n.Content = append(n.Content, node{Type: "listItem", Content: []node{{Type: "paragraph", Content: adfLine(item)}}})
		}
		return n
	case codeBlock:
		n := node{Type: "codeBlock"}
		if text := wording.Visible(b.code, true); text != "" {
			n.Content = []node{{Type: "text", Text: text}}
		}
		return n
	}
	return node{Type: "paragraph", Content: adfLine(b.line)}
}

func adfLine(spans []span) []node {
	var out []node
	for _, s := range spans {
		if s.mark == lineBreak {
			out = append(out, node{Type: "hardBreak"})
			continue
		}
		n := node{Type: "text", Text: wording.Visible(s.text, false)}
		if n.Text == "" {
			continue // text is never empty
		}
		switch s.mark {
		case strong:
			n.Marks = append(n.Marks, node{Type: "strong"})
		case code:
			n.Marks = append(n.Marks, node{Type: "code"})
		}
		if s.href != "" {
			n.Marks = append(n.Marks, node{Type: "link", Attrs: map[string]any{"href": s.href}})
		}
		out = append(out, n)
	}
	return out
}

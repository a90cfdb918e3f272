package jira

import "unicode/utf16"

// A document is what a task or comment says, as structure. The two writers
// (adf, wiki) escape every text in it, so that nothing from outside keeps a
// meaning, and neither does anything of ours.
type document []block

type blockKind int

const (
	paragraph blockKind = iota
	list
	codeBlock
)

// block is one paragraph, one list or some code.
type block struct {
	kind  blockKind
	line  []span   // paragraph
	items [][]span // list: each item is one line
	code  string   // code
}

type mark int

const (
	plain mark = iota
	strong
	code
	lineBreak // has no text
)

// span is text in one manner. href is a checked address or "".
type span struct {
	text string
	mark mark
	href string
}

// markup writes a document as a deployment stores it.
type markup func(document) string

// units is a text's length as Jira, which is Java, counts it.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

func say(text string) span    { return span{text: text} }
func loud(text string) span   { return span{text: text, mark: strong} }
func quoted(text string) span { return span{text: text, mark: code} }
func newLine() span           { return span{mark: lineBreak} }

func textBlock(line ...span) block { return block{kind: paragraph, line: line} }

// line joins spans with blanks and leaves out those without text.
func line(spans ...span) []span {
	var out []span
	for _, s := range spans {
		if s.text == "" && s.mark != lineBreak {
			continue
		}
		if len(out) > 0 && s.mark != lineBreak && out[len(out)-1].mark != lineBreak {
			out = append(out, say(" "))
		}
		out = append(out, s)
	}
	return out
}

// phrase joins lines with blanks and leaves out those without spans.
func phrase(lines ...[]span) []span {
	var out []span
	for _, l := range lines {
		if len(l) > 0 && len(out) > 0 {
			out = append(out, say(" "))
		}
		out = append(out, l...)
	}
	return out
}

package jira

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/sluice-sec/sluice/promoter/wording"
)

// wiki writes a document as Data Center stores it, in wiki text
// (https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all).
func wiki(d document) string {
	parts := make([]string, 0, len(d))
	for _, b := range d {
		switch b.kind {
		case list:
			var items []string
			for _, item := range b.items {
				items = append(items, "* "+wikiLine(item))
			}
			parts = append(parts, strings.Join(items, "\n"))
		case codeBlock:
			parts = append(parts, "{noformat}\n"+fence.ReplaceAllString(wording.Visible(b.code, true), "{\u200bnoformat")+"\n{noformat}")
		default:
			parts = append(parts, wikiLine(b.line))
		}
	}
	return strings.Join(parts, "\n\n")
}

// fence ends the block that code stands in. Nothing is escaped there, so an
// invisible break is put into it.
var fence = regexp.MustCompile(`(?i)\{noformat`)

// lineStart is what has a meaning at the beginning of a line only.
var lineStart = regexp.MustCompile(`^(h[1-6]|bq)\.`)

func wikiLine(spans []span) string {
	var out strings.Builder
	atStart := true
	for _, s := range spans {
		if s.mark == lineBreak {
			out.WriteByte('\n')
			atStart = true
			continue
		}
		text := wikiText(wording.Visible(s.text, false))
		if atStart && lineStart.MatchString(text) {
			text = entity(rune(text[0])) + text[1:]
		}
		if strings.TrimSpace(text) == "" {
			out.WriteString(text)
			continue
		}
		atStart = false
		switch s.mark {
		case strong:
			text = "*" + text + "*"
		case code:
			text = "{{" + text + "}}"
		}
		if s.href != "" {
			text = "[" + text + "|" + wikiAddress.Replace(s.href) + "]"
		}
		out.WriteString(text)
	}
	return out.String()
}

// wikiText takes every meaning from a text. A backslash does it for the signs
// that Jira's renderer knows to escape; a character reference for the others:
// it is made HTML last and shows the sign itself.
func wikiText(s string) string {
	var out strings.Builder
	for i, r := range s {
		switch r {
		case '&', '\\', '{', '}', '<', '>':
			out.WriteString(entity(r))
		case ':', ';': // http:, :D
			if next := s[i+1:]; next == "" || next[0] == ' ' {
				out.WriteRune(r)
			} else {
				out.WriteString(entity(r))
			}
		case '-', '#', '*', '_', '+', '?', '^', '~', '|', '%', '[', ']', '(', ')', '!', '@':
			out.WriteByte('\\')
			out.WriteRune(r)
		default:
			out.WriteRune(r)
		}
	}
	return bareHost.ReplaceAllString(out.String(), "$1&#46;")
}

// bareHost is a name that is linked without an address's scheme.
var bareHost = regexp.MustCompile(`(?i)\b(www|ftp)\.`)

func entity(r rune) string { return fmt.Sprintf("&#%d;", r) }

var wikiAddress = strings.NewReplacer("|", "%7C", "]", "%5D", "[", "%5B", "{", "%7B", "}", "%7D", "\\", "%5C", "^", "%5E", "~", "%7E", "!", "%21", "*", "%2A", "_", "%5F", "(", "%28", ")", "%29")

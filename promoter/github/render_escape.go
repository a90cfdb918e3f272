package github

import (
	"regexp"
	"strings"

	"github.com/sluice-sec/sluice/promoter/wording"
)

// What comes from scanners, repositories and settings is hostile until it went
// through one of the functions here: text for prose, code for names, block for
// source, link for addresses. GitHub's own filters for mentions, issue numbers
// and hashes run after Markdown, on the text it leaves, so that escaping does
// not stop them; an invisible break inside the word does, and so does a code
// span. https://docs.github.com/en/get-started/writing-on-github

// wordBreak is put inside words that GitHub would link. Foreign ones are made
// visible first, so each in a body is ours.
const wordBreak = '\u200b'

var breaks = []struct {
	form *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`@`), "@\u200b"},
	{regexp.MustCompile(`#([0-9])`), "#\u200b$1"},
	{regexp.MustCompile(`(?i)(gh)-([0-9])`), "$1-\u200b$2"},
	{regexp.MustCompile(`:/`), ":\u200b/"},
	{regexp.MustCompile(`(?i)(www)(\.|$)`), "$1\u200b$2"}, // a full stop of ours may follow
	{regexp.MustCompile(`(?i)(mailto|xmpp):`), "$1\u200b:"},
}

var (
	emoji = regexp.MustCompile(`:([a-zA-Z0-9_+-]+:)`)
	hash  = regexp.MustCompile(`[0-9a-fA-F]{7,}`) // GitHub links a commit from seven digits on
)

// text makes prose of one line, at most so many characters of the original.
func text(s string, most int) string {
	s = wording.Line(s, most)
	for _, b := range breaks {
		s = b.form.ReplaceAllString(s, b.with)
	}
	s = hash.ReplaceAllStringFunc(s, inSixes)
	for emoji.MatchString(s) {
		s = emoji.ReplaceAllString(s, ":\u200b$1")
	}
	var out strings.Builder
	for i, r := range s {
		switch r {
		case '&':
			out.WriteString("&amp;")
		case '<':
			out.WriteString("&lt;")
		case '>':
			out.WriteString("&gt;")
		case '$':
			out.WriteString("<span>$</span>") // GitHub's way to have one beside mathematics
		case wordBreak:
			out.WriteString("&#8203;")
		case '\\', '`', '*', '_', '[', ']', '|', '~', '!', '#', '^', '{', '}':
			out.WriteByte('\\')
			out.WriteRune(r)
		case '-', '+', '=', '/', '.', ')':
			if strings.Trim(s[:i], "0123456789") == "" { // would begin a list, a heading or another bot's command
				out.WriteByte('\\')
			}
			out.WriteRune(r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

func inSixes(digits string) string {
	var parts []string
	for len(digits) > 6 {
		parts = append(parts, digits[:6])
		digits = digits[6:]
	}
	return strings.Join(append(parts, digits), string(wordBreak))
}

// code makes a code span of one line, at most so many characters.
func code(s string, most int) string {
	s = wording.Line(s, most)
	if s == "" {
		return "(none)"
	}
	fence := strings.Repeat("`", longestRun(s)+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

// block makes a fenced block. info is ours.
func block(s, info string) string {
	fence := strings.Repeat("`", max(3, longestRun(s)+1))
	if s != "" {
		s += "\n"
	}
	return fence + info + "\n" + s + fence
}

func longestRun(s string) int {
	longest, run := 0, 0
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// link makes a link of an address if it is a plain https one, else "". label
// is ours.
func link(label, address string) string {
	u := wording.Address(address)
	if u == nil || strings.Contains(u.Host, "github") && notifying.MatchString(u.Path) {
		return "" // the latter would leave a reference in somebody's issue
	}
	return "[" + label + "](" + unlinkable.Replace(u.String()) + ")"
}

var (
	notifying  = regexp.MustCompile(`(?i)/(issues|pull|discussions|commit)/`)
	unlinkable = strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", `"`, "%22", "'", "%27",
		"\\", "%5C", "`", "%60", "*", "%2A", "_", "%5F", "[", "%5B", "]", "%5D", "|", "%7C", "$", "%24", "@", "%40", "&", "&amp;")
)

package clean

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/sluice-sec/sluice/connectors/finding"
)

const redacted = "[redacted]"

// Redact takes a secret out of a finding: what identifies it is a keyed hash of
// the matched text, in place of the snippet. secret is what was matched, empty
// where the report does not tell; shown is whatever else of the source the report
// shows. hash may be nil: then nothing tells secrets apart.
func Redact(f *finding.Finding, secret, shown string, hash func(string) string) {
	if secret = strings.TrimSpace(secret); masked(secret) {
		secret = ""
	}
	f.Fix = nil
	f.Parts.Snippet = ""
	if secret != "" {
		f.Parts.Snippet = redacted
		if hash != nil {
			f.Parts.Snippet = "[redacted:" + hash(secret) + "]"
		}
	}
	hidden := secretWords(secret, shown)
	f.Message = hide(f.Message, hidden, f.Rule.ID)
	f.Parts.Symbol = hide(f.Parts.Symbol, hidden, f.Rule.ID)
	f.Rule.Name = hide(f.Rule.Name, hidden, f.Rule.ID)
	f.Rule.Description = hide(f.Rule.Description, hidden, f.Rule.ID)
	for name, value := range f.Parts.Fingerprints {
		if hide(value, hidden, value) != value {
			delete(f.Parts.Fingerprints, name)
		}
	}
}

// masked: some scanners redact secrets themselves, and then there is nothing to
// hash.
func masked(secret string) bool {
	return strings.Trim(secret, "*xX.") == "" || strings.EqualFold(strings.Trim(secret, "[]<>*"), "redacted")
}

var quoted = regexp.MustCompile("\"[^\"]{4,}\"|'[^']{4,}'|`[^`]{4,}`")

// secretWords lists what of a snippet must not be repeated
// elsewhere: the match, all of it, what stands in quotes or after = or :, and
// words that do not look like words.
func secretWords(secret, snippet string) []string {
	list := []string{secret, strings.TrimSpace(snippet)}
	for _, text := range []string{secret, snippet} {
		for _, q := range quoted.FindAllString(text, maxEntries) {
			list = append(list, q[1:len(q)-1])
		}
		if i := strings.IndexAny(text, "=:"); i >= 0 {
			list = append(list, strings.Trim(text[i+1:], " \t\r\n\"'`;,"))
		}
		for _, w := range strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("\"'`=:,;()", r) }) {
			if len(w) >= 8 && strings.ContainsFunc(w, unicode.IsDigit) {
				list = append(list, w)
			}
		}
	}
	return slices.DeleteFunc(list, func(w string) bool { return len(w) < 4 })
}

// random matches what is long and mixed enough to be a key, whether or not a
// snippet showed it.
var random = regexp.MustCompile(`[A-Za-z0-9+_=-]{20,}`)

// maxHidden bounds a text in which marks, which are longer, stand for words, in bytes.
const maxHidden = 16 << 10

// hide replaces words, and what looks like a key, in text. The rule's id stays:
// some are UUIDs.
func hide(text string, words []string, ruleID string) string {
	text = random.ReplaceAllStringFunc(mark(text, words), func(w string) string {
		if strings.Contains(ruleID, w) || !strings.ContainsAny(w, "0123456789") {
			return w
		}
		return redacted
	})
	if len(text) > maxHidden {
		text = strings.ToValidUTF8(text[:maxHidden], "")
	}
	return text
}

// mark puts one mark in the place of each stretch of text that words cover. It looks
// for them in the text alone, never in marks: a report may choose words that stand in
// a mark, and each would make more of the others.
func mark(text string, words []string) string {
	covered := make([]bool, len(text))
	for _, w := range words {
		until := 0
		for at := 0; at <= len(text)-len(w); at++ {
			found := strings.Index(text[at:], w)
			if found < 0 {
				break
			}
			at += found
			for i := max(at, until); i < at+len(w); i++ {
				covered[i] = true
			}
			until = at + len(w)
		}
	}
	var out strings.Builder
	for i := range len(text) {
		switch {
		case !covered[i]:
			out.WriteByte(text[i])
		case i == 0 || !covered[i-1]:
			out.WriteString(redacted)
		}
	}
	return out.String()
}

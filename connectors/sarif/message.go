package sarif

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// words finds a result's message: its text; else the rule's, then the tool's
// message of that id; else, so that no finding is mute, what the rule describes.
func (r *run) words(m message, where *component, one *rule) string {
	text := m.text
	if text == "" && m.id != "" {
		if text = one.messages[m.id]; text == "" {
			text = where.messages[m.id]
		}
	}
	if text == "" {
		return one.Description
	}
	return fill(text, m.arguments)
}

// fill puts arguments in the place of {0}, {1}, ... and unescapes doubled braces
// (SARIF 3.11.5). Without arguments the text stays as it is: many scanners write
// braces they do not mean. So does a placeholder without an argument.
func fill(text string, arguments []string) string {
	if len(arguments) == 0 || !strings.ContainsAny(text, "{}") {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text) && out.Len() < maxMessage; i++ {
		c := text[i]
		if (c == '{' || c == '}') && strings.HasPrefix(text[i+1:], string(c)) {
			i++
		} else if c == '{' {
			if end := strings.IndexByte(text[i:], '}'); end > 0 {
				n, err := strconv.Atoi(text[i+1 : i+end])
				if err == nil && n >= 0 && n < len(arguments) {
					out.WriteString(arguments[n])
					i += end
					continue
				}
			}
		}
		out.WriteByte(c)
	}
	return out.String()
}

// sentences folds white space and keeps the first two sentences, or about 300
// bytes: what fits in a comment.
func sentences(text string) string {
	text = fold(text, 300)
	seen := 0
	for i := 0; i+1 < len(text); i++ {
		if (text[i] == '.' || text[i] == '!' || text[i] == '?') && text[i+1] == ' ' {
			if seen++; seen == 2 {
				return text[:i+1]
			}
		}
	}
	return text
}

// fold turns every run of white space into one space and cuts at limit bytes.
func fold(text string, limit int) string {
	if short := strings.TrimSpace(text); len(short) <= limit && 2*len(short) >= len(text) && !hasGap(short) {
		return short
	}
	out := make([]byte, 0, min(len(text), limit))
	gap := false
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		if unicode.IsSpace(r) {
			gap = len(out) > 0
		} else {
			if len(out)+size+1 > limit {
				break
			}
			if gap {
				out = append(out, ' ')
				gap = false
			}
			out = append(out, text[i:i+size]...)
		}
		i += size
	}
	return string(out)
}

// hasGap tells whether folding would change a trimmed text; true in doubt.
func hasGap(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= utf8.RuneSelf || c == ' ' && text[i+1] == ' ' {
			return true
		}
	}
	return false
}

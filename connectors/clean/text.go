package clean

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sentences folds white space and keeps the first two sentences, or about 300
// bytes: what fits in a comment.
func Sentences(text string) string {
	text = Fold(text, 300)
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

// Fold turns every run of white space into one space and cuts at limit bytes.
func Fold(text string, limit int) string {
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
			size += word(text[i+size:], limit-1-len(out)-size) // most text is words
			out = append(out, text[i:i+size]...)
		}
		i += size
	}
	return string(out)
}

// word is how many of the first bytes of a text, at most limit, are visible ASCII.
func word(text string, limit int) (n int) {
	for n < len(text) && n < limit && text[n] > ' ' && text[n] < utf8.RuneSelf {
		n++
	}
	return n
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

// Snippet is what is kept of reported lines: their text folded, and cut at a KiB.
func Snippet(code string) string { return Fold(code, 1<<10) }

// URL is an address that a reader may be sent to, or "".
func URL(address string) string {
	address = strings.TrimSpace(address)
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(address) > 1<<10 {
		return ""
	}
	return address
}

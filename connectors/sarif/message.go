package sarif

import (
	"strconv"
	"strings"
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

package connectors

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// template is a path with wildcards and captures, cut at its slashes.
type template struct {
	text     string    // as configured
	fixed    string    // the leading folders without wildcards, forward slashes; "." if none
	segments []segment // the rest; the last one names files
}

// segment matches one folder's or file's name.
type segment struct {
	deep  bool // "**": any number of folders, also none
	dots  bool // may match a name that begins with a dot
	short *regexp.Regexp
	long  *regexp.Regexp // the same language, longest first: differs from short where a name reads two ways
}

var capturePattern = regexp.MustCompile(`\{([^{}]*)\}`)

// CheckTemplate says what is wrong with an entry of Config.Paths, if anything.
func CheckTemplate(text string) error {
	_, err := parseTemplate(text)
	return err
}

// parseTemplate reads a template. Wildcards are *, ? and, alone between two
// slashes, **; captures are names in braces.
func parseTemplate(text string) (template, error) {
	t := template{text: text}
	slashed := strings.ReplaceAll(filepath.ToSlash(text), "{repository}", "{owner}/{name}")
	if slashed == "" || strings.HasSuffix(slashed, "/") {
		return t, errors.New("it names no file")
	}
	if err := checkCaptures(slashed); err != nil {
		return t, err
	}
	// A name is fixed up to the first wildcard; the file itself never is.
	parts := strings.Split(slashed, "/")
	n := 0
	for n < len(parts)-1 && !strings.ContainsAny(parts[n], "*?{") {
		n++
	}
	t.fixed = path.Clean(strings.Join(parts[:n], "/"))
	if n == 1 && parts[0] == "" {
		t.fixed = "/"
	}
	for _, part := range parts[n:] {
		if part == "" || part == "." {
			continue
		}
		s, err := parseSegment(part)
		if err != nil {
			return t, err
		}
		t.segments = append(t.segments, s)
	}
	if len(t.segments) == 0 {
		return t, errors.New("it names no file")
	}
	if last := t.segments[len(t.segments)-1]; last.deep {
		return t, errors.New("it ends with **; say which files, for example **/*.sarif")
	}
	return t, nil
}

func checkCaptures(text string) error {
	seen := map[string]bool{}
	for _, m := range capturePattern.FindAllStringSubmatch(text, -1) {
		name := m[1]
		if !slices.Contains(captureNames, name) {
			return fmt.Errorf("unknown capture {%s}; the captures are %s", name, strings.Join(captureNames, ", "))
		}
		if seen[name] {
			return fmt.Errorf("capture {%s} occurs twice", name)
		}
		seen[name] = true
	}
	if strings.ContainsAny(capturePattern.ReplaceAllString(text, ""), "{}") {
		return errors.New("a brace is left open; a capture is written {name}")
	}
	return nil
}

func parseSegment(part string) (segment, error) {
	switch {
	case part == "**":
		return segment{deep: true}, nil
	case part == "..":
		return segment{}, errors.New("it has .. after a wildcard or as the file; .. may only stand in front")
	case strings.Contains(part, "**"):
		return segment{}, fmt.Errorf("%q: ** must stand alone between two slashes", part)
	}
	var re strings.Builder
	for rest := part; rest != ""; {
		switch {
		case rest[0] == '{':
			end := strings.IndexByte(rest, '}')
			fmt.Fprintf(&re, "(?P<%s>.+)", rest[1:end])
			rest = rest[end+1:]
		case rest[0] == '*':
			re.WriteString(".*")
			rest = rest[1:]
		case rest[0] == '?':
			re.WriteString(".")
			rest = rest[1:]
		default:
			end := strings.IndexAny(rest, "{*?")
			if end < 0 {
				end = len(rest)
			}
			re.WriteString(regexp.QuoteMeta(rest[:end]))
			rest = rest[end:]
		}
	}
	long, err := regexp.Compile(`(?s)^` + re.String() + `$`)
	if err != nil {
		return segment{}, err
	}
	// (?U) swaps lazy and greedy.
	short, err := regexp.Compile(`(?sU)^` + re.String() + `$`)
	return segment{dots: !strings.ContainsAny(part[:1], "*?"), short: short, long: long}, err
}

// capture is a name in braces and the text it stood for.
type capture struct{ name, value string }

// match reads a folder's or file's name. ambiguous: its captures can be cut in
// more than one way. Both readings are tried, the shortest first and the
// longest first; if those agree there is only one.
func (s segment) match(name string) (captures []capture, ambiguous, ok bool) {
	if name[0] == '.' && !s.dots {
		return nil, false, false
	}
	short := s.short.FindStringSubmatchIndex(name)
	if short == nil {
		return nil, false, false
	}
	long := s.long.FindStringSubmatchIndex(name)
	for i, group := range s.short.SubexpNames() {
		if group == "" {
			continue
		}
		captures = append(captures, capture{group, name[short[2*i]:short[2*i+1]]})
		ambiguous = ambiguous || short[2*i] != long[2*i] || short[2*i+1] != long[2*i+1]
	}
	return captures, ambiguous, true
}

// fill replaces the captures of a template by the context's values.
func fill(text string, c Context) (string, error) {
	if err := checkCaptures(text); err != nil {
		return "", err
	}
	if err := c.Validate(); err != nil {
		return "", err
	}
	var missing []string
	out := capturePattern.ReplaceAllStringFunc(strings.ReplaceAll(text, "{repository}", "{owner}/{name}"), func(m string) string {
		value := c.get(m[1 : len(m)-1])
		if value == "" {
			missing = append(missing, m)
		}
		return value
	})
	if len(missing) > 0 {
		return "", fmt.Errorf("no value for %s", strings.Join(missing, ", "))
	}
	return out, nil
}

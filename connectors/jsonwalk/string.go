package jsonwalk

import (
	"unicode/utf16"
	"unicode/utf8"
)

// plain marks the bytes of a string that stand for themselves.
var plain = func() (t [256]bool) {
	for i := range t {
		t[i] = i >= ' ' && i != '"' && i != '\\'
	}
	return t
}()

// str reads a string and returns at most about keep of its bytes, unescaped and
// good until the next read.
func (s *Scanner) str(keep int) ([]byte, error) {
	s.pos++
	window := s.buf[s.pos:s.end]
	for i, c := range window {
		if plain[c] {
			continue
		}
		if c != '"' {
			break
		}
		s.pos += i + 1
		return window[:min(i, keep)], nil
	}
	return s.longStr(keep)
}

// longStr is str for strings with escapes or across windows.
func (s *Scanner) longStr(keep int) ([]byte, error) {
	out := s.scratch[:0]
	defer func() { s.scratch = out }()
	for {
		i := s.pos
		for i < s.end && plain[s.buf[i]] {
			i++
		}
		if room := keep - len(out); room > 0 {
			out = append(out, s.buf[s.pos:min(i, s.pos+room)]...)
		}
		s.pos = i
		if i == s.end {
			if err := s.more(); err != nil {
				return nil, s.ended(err)
			}
			continue
		}
		switch s.buf[i] {
		case '"':
			s.pos++
			return out, nil
		case '\\':
			r, err := s.escape()
			if err != nil {
				return nil, err
			}
			if len(out) < keep {
				out = utf8.AppendRune(out, r)
			}
		default:
			return nil, s.Malformed("control character in a string")
		}
	}
}

var escapes = map[byte]rune{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads one escape; a lone surrogate becomes U+FFFD as in encoding/json.
func (s *Scanner) escape() (rune, error) {
	if err := s.need(2); err != nil {
		return 0, s.ended(err)
	}
	if s.buf[s.pos+1] != 'u' {
		r, ok := escapes[s.buf[s.pos+1]]
		if !ok {
			return 0, s.Malformed("unknown escape in a string")
		}
		s.pos += 2
		return r, nil
	}
	if err := s.need(6); err != nil {
		return 0, s.unfinishedEscape(err)
	}
	r := hex4(s.buf[s.pos+2 : s.pos+6])
	if r < 0 {
		return 0, s.Malformed("want four hexadecimal digits after \\u")
	}
	if !utf16.IsSurrogate(r) {
		s.pos += 6
		return r, nil
	}
	// The other half must follow at once. A short read here is not an error yet.
	_ = s.need(12)
	s.pos += 6
	if s.end-s.pos >= 6 && s.buf[s.pos] == '\\' && s.buf[s.pos+1] == 'u' {
		if full := utf16.DecodeRune(r, hex4(s.buf[s.pos+2:s.pos+6])); full != utf8.RuneError {
			s.pos += 6
			return full, nil
		}
	}
	return utf8.RuneError, nil
}

// unfinishedEscape tells a wrong escape near the end from a cut one.
func (s *Scanner) unfinishedEscape(err error) error {
	for _, c := range s.buf[s.pos+2 : s.end] {
		if !isHex(c) {
			return s.Malformed("want four hexadecimal digits after \\u")
		}
	}
	return s.ended(err)
}

func isHex(c byte) bool { return isDigit(c) || c|32 >= 'a' && c|32 <= 'f' }

// hex4 returns -1 where a digit is none.
func hex4(b []byte) (r rune) {
	for _, c := range b {
		switch {
		case !isHex(c):
			return -1
		case c <= '9':
			r = r<<4 | rune(c-'0')
		default:
			r = r<<4 | rune(c|32-'a'+10)
		}
	}
	return r
}

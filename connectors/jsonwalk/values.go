package jsonwalk

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// Strings are cut at these many bytes, so that no element can make a finding,
// or the metadata of a run, large. Real reports stay far below.
const (
	MaxName    = 1 << 10 // ids, names, versions, member names
	MaxURI     = 4 << 10
	MaxMessage = 16 << 10
	MaxSnippet = 16 << 10 // as read; what is kept of it is folded and cut again
	MaxEntries = 64       // of a list or map of which all are kept
)

// The readers below take what the format asks for; null is the zero value, and
// anything else is counted in Mistyped and passed over, so that one odd member
// does not cost a finding.

// Fields reads an object, with names in lower case: producers do not agree on
// theirs, and encoding/json does not mind either.
func (s *Scanner) Fields(each func(name []byte) error) error {
	return s.Entries(func(name []byte) error {
		for i, c := range name {
			if c >= 'A' && c <= 'Z' {
				name[i] = c + 'a' - 'A'
			}
		}
		return each(name)
	})
}

// Entries reads an object whose names are data.
func (s *Scanner) Entries(each func(name []byte) error) error {
	if ok, err := s.At('{'); !ok {
		return err
	}
	return s.Object(each)
}

// Items reads an array.
func (s *Scanner) Items(each func(i int) error) error {
	if ok, err := s.At('['); !ok {
		return err
	}
	return s.Array(each)
}

// At tells whether a value of the wanted kind comes next; if not, it passes
// over what is there instead.
func (s *Scanner) At(want byte) (bool, error) {
	c, err := s.Peek()
	if err != nil || c == want {
		return err == nil, err
	}
	if c == 'n' {
		_, err = s.literal()
		return false, err
	}
	s.Mistyped++
	return false, s.Skip()
}

// Text reads a string of which it keeps the first bytes.
func (s *Scanner) Text(into *string, keep int) error {
	if ok, err := s.At('"'); !ok {
		return err
	}
	b, err := s.str(keep)
	if err != nil {
		return err
	}
	*into = Clean(b, keep)
	return nil
}

// Term is text for what a report repeats over and over: ids, levels, paths. Of
// the recent ones there is one copy.
func (s *Scanner) Term(into *string, keep int) error {
	if ok, err := s.At('"'); !ok {
		return err
	}
	b, err := s.str(keep)
	if err != nil {
		return err
	}
	*into = s.share(b, keep)
	return nil
}

func (s *Scanner) share(b []byte, keep int) string {
	if have, ok := s.known[string(b)]; ok {
		return have
	}
	if s.known == nil || len(s.known) >= 2000 {
		s.known = map[string]string{}
	}
	text := Clean(b, keep)
	if len(text) == len(b) && len(text) <= 256 {
		s.known[text] = text
	}
	return text
}

// Scalar reads a string or a number as text.
func (s *Scanner) Scalar(into *string, keep int) error {
	c, err := s.Peek()
	if err != nil {
		return err
	}
	if c != '-' && !isDigit(c) {
		return s.Text(into, keep)
	}
	b, err := s.number()
	*into = string(b)
	return err
}

// Integer reads a whole number, however it is written.
func (s *Scanner) Integer(into *int) error {
	c, err := s.Peek()
	if err != nil {
		return err
	}
	if c != '-' && !isDigit(c) {
		_, err = s.At('0')
		return err
	}
	b, err := s.number()
	if err != nil {
		return err
	}
	if n, err := strconv.ParseInt(string(b), 10, 32); err == nil {
		*into = int(n)
		return nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
		s.Mistyped++
		return nil
	}
	*into = int(f)
	return nil
}

// Truth reads true or false.
func (s *Scanner) Truth(into *bool) error {
	c, err := s.Peek()
	if err != nil {
		return err
	}
	if c != 't' && c != 'f' {
		_, err = s.At('t')
		return err
	}
	_, err = s.literal()
	*into = c == 't'
	return err
}

// List reads an array of strings, of which it keeps the first MaxEntries.
func (s *Scanner) List(into *[]string, keep int) error {
	return s.Items(func(int) error {
		if len(*into) >= MaxEntries {
			return s.Skip()
		}
		var one string
		err := s.Text(&one, keep)
		*into = append(*into, one)
		return err
	})
}

// Dictionary reads an object of strings into a map made when needed.
func (s *Scanner) Dictionary(into *map[string]string, keep int) error {
	return s.Entries(func(name []byte) error {
		if len(*into) >= MaxEntries {
			return s.Skip()
		}
		key, before := s.share(name, MaxName), s.Mistyped
		var value string
		if err := s.Text(&value, keep); err != nil || s.Mistyped > before {
			return err
		}
		if *into == nil {
			*into = map[string]string{}
		}
		(*into)[key] = value
		return nil
	})
}

// Words calls each with every string and number inside a value of any shape.
func (s *Scanner) Words(each func(string)) error {
	c, err := s.Peek()
	if err != nil {
		return err
	}
	switch c {
	case '{':
		return s.Object(func([]byte) error { return s.Words(each) })
	case '[':
		return s.Array(func(int) error { return s.Words(each) })
	case 't', 'f', 'n':
		return s.Skip()
	}
	var word string
	if err := s.Scalar(&word, MaxName); err != nil {
		return err
	}
	each(word)
	return nil
}

// Clean copies bytes that a str(keep) returned, replacing what is not UTF-8
// by U+FFFD, byte by byte as encoding/json does.
func Clean(b []byte, keep int) string {
	if len(b) >= keep { // perhaps cut in the middle of a character
		for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
			if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
				if !utf8.FullRune(tail) {
					b = b[:len(b)-n]
				}
				break
			}
		}
	}
	if utf8.Valid(b) {
		return string(b)
	}
	out := make([]byte, 0, len(b)+8)
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		out = utf8.AppendRune(out, r)
		b = b[size:]
	}
	return string(out)
}

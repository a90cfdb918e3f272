package sarif

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// Strings are cut at these many bytes, so that no element can make a finding,
// or the metadata of a run, large. Real reports stay far below.
const (
	maxName    = 1 << 10 // ids, names, versions, member names
	maxURI     = 4 << 10
	maxMessage = 16 << 10
	maxSnippet = 16 << 10 // as read; what is kept of it is folded and cut again
	maxEntries = 64       // of a list or map of which all are kept
)

// The readers below take what the format asks for; null is the zero value, and
// anything else is counted in mistyped and passed over, so that one odd member
// does not cost a finding.

// fields reads an object, with names in lower case: producers do not agree on
// theirs, and encoding/json does not mind either.
func (s *scanner) fields(each func(name []byte) error) error {
	return s.entries(func(name []byte) error {
		for i, c := range name {
			if c >= 'A' && c <= 'Z' {
				name[i] = c + 'a' - 'A'
			}
		}
		return each(name)
	})
}

// entries reads an object whose names are data.
func (s *scanner) entries(each func(name []byte) error) error {
	if ok, err := s.at('{'); !ok {
		return err
	}
	return s.object(each)
}

// items reads an array.
func (s *scanner) items(each func(i int) error) error {
	if ok, err := s.at('['); !ok {
		return err
	}
	return s.array(each)
}

// at tells whether a value of the wanted kind comes next; if not, it passes
// over what is there instead.
func (s *scanner) at(want byte) (bool, error) {
	c, err := s.peek()
	if err != nil || c == want {
		return err == nil, err
	}
	if c == 'n' {
		_, err = s.literal()
		return false, err
	}
	s.mistyped++
	return false, s.skip()
}

// text reads a string of which it keeps the first bytes.
func (s *scanner) text(into *string, keep int) error {
	if ok, err := s.at('"'); !ok {
		return err
	}
	b, err := s.str(keep)
	if err != nil {
		return err
	}
	*into = toString(b, keep)
	return nil
}

// term is text for what a report repeats over and over: ids, levels, paths. Of
// the recent ones there is one copy.
func (s *scanner) term(into *string, keep int) error {
	if ok, err := s.at('"'); !ok {
		return err
	}
	b, err := s.str(keep)
	if err != nil {
		return err
	}
	*into = s.share(b, keep)
	return nil
}

func (s *scanner) share(b []byte, keep int) string {
	if have, ok := s.known[string(b)]; ok {
		return have
	}
	if s.known == nil || len(s.known) >= 2000 {
		s.known = map[string]string{}
	}
	text := toString(b, keep)
	if len(text) == len(b) && len(text) <= 256 {
		s.known[text] = text
	}
	return text
}

// scalar reads a string or a number as text.
func (s *scanner) scalar(into *string, keep int) error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	if c != '-' && !isDigit(c) {
		return s.text(into, keep)
	}
	b, err := s.number()
	*into = string(b)
	return err
}

// integer reads a whole number, however it is written.
func (s *scanner) integer(into *int) error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	if c != '-' && !isDigit(c) {
		_, err = s.at('0')
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
		s.mistyped++
		return nil
	}
	*into = int(f)
	return nil
}

// truth reads true or false.
func (s *scanner) truth(into *bool) error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	if c != 't' && c != 'f' {
		_, err = s.at('t')
		return err
	}
	_, err = s.literal()
	*into = c == 't'
	return err
}

// list reads an array of strings, of which it keeps the first maxEntries.
func (s *scanner) list(into *[]string, keep int) error {
	return s.items(func(int) error {
		if len(*into) >= maxEntries {
			return s.skip()
		}
		var one string
		err := s.text(&one, keep)
		*into = append(*into, one)
		return err
	})
}

// dictionary reads an object of strings into a map made when needed.
func (s *scanner) dictionary(into *map[string]string, keep int) error {
	return s.entries(func(name []byte) error {
		if len(*into) >= maxEntries {
			return s.skip()
		}
		key, before := s.share(name, maxName), s.mistyped
		var value string
		if err := s.text(&value, keep); err != nil || s.mistyped > before {
			return err
		}
		if *into == nil {
			*into = map[string]string{}
		}
		(*into)[key] = value
		return nil
	})
}

// words calls each with every string and number inside a value of any shape.
func (s *scanner) words(each func(string)) error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	switch c {
	case '{':
		return s.object(func([]byte) error { return s.words(each) })
	case '[':
		return s.array(func(int) error { return s.words(each) })
	case 't', 'f', 'n':
		return s.skip()
	}
	var word string
	if err := s.scalar(&word, maxName); err != nil {
		return err
	}
	each(word)
	return nil
}

// toString copies bytes that a str(keep) returned, replacing what is not UTF-8
// by U+FFFD, byte by byte as encoding/json does.
func toString(b []byte, keep int) string {
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

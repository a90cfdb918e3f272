package jsonwalk

import (
	"bytes"
	"errors"
	"io"
)

// maxDepth bounds nesting. Reports need about a dozen levels; SARIF's property bags and
// graphs a few more.
const maxDepth = 512

// window is how much of the stream a scanner holds at a time.
const window = 64 << 10

// Scanner reads one JSON document (RFC 8259) from front to back, from a stream
// or from bytes in memory, and accepts what encoding/json accepts, to maxDepth.
// Its memory does not grow with the document.
type Scanner struct {
	r        io.Reader // nil: buf is the whole input
	buf      []byte
	pos, end int
	base     int64 // offset of buf[0] in the stream
	readErr  error
	depth    int
	scratch  []byte
	Mistyped int // values passed over because the format asks for another type there
	known    map[string]string
}

// NewScanner reads from a stream.
func NewScanner(r io.Reader) *Scanner { return &Scanner{r: r, buf: make([]byte, window)} }

// Reset points a scanner at bytes in memory that start at offset base.
func (s *Scanner) Reset(data []byte, base int64) {
	*s = Scanner{buf: data, end: len(data), base: base, scratch: s.scratch[:0], known: s.known}
}

// Offset is where in the stream the next byte stands.
func (s *Scanner) Offset() int64 { return s.base + int64(s.pos) }

// more brings further bytes into the window. Slices of it are stale afterwards.
func (s *Scanner) more() error {
	if s.r == nil {
		return io.EOF
	}
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.base += int64(s.pos)
		s.end -= s.pos
		s.pos = 0
	}
	for range 100 {
		if s.readErr != nil {
			return s.readErr
		}
		var n int
		n, s.readErr = s.r.Read(s.buf[s.end:])
		if s.end += n; n > 0 {
			return nil
		}
	}
	return io.ErrNoProgress
}

// need tries to have n bytes in the window.
func (s *Scanner) need(n int) error {
	for s.end-s.pos < n {
		if err := s.more(); err != nil {
			return err
		}
	}
	return nil
}

// Malformed is the error that what comes next is not what was wanted.
func (s *Scanner) Malformed(detail string) *Error {
	return &Error{Offset: s.Offset(), Detail: detail, Err: ErrMalformed}
}

// ended turns the end of the input, or a failure to read it, into an error.
func (s *Scanner) ended(err error) *Error {
	e := &Error{Offset: s.base + int64(s.end), Err: err}
	if errors.Is(err, io.EOF) {
		e.Err = ErrTruncated
	}
	return e
}

// Peek passes over white space and returns the byte after it, unread.
func (s *Scanner) Peek() (byte, error) {
	for {
		for s.pos < s.end {
			switch c := s.buf[s.pos]; c {
			case ' ', '\n', '\r', '\t':
				s.pos++
			default:
				return c, nil
			}
		}
		if err := s.more(); err != nil {
			return 0, s.ended(err)
		}
	}
}

// Finish checks that nothing but white space is left.
func (s *Scanner) Finish() error {
	if s.r == nil && s.pos == s.end {
		return nil
	}
	_, err := s.Peek()
	if err != nil && (s.r == nil || errors.Is(s.readErr, io.EOF)) {
		return nil
	}
	if err != nil { // a gzip stream that is cut or whose checksum is wrong
		return err
	}
	return s.Malformed("something follows the document's end")
}

// More tells whether another document follows.
func (s *Scanner) More() (bool, error) {
	_, err := s.Peek()
	if err != nil && errors.Is(s.readErr, io.EOF) {
		return false, nil
	}
	return err == nil, err
}

// Skip reads one value and forgets it.
func (s *Scanner) Skip() error {
	c, err := s.Peek()
	if err != nil {
		return err
	}
	switch {
	case c == '{':
		return s.Object(nil)
	case c == '[':
		return s.Array(nil)
	case c == '"':
		_, err = s.str(0)
		return err
	case c == '-' || isDigit(c):
		_, err = s.number()
		return err
	}
	_, err = s.literal()
	return err
}

// Object reads an object; each is called with every member's name and reads its
// value. The name is good only until it does. A nil each skips.
func (s *Scanner) Object(each func(name []byte) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	c, err := s.Peek()
	if err != nil {
		return err
	}
	if c == '}' {
		s.leave()
		return nil
	}
	for {
		if c != '"' {
			return s.Malformed("want a member's name in quotes")
		}
		if err := s.member(each); err != nil {
			return err
		}
		if c, err = s.Peek(); err != nil {
			return err
		}
		if c == '}' {
			s.leave()
			return nil
		}
		if c != ',' {
			return s.Malformed("want , or } after a member")
		}
		s.pos++
		if c, err = s.Peek(); err != nil {
			return err
		}
	}
}

// member reads a name, its colon and its value.
func (s *Scanner) member(each func(name []byte) error) error {
	var kept [64]byte // for the error's path: the window may move on
	name, err := s.str(MaxName)
	if err != nil {
		return err
	}
	n := copy(kept[:], name)
	held := name
	if s.pos == s.end || s.buf[s.pos] != ':' { // rarely more than a look
		held = append([]byte(nil), name...)
		c, err := s.Peek()
		if err != nil {
			return Within(err, nameStep(kept[:n]))
		}
		if c != ':' {
			return Within(s.Malformed("want : after a member's name"), nameStep(kept[:n]))
		}
	}
	s.pos++
	if each == nil {
		err = s.Skip()
	} else {
		err = each(held)
	}
	if err != nil {
		return Within(err, nameStep(kept[:n]))
	}
	return nil
}

// Array reads an array; each is called at every element and reads it. A nil
// each skips.
func (s *Scanner) Array(each func(i int) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	c, err := s.Peek()
	if err != nil {
		return err
	}
	if c == ']' {
		s.leave()
		return nil
	}
	for i := 0; ; i++ {
		if each == nil {
			err = s.Skip()
		} else {
			err = each(i)
		}
		if err != nil {
			return Within(err, Index(i))
		}
		if c, err = s.Peek(); err != nil {
			return err
		}
		if c == ']' {
			s.leave()
			return nil
		}
		if c != ',' {
			return s.Malformed("want , or ] after an element")
		}
		s.pos++
	}
}

func (s *Scanner) enter() error {
	if s.depth++; s.depth > maxDepth {
		return &Error{Offset: s.Offset(), Detail: "nested too deeply", Err: ErrTooLarge}
	}
	s.pos++
	return nil
}

func (s *Scanner) leave() {
	s.depth--
	s.pos++
}

// literal reads true, false or null and returns its first letter.
func (s *Scanner) literal() (byte, error) {
	for _, word := range []string{"true", "false", "null"} {
		if s.buf[s.pos] != word[0] {
			continue
		}
		err := s.need(len(word))
		got := s.buf[s.pos:min(s.end, s.pos+len(word))]
		if !bytes.HasPrefix([]byte(word), got) {
			break
		}
		if err != nil {
			return 0, s.ended(err)
		}
		s.pos += len(word)
		return word[0], nil
	}
	return 0, s.Malformed("want a value")
}

// Between reads the comma in front of every element but the first, for a caller
// that reads elements without their array.
func (s *Scanner) Between(i int) error {
	if i == 0 {
		return nil
	}
	c, err := s.Peek()
	if err == nil && c != ',' {
		err = s.Malformed("want , after an element")
	}
	s.pos++
	return err
}

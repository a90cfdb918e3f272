package sarif

import (
	"bytes"
	"errors"
	"io"
)

// maxDepth bounds nesting. SARIF itself needs about a dozen levels; property
// bags and graphs a few more.
const maxDepth = 512

// window is how much of the stream a scanner holds at a time.
const window = 64 << 10

// scanner reads one JSON document (RFC 8259) from front to back, from a stream
// or from bytes in memory, and accepts what encoding/json accepts, to maxDepth.
// Its memory does not grow with the document.
type scanner struct {
	r        io.Reader // nil: buf is the whole input
	buf      []byte
	pos, end int
	base     int64 // offset of buf[0] in the stream
	readErr  error
	depth    int
	scratch  []byte
	mistyped int // values passed over because the format asks for another type there
	known    map[string]string
}

func newScanner(r io.Reader) *scanner { return &scanner{r: r, buf: make([]byte, window)} }

// reset points a scanner at bytes in memory that start at offset base.
func (s *scanner) reset(data []byte, base int64) {
	*s = scanner{buf: data, end: len(data), base: base, scratch: s.scratch[:0], known: s.known}
}

func (s *scanner) offset() int64 { return s.base + int64(s.pos) }

// more brings further bytes into the window. Slices of it are stale afterwards.
func (s *scanner) more() error {
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
func (s *scanner) need(n int) error {
	for s.end-s.pos < n {
		if err := s.more(); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) malformed(detail string) *Error {
	return &Error{Offset: s.offset(), Detail: detail, Err: ErrMalformed}
}

// ended turns the end of the input, or a failure to read it, into an error.
func (s *scanner) ended(err error) *Error {
	e := &Error{Offset: s.base + int64(s.end), Err: err}
	if errors.Is(err, io.EOF) {
		e.Err = ErrTruncated
	}
	return e
}

// peek passes over white space and returns the byte after it, unread.
func (s *scanner) peek() (byte, error) {
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

// finish checks that nothing but white space is left.
func (s *scanner) finish() error {
	if s.r == nil && s.pos == s.end {
		return nil
	}
	_, err := s.peek()
	if err != nil && (s.r == nil || errors.Is(s.readErr, io.EOF)) {
		return nil
	}
	if err != nil { // a gzip stream that is cut or whose checksum is wrong
		return err
	}
	return s.malformed("something follows the document's end")
}

// skip reads one value and forgets it.
func (s *scanner) skip() error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	switch {
	case c == '{':
		return s.object(nil)
	case c == '[':
		return s.array(nil)
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

// object reads an object; each is called with every member's name and reads its
// value. The name is good only until it does. A nil each skips.
func (s *scanner) object(each func(name []byte) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	c, err := s.peek()
	if err != nil {
		return err
	}
	if c == '}' {
		s.leave()
		return nil
	}
	for {
		if c != '"' {
			return s.malformed("want a member's name in quotes")
		}
		if err := s.member(each); err != nil {
			return err
		}
		if c, err = s.peek(); err != nil {
			return err
		}
		if c == '}' {
			s.leave()
			return nil
		}
		if c != ',' {
			return s.malformed("want , or } after a member")
		}
		s.pos++
		if c, err = s.peek(); err != nil {
			return err
		}
	}
}

// member reads a name, its colon and its value.
func (s *scanner) member(each func(name []byte) error) error {
	var kept [64]byte // for the error's path: the window may move on
	name, err := s.str(maxName)
	if err != nil {
		return err
	}
	n := copy(kept[:], name)
	held := name
	if s.pos == s.end || s.buf[s.pos] != ':' { // rarely more than a look
		held = append([]byte(nil), name...)
		c, err := s.peek()
		if err != nil {
			return within(err, nameStep(kept[:n]))
		}
		if c != ':' {
			return within(s.malformed("want : after a member's name"), nameStep(kept[:n]))
		}
	}
	s.pos++
	if each == nil {
		err = s.skip()
	} else {
		err = each(held)
	}
	if err != nil {
		return within(err, nameStep(kept[:n]))
	}
	return nil
}

// array reads an array; each is called at every element and reads it. A nil
// each skips.
func (s *scanner) array(each func(i int) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	c, err := s.peek()
	if err != nil {
		return err
	}
	if c == ']' {
		s.leave()
		return nil
	}
	for i := 0; ; i++ {
		if each == nil {
			err = s.skip()
		} else {
			err = each(i)
		}
		if err != nil {
			return within(err, index(i))
		}
		if c, err = s.peek(); err != nil {
			return err
		}
		if c == ']' {
			s.leave()
			return nil
		}
		if c != ',' {
			return s.malformed("want , or ] after an element")
		}
		s.pos++
	}
}

func (s *scanner) enter() error {
	if s.depth++; s.depth > maxDepth {
		return &Error{Offset: s.offset(), Detail: "nested too deeply", Err: ErrTooLarge}
	}
	s.pos++
	return nil
}

func (s *scanner) leave() {
	s.depth--
	s.pos++
}

// literal reads true, false or null and returns its first letter.
func (s *scanner) literal() (byte, error) {
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
	return 0, s.malformed("want a value")
}

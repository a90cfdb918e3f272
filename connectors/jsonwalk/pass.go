package jsonwalk

import "bytes"

// Pass goes past the next value, judging only by quotes and brackets where it
// ends: whoever reads it later checks it.
func (s *Scanner) Pass() error {
	c, err := s.Peek()
	if err != nil {
		return err
	}
	if c != '{' && c != '[' && c != '"' {
		return s.Skip()
	}
	return s.pass(func([]byte) {})
}

// pass goes past a value with brackets or quotes, piece by piece.
func (s *Scanner) pass(each func(piece []byte)) error {
	var end ending
	for {
		n, done := end.find(s.buf[s.pos:s.end])
		each(s.buf[s.pos : s.pos+n])
		s.pos += n
		if done {
			return nil
		}
		if end.depth+s.depth > maxDepth {
			return &Error{Offset: s.Offset(), Detail: "nested too deeply", Err: ErrTooLarge}
		}
		if err := s.more(); err != nil {
			return s.ended(err)
		}
	}
}

// Capture appends the next value's text to a buffer, if it has at most limit
// bytes; over tells that it has more. Like Pass it does not check what is inside.
func (s *Scanner) Capture(into []byte, limit int) (text []byte, over bool, err error) {
	c, err := s.Peek()
	if err != nil {
		return into, false, err
	}
	switch {
	case c == '-' || isDigit(c):
		number, err := s.number()
		if len(number) == 64 { // cut, and no number that means anything
			number = []byte("null")
		}
		return append(into, number...), false, err
	case c != '{' && c != '[' && c != '"':
		first, err := s.literal()
		return append(into, literals[first]...), false, err
	}
	before := len(into)
	err = s.pass(func(piece []byte) {
		if over = over || len(into)-before+len(piece) > limit; !over {
			into = append(roomFor(into, len(piece)), piece...)
		}
	})
	return into, over, err
}

// roomFor doubles a buffer that has no room for n more bytes: append would leave more
// garbage behind on the way to a large one.
func roomFor(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	return append(make([]byte, 0, max(2*cap(b), len(b)+n)), b...)
}

var literals = map[byte]string{'t': "true", 'f': "false", 'n': "null"}

// ending finds where a value with brackets or quotes ends, chunk by chunk.
type ending struct {
	depth  int
	quoted bool
	odd    bool // an odd number of backslashes stands before the chunk
}

var structural = [256]byte{'"': 1, '{': 2, '[': 2, '}': 3, ']': 3}

// find returns how much of b belongs to the value and whether it ends there.
func (e *ending) find(b []byte) (int, bool) {
	i := 0
	for i < len(b) {
		if e.quoted {
			j := bytes.IndexByte(b[i:], '"')
			if j < 0 {
				e.odd = oddTail(b[i:], e.odd)
				return len(b), false
			}
			e.quoted = oddTail(b[i:i+j], e.odd)
			e.odd = false
			if i += j + 1; !e.quoted && e.depth == 0 {
				return i, true
			}
			continue
		}
		mark := byte(0)
		for _, c := range b[i:] {
			if mark = structural[c]; mark != 0 {
				break
			}
			i++
		}
		switch mark {
		case 0:
			return i, false
		case 1:
			e.quoted = true
		case 2:
			if e.depth++; e.depth > maxDepth {
				return i, false
			}
		case 3:
			if e.depth--; e.depth == 0 {
				return i + 1, true
			}
		}
		i++
	}
	return i, false
}

// oddTail tells whether b ends in an odd number of backslashes, given whether
// what stands before b does.
func oddTail(b []byte, before bool) bool {
	n := len(b)
	for n > 0 && b[n-1] == '\\' {
		n--
	}
	odd := (len(b)-n)%2 == 1
	if n == 0 {
		return odd != before
	}
	return odd
}

package sarif

import "bytes"

// pass goes past the next value, judging only by quotes and brackets where it
// ends: whoever reads it later checks it.
func (s *scanner) pass() error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	if c != '{' && c != '[' && c != '"' {
		return s.skip()
	}
	var end ending
	for {
		n, done := end.find(s.buf[s.pos:s.end])
		s.pos += n
		if done {
			return nil
		}
		if end.depth+s.depth > maxDepth {
			return &Error{Offset: s.offset(), Detail: "nested too deeply", Err: ErrTooLarge}
		}
		if err := s.more(); err != nil {
			return s.ended(err)
		}
	}
}

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

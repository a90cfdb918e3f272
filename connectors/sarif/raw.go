package sarif

import "bytes"

// raw appends the bytes of the next value to dst, judging only by quotes and
// brackets where it ends: whoever reads those bytes checks them. Of a value
// over limit bytes it appends nothing and says so. An error, too, leaves what
// was read so far in dst.
func (s *scanner) raw(dst []byte, limit int) (out []byte, over bool, err error) {
	c, err := s.peek()
	if err != nil {
		return dst, false, err
	}
	if c != '{' && c != '[' && c != '"' {
		return s.rawScalar(dst)
	}
	var (
		begin = len(dst)
		end   ending
	)
	for {
		n, done := end.find(s.buf[s.pos:s.end])
		if over = over || len(dst)-begin+n > limit; !over {
			dst = append(dst, s.buf[s.pos:s.pos+n]...)
		}
		s.pos += n
		switch {
		case end.depth+s.depth > maxDepth:
			return dst, over, &Error{Offset: s.offset(), Detail: "nested too deeply", Err: ErrTooLarge}
		case done && over:
			return dst[:begin], true, nil
		case done:
			return dst, false, nil
		}
		if err := s.more(); err != nil {
			return dst, over, s.ended(err)
		}
	}
}

// rawScalar is raw for what has no brackets or quotes: never long, so checked.
func (s *scanner) rawScalar(dst []byte) ([]byte, bool, error) {
	if c := s.buf[s.pos]; c == '-' || isDigit(c) {
		b, err := s.number()
		return append(dst, b...), false, err
	}
	first, err := s.literal()
	words := map[byte]string{'t': "true", 'f': "false", 'n': "null"}
	return append(dst, words[first]...), false, err
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

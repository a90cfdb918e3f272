package jsonwalk

// number reads a number and returns its text, good until the next read and cut
// after 64 bytes, which no number that a report means anything by needs.
func (s *Scanner) number() ([]byte, error) {
	window := s.buf[s.pos:s.end]
	for i, c := range window { // nearly all are whole, positive and in the window
		if c >= '1' && c <= '9' || c == '0' && i > 0 {
			continue
		}
		if i > 0 && i <= 64 && (c == ',' || c == '}' || c == ']') {
			s.pos += i
			return window[:i], nil
		}
		break
	}
	return s.anyNumber()
}

func (s *Scanner) anyNumber() ([]byte, error) {
	out := s.scratch[:0]
	defer func() { s.scratch = out }()
	state := numStart
	for {
		if s.pos == s.end {
			if err := s.more(); err != nil {
				if state.complete() {
					return out, nil // whoever wants something after it will notice
				}
				return nil, s.ended(err)
			}
		}
		c := s.buf[s.pos]
		next := state.after(c)
		if next == numBad {
			if state.complete() {
				return out, nil
			}
			return nil, s.Malformed("not a number")
		}
		state = next
		if len(out) < 64 {
			out = append(out, c)
		}
		s.pos++
	}
}

// numState is how far into the grammar of RFC 8259, section 6, a number is.
type numState byte

const (
	numBad numState = iota
	numStart
	numMinus
	numZero
	numInt
	numDot
	numFrac
	numE
	numSign
	numExp
)

func (n numState) complete() bool {
	return n == numZero || n == numInt || n == numFrac || n == numExp
}

func (n numState) after(c byte) numState {
	if c >= '0' && c <= '9' {
		return n.afterDigit(c)
	}
	switch {
	case c == '-' && n == numStart:
		return numMinus
	case c == '.' && (n == numZero || n == numInt):
		return numDot
	case c|32 == 'e' && (n == numZero || n == numInt || n == numFrac):
		return numE
	case (c == '+' || c == '-') && n == numE:
		return numSign
	}
	return numBad
}

func (n numState) afterDigit(c byte) numState {
	switch n {
	case numStart, numMinus:
		if c == '0' {
			return numZero
		}
		return numInt
	case numInt:
		return numInt
	case numDot, numFrac:
		return numFrac
	case numE, numSign, numExp:
		return numExp
	}
	return numBad
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

package sourcetext

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// The rolling hash's window in characters, its multiplier, and the character
// that is fed after the last one.
const (
	window     = 100
	multiplier = 37
	endOfFile  = 65535
)

// LineHashes computes the hash that GitHub code scanning calls
// primaryLocationLineHash for every line of a file, and returns a function from
// the line's number, from 1, to its hash, such as "5e4d5a9cf1294ad9:1". It
// returns "" for a line that is not there.
//
// The hash covers the hundred characters from the line's start on, spaces, tabs
// and the difference between line ends left out. The number behind the colon
// counts the lines of the file, so far, that have the same hash. A CR alone ends
// a line here, as it does on GitHub; elsewhere in this package it does not.
//
// Bytes that are not UTF-8 count as one U+FFFD each; GitHub, whose decoder may
// take several of them together, can arrive at another hash for such a line.
//
// Source: github/codeql-action, src/fingerprints.ts.
func LineHashes(text []byte) func(line int) string {
	h := roller{leave: 1, seen: map[uint64]int{}}
	for range window {
		h.leave *= multiplier
	}
	h.text(text)
	return func(line int) string {
		if line < 1 || line > len(h.lines) {
			return ""
		}
		l := h.lines[line-1]
		return strconv.FormatUint(l.hash, 16) + ":" + strconv.Itoa(l.count)
	}
}

// lineHash is a line's hash and which of its equals it is.
type lineHash struct {
	hash  uint64
	count int
}

// roller is the hash over a window that rolls through the file. Arithmetic is
// modulo 2^64.
type roller struct {
	hash   uint64
	leave  uint64 // multiplier^window: the weight of the character that leaves
	slots  [window]uint64
	starts [window]bool // whether the character in the slot began a line
	next   int          // the slot that comes round
	lines  []lineHash
	seen   map[uint64]int
}

// text feeds a whole file.
func (h *roller) text(text []byte) {
	begins, afterCR := true, false
	feed := func(c uint16) {
		skip := c == ' ' || c == '\t' || c == '\n' && afterCR
		afterCR = c == '\r'
		if skip {
			return
		}
		if c == '\r' {
			c = '\n'
		}
		h.push(uint64(c), begins)
		begins = c == '\n'
	}
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		i += size
		if r > 0xffff {
			high, low := utf16.EncodeRune(r)
			feed(uint16(high))
			feed(uint16(low))
			continue
		}
		feed(uint16(r))
	}
	feed(endOfFile)
	for range window {
		h.push(0, false)
	}
}

// push takes one character in. If the one whose slot it takes began a line, the
// window now holds that line's hundred characters.
func (h *roller) push(c uint64, begins bool) {
	if h.starts[h.next] {
		h.seen[h.hash]++
		h.lines = append(h.lines, lineHash{h.hash, h.seen[h.hash]})
	}
	h.hash = h.hash*multiplier + c - h.leave*h.slots[h.next]
	h.slots[h.next], h.starts[h.next] = c, begins
	h.next = (h.next + 1) % window
}

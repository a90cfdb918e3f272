package native

import (
	"crypto/sha256"
	"strings"
)

// Seen remembers what a report repeats.
type Seen map[[sha256.Size]byte]bool

// maxSeen bounds what is remembered of a file; what comes after it may be repeated.
const maxSeen = 100_000

// First tells whether these words were not met together before.
func (s Seen) First(words ...string) bool {
	key := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	if s[key] {
		return false
	}
	if len(s) < maxSeen {
		s[key] = true
	}
	return true
}

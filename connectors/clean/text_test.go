package clean_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/connectors/clean"
)

// Fold is strings.Fields joined by spaces, cut so that it fits.
func TestFoldJoinsWordsUpToTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("ab \n\té\u00a0\x01x")), 0, 60, -1).Draw(t, "text")
		limit := rapid.IntRange(0, 40).Draw(t, "limit")
		got, whole := clean.Fold(text, limit), strings.Join(strings.Fields(text), " ")
		if len(got) > limit || !strings.HasPrefix(whole, got) || !utf8.ValidString(got) {
			t.Fatalf("%q folded to %q, at most %d of %q", text, got, limit, whole)
		}
		if rest := len(whole) - len(got); rest > 0 && len(got)+4 < limit { // a space, a character, and one more
			t.Fatalf("%q folded to %q, although %d more bytes fit", text, got, limit-len(got))
		}
		if strings.TrimSpace(got) != got {
			t.Fatalf("%q begins or ends in white space", got)
		}
	})
}

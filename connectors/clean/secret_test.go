package clean_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
)

// Wherever a secret of four characters or more stands in what is kept of a finding,
// it is gone afterwards, and the hash of the secret alone is left.
func TestRedactLeavesNothingOfTheSecret(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := strings.TrimSpace(rapid.StringMatching(`[ -~äß]{4,40}`).Draw(t, "secret"))
		if len(secret) < 4 || strings.Contains("[redacted:hash] map[fine:1:2]", secret) || strings.Trim(secret, "*xX.") == "" {
			return
		}
		words := rapid.StringMatching(`[a-z ]{0,10}`)
		around := func(name string) string { return words.Draw(t, name) + secret + words.Draw(t, name) }
		f := finding.Finding{
			Message: around("message"), Rule: finding.Rule{ID: "r", Name: around("name"), Description: around("description")},
			Fix:   &finding.Fix{Description: secret},
			Parts: finding.Parts{Symbol: around("symbol"), Snippet: secret, Fingerprints: map[string]string{"raw": around("fingerprint"), "fine": "1:2"}},
		}
		clean.Redact(&f, secret, around("shown"), func(s string) string {
			if s != secret {
				t.Errorf("hash of %q, not of %q", s, secret)
			}
			return "hash"
		})
		left := []string{f.Message, f.Rule.Name, f.Rule.Description, f.Parts.Symbol, f.Parts.Snippet, fmt.Sprint(f.Parts.Fingerprints)}
		if strings.Contains(strings.ReplaceAll(strings.Join(left, "\x00"), "[redacted]", "\x00"), secret) {
			t.Errorf("%q is still in %q", secret, left)
		}
		if f.Parts.Snippet != "[redacted:hash]" || f.Fix != nil {
			t.Errorf("snippet %q, fix %v", f.Parts.Snippet, f.Fix)
		}
	})
}

func TestRedactDoesNotHashWhatTheScannerMasked(t *testing.T) {
	for _, masked := range []string{"", "****", "REDACTED", "[redacted]", "<REDACTED>", "xxxxxxxx", "..."} {
		f := finding.Finding{Message: "m"}
		clean.Redact(&f, masked, masked, func(string) string { return "hash" })
		if f.Parts.Snippet != "" {
			t.Errorf("%q: snippet %q", masked, f.Parts.Snippet)
		}
	}
}

// A report can choose words that stand in the mark itself: it must not grow with them.
func TestRedactDoesNotRedactItsOwnMarks(t *testing.T) {
	for _, shown := range []string{
		strings.Repeat(`"reda" "cted" "dact" "[red" "ted]" `, 3), // over and over
		`"reda" "eda" "edac" "dact" "acted]" "[redacted"`,
	} {
		for _, text := range []string{"reda and cted", strings.Repeat("reda ", 1_000)} {
			f := finding.Finding{Message: text, Rule: finding.Rule{ID: "r"}}
			clean.Redact(&f, "", shown, nil)
			if n := strings.Count(f.Message, "[redacted]"); n == 0 || len(f.Message) > 16<<10 || strings.Contains(strings.ReplaceAll(f.Message, "[redacted]", ""), "reda") {
				t.Errorf("%d bytes: %.100q", len(f.Message), f.Message)
			}
		}
	}
}

func TestRedactKeepsTextsBounded(t *testing.T) {
	f := finding.Finding{Message: strings.Repeat("reda ", 3_000), Rule: finding.Rule{ID: "r"}}
	if clean.Redact(&f, "reda", "", nil); len(f.Message) > 16<<10 || len(f.Message) < 10<<10 {
		t.Errorf("%d bytes", len(f.Message))
	}
}

// What one word hides must not lay bare the rest of a longer one.
func TestRedactHidesWordsThatOverlap(t *testing.T) {
	f := finding.Finding{Message: "xabcdefghix", Rule: finding.Rule{ID: "r"}}
	if clean.Redact(&f, "cdefghi", `"abcd" "cdefghi"`, nil); f.Message != "x[redacted]x" {
		t.Errorf("%q", f.Message)
	}
}

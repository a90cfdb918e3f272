package trufflehog_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
	"github.com/sluice-sec/sluice/connectors/trufflehog"
)

func TestGolden(t *testing.T) {
	nativetest.Golden(t, trufflehog.Parse, native.Options{Root: "/build/shop"})
}

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, trufflehog.Parse, true) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, trufflehog.Parse, count, "trufflehog3")
}

func count(data []byte) int {
	var all []json.RawMessage
	if json.Unmarshal(data, &all) != nil {
		return -1
	}
	return len(all)
}

// Nothing at all is what TruffleHog writes when it finds nothing, and when it dies.
func TestAnEmptyFileIsNoErrorAndNotComplete(t *testing.T) {
	for text, want := range map[string]struct{ complete, broken bool }{
		"":                     {false, false},
		"[]":                   {true, false},
		"{\"a\":1}\n":          {false, false}, // not TruffleHog's
		"{\"Detector":          {false, true},
		"panic: runtime error": {false, true},
		`{"level":"info-0","msg":"finished scanning"}`: {true, false},
	} {
		all, report, err := nativetest.Read(trufflehog.Parse, []byte(text), native.Options{})
		if len(all) > 0 || report.Complete != want.complete || native.Broken(err) != want.broken || (err != nil) != want.broken {
			t.Errorf("%q: %d findings, %+v, %v", text, len(all), report, err)
		}
	}
}

package gitleaks_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/gitleaks"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
)

func TestGolden(t *testing.T) {
	nativetest.Golden(t, gitleaks.Parse, native.Options{Root: "/build/shop"})
}

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, gitleaks.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, gitleaks.Parse, count, "gitleaks")
}

func count(data []byte) int {
	var all []json.RawMessage
	if json.Unmarshal(data, &all) != nil {
		return -1
	}
	return len(all)
}

// A report of another kind must not look like one without leaks.
func TestOnlyLeaksMakeACompleteReport(t *testing.T) {
	for text, want := range map[string]struct{ complete, broken bool }{
		"[]":        {true, false},
		`[{"a":1}]`: {false, false},
		`[1]`:       {false, false},
		`{}`:        {false, true},
		`null`:      {false, true},
	} {
		all, report, err := nativetest.Read(gitleaks.Parse, []byte(text), native.Options{})
		if len(all) > 0 || report.Complete != want.complete || native.Broken(err) != want.broken {
			t.Errorf("%s: %d findings, %+v, %v", text, len(all), report, err)
		}
	}
}

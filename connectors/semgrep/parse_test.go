package semgrep_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
	"github.com/sluice-sec/sluice/connectors/semgrep"
)

func TestGolden(t *testing.T) {
	nativetest.Golden(t, semgrep.Parse, native.Options{Root: "/build/shop"})
}

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, semgrep.Parse, false) }

// Reports of the platform's API have findings or vulns.
func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, semgrep.Parse, func(data []byte) int {
		var doc struct{ Results []json.RawMessage }
		if json.Unmarshal(data, &doc) != nil || doc.Results == nil {
			return -1
		}
		return len(doc.Results)
	}, "semgrep", "semgrep_pro")
}

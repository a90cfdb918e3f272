package bandit_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/bandit"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
)

func TestGolden(t *testing.T) {
	nativetest.Golden(t, bandit.Parse, native.Options{Root: "/build/shop"})
}

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, bandit.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, bandit.Parse, func(data []byte) int {
		var doc struct{ Results []json.RawMessage }
		if json.Unmarshal(data, &doc) != nil {
			return -1
		}
		return len(doc.Results)
	}, "bandit")
}

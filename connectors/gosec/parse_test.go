package gosec_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/gosec"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
)

func TestGolden(t *testing.T) {
	nativetest.Golden(t, gosec.Parse, native.Options{Root: "/src/shop"})
}

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, gosec.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, gosec.Parse, func(data []byte) int {
		var doc struct{ Issues []json.RawMessage }
		if json.Unmarshal(data, &doc) != nil {
			return -1
		}
		return len(doc.Issues)
	}, "gosec")
}

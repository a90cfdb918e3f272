package brakeman_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/brakeman"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
)

func TestGolden(t *testing.T) {
	nativetest.Golden(t, brakeman.Parse, native.Options{Root: "/build/shop"})
}

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, brakeman.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, brakeman.Parse, func(data []byte) int {
		var doc struct {
			Warnings []json.RawMessage
			Ignored  []json.RawMessage `json:"ignored_warnings"`
		}
		if json.Unmarshal(data, &doc) != nil {
			return -1
		}
		return len(doc.Warnings) + len(doc.Ignored)
	}, "brakeman")
}

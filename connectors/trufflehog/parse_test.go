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

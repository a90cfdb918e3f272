package grype_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/grype"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
)

func TestGolden(t *testing.T) { nativetest.Golden(t, grype.Parse, native.Options{}) }

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, grype.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, grype.Parse, count, "anchore_grype")
}

func count(data []byte) int {
	var doc struct{ Matches, IgnoredMatches []any }
	if json.Unmarshal(data, &doc) != nil || doc.Matches == nil {
		return -1
	}
	return len(doc.Matches) + len(doc.IgnoredMatches)
}

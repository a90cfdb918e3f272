package cyclonedx_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/cyclonedx"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
)

func TestGolden(t *testing.T) { nativetest.Golden(t, cyclonedx.Parse, native.Options{}) }

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, cyclonedx.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, cyclonedx.Parse, count, "cyclonedx")
}

// count counts vulnerabilities by what they affect.
func count(data []byte) (n int) {
	var doc struct {
		BOMFormat       string
		Vulnerabilities []struct{ Affects []any }
	}
	if json.Unmarshal(data, &doc) != nil || doc.BOMFormat == "" {
		return -1
	}
	for _, v := range doc.Vulnerabilities {
		n += max(1, len(v.Affects))
	}
	return n
}

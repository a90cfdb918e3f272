package osvscanner_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
	"github.com/sluice-sec/sluice/connectors/osvscanner"
)

func TestGolden(t *testing.T) { nativetest.Golden(t, osvscanner.Parse, native.Options{Root: "/src"}) }

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, osvscanner.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, osvscanner.Parse, count, "osv_scanner")
}

// count counts groups: every vulnerability is in one.
func count(data []byte) (n int) {
	var doc struct {
		Results []struct{ Packages []struct{ Groups any } }
	}
	if json.Unmarshal(data, &doc) != nil || doc.Results == nil {
		return -1
	}
	for _, r := range doc.Results {
		for _, p := range r.Packages {
			switch g := p.Groups.(type) {
			case []any:
				n += len(g)
			case float64: // abridged by OSV-Scanner's own tests
				n += int(g)
			}
		}
	}
	return n
}

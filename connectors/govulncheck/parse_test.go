package govulncheck_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/govulncheck"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
)

func TestGolden(t *testing.T) { nativetest.Golden(t, govulncheck.Parse, native.Options{}) }

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, govulncheck.Parse, true) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, govulncheck.Parse, count, "govulncheck")
}

// count counts advisories by module.
func count(data []byte) int {
	type message struct {
		Config  any
		Finding *struct {
			OSV   string
			Trace []struct{ Module string }
		}
	}
	var all []message
	if json.Unmarshal(data, &all) != nil {
		for d := json.NewDecoder(bytes.NewReader(data)); d.More(); {
			var m message
			if d.Decode(&m) != nil {
				return -1
			}
			all = append(all, m)
		}
	}
	seen, begun := map[[2]string]bool{}, false
	for _, m := range all {
		begun = begun || m.Config != nil
		if m.Finding != nil {
			seen[[2]string{m.Finding.OSV, m.Finding.Trace[0].Module}] = true
		}
	}
	if !begun {
		return -1
	}
	return len(seen)
}

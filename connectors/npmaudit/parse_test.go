package npmaudit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
	"github.com/sluice-sec/sluice/connectors/npmaudit"
)

func TestGolden(t *testing.T) { nativetest.Golden(t, npmaudit.Parse, native.Options{}) }

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, npmaudit.Parse, true) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, npmaudit.Parse, count, "npm_audit", "npm_audit_7_plus", "pnpm_audit", "yarn_audit")
}

type advisory struct {
	ID       any
	Findings []struct{ Version string }
}

// count counts advisories by installed version, those of npm 7 by advisory.
func count(data []byte) int {
	seen := map[string]bool{}
	add := func(a advisory) {
		for _, f := range a.Findings {
			seen[fmt.Sprint(a.ID, f.Version)] = true
		}
	}
	for d := json.NewDecoder(bytes.NewReader(data)); d.More(); {
		var doc struct {
			Vulnerabilities map[string]struct{ Via []any }
			Advisories      map[string]advisory
			Data            struct{ Advisory advisory }
			Children        struct {
				ID       any
				Versions []string `json:"Tree Versions"`
			}
		}
		if d.Decode(&doc) != nil {
			return -1
		}
		for name, v := range doc.Vulnerabilities {
			for i, via := range v.Via {
				if _, isPackage := via.(string); !isPackage {
					seen[fmt.Sprint(name, i)] = true
				}
			}
		}
		for _, a := range doc.Advisories {
			add(a)
		}
		add(doc.Data.Advisory)
		for _, v := range doc.Children.Versions {
			seen[fmt.Sprint(doc.Children.ID, v)] = true
		}
	}
	return len(seen)
}

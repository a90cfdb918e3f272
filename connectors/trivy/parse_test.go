package trivy_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
	"github.com/sluice-sec/sluice/connectors/trivy"
)

func TestGolden(t *testing.T) { nativetest.Golden(t, trivy.Parse, native.Options{}) }

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, trivy.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) { nativetest.Shared(t, trivy.Parse, count, "trivy") }

// count counts every object below a member that holds results, wherever it stands.
func count(data []byte) int {
	var doc any
	if json.Unmarshal(data, &doc) != nil || doc == nil {
		return -1
	}
	return results(doc)
}

func results(v any) (n int) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			n += results(e)
		}
	case map[string]any:
		_, isTarget := v["Target"]
		for name, member := range v {
			list, _ := member.([]any)
			switch name {
			case "Vulnerabilities", "Misconfigurations", "Secrets", "Licenses":
				if isTarget {
					n += len(list)
					continue
				}
			}
			n += results(member)
		}
	}
	return n
}

package cyclonedx_test

import (
	"bytes"
	"encoding/json"
	"regexp"
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

// count counts vulnerabilities by what they affect, those in XML by their tags.
func count(data []byte) (n int) {
	if bytes.HasPrefix(data, []byte("<?xml")) {
		for i, v := range vulnerabilityTag.Split(string(data), -1) {
			if i > 0 {
				n += max(1, len(targetTag.FindAllString(v, -1)))
			}
		}
		return n
	}
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

var (
	vulnerabilityTag = regexp.MustCompile(`<(\w+:)?vulnerability[ >]`)
	targetTag        = regexp.MustCompile(`<target>`)
)

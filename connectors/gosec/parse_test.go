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

// gosec writes null for no issues; a report that lost them is another thing.
func TestNoIssuesMayBeNull(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"Issues":null,"Stats":{"found":0}}`: true,
		`{"Issues":[],"Stats":{"found":0}}`:   true,
		`{"Issues":null,"Stats":{"found":3}}`: false,
		`{"Stats":{"found":3}}`:               false,
		`{"Issues":null}`:                     false,
		`{}`:                                  false,
	} {
		_, report, err := nativetest.Read(gosec.Parse, []byte(text), native.Options{})
		if report.Complete != ok || native.Broken(err) == ok {
			t.Errorf("%s: complete %v, %v", text, report.Complete, err)
		}
	}
}

package checkov_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/checkov"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
)

func TestGolden(t *testing.T) {
	nativetest.Golden(t, checkov.Parse, native.Options{Root: "/build/shop"})
}

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, checkov.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, checkov.Parse, count, "checkov")
}

func count(data []byte) (n int) {
	type report struct{ Results map[string][]json.RawMessage }
	var list []report
	if json.Unmarshal(data, &list) != nil {
		list = make([]report, 1)
		if json.Unmarshal(data, &list[0]) != nil {
			return -1
		}
	}
	for _, r := range list {
		n += len(r.Results["failed_checks"]) + len(r.Results["skipped_checks"]) + len(r.Results["passed_checks"])
	}
	return n
}

package pipaudit_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
	"github.com/sluice-sec/sluice/connectors/pipaudit"
)

func TestGolden(t *testing.T) { nativetest.Golden(t, pipaudit.Parse, native.Options{}) }

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, pipaudit.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, pipaudit.Parse, count, "pip_audit")
}

func count(data []byte) (n int) {
	type dependency struct{ Vulns []any }
	var doc struct{ Dependencies []dependency }
	if json.Unmarshal(data, &doc.Dependencies) != nil && json.Unmarshal(data, &doc) != nil || len(doc.Dependencies) == 0 {
		return -1
	}
	for _, d := range doc.Dependencies {
		n += len(d.Vulns)
	}
	return n
}

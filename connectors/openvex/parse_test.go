package openvex_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
	"github.com/sluice-sec/sluice/connectors/openvex"
	"github.com/sluice-sec/sluice/test/shared"
)

func TestGolden(t *testing.T) { nativetest.Golden(t, openvex.Parse, native.Options{}) }

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, openvex.Parse, false) }

func TestRealDocumentsLoseNothing(t *testing.T) {
	nativetest.Shared(t, openvex.Parse, func(data []byte) int {
		var doc struct{ Statements []any }
		if json.Unmarshal(data, &doc) != nil || doc.Statements == nil {
			return -1
		}
		return 0
	}, "openvex")
	for _, file := range shared.Files(t, "reports/native/openvex/*") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct{ Statements []any }
		if err := json.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		_, report, _ := nativetest.Read(openvex.Parse, data, native.Options{})
		t.Logf("| %s | %d statements |", filepath.Base(file), len(report.Statements))
		if len(report.Statements) != len(doc.Statements) {
			t.Errorf("%s: %d statements of %d", file, len(report.Statements), len(doc.Statements))
		}
	}
}

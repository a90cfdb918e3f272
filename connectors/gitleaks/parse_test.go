package gitleaks_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/gitleaks"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
)

func TestGolden(t *testing.T) {
	nativetest.Golden(t, gitleaks.Parse, native.Options{Root: "/build/shop"})
}

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, gitleaks.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, gitleaks.Parse, count, "gitleaks")
}

func count(data []byte) int {
	var all []json.RawMessage
	if json.Unmarshal(data, &all) != nil {
		return -1
	}
	return len(all)
}

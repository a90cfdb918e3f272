package gitlab_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/gitlab"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
)

func TestGolden(t *testing.T) {
	nativetest.Golden(t, gitlab.Parse, native.Options{Root: "/build/shop"})
}

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, gitlab.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, gitlab.Parse, func(data []byte) int {
		var doc struct{ Vulnerabilities []json.RawMessage }
		if json.Unmarshal(data, &doc) != nil {
			return -1
		}
		return len(doc.Vulnerabilities)
	}, "gitlab_sast", "gitlab_dep_scan", "gitlab_secret_detection_report", "gitlab_container_scan")
}

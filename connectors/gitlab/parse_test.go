package gitlab_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/sluice-sec/sluice/connectors/gitlab"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
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

func TestVersionsThatAreNotKnownAreRefused(t *testing.T) {
	for version, ok := range map[string]bool{"2.3": true, "14.1.2": true, "15.2.1": true, "15": true, "16.0.0": false, "": false, "next": false} {
		doc := `{"vulnerabilities":[{"identifiers":[{"value":"r"}]}],"version":"` + version + `"}`
		all, report, err := nativetest.Read(gitlab.Parse, []byte(doc), native.Options{})
		if ok != (err == nil) || ok != (len(all) == 1) || ok != report.Complete || !ok && !errors.Is(err, jsonwalk.ErrVersion) {
			t.Errorf("version %q: %d findings, complete %v, %v", version, len(all), report.Complete, err)
		}
	}
}

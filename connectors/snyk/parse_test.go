package snyk_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
	"github.com/sluice-sec/sluice/connectors/snyk"
)

func TestGolden(t *testing.T) { nativetest.Golden(t, snyk.Parse, native.Options{}) }

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, snyk.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) { nativetest.Shared(t, snyk.Parse, count, "snyk") }

type project struct {
	Vulnerabilities []struct{ ID, PackageName, Version string }
	Applications    []project
}

// count counts vulnerabilities by package and version, in every project.
func count(data []byte) (n int) {
	var all []project
	if json.Unmarshal(data, &all) != nil {
		all = make([]project, 1)
		if json.Unmarshal(data, &all[0]) != nil || all[0].Vulnerabilities == nil {
			return -1
		}
	}
	for _, p := range all {
		all = append(all, p.Applications...)
	}
	for _, p := range all {
		seen := map[string]bool{}
		for _, v := range p.Vulnerabilities {
			seen[fmt.Sprint(v)] = true
		}
		n += len(seen)
	}
	return n
}

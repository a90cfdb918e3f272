package gitlab_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/gitlab"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
)

func TestSolutionsNameTheVersionThatFixes(t *testing.T) {
	for solution, want := range map[string]string{
		"Upgrade to version 2.2.3 or above.":                                  "2.2.3",
		"Upgrade to versions 1.2.3, 2.0.1 or above.":                          "1.2.3, 2.0.1",
		"Upgrade to versions 1.2.3 or 2.0.1.":                                 "1.2.3, 2.0.1",
		"Upgrade apt from 1.4.8 to 1.4.9":                                     "1.4.9",
		"Upgrade busybox to 1.34.1-r5":                                        "1.34.1-r5",
		"Upgrade to version v0.0.0-20201216223049-8b5274cf687f or above.":     "v0.0.0-20201216223049-8b5274cf687f",
		"Upgrade to version 3 or above. See CVE-2020-1234, published in 2020": "3",
		"Unfortunately, there is no solution available yet.":                  "",
		"Upgrade to the newest version.":                                      "",
		"":                                                                    "",
	} {
		doc, err := json.Marshal(map[string]any{"version": "15.0.0", "vulnerabilities": []any{map[string]any{
			"solution": solution, "category": "dependency_scanning", "identifiers": []any{map[string]any{"value": "CVE-2099-1000"}},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		all, _, err := nativetest.Read(gitlab.Parse, doc, native.Options{})
		if err != nil || len(all) != 1 || all[0].Package.FixedIn != want {
			t.Errorf("%q: fixed in %q, want %q, %v", solution, all[0].Package.FixedIn, want, err)
		}
	}
}

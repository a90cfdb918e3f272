package gitlab_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/gitlab"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
	"github.com/sluice-sec/sluice/test/shared"
)

// The same scans in the two versions of the schema are the same to Sluice: rule,
// kind, severity, package and place.
func TestVersions14And15SayTheSame(t *testing.T) {
	for _, name := range []string{
		"gitlab_sast/gl-sast-report-1-vuln", "gitlab_sast/gl-sast-report-cwe", "gitlab_sast/gl-sast-report_issue4344",
		"gitlab_dep_scan/gl-dependency-scanning-report-1-vuln", "gitlab_container_scan/issue6639",
		"gitlab_secret_detection_report/gitlab_secret_detection_report_3_vuln",
	} {
		if diff := cmp.Diff(lines(t, name+"_v14.json"), lines(t, name+"_v15.json")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func lines(t *testing.T, name string) (list []string) {
	all, _, err := nativetest.Read(gitlab.Parse, shared.Need(t, "reports/native/"+name), native.Options{})
	if err != nil || len(all) == 0 {
		t.Fatal(name, len(all), err)
	}
	for _, f := range all {
		var at finding.Place
		if f.Place != nil {
			at = *f.Place
		}
		var pkg finding.Package
		if f.Package != nil {
			pkg = *f.Package
		}
		list = append(list, fmt.Sprintf("%s %s %v %v %s %s:%d %v", f.Scanner.Name, f.Rule.ID, f.Kind, f.Rule.CWEs, f.Severity, at.Path, at.StartLine, pkg))
	}
	slices.Sort(list)
	return list
}

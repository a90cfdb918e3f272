package trivy_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
	"github.com/sluice-sec/sluice/connectors/sarif"
	"github.com/sluice-sec/sluice/connectors/trivy"
	"github.com/sluice-sec/sluice/test/shared"
)

// One scan says the same in both of Trivy's formats. SARIF alone has a place, the
// image's file; Trivy's own alone has package URLs and CVSS vectors.
func TestSARIFOfTheSameScanSaysTheSame(t *testing.T) {
	said := shared.Need(t, "reports/sarif/trivy_alpine-310.sarif")
	var inSARIF []finding.Finding
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(said)), nil }
	if _, err := sarif.Parse(context.Background(), sarif.Options{Open: open}, func(f finding.Finding) error {
		inSARIF = append(inSARIF, f)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	own, _, err := nativetest.Read(trivy.Parse, shared.Need(t, "reports/native/trivy/module_alpine-310.json"), native.Options{})
	if err != nil || len(own) == 0 {
		t.Fatal(len(own), err)
	}
	if diff := cmp.Diff(lines(inSARIF), lines(own)); diff != "" {
		t.Error(diff)
	}
}

func lines(all []finding.Finding) (out []string) {
	for _, f := range all {
		out = append(out, fmt.Sprint(f.Scanner.Name, f.Kind, f.Rule.ID, f.Severity, f.Score, f.Package.Name, f.Package.Version, f.Package.FixedIn, f.Advisories))
	}
	slices.Sort(out)
	return out
}

package gosec_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/gosec"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
	"github.com/sluice-sec/sluice/connectors/sarif"
	"github.com/sluice-sec/sluice/test/shared"
)

// The same scan by the same gosec, once as SARIF and once as JSON, is the same to
// Sluice: rule, kind, place, code, and what the secret's hash is made of. Severities
// are not: gosec's SARIF calls medium an error, which is high, and low a warning.
func TestSARIFAndJSONSayTheSame(t *testing.T) {
	secrets := func(s string) string { return s }
	one, _, err := nativetest.Read(gosec.Parse, shared.Need(t, "reports/native/gosec/gosec_2.30_reviewdog.json"), native.Options{Root: "/src/reviewdog", Secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	data := shared.Need(t, "reports/sarif/gosec_2.30_reviewdog.sarif")
	var other []finding.Finding
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	if _, err := sarif.Parse(context.Background(), sarif.Options{Open: open, Secrets: secrets}, func(f finding.Finding) error {
		other = append(other, f)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lines(other), lines(one)); diff != "" {
		t.Error(diff)
	}
}

func lines(all []finding.Finding) (list []string) {
	for _, f := range all {
		list = append(list, fmt.Sprintf("%s %s %v %s %s:%d-%d %q %s", f.Rule.ID, f.Kind, f.Rule.CWEs, f.Message, f.Place.Path, f.Place.StartLine, f.Place.EndLine, f.Parts.Snippet, f.State))
	}
	slices.Sort(list)
	return list
}

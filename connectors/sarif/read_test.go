package sarif_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sarif"
)

// again makes an Open for bytes in memory.
func again(data []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// read parses data and collects what comes out.
func read(data []byte, o sarif.Options) ([]finding.Finding, finding.Report, error) {
	o.Open = again(data)
	var all []finding.Finding
	report, err := sarif.Parse(context.Background(), o, func(f finding.Finding) error {
		all = append(all, f)
		return nil
	})
	return all, report, err
}

// one parses a document that must hold one finding.
func one(t *testing.T, doc string, o sarif.Options) finding.Finding {
	t.Helper()
	all, report, err := read([]byte(doc), o)
	if err != nil || len(all) != 1 {
		t.Fatalf("want one finding, got %d, report %+v, error %v", len(all), report, err)
	}
	return all[0]
}

// result wraps one result, and members of its run, in a document.
func result(members, result string) string {
	if members != "" {
		members += ","
	}
	return `{"version":"2.1.0","runs":[{` + members + `"results":[` + result + `]}]}`
}

//go:build unix

package sarif_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/memtest"
	"github.com/sluice-sec/sluice/connectors/sarif"
)

// largeSize is half a gigabyte.
const largeSize = 500_000_000

// BenchmarkParse500MB is all of the parser: both passes, findings and all.
func BenchmarkParse500MB(b *testing.B) {
	_, open := memtest.File(b, generate(largeSize))
	for b.Loop() {
		stop := memtest.Measure(b, largeSize)
		report, err := sarif.Parse(context.Background(), sarif.Options{Open: open}, func(finding.Finding) error { return nil })
		stop()
		if err != nil || !report.Complete || report.Findings < 1000 {
			b.Fatal(report.Findings, report.Complete, err)
		}
	}
}

// BenchmarkUnmarshal500MB is what there would be without this package: the members
// that matter in structs, with encoding/json, and no findings yet.
func BenchmarkUnmarshal500MB(b *testing.B) {
	_, open := memtest.File(b, generate(largeSize))
	for b.Loop() {
		stop := memtest.Measure(b, largeSize)
		var doc document
		r, err := open()
		if err != nil {
			b.Fatal(err)
		}
		err = json.NewDecoder(r).Decode(&doc)
		stop()
		if err := errors.Join(err, r.Close()); err != nil || len(doc.Runs[0].Results) == 0 {
			b.Fatal(err)
		}
	}
}

// BenchmarkJQ500MB is jq counting the results of the same file.
func BenchmarkJQ500MB(b *testing.B) {
	memtest.JQ(b, "[.runs[].results[]] | length", largeSize, generate(largeSize))
}

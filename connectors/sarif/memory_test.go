package sarif_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/memtest"
	"github.com/sluice-sec/sluice/connectors/sarif"
)

// Memory must not grow with the file: 20 MB here, half a gigabyte in
// BenchmarkParse500MB.
func TestMemoryStaysSmall(t *testing.T) {
	const most = 40
	stop := memtest.Peak(t)
	n := 0
	report, err := sarif.Parse(context.Background(), sarif.Options{Open: generate(20 << 20)}, func(finding.Finding) error { n++; return nil })
	peak := stop()
	if err != nil || !report.Complete || n < 10_000 {
		t.Fatalf("%d findings, %+v, %v", n, report, err)
	}
	t.Logf("%d findings, peak heap %.1f MiB", n, peak)
	if peak > most {
		t.Errorf("peak heap %.1f MiB, want at most %d", peak, most)
	}
}

// A single hostile result must not make a finding out of proportion.
func TestOneResultCannotGrow(t *testing.T) {
	many := func(s string) string { return strings.Repeat(s+",", 200_000) + s }
	for name, members := range map[string]string{
		"locations":    `"locations":[` + many(`{}`) + `]`,
		"fixes":        `"fixes":[{"artifactChanges":[` + many(`{"replacements":[{},{}]}`) + `]}]`,
		"arguments":    `"message":{"text":"{0}","arguments":[` + many(`"x"`) + `]}`,
		"fingerprints": `"fingerprints":{` + many(`"k":"v"`) + `}`,
		"tags":         `"properties":{"tags":[` + many(`"CWE-79"`) + `]}`,
		"message":      `"message":{"text":"` + many("x") + `"}`,
	} {
		doc := []byte(result("", `{"ruleId":"r",`+members+`}`))
		stop := memtest.Peak(t)
		found, _, err := read(doc, sarif.Options{})
		peak := stop()
		if err != nil || len(found) != 1 || len(found[0].Message) > 17<<10 || len(found[0].Rule.Tags) > 64 {
			t.Errorf("%s: %v, %d findings", name, err, len(found))
		}
		if limit := 40 + 3*float64(len(doc))/(1<<20); peak > limit {
			t.Errorf("%s: peak heap %.1f MiB for %d bytes", name, peak, len(doc))
		}
	}
}

// Neither results as large as the cap allows nor millions of empty ones.
func TestManyLargeOrEmptyResults(t *testing.T) {
	for name, c := range map[string]struct {
		result string
		times  int
	}{
		"large": {`{"ruleId":"r","message":{"text":"` + strings.Repeat("x", 15<<20) + `"}}`, 8},
		"empty": {`{}` + strings.Repeat(`,{}`, 99_999), 20},
	} {
		open := func() (io.ReadCloser, error) {
			all := []io.Reader{strings.NewReader(`{"version":"2.1.0","runs":[{"results":[null`)}
			for range c.times {
				all = append(all, strings.NewReader(","), strings.NewReader(c.result))
			}
			return io.NopCloser(io.MultiReader(append(all, strings.NewReader(`]}]}`))...)), nil
		}
		stop := memtest.Peak(t)
		report, err := sarif.Parse(context.Background(), sarif.Options{Open: open}, func(finding.Finding) error { return nil })
		peak := stop() - float64(len(c.result))/(1<<20) // the generator's own
		t.Logf("%s: %d results, peak heap %.1f MiB", name, report.Results, peak)
		if err != nil || peak > 64 {
			t.Errorf("%s: %v, peak heap %.1f MiB", name, err, peak)
		}
	}
}

package sarif_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sarif"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBrokenFilesSayWhatAndWhere(t *testing.T) {
	const run = `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"T"}},"results":[{"ruleId":"a"},`
	for _, c := range []struct {
		name, doc string
		is        error
		path      string
		offset    int64
		findings  int
	}{
		{"empty", ``, sarif.ErrTruncated, "", 0, 0},
		{"white space", "  \n", sarif.ErrTruncated, "", 3, 0},
		{"no JSON", `{ this is not valid JSON }`, sarif.ErrMalformed, "", 2, 0},
		{"not an object", `[]`, sarif.ErrMalformed, "", 0, 0},
		{"no runs", `{"version":"2.1.0"}`, sarif.ErrMalformed, "", 0, 0},
		{"runs is no array", `{"version":"2.1.0","runs":{}}`, sarif.ErrMalformed, "runs", 26, 0},
		{"older version", `{"version":"2.0.0","runs":[{"results":[{"ruleId":"a"}]}]}`, sarif.ErrVersion, "version", 11, 0},
		{"version comes last", `{"runs":[{"results":[{"ruleId":"a"}]}],"version":"1.0.0"}`, sarif.ErrVersion, "version", 49, 0},
		{"no version", `{"runs":[]}`, sarif.ErrVersion, "", 0, 0},
		{"cut in a later result", run + `{"ruleId":"b","locations":[{"phys`, sarif.ErrTruncated, "runs[0].results[1].locations[0]", 118, 1},
		{"cut between results", run, sarif.ErrTruncated, "runs[0].results[1]", 85, 1},
		{"cut in a key's value", run + `{"ruleId":"b`, sarif.ErrTruncated, "runs[0].results[1].ruleId", 97, 1},
		{"wrong in a result", run + `{"ruleId":"b","kind":nil},{"ruleId":"c"}]}]}`, sarif.ErrMalformed, "runs[0].results[1].kind", 106, 1},
		{"wrong in a part nobody reads", run + `{"ruleId":"b","codeFlows":[{"x":01}]},{"ruleId":"c"}]}]}`, sarif.ErrMalformed, "runs[0].results[1].codeFlows[0]", 118, 1},
		{"brackets do not match", run + `{"ruleId":"b","x":[1}},{"ruleId":"c"}]}]}`, sarif.ErrMalformed, "runs[0].results[1].x", 105, 1},
		{"two results without a comma", run + `{"ruleId":"b"} {"ruleId":"c"}]}]}`, sarif.ErrMalformed, "runs[0].results", 100, 2},
		{"wrong before the results", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"\x"}},"results":[{"ruleId":"a"}]}]}`, sarif.ErrMalformed, "runs[0].tool.driver.name", 54, 0},
		{"wrong after the results", run + `{"ruleId":"b"}],"tool":{]}]}`, sarif.ErrMalformed, "runs[0].tool", 109, 2},
		{"results is no array", `{"version":"2.1.0","runs":[{"results":42},{"results":[{"ruleId":"a"}]}]}`, sarif.ErrMalformed, "runs[0].results", 38, 1},
		{"something follows", run + `{"ruleId":"b"}]}]} {}`, sarif.ErrMalformed, "", 104, 2},
		{"nested deeply", run + `{"ruleId":"b","x":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}]}]}`, sarif.ErrTooLarge, "runs[0].results[1]", 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, report, err := read([]byte(c.doc), sarif.Options{})
			var e *sarif.Error
			if !errors.As(err, &e) || !errors.Is(err, c.is) {
				t.Fatalf("want %v, got %v", c.is, err)
			}
			if !strings.HasPrefix(e.Path, c.path) || c.path == "" && e.Path != "" || c.offset > 0 && e.Offset != c.offset {
				t.Errorf("want %s, byte %d, got %v", c.path, c.offset, err)
			}
			if len(all) != c.findings || report.Findings != c.findings || report.Results != c.findings || report.Complete {
				t.Errorf("want %d findings kept and an incomplete report, got %d, %+v", c.findings, len(all), report)
			}
			if c.path != "" && len(report.Scans) > 0 && report.Scans[0].Complete {
				t.Error("the broken scan is called complete")
			}
		})
	}
}

// Wherever a file is cut, what comes out is the beginning of what the whole file
// gives.
func TestEveryCutKeepsWhatCameBefore(t *testing.T) {
	for _, name := range []string{"testdata/3.14-runs.sarif", "testdata/3.29-regions.sarif"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		whole, _, err := read(data, sarif.Options{})
		if err != nil {
			t.Fatal(err)
		}
		data = []byte(strings.TrimRight(string(data), "\n"))
		for n := range data {
			all, report, err := read(data[:n], sarif.Options{})
			var e *sarif.Error
			if !errors.As(err, &e) || e.Err != sarif.ErrTruncated || e.Offset != int64(n) || report.Complete {
				t.Fatalf("%s cut at %d: error %v, report %+v", name, n, err, report)
			}
			for i, f := range all {
				if i >= len(whole) || f.Message != whole[i].Message {
					t.Fatalf("%s cut at %d: finding %d is %q", name, n, i, f.Message)
				}
			}
		}
	}
}

func TestScansBeforeTheBreakStayComplete(t *testing.T) {
	doc := `{"version":"2.1.0","runs":[{"results":[{"ruleId":"a"}]},{"results":[{"ruleId":"b"},{"rule`
	_, report, err := read([]byte(doc), sarif.Options{})
	if err == nil || len(report.Scans) != 2 || !report.Scans[0].Complete || report.Scans[1].Complete {
		t.Errorf("error %v, scans %+v", err, report.Scans)
	}
}

func TestTooLargeResultsAreCountedAndTheRestGoesOn(t *testing.T) {
	big := `{"ruleId":"big","message":{"text":"` + strings.Repeat("x", 5000) + `"}}`
	doc := result("", `{"ruleId":"a"},`+big+`,{"ruleId":"b"},`+big)
	all, report, err := read([]byte(doc), sarif.Options{MaxElement: 1000})
	if err != nil || len(all) != 2 || all[1].Rule.ID != "b" || report.Skipped[finding.TooLarge] != 2 || report.Results != 4 {
		t.Errorf("error %v, %d findings, report %+v", err, len(all), report)
	}
	if report.Complete {
		t.Error("complete, though two results were not read")
	}
}

func TestMetadataIsBounded(t *testing.T) {
	for name, doc := range map[string]string{
		"artifacts": `{"version":"2.1.0","runs":[{"artifacts":[` + strings.Repeat(`{"location":{"uri":"x"}},`, 300_000) + `{}],"results":[{"ruleId":"a"}]}]}`,
		"runs":      `{"version":"2.1.0","runs":[{"results":[{"ruleId":"a"}]}` + strings.Repeat(`,{}`, 20_000) + `]}`,
	} {
		all, report, err := read([]byte(doc), sarif.Options{})
		if !errors.Is(err, sarif.ErrTooLarge) || len(all) != 1 || report.Complete {
			t.Errorf("%s: error %v, %d findings, complete %v", name, err, len(all), report.Complete)
		}
	}
}

func TestEmitsErrorEndsTheReading(t *testing.T) {
	stop := errors.New("disk full")
	n := 0
	_, err := sarif.Parse(context.Background(), sarif.Options{Open: generate(4 << 20)}, func(finding.Finding) error {
		if n++; n == 700 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || n != 700 {
		t.Errorf("error %v after %d findings", err, n)
	}
}

func TestCancelledContextEndsTheReading(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	report, err := sarif.Parse(ctx, sarif.Options{Open: generate(16 << 20)}, func(finding.Finding) error {
		if n++; n == 10 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || report.Complete {
		t.Errorf("error %v, complete %v", err, report.Complete)
	}
}

func TestOpensErrorIsPassedOn(t *testing.T) {
	_, err := sarif.Parse(context.Background(), sarif.Options{Open: func() (io.ReadCloser, error) { return nil, os.ErrNotExist }}, nil)
	if !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// A file that is replaced between the passes must not be taken for either.
func TestFileThatChangesBetweenThePasses(t *testing.T) {
	first, second := result("", `{"ruleId":"a"},{"ruleId":"b"}`), result("", `{"ruleId":"a"}`)
	docs := []string{first, second}
	open := func() (io.ReadCloser, error) {
		doc := docs[0]
		docs = docs[1:]
		return io.NopCloser(strings.NewReader(doc)), nil
	}
	report, err := sarif.Parse(context.Background(), sarif.Options{Open: open}, func(finding.Finding) error { return nil })
	if err == nil || report.Complete {
		t.Errorf("error %v, report %+v", err, report)
	}
}

func TestErrorsQuoteNoContent(t *testing.T) {
	_, _, err := read([]byte(`{"version":"2.1.0","runs":[{"results":[{"ruleId":"a","message":{"text":"hunter2" "more"}}]}]}`), sarif.Options{})
	want := "runs[0].results[0].message, byte 81: malformed: want , or } after a member"
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

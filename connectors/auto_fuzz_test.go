package connectors_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/memtest"
)

// named is a document of that name.
func named(name string, data []byte) connectors.Document {
	return connectors.Document{Location: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

// FuzzAuto feeds whatever it is to auto: it is refused, or read as one format with
// counts that add up.
func FuzzAuto(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("*", "testdata", "*.*"))
	if err != nil || len(files) < 20 {
		f.Fatal(len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		memtest.Modest(t, len(data), func() {
			n := 0
			r, err := connectors.Parse(context.Background(), connectors.Config{Type: connectors.Auto}, named("report", data), connectors.ParseOptions{},
				func(finding.Finding) error { n++; return nil })
			if n != r.Findings || r.Results != r.Findings+r.SkippedTotal() || err != nil && r.Complete || err == nil && r.Format == "" {
				t.Errorf("%d findings, %+v, %v", n, r, err)
			}
		})
	})
}

// What a report is called says nothing: each is read as it is, under the name of
// every other format, and what is none is refused under each.
func TestAutoNeverGoesByTheName(t *testing.T) {
	read := func(name string, data []byte) (fs []finding.Finding, r finding.Report, err error) {
		r, err = connectors.Parse(context.Background(), connectors.Config{Type: connectors.Auto}, named(name, data),
			connectors.ParseOptions{Secrets: func(string) string { return "hashed" }}, func(f finding.Finding) error { fs = append(fs, f); return nil })
		return fs, r, err
	}
	for format, files := range testdata(t) {
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, report, _ := read("report", data)
			for _, other := range connectors.Types() {
				got, r, _ := read(other+"-report."+other+".json", data)
				if r.Format != format || !cmp.Equal(r, report) || !cmp.Equal(got, want) {
					t.Errorf("%s, called %s: %+v, without the name %+v", format, other, r, report)
				}
			}
		}
	}
	for _, name := range []string{"trivy.json", "x.sarif", "gitleaks-report.json"} {
		if _, _, err := read(name, []byte(`{"hello":"world"}`)); !errors.Is(err, connectors.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

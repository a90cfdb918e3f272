package sarif_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sarif"
)

// Where the reader happens to break the stream must not matter.
func TestReadersThatGiveOneByteAtATime(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.sarif")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, wantReport, _ := read(data, sarif.Options{})
		var got []finding.Finding
		open := func() (io.ReadCloser, error) {
			return io.NopCloser(iotest.DataErrReader(iotest.OneByteReader(bytes.NewReader(data)))), nil
		}
		report, err := sarif.Parse(context.Background(), sarif.Options{Open: open}, func(f finding.Finding) error {
			got = append(got, f)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got) + cmp.Diff(wantReport, report); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

func TestBackslashesAtTheEdgeOfAChunk(t *testing.T) {
	for _, text := range []string{`\"{`, `\\`, `\\\"}`, `[\\\\`, `\"\"]\"`, `\\\\\"`} {
		doc := result("", `{"ruleId":"a","message":{"text":"`+text+`"}},{"ruleId":"b"}`)
		for size := 1; size < 8; size++ {
			n := 0
			open := func() (io.ReadCloser, error) { return io.NopCloser(&bites{[]byte(doc), size}), nil }
			_, err := sarif.Parse(context.Background(), sarif.Options{Open: open}, func(finding.Finding) error { n++; return nil })
			if err != nil || n != 2 {
				t.Errorf("%s in chunks of %d: %d findings, %v", text, size, n, err)
			}
		}
	}
}

// bites is a reader that gives size bytes at a time.
type bites struct {
	data []byte
	size int
}

func (b *bites) Read(p []byte) (int, error) {
	if len(b.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), b.size)], b.data)
	b.data = b.data[n:]
	return n, nil
}

// Several windows and batches, checked result by result.
func TestLongDocumentsAgreeWithEncodingJSON(t *testing.T) {
	compare(t, generatedBytes(t, 3<<20))
}

// A failing reader's own error comes out, and what was read before it.
func TestReadErrorsAreNotTruncation(t *testing.T) {
	data := []byte(result("", `{"ruleId":"a"},{"ruleId":"b"}`))
	open := func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader(data[:60]), iotest.ErrReader(os.ErrDeadlineExceeded))), nil
	}
	n := 0
	report, err := sarif.Parse(context.Background(), sarif.Options{Open: open}, func(finding.Finding) error { n++; return nil })
	if !errors.Is(err, os.ErrDeadlineExceeded) || n != 1 || report.Complete {
		t.Errorf("error %v, %d findings, complete %v", err, n, report.Complete)
	}
}

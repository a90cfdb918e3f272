package connectors_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/memtest"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
)

// mutations are put in the place of each value of each connector's test data, one
// at a time: raw JSON, or what is none.
var mutations = []struct {
	name, raw string
	broken    bool // no JSON: whatever the format, there must be an error
}{
	{"a path that climbs", `"../../../../etc/passwd"`, false},
	{"a path that climbs on Windows", `"..\\..\\..\\boot.ini"`, false},
	{"an absolute path", `"/etc/passwd"`, false},
	{"a drive", `"C:\\Windows\\win.ini"`, false},
	{"a network path", `"\\\\host\\share\\x"`, false},
	{"an address", `"javascript:alert(1)"`, false},
	{"NUL", `"a\u0000b"`, false},
	{"invalid UTF-8", "\"a\xff\xfe\xc0\xafb\"", false},
	{"half a character", `"\ud800"`, false},
	{"right to left, with markup", `"\u202egnp.x\u202c <script>alert(1)</script> @everyone [x](http://example.com) <!-- sluice:1 --> \u001b[2J"`, false},
	{"a long text", `"` + strings.Repeat("long ", 4_000) + `"`, false},
	{"a negative number", `-1`, false},
	{"a huge number", `9223372036854775808`, false},
	{"a number beyond numbers", `1e400`, false},
	{"a number in a text", `"-99999999999999999999"`, false},
	{"two thousand million lines", `2000000000`, false},
	{"two thousand million lines from the other end", `"1-2000000000"`, false},
	{"null", `null`, false},
	{"a list", `[[],{},"x",1,null]`, false},
	{"an object", `{"a":{"b":[]},"":null}`, false},
	{"nested deeply", strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000), true}, // over the limit
	{"a raw NUL", "\"\x00\"", true},
	{"cut", `"`, true},
}

func TestHostileValuesGiveFindingsThatArePossible(t *testing.T) {
	for format, files := range testdata(t) {
		t.Run(format, func(t *testing.T) {
			tried, seen := 0, map[string]bool{}
			for _, file := range files {
				for _, with := range holes(t, file, seen) {
					for _, m := range mutations {
						tried++
						data := bytes.Replace(with, []byte(hole), []byte(m.raw), 1)
						all, report, err := read(format, data)
						if format != "sarif" { // it promises less
							nativetest.Check(t, all, report, err)
						}
						if m.broken && err == nil {
							t.Errorf("%s: %s: no error", file, m.name)
						}
						if !m.broken && err != nil && strings.Contains(err.Error(), "ends too early") {
							t.Errorf("%s: %s: whole, and yet: %v", file, m.name, err)
						}
						for _, f := range all {
							checkTexts(t, f)
						}
						if t.Failed() {
							t.Fatalf("%s: %s in\n%s", file, m.name, with)
						}
					}
				}
			}
			t.Logf("%d reports", tried)
		})
	}
}

// checkTexts: what is printed, stored and sent must be UTF-8, and links lead to the web.
func checkTexts(t *testing.T, f finding.Finding) {
	t.Helper()
	raw, err := json.Marshal(f)
	if err != nil || !utf8.ValidString(fmt.Sprintf("%+v", f)) || bytes.Contains(raw, []byte(`\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd`)) {
		t.Errorf("not UTF-8: %q, %v", raw, err)
	}
	if u := f.Rule.HelpURL; u != "" && !strings.HasPrefix(u, "https://") && !strings.HasPrefix(u, "http://") {
		t.Errorf("a link to %q", u)
	}
	if len(raw) > 100<<10 {
		t.Errorf("a finding of %d bytes", len(raw))
	}
}

// A text of 100 MiB is passed over, and memory does not know of it.
func TestHundredMebibytesInOneText(t *testing.T) {
	const size, most = 100 << 20, 64
	for format, files := range testdata(t) {
		with := holes(t, files[0], map[string]bool{})
		before, after, _ := bytes.Cut(with[len(with)/2], []byte(hole))
		doc := connectors.Document{Location: "hostile", Open: func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(before), strings.NewReader(`"`), io.LimitReader(letters{}, size), strings.NewReader(`"`), bytes.NewReader(after))), nil
		}}
		stop := memtest.Peak(t)
		report, err := connectors.Parse(context.Background(), connectors.Config{Type: format}, doc, connectors.ParseOptions{}, func(finding.Finding) error { return nil })
		peak := stop()
		t.Logf("%-12s peak heap %5.1f MiB, %+v, %v", format, peak, report.Skipped, err)
		if peak > most || report.Results != report.Findings+report.SkippedTotal() {
			t.Errorf("%s: peak heap %.1f MiB, %+v, %v", format, peak, report, err)
		}
	}
}

// Secrets in test data are marked by the word: nothing may repeat them.
func TestNothingOfASecretRemains(t *testing.T) {
	marked := 0
	for format, files := range testdata(t) {
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			marked += bytes.Count(data, []byte("SECRET"))
			all, _, _ := read(format, data)
			for _, f := range all {
				raw, err := json.Marshal(f)
				if err != nil || strings.Contains(strings.ReplaceAll(string(raw), "CKV_SECRET", ""), "SECRET") {
					t.Errorf("%s: %s, %v", file, raw, err)
				}
			}
		}
	}
	if marked < 20 {
		t.Errorf("only %d marks: is this the test data?", marked)
	}
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func read(format string, data []byte) (all []finding.Finding, report finding.Report, err error) {
	doc := connectors.Document{Location: "hostile", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
	o := connectors.ParseOptions{Secrets: func(s string) string { return fmt.Sprint(len(s)) }}
	report, err = connectors.Parse(context.Background(), connectors.Config{Type: format}, doc, o, func(f finding.Finding) error {
		all = append(all, f)
		return nil
	})
	return all, report, err
}

// testdata lists the reports that connectors have for their tests, by format.
func testdata(t *testing.T) map[string][]string {
	list := map[string][]string{}
	for _, format := range connectors.Types()[1:] {
		folder := strings.NewReplacer("-", "", "_", "").Replace(format)
		files, err := filepath.Glob(filepath.Join(folder, "testdata", "*.*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if filepath.Ext(file) != ".golden" {
				list[format] = append(list[format], file)
			}
		}
		if len(list[format]) == 0 {
			t.Errorf("%s has no test data", format)
		}
	}
	return list
}

// hole stands where a value was.
const hole = `"@@hole@@"`

// holes lists a report, of one document or of several, with a hole in the place of
// each of its strings, numbers and truth values; of those at the same path, such as
// [*].file, only the first of all files.
func holes(t *testing.T, file string, seen map[string]bool) (list [][]byte) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var docs []any
	for d := json.NewDecoder(bytes.NewReader(data)); d.More(); {
		var doc any
		if err := d.Decode(&doc); err != nil {
			t.Fatal(file, err)
		}
		docs = append(docs, doc)
	}
	render := func(path string) {
		if seen[path] {
			return
		}
		seen[path] = true
		var out bytes.Buffer
		for _, doc := range docs {
			raw, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(file, err)
			}
			out.Write(append(raw, '\n'))
		}
		list = append(list, out.Bytes())
	}
	for i := range docs {
		eachLeaf(docs[i], "", func(v any) { docs[i] = v }, render)
	}
	return list
}

// eachLeaf puts a hole in the place of each value below v, one at a time.
func eachLeaf(v any, path string, set func(any), render func(path string)) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			eachLeaf(v[k], path+"."+k, func(to any) { v[k] = to }, render)
		}
	case []any:
		for i, member := range v {
			eachLeaf(member, path+"[*]", func(to any) { v[i] = to }, render)
		}
	default:
		set(strings.Trim(hole, `"`))
		render(path)
		set(v)
	}
}

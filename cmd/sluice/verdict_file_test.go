package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseVerdicts(t *testing.T) {
	one := "finding,kind\nacme/shop:F1,useful\n"
	for name, c := range map[string]struct{ file, want string }{
		"plain":            {one, "line 2 acme/shop:F1 useful"},
		"BOM and CRLF":     {"\xef\xbb\xbf" + strings.ReplaceAll(one, "\n", "\r\n"), "line 2 acme/shop:F1 useful"},
		"semicolons":       {strings.ReplaceAll(one, ",", ";"), "line 2 acme/shop:F1 useful"},
		"no end of line":   {strings.TrimSpace(one), "line 2 acme/shop:F1 useful"},
		"shouted columns":  {"Finding , KIND\nacme/shop:F1,useful", "line 2 acme/shop:F1 useful"},
		"verdict for kind": {"finding,verdict\nacme/shop:F1,useful", "line 2 acme/shop:F1 useful"},
		"empty lines":      {"finding,kind\n\n\nacme/shop:F1,useful\n\n", "line 4 acme/shop:F1 useful"},
		"only columns":     {"finding,kind\n", ""},
		"an open quote":    {"finding,kind\nacme/shop:F1,\"useful\nacme/shop:F2,useful\n", "lines 2 to 3: extraneous or missing \" in quoted-field"},
		"empty":            {" \n", "error: it is empty"},
		"UTF-16":           {"\xff\xfef\x00", "error: it is UTF-16: save it as UTF-8"},
		"no kind":          {"finding,reason\nacme/shop:F1,x\n", "error: it is neither a JSON list nor a CSV file whose first line names its columns: there is no column \"kind\""},
		"kind twice":       {"finding,kind,Kind\n", "error: it is neither a JSON list nor a CSV file whose first line names its columns: there are two columns \"kind\""},
		"no columns":       {"acme/shop:F1,useful\n", "error: it is neither a JSON list nor a CSV file whose first line names its columns: column \"acme/shop:F1\" is none of finding, kind, person, at, until, reason"},
		"an object":        {`{"finding": "acme/shop:F1"}`, `error: a JSON file is one list of objects: [{"finding": ..., "kind": ...}, ...]`},
		"JSON and more":    {"[]\n[]", "error: line 2: invalid character '[' after top-level value"},
		"JSON, cut":        {`[{"finding": `, "error: line 1: unexpected end of JSON input"},
		"JSON":             {` [{"finding": "acme/shop:F1", "kind": "useful"}]`, "entry 1 acme/shop:F1 useful"},
		"JSON, wrong kind": {`[{"finding": ["acme/shop:F1"]}, 7]`, "entry 1: finding is a array, and a text is wanted\nentry 2: it is a number, and an object is wanted"},
	} {
		lines, err := parseVerdicts([]byte(c.file))
		var got []string
		for _, l := range lines {
			text := l.where + " " + l.Finding + " " + l.Kind
			if l.wrong != nil {
				text = l.where + ": " + l.wrong.Error()
			}
			got = append(got, text)
		}
		if err != nil {
			got = []string{"error: " + err.Error()}
		}
		if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// Whatever a file holds, each line that is made of it says where it stands.
func FuzzParseVerdicts(f *testing.F) {
	f.Add([]byte("finding,kind\nacme/shop:F1,useful\n"))
	f.Add([]byte("finding;kind\n\"a\nb\";\"c\n"))
	f.Add([]byte(`[{"finding": "acme/shop:F1", "kind": 1}, null]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		lines, err := parseVerdicts(raw)
		if err != nil && len(lines) > 0 {
			t.Errorf("%d lines beside %v", len(lines), err)
		}
		if len(lines) > len(raw) {
			t.Errorf("%d lines of %d bytes", len(lines), len(raw))
		}
		for _, l := range lines {
			if l.where == "" {
				t.Errorf("a line stands nowhere: %+v", l)
			}
		}
	})
}

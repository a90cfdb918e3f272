package jsonwalk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"testing"

	"github.com/sluice-sec/sluice/connectors/jsonwalk"
)

// FuzzWalk compares with encoding/json: what is JSON and what is not, the elements
// at some paths, and what is decoded of them.
func FuzzWalk(f *testing.F) {
	for _, doc := range []string{
		``, `null`, `[1,"a",{"b":[{"x":"1","y":2,"z":["é","\ud83d\ude00"]}]}]`, `{"a":{"k":{"x":"t"},"k2":null},"b":[{"c":[1,2],"d":"e"},{"d":7}]}`,
		`{"b":[{"c":["\u00e9` + "\xff" + `"]}]}`, `{"b":[{"c":[tru]}]}`, `[1e5,-0.1E+9,"\ud83d\ude00\ud800x"]`,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.HasPrefix(data, []byte("\x1f\x8b")) || bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) || bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
			return
		}
		open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
		w := jsonwalk.Walk{Open: open, Elements: []string{"[*]", "a.*", "b[*].c[*]"}, Keep: []string{"b[*].d", "e.f", "g[*].h"}}
		var got []any
		_, err := w.Each(context.Background(), func(e jsonwalk.Element) error {
			for _, c := range e.Around {
				jsonwalk.Of[struct{ D string }](c)
			}
			var mine, theirs any
			if _, err := e.Decode(&struct{ X []struct{ Y json.RawMessage } }{}); err != nil {
				return err
			}
			if err := exact(e.Raw, &theirs); err != nil {
				t.Errorf("%q is no JSON and is decoded: %v", e.Raw, err)
			}
			mine = theirs
			if _, isText := theirs.(string); isText {
				var text string
				if _, err := e.Decode(&text); err != nil {
					return err
				}
				mine = text
			}
			got = append(got, mine)
			return nil
		})
		if errors.Is(err, jsonwalk.ErrTooLarge) {
			return
		}
		var e *jsonwalk.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("error without a place: %v", err)
		}
		var doc any
		if valid := json.Valid(data); valid != (err == nil) {
			t.Fatalf("JSON: %v, error %v", valid, err)
		}
		_ = exact(data, &doc)
		if want := expected(doc); err == nil && !duplicates(data) && !sameElements(want, got) {
			t.Errorf("elements %v, want %v", got, want)
		}
	})
}

// exact decodes with numbers as they are written.
func exact(data []byte, into *any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(into)
}

// expected are the elements at the three paths; the order of a map is not kept.
func expected(doc any) (all []any) {
	switch doc := doc.(type) {
	case []any:
		return doc
	case map[string]any:
		if a, ok := doc["a"].(map[string]any); ok {
			for _, v := range a {
				all = append(all, v)
			}
		}
		list, _ := doc["b"].([]any)
		for _, b := range list {
			if b, ok := b.(map[string]any); ok {
				c, _ := b["c"].([]any)
				all = append(all, c...)
			}
		}
	}
	return all
}

func sameElements(want, got []any) bool {
	if len(want) != len(got) {
		return false
	}
	left := append([]any(nil), got...)
next:
	for _, w := range want {
		for i, g := range left {
			if text, ok := w.(string); ok && len(text) > jsonwalk.MaxMessage-4 {
				continue // cut
			}
			if reflect.DeepEqual(w, g) {
				left = append(left[:i], left[i+1:]...)
				continue next
			}
		}
		return false
	}
	return true
}

// duplicates tells whether some object repeats a name: encoding/json keeps the last,
// a walk hands over all.
func duplicates(data []byte) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	return repeated(d)
}

func repeated(d *json.Decoder) bool {
	t, err := d.Token()
	if err != nil {
		return false
	}
	seen := map[string]bool{}
	switch t {
	case json.Delim('{'):
		for d.More() {
			name, err := d.Token()
			key, ok := name.(string)
			if err != nil || !ok {
				return false
			}
			if seen[key] || repeated(d) {
				return true
			}
			seen[key] = true
		}
		_, _ = d.Token()
	case json.Delim('['):
		for d.More() {
			if repeated(d) {
				return true
			}
		}
		_, _ = d.Token()
	}
	return false
}

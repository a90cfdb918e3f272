package jsonwalk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors/jsonwalk"
)

func TestASketchKnowsWhatThereIs(t *testing.T) {
	k, err := jsonwalk.Look(context.Background(), text(`{"a":{"b":[{"c":"x"},{"d":7}]},"e":{"k.1":{"f":true}},"n":null}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"a": true, "a.b": true, "a.b[*]": true, "a.b[*].c": true, "a.b[*].d": true, "e.*.f": true, "n": true, "": true,
		"b": false, "a.b[*].e": false, "e.*.g": false, "e.f": false, "[*]": false,
	} {
		if k.Has(path) != want {
			t.Errorf("%q: %v", path, !want)
		}
	}
	if !k.Is("a.b[*].c", "x") || !k.Is("a.b[*].d", "7") || k.Is("a.b[*].c", "y") || !k.Begins("a", "{") || !k.Begins("a.b", "[") || !k.Is("e.*.f", "true") {
		t.Error("the values are others")
	}
	if !k.HasAll("a", "e") || k.HasAll("a", "b") {
		t.Error("all is not all")
	}
}

func TestASketchIsBounded(t *testing.T) {
	var many strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&many, `"m%d":{"x":[1,2,3,4]},`, i)
	}
	k, err := jsonwalk.Look(context.Background(), text(`{"first":{`+many.String()+`"z":1},"second":1,"large":"`+strings.Repeat("x", 1<<21)+`"`))
	if err != nil || !k.Has("first.m0.x[*]") || !k.Has("second") || k.Has("first.m9999") {
		t.Error(err, k.Has("first.m0.x[*]"), k.Has("second"), k.Has("first.m9999"))
	}
}

func TestThereIsNoSketchOfWhatIsNoJSON(t *testing.T) {
	var e *jsonwalk.Error
	for _, doc := range []string{"", "  ", "<", "plain"} {
		if k, err := jsonwalk.Look(context.Background(), text(doc)); !errors.As(err, &e) {
			t.Errorf("%q: %v %v", doc, k, err)
		}
	}
	if k, err := jsonwalk.Look(context.Background(), text(`{"a":1} nonsense`)); err != nil || !k.Has("a") {
		t.Errorf("what follows the beginning is for the parser to say: %v", err)
	}
}

func TestTheSketchOfXMLIsItsRoot(t *testing.T) {
	for text, want := range map[string]string{
		"<a/>": " a",
		"\ufeff \n<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><!-- <b/> --><x:a xmlns:x='urn:x' b='c'><d>": "urn:x a",
		"<": "", "<!-- <a/> -->": "", "{}": "", "<a": "",
	} {
		k, err := jsonwalk.Look(t.Context(), func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil })
		if (want == "") != (err != nil || k.Root == "") || want != "" && k.Root != want {
			t.Errorf("%q: %+v, %v; want %q", text, k, err, want)
		}
	}
}

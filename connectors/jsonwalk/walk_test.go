package jsonwalk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/jsonwalk"
)

type target struct {
	Target string
	Layer  struct{ ID string }
}

type vulnerability struct {
	ID   string
	Line int
}

func text(doc string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(doc)), nil }
}

// walk lists each element with what stands around it.
func walk(doc string, w jsonwalk.Walk) (lines []string, result jsonwalk.Result, err error) {
	w.Open = text(doc)
	result, err = w.Each(context.Background(), func(e jsonwalk.Element) error {
		if e.TooLarge {
			lines = append(lines, fmt.Sprintf("%d too large", e.Offset))
			return nil
		}
		line := string(e.Raw)
		for _, c := range e.Around {
			t := jsonwalk.Of[target](c)
			line += fmt.Sprintf(" %s/%s", t.Target, t.Layer.ID)
		}
		if e.Key != "" {
			line += " " + e.Key
		}
		lines = append(lines, line)
		var v vulnerability
		_, err := e.Decode(&v)
		return err
	})
	return lines, result, err
}

func TestElementsKnowWhatStandsAroundThem(t *testing.T) {
	keep := []string{"Target", "Results[*].Target", "Results[*].Layer.ID"}
	for _, c := range []struct {
		name, doc string
		walk      jsonwalk.Walk
		want      []string
	}{
		{"siblings before and after", `{"Results":[{"Target":"a","V":[{"ID":"1"},{}],"Layer":{"x":[{}],"ID":7}},{"V":null,"Target":"b"},{"V":[{"ID":"2"}]}],"Target":"doc"}`,
			jsonwalk.Walk{Elements: []string{"Results[*].V[*]"}, Keep: keep},
			[]string{`{"ID":"1"} doc/ a/7`, `{} doc/ a/7`, `{"ID":"2"} doc/ /`}},
		{"of another type", `{"Target":["x"],"Results":[{"Layer":"no","V":[1, "x" ,null]}]}`,
			jsonwalk.Walk{Elements: []string{"Results[*].V[*]"}, Keep: keep},
			[]string{`1 / /`, `"x" / /`, `null / /`}},
		{"members", `{"a":{"x.y":{"ID":"1"},"z":true}}`, jsonwalk.Walk{Elements: []string{"a.*"}}, []string{`{"ID":"1"} / / x.y`, `true / / z`}},
		{"root array or object", `[{"v":[1]},{"v":[2]}]`, jsonwalk.Walk{Elements: []string{"v[*]", "[*].v[*]"}}, []string{"1 /", "2 /"}},
		{"lines", "{\"ID\":\"1\"}\n\n{\"ID\":\"2\"}{}\n", jsonwalk.Walk{Elements: []string{""}, Stream: true}, []string{`{"ID":"1"}`, `{"ID":"2"}`, `{}`}},
		{"lines with something kept", "{\"v\":[1],\"Target\":\"a\"}\n{\"Target\":\"b\",\"v\":[2]}", jsonwalk.Walk{Elements: []string{"v[*]"}, Keep: keep[:1], Stream: true}, []string{"1 a/", "2 b/"}},
		{"nothing", ` {} `, jsonwalk.Walk{Elements: []string{"v[*]"}}, nil},
		{"too large", `{"v":["` + strings.Repeat("x", 100) + `",2]}`, jsonwalk.Walk{Elements: []string{"v[*]"}, MaxElement: 50}, []string{"6 too large", "2 /"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := walk(c.doc, c.walk)
			if err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestErrorsComeAfterWhatWasThere(t *testing.T) {
	w := jsonwalk.Walk{Elements: []string{"r[*].v[*]"}, Keep: []string{"r[*].Target"}}
	for _, c := range []struct {
		name, doc string
		want      error
		path      string
		elements  int
	}{
		{"empty", ``, jsonwalk.ErrTruncated, "", 0},
		{"cut in an element", `{"r":[{"v":[{"ID":"1"},{"ID"`, jsonwalk.ErrTruncated, "r[0].v[1]", 1},
		{"cut after an element", `{"r":[{"v":[{"ID":"1"}`, jsonwalk.ErrTruncated, "r[0].v", 1},
		{"wrong in an element", `{"r":[{"v":[{"ID":"1"},{"ID":"2","x":[01]}]}]}`, jsonwalk.ErrMalformed, "r[0].v[1].x", 2},
		{"wrong in what is kept", `{"r":[{"v":[{"ID":"1"}]},{"Target":nil}]}`, jsonwalk.ErrMalformed, "r[1].Target", 1},
		{"wrong in what nobody reads", `{"r":[{"v":[{"ID":"1"}]}],"x":[1}`, jsonwalk.ErrMalformed, "x", 1},
		{"NUL", `{"r":[{"v":[{"ID":"1"}]}],"x":` + "\"\x00\"}", jsonwalk.ErrMalformed, "x", 1},
		{"nested deeply", `{"r":[{"v":[{"ID":"1"},` + strings.Repeat("[", 100_000), jsonwalk.ErrTooLarge, "r[0].v[1]", 1},
		{"something follows", `{"r":[{"v":[{"ID":"1"}]}]} x`, jsonwalk.ErrMalformed, "", 1},
		{"too much to keep", `{"r":[{"v":[{"ID":"1"}],"Target":"` + strings.Repeat("x", 17<<20) + `"}]}`, jsonwalk.ErrTooLarge, "r[0].Target", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := walk(c.doc, w)
			var e *jsonwalk.Error
			if !errors.Is(err, c.want) || !errors.As(err, &e) || !strings.HasPrefix(e.Path, c.path) {
				t.Errorf("error %v, want %v at %q", err, c.want, c.path)
			}
			if len(got) != c.elements {
				t.Errorf("%d elements: %v", len(got), got)
			}
		})
	}
}

func TestABrokenLineSaysWhichItIs(t *testing.T) {
	_, _, err := walk("{}\n{}\n{\"ID\":}\n", jsonwalk.Walk{Elements: []string{""}, Stream: true})
	if err == nil || err.Error() != `[2].ID, byte 12: malformed: want a value` {
		t.Error(err)
	}
}

func TestWhatIsNoFaultOfTheFileIsNoError(t *testing.T) {
	w := jsonwalk.Walk{Open: func() (io.ReadCloser, error) { return nil, os.ErrNotExist }}
	var e *jsonwalk.Error
	if _, err := w.Each(context.Background(), nil); !errors.Is(err, os.ErrNotExist) || errors.As(err, &e) {
		t.Error(err)
	}
	stop := errors.New("stop")
	w = jsonwalk.Walk{Open: text(`[1,2]`), Elements: []string{"[*]"}}
	if _, err := w.Each(context.Background(), func(jsonwalk.Element) error { return stop }); err != stop {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := w.Each(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestFoundTellsAnEmptyListFromNone(t *testing.T) {
	_, r, err := walk(`{"a":[],"b":{},"c":null}`, jsonwalk.Walk{Elements: []string{"a[*]", "b.*", "c[*]", "d[*]"}})
	if want := []bool{true, true, false, false}; err != nil || !cmp.Equal(want, r.Found) {
		t.Error(r.Found, err)
	}
	if !r.Met("a") || !r.Met("b") || r.Met("c") || r.Met("d") || !r.Met("") {
		t.Error("met the wrong ones")
	}
}

func TestDecodeForgivesTypes(t *testing.T) {
	type inner struct{ A string }
	type all struct {
		Text  string
		N     int
		F     float64
		B     bool
		In    inner
		P     *inner
		List  []string
		Ins   []inner
		Map   map[string]inner
		Other string `json:"another-name"`
	}
	for doc, want := range map[string]struct {
		v        all
		mistyped int
	}{
		`{"TEXT":5,"n":"7","f":"1.5","b":true,"another-name":false}`:                    {all{Text: "5", N: 7, F: 1.5, B: true, Other: "false"}, 0},
		`{"text":{"x":1},"n":1.5,"f":"x","b":"true","in":[],"p":null,"list":"x"}`:       {all{}, 6},
		`{"in":{"a":"x"},"p":{"a":"y"},"list":["1",2],"ins":[{"a":"z"},3],"n":3.0}`:     {all{In: inner{"x"}, P: &inner{"y"}, List: []string{"1", "2"}, Ins: []inner{{"z"}, {}}, N: 3}, 1},
		`{"map":{"K":{"a":"x"},"l":[]},"text":"\ud800 ` + "\xff" + `","n":1e99,"f":-2}`: {all{Map: map[string]inner{"K": {"x"}, "l": {}}, Text: "\ufffd \ufffd", F: -2}, 2},
	} {
		var got all
		mistyped, err := jsonwalk.Decode([]byte(doc), &got)
		if err != nil || mistyped != want.mistyped || !cmp.Equal(want.v, got) {
			t.Errorf("%s: %d mistyped, want %d, %v\n%s", doc, mistyped, want.mistyped, err, cmp.Diff(want.v, got))
		}
	}
}

func TestDecodeIsBounded(t *testing.T) {
	var lists [][]vulnerability
	if _, err := jsonwalk.Decode([]byte("["+strings.Repeat("[{},{}],", 100_000)+"[]]"), &lists); err != nil || len(lists) > 20_000 {
		t.Error(len(lists), err)
	}
	var long string
	if _, err := jsonwalk.Decode([]byte(`"`+strings.Repeat("x", 1<<20)+`"`), &long); err != nil || len(long) > jsonwalk.MaxMessage {
		t.Error(len(long), err)
	}
}

func TestAnElementWithTooManyEntriesSaysThatItIsCut(t *testing.T) {
	w := jsonwalk.Walk{Open: text(`[[1],[` + strings.Repeat("1,", 30_000) + `1]]`), Elements: []string{"[*]"}}
	var cut []bool
	_, err := w.Each(context.Background(), func(e jsonwalk.Element) error {
		var list []int
		_, err := e.Decode(&list)
		cut = append(cut, e.Cut())
		return err
	})
	if err != nil || !cmp.Equal(cut, []bool{false, true}) {
		t.Error(cut, err)
	}
}

// What nobody decodes is checked all the same.
func TestNothingBrokenIsPassedOver(t *testing.T) {
	for _, decode := range []bool{false, true} {
		for _, doc := range []string{"[{\"raw\":\"\x00\"},{}]", `[{"raw":[01]},{}]`, `[{"raw":{"a"}},{}]`, `[{"raw":[1,]},{}]`} {
			w := jsonwalk.Walk{Open: text(doc), Elements: []string{"[*]"}}
			_, err := w.Each(context.Background(), func(e jsonwalk.Element) error {
				if !decode {
					return nil
				}
				var one struct{ Raw json.RawMessage }
				_, err := e.Decode(&one)
				return err
			})
			if !errors.Is(err, jsonwalk.ErrMalformed) {
				t.Errorf("%q, decoded: %v: %v", doc, decode, err)
			}
		}
	}
}

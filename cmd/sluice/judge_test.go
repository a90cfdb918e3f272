package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
)

func TestJudge(t *testing.T) {
	view := func(name string, sampled bool) findingView {
		return findingView{Name: name, Severity: finding.High, Scanner: "gosec", Rule: "G204", Message: "A command\nis built.", Sampled: sampled,
			Place: &finding.Place{Path: "run.go", StartLine: 3}, Snippet: "\texec(a)\n"}
	}
	queue := []findingView{view("acme/shop:F1", true), view("acme/shop:F2", false), view("acme/shop:F3", false), view("acme/shop:F4", false)}
	for keys, want := range map[string][]string{
		"fsu":       {"acme/shop:F1 false-positive", "acme/shop:F3 useful"},
		"x?\r\nnq":  {"acme/shop:F1 not-useful"},
		"wwww":      {"acme/shop:F1 wont-fix", "acme/shop:F2 wont-fix", "acme/shop:F3 wont-fix", "acme/shop:F4 wont-fix"},
		"\x03fff":   nil,
		"":          nil,
		"sssd":      {"acme/shop:F4 duplicate"},
		"c\x04ffff": {"acme/shop:F1 unreproducible"},
		"fbu":       {"acme/shop:F1 useful"},
		"bfnq":      {"acme/shop:F1 false-positive", "acme/shop:F2 not-useful"},
		"fnbbq":     nil,
		"fsbuq":     {"acme/shop:F1 useful"},
		"fnsbwuq":   {"acme/shop:F1 false-positive", "acme/shop:F2 wont-fix", "acme/shop:F3 useful"},
	} {
		var out bytes.Buffer
		var got []string
		err := judge(&out, strings.NewReader(keys).ReadByte, queue, func(v findingView, k promoter.VerdictKind) (func() error, error) {
			given := v.Name + " " + string(k)
			got = append(got, given)
			return func() error {
				got = slices.DeleteFunc(got, func(s string) bool { return s == given })
				return nil
			}, nil
		})
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("%q: %v\n%s", keys, err, diff)
		}
		if text := out.String(); !strings.Contains(text, "[1/4] acme/shop:F1  high  gosec G204  (drawn at random)\nrun.go:3\nA command is built.\n      exec(a)\n") ||
			!strings.Contains(text, "answered") {
			t.Errorf("%q shows:\n%s", keys, text)
		}
	}
}

func TestJudgeAnEmptyQueue(t *testing.T) {
	var out bytes.Buffer
	if err := judge(&out, nil, nil, nil); err != nil || out.String() != "the queue is empty\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestWhatIsOneKey(t *testing.T) {
	for typed, want := range map[string]byte{"f": 'f', "\r": '\r', "\x1b": escapeKey, "\x1b[B": escapeKey, "\x1b[15~": escapeKey, "ü": 0xc3, "\x03": 3, "x\x03": 3} {
		if k, err := oneKey(strings.NewReader(typed)); err != nil || k != want {
			t.Errorf("%q is %q, %v; want %q", typed, k, err, want)
		}
	}
	for _, typed := range []string{"ff", "f\r", "it is an operator tool\r", "üf", "\nf"} {
		if k, err := oneKey(strings.NewReader(typed)); !errors.Is(err, errBurst) {
			t.Errorf("%q is %q, %v; want a burst", typed, k, err)
		}
	}
}

// A text that arrives at once answers nothing, and the sitting goes on.
func TestJudgeABurst(t *testing.T) {
	arrives := []string{"f unused", "n", "it is useful", "b", "u", "q"}
	key := func() (byte, error) {
		next := arrives[0]
		arrives = arrives[1:]
		return oneKey(strings.NewReader(next))
	}
	var out bytes.Buffer
	got := map[string]promoter.VerdictKind{}
	err := judge(&out, key, []findingView{{Name: "F1"}, {Name: "F2"}}, func(v findingView, k promoter.VerdictKind) (func() error, error) {
		got[v.Name] = k
		return func() error { delete(got, v.Name); return nil }, nil
	})
	if diff := cmp.Diff(map[string]promoter.VerdictKind{"F1": promoter.VerdictUseful}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if n := strings.Count(out.String(), "that was more than one key: nothing recorded\n"); n != 2 {
		t.Errorf("a burst was told of %d times:\n%s", n, &out)
	}
}

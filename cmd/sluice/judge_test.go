package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	} {
		var out bytes.Buffer
		var got []string
		err := judge(&out, strings.NewReader(keys).ReadByte, queue, func(v findingView, k promoter.VerdictKind) error {
			got = append(got, v.Name+" "+string(k))
			return nil
		})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
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

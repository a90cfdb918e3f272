package main

import (
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
)

func TestAPlaceIsThatOfThePullRequest(t *testing.T) {
	first, second := &finding.Place{Path: "a.go", StartLine: 1}, &finding.Place{Path: "b.go", StartLine: 2}
	v := findingView{Place: first, Seen: []sightingView{
		{Ref: "refs/pull/1/head", Place: first}, {Ref: "refs/pull/2/head", Place: second},
	}}
	for change, want := range map[int]string{1: "a.go:1", 2: "b.go:2", 3: "a.go:1"} {
		if got := where(v.placeIn(change)); got != want {
			t.Errorf("in #%d it stands at %s, want %s", change, got, want)
		}
	}
}

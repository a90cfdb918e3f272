package store_test

import (
	"testing"

	"github.com/sluice-sec/sluice/promoter/store"
)

func TestChangeOf(t *testing.T) {
	for ref, want := range map[string]int{
		"refs/pull/7/head": 7, "refs/pull/12/merge": 12, "refs/pull/3": 3,
		"refs/heads/main": 0, "refs/heads/refs/pull/7/head": 0, "refs/pull/x/head": 0, "refs/pull/-7/head": 0, "refs/pull/": 0, "7": 0, "": 0,
	} {
		if got := store.ChangeOf(ref); got != want {
			t.Errorf("ChangeOf(%q) = %d, want %d", ref, got, want)
		}
	}
}

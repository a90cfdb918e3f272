package simulation_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	oneSeed  = flag.Int64("seed", -1, "play this seed alone, and tell its story")
	numSeeds = flag.Int("seeds", 150, "how many seeds to play")
	first    = flag.Int("first", 1, "the first of them")
	keep     = flag.String("keep", "", "with -seed: leave its database and its world in this new folder")
)

// TestSeeds plays stories and looks at the world after each run and at the end.
func TestSeeds(t *testing.T) {
	l := &law{}
	if *oneSeed >= 0 {
		if told, err := play(l, t.TempDir(), uint64(*oneSeed)); err != nil {
			t.Fatalf("seed %d: %v\n%s", *oneSeed, err, strings.Join(told, "\n"))
		} else {
			t.Log(strings.Join(told, "\n"))
		}
		return
	}
	if testing.Short() {
		*numSeeds = min(*numSeeds, 20)
	}
	start := time.Now()
	t.Cleanup(func() { t.Logf("%d seeds in %s", *numSeeds, time.Since(start).Round(time.Millisecond)) })
	for n := range *numSeeds {
		seed := uint64(*first + n)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			if told, err := play(l, t.TempDir(), seed); err != nil {
				t.Errorf("seed %d: %v\n%s\nplay it again: go test ./test/simulation -run TestSeeds -seed %d", seed, err, tail(told), seed)
			}
		})
	}
}

func play(l *law, dir string, seed uint64) ([]string, error) {
	s, err := newStory(l, dir, seed)
	if err != nil {
		return nil, err
	}
	err = s.play()
	if *keep != "" {
		err = errors.Join(err, s.sandbox.Save(), os.CopyFS(*keep, os.DirFS(dir)))
	}
	if closed := s.close(); err == nil {
		err = closed
	}
	return s.told, err
}

func tail(told []string) string { return strings.Join(told[max(0, len(told)-25):], "\n") }

// TestASeedPlaysTheSameAgain: without it no failing seed could be looked at.
func TestASeedPlaysTheSameAgain(t *testing.T) {
	l := &law{}
	for seed := range uint64(3) {
		var told [2]string
		for i := range told {
			lines, err := play(l, filepath.Join(t.TempDir(), fmt.Sprint(i)), 1000+seed)
			told[i] = fmt.Sprint(strings.Join(lines, "\n"), err)
		}
		if told[0] != told[1] {
			a, b := strings.Split(told[0], "\n"), strings.Split(told[1], "\n")
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					t.Fatalf("seed %d line %d:\n%s\n%s", 1000+seed, i, a[i], b[i])
				}
			}
			t.Fatalf("seed %d: one story is longer", 1000+seed)
		}
	}
}

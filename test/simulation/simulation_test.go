package simulation_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter/run"
)

var (
	oneSeed  = flag.Int64("seed", -1, "play this seed alone, and tell its story")
	numSeeds = flag.Int("seeds", 120, "how many seeds to play")
	first    = flag.Int("first", 1, "the first of them")
	every    = flag.Int("every", 13, "of the faults at requests, try each so-manieth")
	keep     = flag.String("keep", "", "with -seed: leave its database and its world in this new folder")
)

// TestSeeds plays stories and looks at the world after each run and at the end.
func TestSeeds(t *testing.T) {
	l := &law{}
	if *oneSeed >= 0 {
		s, err := play(l, t.TempDir(), uint64(*oneSeed))
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", *oneSeed, err, strings.Join(s.told, "\n"))
		}
		t.Log(strings.Join(s.told, "\n"))
		return
	}
	if testing.Short() {
		*numSeeds = min(*numSeeds, 20)
	}
	sum := &tally{start: time.Now()}
	t.Cleanup(func() { t.Log(sum) })
	for n := range *numSeeds {
		seed := uint64(*first + n)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			s, err := play(l, t.TempDir(), seed)
			if s.place != nil {
				sum.add(s)
			}
			if err != nil {
				t.Errorf("seed %d: %v\n%s\nplay it again: go test ./test/simulation -run TestSeeds -seed %d", seed, err, tail(s.told), seed)
			}
		})
	}
}

func play(l *law, dir string, seed uint64) (*story, error) {
	s, err := newStory(l, dir, seed)
	if err != nil {
		return s, err
	}
	err = s.play()
	if *keep != "" {
		err = errors.Join(err, s.sandbox.Save(), os.CopyFS(*keep, os.DirFS(dir)))
	}
	if closed := s.close(); err == nil {
		err = closed
	}
	return s, err
}

// tally says what happened in all stories, so that a reader sees that something did.
type tally struct {
	mu                                                   sync.Mutex
	start                                                time.Time
	seeds, runs, killed, stopped, faults, lost, findings int
	run.EffectCounts
	mails, issues int
}

func (y *tally) add(s *story) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.seeds++
	y.runs += s.runs
	y.killed += s.killed
	y.stopped += s.stopped
	y.faults += len(s.injector.Met())
	y.lost += s.lost
	y.findings += s.lines
	y.Done, y.Kept, y.Deferred, y.Failed = y.Done+s.did.Done, y.Kept+s.did.Kept, y.Deferred+s.did.Deferred, y.Failed+s.did.Failed
	y.Unknown += s.did.Unknown
	y.mails += s.mails
	if tasks, err := s.tasks(); err == nil && s.jira != nil {
		y.issues += len(tasks)
		y.faults += len(s.jiraFire.Met())
	}
}

func (y *tally) String() string {
	return fmt.Sprintf("%d seeds in %s: %d runs, of them %d killed and %d stopped; %d faults met; %d problems written, %d mails, %d issues;"+
		" effects: %d done, %d kept, %d deferred, %d refused, %d unknown; %d settled by a later run",
		y.seeds, time.Since(y.start).Round(time.Second), y.runs, y.killed, y.stopped, y.faults, y.findings, y.mails, y.issues,
		y.Done, y.Kept, y.Deferred, y.Failed, y.Unknown, y.lost)
}

func tail(told []string) string { return strings.Join(told[max(0, len(told)-25):], "\n") }

// TestASeedPlaysTheSameAgain: without it no failing seed could be looked at.
func TestASeedPlaysTheSameAgain(t *testing.T) {
	l := &law{}
	for seed := range uint64(3) {
		var told [2]string
		for i := range told {
			s, err := play(l, filepath.Join(t.TempDir(), fmt.Sprint(i)), 1000+seed)
			told[i] = fmt.Sprint(strings.Join(s.told, "\n"), err)
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

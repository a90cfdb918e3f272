package jira

import (
	"maps"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/statefile"
)

// index is what searches look at: copies of the issues as they were, each shown from a time on.
type index struct {
	lag     time.Duration
	shown   map[int64]*entry
	waiting []*entry // in the order of the changes
	serial  int
}

// entry is an issue as it was after a change; issue is nil if it was deleted.
type entry struct {
	id     int64
	serial int
	from   time.Time
	issue  *Issue
}

func newIndex(issues []*Issue, lag time.Duration) (index, error) {
	x := index{lag: lag, shown: map[int64]*entry{}}
	for _, i := range issues {
		c, err := statefile.Copy(i)
		if err != nil {
			return index{}, err
		}
		x.shown[i.ID] = &entry{id: i.ID, issue: c}
	}
	return x, nil
}

// note books that an issue changed, or was deleted if it is nil.
func (x *index) note(id int64, i *Issue, now time.Time) error {
	x.serial++
	e := &entry{id: id, serial: x.serial, from: now.Add(x.lag)}
	if i != nil {
		c, err := statefile.Copy(i)
		if err != nil {
			return err
		}
		e.issue = c
	}
	x.waiting = append(x.waiting, e)
	return nil
}

// at lists the issues as a search sees them at a time, oldest first. An older change never hides a newer one.
func (x *index) at(now time.Time) []*Issue {
	x.waiting = slices.DeleteFunc(x.waiting, func(e *entry) bool {
		if e.from.After(now) {
			return false
		}
		if old := x.shown[e.id]; old == nil || old.serial < e.serial {
			x.shown[e.id] = e
		}
		return true
	})
	var out []*Issue
	for _, id := range slices.Sorted(maps.Keys(x.shown)) {
		if i := x.shown[id].issue; i != nil {
			out = append(out, i)
		}
	}
	return out
}

// SetSearchLag sets how long after a change searches show it, for changes from now on.
func (s *Server) SetSearchLag(lag time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.lag = lag
}

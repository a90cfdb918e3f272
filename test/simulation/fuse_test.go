package simulation_test

import (
	"slices"
	"strings"
)

// fuse ends a run at its n-th touch of the world: before or after a request, before or after a write of the store.
type fuse struct {
	touches int
	at      int  // 0: never
	writes  bool // only touches that belong to an effect count
	asks    bool // a signal asks the run to stop; else its process is no more
	stop    func()
}

// killed is what a run panics with when its process ends.
type killed struct{ at string }

func (f *fuse) touch(name string) {
	if f.writes && !ofEffect(name) {
		return
	}
	f.touches++
	switch {
	case f.at == 0 || f.touches < f.at:
		return
	case f.asks:
		f.stop()
		return
	}
	panic(killed{name}) // also when a deferred call touches the world afterwards
}

// ofEffect tells whether a touch is a step of an effect's protocol.
func ofEffect(name string) bool {
	_, what, _ := strings.Cut(name, " ")
	verb, _, _ := strings.Cut(what, " ")
	return slices.Contains([]string{"POST", "PUT", "PATCH", "DELETE", "intend", "sent", "settle", "apply"}, verb)
}

// Package touch tells where a program touches the world: before and after each request it sends and each write of its
// store. A test that is told so can end the process there, and then look whether the next one brings the world to where
// it belongs.
//
// The awkward truth: what SQLite does to its files between two of these places is not told, and is SQLite's to mend.
package touch

import (
	"net/http"
	"syscall"
)

// Func is told a place, such as "before POST /repos/acme/shop/pulls/1/reviews" or "after settle". What follows happens
// only when it returns.
type Func func(name string)

func (f Func) around(name string, do func() error) error {
	f("before " + name)
	err := do()
	f("after " + name)
	return err
}

// Transport tells of every request.
func Transport(next http.RoundTripper, at Func) http.RoundTripper { return transport{next, at} }

type transport struct {
	next http.RoundTripper
	at   Func
}

func (t transport) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	err = t.at.around(r.Method+" "+r.URL.Path, func() error { resp, err = t.next.RoundTrip(r); return err })
	return resp, err
}

// Points counts places, and ends the process at one of them.
type Points struct {
	Names []string // so far
	Kill  int      // the place to die at, from 1; 0: none
}

// At is a Func. It does not return from the place to die at: SIGKILL lets no deferred call run.
func (p *Points) At(name string) {
	p.Names = append(p.Names, name)
	if len(p.Names) == p.Kill {
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way: nothing after it may happen
	}
}

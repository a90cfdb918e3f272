package faults

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// Wire is a transport over the real network that is cut at one request. Its fields are set between requests.
type Wire struct {
	CutAt int  // the request to cut, from 1; 0 for none
	After bool // cut the answer, not the request
	Stays bool // cutting kills the wire
	Deny  func(*http.Request) *http.Response
	Bend  func([]byte) []byte // changes what a question is answered with

	mu   sync.Mutex
	Sent int  // requests so far
	Dead bool // everything fails from then on
}

// RoundTrip sends a request, unless the wire is cut there or Deny answers it.
func (w *Wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.Sent++
	cut := w.Sent == w.CutAt
	dead := w.Dead
	w.Dead = w.Dead || cut && w.Stays
	w.mu.Unlock()
	if dead || cut && !w.After {
		return nil, syscall.ECONNRESET
	}
	if w.Deny != nil {
		if resp := w.Deny(r); resp != nil {
			return resp, nil
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if cut {
		resp.Body.Close()
		return nil, syscall.ECONNRESET
	}
	if w.Bend != nil && r.Method == http.MethodGet {
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return nil, err
		}
		resp.Body = io.NopCloser(bytes.NewReader(w.Bend(body)))
	}
	return resp, nil
}

// Clock is time that passes when somebody sleeps.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock is a clock that stands.
func NewClock(at time.Time) *Clock { return &Clock{now: at} }

// Now tells the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep moves the clock, and returns the context's error.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

package faults

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"syscall"
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

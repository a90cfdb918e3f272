// Package control is how scripts set a sandbox's scene and look at its world: over HTTP, one JSON object each way.
//
// The awkward truth: it asks for no credentials, so a server with it must not listen beyond loopback. That pages of other
// origins are refused is all that stands between it and a browser on the same machine.
package control

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
)

// Sandbox is what is controlled.
type Sandbox struct {
	World   func() (any, error)
	Do      func(command string, data []byte) (any, error) // its answer can be written as JSON
	Unknown []error                                        // which of Do's errors say that something named does not exist
}

// Serve answers one request: GET of the command world gives the World, POST of any other does it.
func (s Sandbox) Serve(w http.ResponseWriter, r *http.Request, command string) {
	reply := func(status int, body any) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // the client is gone; nobody to tell
	}
	fail := func(status int, why string) { reply(status, map[string]string{"error": why}) }
	if origin := r.Header.Get("Origin"); origin != "" && !sameHost(origin, r.Host) {
		fail(http.StatusForbidden, "controls are not for pages of other origins")
		return
	}
	if command == "world" && r.Method == http.MethodGet {
		if world, err := s.World(); err != nil {
			fail(http.StatusInternalServerError, err.Error())
		} else {
			reply(http.StatusOK, world)
		}
		return
	}
	if r.Method != http.MethodPost {
		fail(http.StatusMethodNotAllowed, "commands are POST")
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<20))
	if err != nil {
		fail(http.StatusBadRequest, "read the order: "+err.Error())
		return
	}
	out, err := s.Do(command, data)
	switch {
	case err != nil && s.unknown(err):
		fail(http.StatusNotFound, err.Error())
	case err != nil:
		fail(http.StatusUnprocessableEntity, err.Error())
	default:
		reply(http.StatusOK, out)
	}
}

func (s Sandbox) unknown(err error) bool {
	for _, u := range s.Unknown {
		if errors.Is(err, u) {
			return true
		}
	}
	return false
}

func sameHost(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host == host
}

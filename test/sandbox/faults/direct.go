package faults

import (
	"bytes"
	"io"
	"net/http"
)

// Direct is a transport that asks a handler without any network between them. An answer that an Injector loses comes
// back as the error a client would see.
func Direct(h http.Handler) http.RoundTripper { return direct{h} }

type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr, in.Host = r.URL.RequestURI(), "192.0.2.1:1234", r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	a := newAnswer()
	d.serve(a, in)
	if a.lost != nil && !a.sent {
		return nil, a.lost
	}
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(a.reader()), ContentLength: -1, Request: r,
	}, nil
}

func (d direct) serve(a *answer, r *http.Request) {
	defer func() {
		if p := recover(); p != nil && (p != http.ErrAbortHandler || a.lost == nil) {
			panic(p)
		}
	}()
	d.handler.ServeHTTP(a, r)
}

// answer is an http.ResponseWriter that keeps what it is given.
type answer struct {
	header http.Header
	status int
	sent   bool
	body   bytes.Buffer
	lost   error // the connection ended so
}

func newAnswer() *answer { return &answer{header: http.Header{}, status: http.StatusOK} }

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if !a.sent {
		a.status, a.sent = status, true
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.sent = true
	return a.body.Write(p)
}

// reader reads the body and then meets the end the connection had.
func (a *answer) reader() io.Reader {
	if a.lost == nil {
		return &a.body
	}
	return io.MultiReader(&a.body, failing{a.lost})
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func (a *answer) copyHeader(w http.ResponseWriter) {
	for key, values := range a.header {
		w.Header()[key] = values
	}
}

// send passes the answer on with another body.
func (a *answer) send(w http.ResponseWriter, body []byte) {
	a.copyHeader(w)
	w.Header().Del("Content-Length")
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // the client is gone; nobody to tell
}

// abort ends a connection: really behind a server, as an error behind Direct.
func abort(w http.ResponseWriter, err error) {
	if a, ok := w.(*answer); ok {
		a.lost = err
	} else if f, ok := w.(http.Flusher); ok && err == io.ErrUnexpectedEOF {
		f.Flush() // so that the part which was written arrives
	}
	panic(http.ErrAbortHandler)
}

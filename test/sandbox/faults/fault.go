package faults

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"
)

// Fault is one way in which a request can go wrong.
type Fault struct {
	Name  string
	serve func(*exchange)
}

// exchange is one request on its way through a fault.
type exchange struct {
	*Injector
	w http.ResponseWriter
	r *http.Request
}

// carryOut lets the sandbox answer, and keeps the answer.
func (x *exchange) carryOut() *answer {
	a := newAnswer()
	x.next.ServeHTTP(a, x.r)
	return a
}

// lose ends the connection without an answer.
func (x *exchange) lose(err error) { abort(x.w, err) }

// Status answers with a status and GitHub's page for it, before anything was done: 500, 502, 503.
func Status(code int) Fault {
	return Fault{fmt.Sprintf("%d", code), func(x *exchange) { page(x.w, code) }}
}

// StatusAfter carries the request out and answers with a failure all the same.
func StatusAfter(code int) Fault {
	return Fault{fmt.Sprintf("%d after the effect", code), func(x *exchange) {
		x.carryOut()
		page(x.w, code)
	}}
}

// page is an error page, as proxies in front of a platform write them.
func page(w http.ResponseWriter, code int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	fmt.Fprintf(w, "<!DOCTYPE html><html><body><h1>%d</h1><p>We had issues producing the response to your request.</p></body></html>", code)
}

// ResetBefore drops the connection; nothing was done.
func ResetBefore() Fault {
	return Fault{"reset before the effect", func(x *exchange) { x.lose(syscall.ECONNRESET) }}
}

// ResetAfter carries the request out and drops the connection.
func ResetAfter() Fault {
	return Fault{"reset after the effect", func(x *exchange) {
		x.carryOut()
		x.lose(syscall.ECONNRESET)
	}}
}

// Delayed carries the request out, but the answer takes so long on the virtual clock that the client gives up.
func Delayed(d time.Duration) Fault {
	return Fault{"answer delayed by " + d.String(), func(x *exchange) {
		x.carryOut()
		x.advance(d)
		x.lose(os.ErrDeadlineExceeded)
	}}
}

// Late loses the connection at once; the request itself arrives only when d has passed on the virtual clock, together
// with whatever comes next.
func Late(d time.Duration) Fault {
	return Fault{"request late by " + d.String(), func(x *exchange) {
		x.hold(x.r, d)
		x.lose(os.ErrDeadlineExceeded)
	}}
}

// CutShort carries the request out; the connection ends in the middle of the answer.
func CutShort() Fault {
	return Fault{"answer cut short", func(x *exchange) {
		a := x.carryOut()
		a.copyHeader(x.w)
		x.w.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
		x.w.WriteHeader(a.status)
		_, _ = x.w.Write(a.body.Bytes()[:a.body.Len()/2]) // lost anyway
		x.lose(io.ErrUnexpectedEOF)
	}}
}

// Truncated carries the request out and gives half of the JSON as if it were all.
func Truncated() Fault {
	return Fault{"truncated JSON", func(x *exchange) {
		a := x.carryOut()
		a.send(x.w, a.body.Bytes()[:a.body.Len()/2])
	}}
}

// Malformed carries the request out and answers with something that is not JSON under JSON's name.
func Malformed() Fault {
	return Fault{"malformed JSON", func(x *exchange) {
		a := x.carryOut()
		a.send(x.w, []byte(`{"id": 12, "body": "unterminated`+"\x00"))
	}}
}

// HTML carries the request out and answers 200 with a page, as the login page of a proxy does.
func HTML() Fault {
	return Fault{"HTML page", func(x *exchange) {
		x.carryOut()
		page(x.w, http.StatusOK)
	}}
}

// Meanwhile lets something happen in the world just before the request is carried out as usual: the head moves between
// plan and act, somebody edits a comment, a list changes between two of its pages, a repository is renamed, a token is
// revoked, a clock jumps.
func Meanwhile(name string, happen func()) Fault {
	return Fault{name, func(x *exchange) {
		happen()
		x.next.ServeHTTP(x.w, x.r)
	}}
}

// During lets something happen in the world while a request meets a fault.
func During(f Fault, happen func()) Fault {
	return Fault{f.Name, func(x *exchange) {
		happen()
		f.serve(x)
	}}
}

// Refusal answers with a status, headers and a JSON body; nothing was done.
func Refusal(name string, status int, header map[string]string, body string) Fault {
	return Fault{name, func(x *exchange) {
		for key, value := range header {
			x.w.Header().Set(key, value)
		}
		x.w.Header().Set("Content-Type", "application/json; charset=utf-8")
		x.w.WriteHeader(status)
		_, _ = io.WriteString(x.w, body) // the client is gone; nobody to tell
	}}
}

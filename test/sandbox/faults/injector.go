package faults

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Operation is a request as rules name it.
type Operation struct {
	Method string // GET, POST, ...; QUERY and MUTATION for GraphQL
	Route  string // the pattern the sandbox's table has: "/repos/{owner}/{repo}"
	Page   string // of a list, as the request asks for it; "" for the first
}

// Writes tells whether the operation is meant to change something.
func (o Operation) Writes() bool {
	return o.Method != http.MethodGet && o.Method != http.MethodHead && o.Method != "QUERY"
}

func (o Operation) String() string {
	if o.Page != "" {
		return fmt.Sprintf("%s %s page %s", o.Method, o.Route, o.Page)
	}
	return o.Method + " " + o.Route
}

// Rule says which requests a fault meets. Empty fields match everything.
type Rule struct {
	Method, Route, Page string
	Writes, Reads       bool // only those
	Skip                int  // how many matching requests pass first
	Times               int  // how many are met then; 0: all
	Fault               Fault
}

func (r Rule) fits(o Operation) bool {
	return (r.Method == "" || r.Method == o.Method) && (r.Route == "" || r.Route == o.Route) && (r.Page == "" || r.Page == o.Page) &&
		(!r.Writes || o.Writes()) && (!r.Reads || !o.Writes())
}

// Met is a fault that a request met.
type Met struct {
	Request   int // its number, from 1
	Operation Operation
	Fault     string
}

func (m Met) String() string {
	return fmt.Sprintf("request %d, %s: %s", m.Request, m.Operation, m.Fault)
}

// Options of an Injector. Describe is required; Now and Advance are the virtual clock, for Delayed and Late.
type Options struct {
	Describe func(*http.Request) Operation
	Now      func() time.Time
	Advance  func(time.Duration)
}

// Injector passes requests on, except those that a rule or chance picks. It can be used by several goroutines.
type Injector struct {
	next http.Handler
	opt  Options

	mu       sync.Mutex
	requests int
	rules    []*Rule
	rate     float64
	rng      *rand.Rand
	chances  []Rule
	held     []held
	met      []Met
}

type held struct {
	at time.Time
	r  *http.Request
}

// New puts an injector without any faults in front of a sandbox.
func New(next http.Handler, o Options) *Injector { return &Injector{next: next, opt: o} }

// Inject adds a rule; the oldest that fits a request wins.
func (i *Injector) Inject(r Rule) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rules = append(i.rules, &r)
}

// AtRate lets that share of the requests meet one of the rules that fit it, the same ones for the same source of
// randomness. Skip and Times do not count here.
func (i *Injector) AtRate(rate float64, rng *rand.Rand, rules ...Rule) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rate, i.rng, i.chances = rate, rng, rules
}

// Calm takes every fault back. Requests that are late still arrive when their time comes.
func (i *Injector) Calm() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rules, i.rate, i.chances = nil, 0, nil
}

// Met lists the faults that requests met so far.
func (i *Injector) Met() []Met {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]Met(nil), i.met...)
}

// Late is how many requests are still on their way.
func (i *Injector) Late() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.held)
}

// ServeHTTP passes a request on or lets it meet its fault.
func (i *Injector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	r = again(r, body)
	i.Arrive()
	op := i.opt.Describe(again(r, body))
	fault, ok := i.pick(op)
	if !ok {
		i.next.ServeHTTP(w, r)
		return
	}
	fault.serve(&exchange{Injector: i, w: w, r: r})
}

// again is the same request with its body unread.
func again(r *http.Request, body []byte) *http.Request {
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r
}

func (i *Injector) pick(op Operation) (Fault, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.requests++
	f, ok := i.ruled(op)
	if !ok {
		f, ok = i.drawn(op)
	}
	if ok {
		i.met = append(i.met, Met{i.requests, op, f.Name})
	}
	return f, ok
}

func (i *Injector) ruled(op Operation) (Fault, bool) {
	for n, r := range i.rules {
		switch {
		case !r.fits(op):
		case r.Skip > 0:
			r.Skip--
		default:
			if r.Times--; r.Times == 0 {
				i.rules = append(i.rules[:n:n], i.rules[n+1:]...)
			}
			return r.Fault, true
		}
	}
	return Fault{}, false
}

func (i *Injector) drawn(op Operation) (Fault, bool) {
	if i.rate == 0 || i.rng.Float64() >= i.rate {
		return Fault{}, false
	}
	var fit []Rule
	for _, r := range i.chances {
		if r.fits(op) {
			fit = append(fit, r)
		}
	}
	if len(fit) == 0 {
		return Fault{}, false
	}
	return fit[i.rng.IntN(len(fit))].Fault, true
}

func (i *Injector) advance(d time.Duration) {
	if i.opt.Advance != nil {
		i.opt.Advance(d)
	}
}

func (i *Injector) now() time.Time {
	if i.opt.Now != nil {
		return i.opt.Now()
	}
	return time.Time{}
}

// hold keeps a request until its time has come.
func (i *Injector) hold(r *http.Request, d time.Duration) {
	at := i.now().Add(d)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.held = append(i.held, held{at, r})
}

// Arrive delivers the late requests whose time has come; nobody waits for their answers. Each request asks for it first.
func (i *Injector) Arrive() {
	now := i.now()
	i.mu.Lock()
	var due []held
	waiting := i.held[:0:0]
	for _, h := range i.held {
		if h.at.After(now) {
			waiting = append(waiting, h)
		} else {
			due = append(due, h)
		}
	}
	i.held = waiting
	i.mu.Unlock()
	for _, h := range due {
		i.next.ServeHTTP(newAnswer(), h.r)
	}
}

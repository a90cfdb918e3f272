package githubapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits is what one installation may spend. The zero value of a field means
// GitHub's figure, as published at
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
type Limits struct {
	WriteInterval    time.Duration // between the end of a write and the next; default 1 s
	PointsPerMinute  int           // a read costs 1, a write 5; default 900
	ContentPerMinute int           // reviews, comments; default 80
	ContentPerHour   int           // default 500
	Concurrent       int           // requests in flight; default 20
	MaxWait          time.Duration // a longer wait becomes a RateLimitError; default 60 s
	Timeout          time.Duration // of one attempt, by the system's clock; default 30 s
}

func (l Limits) withDefaults() Limits {
	pick := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	span := func(v *time.Duration, def time.Duration) {
		if *v == 0 {
			*v = def
		}
	}
	span(&l.WriteInterval, time.Second)
	pick(&l.PointsPerMinute, 900)
	pick(&l.ContentPerMinute, 80)
	pick(&l.ContentPerHour, 500)
	pick(&l.Concurrent, 20)
	span(&l.MaxWait, time.Minute)
	span(&l.Timeout, 30*time.Second)
	return l
}

// pacer is the one bucket of an installation.
type pacer struct {
	clock   Clock
	limits  Limits
	writing chan struct{} // writes are serial
	flying  chan struct{}

	mu        sync.Mutex
	spent     []*window // points per minute, content per minute, content per hour
	nextWrite time.Time
	blocked   time.Time // GitHub asked for silence until then
	strikes   int       // secondary refusals in a row that named no time
}

func newPacer(clock Clock, l Limits) *pacer {
	return &pacer{
		clock: clock, limits: l,
		writing: make(chan struct{}, 1), flying: make(chan struct{}, l.Concurrent),
		spent: []*window{
			{span: time.Minute, most: l.PointsPerMinute},
			{span: time.Minute, most: l.ContentPerMinute},
			{span: time.Hour, most: l.ContentPerHour},
		},
	}
}

// admit waits until the request may be sent. leave must be called after it.
func (p *pacer) admit(ctx context.Context, k call) (leave func(), err error) {
	var held []chan struct{}
	release := func() {
		for _, queue := range held {
			<-queue
		}
	}
	queues := []chan struct{}{p.flying}
	if k.write {
		queues = []chan struct{}{p.writing, p.flying}
	}
	for _, queue := range queues {
		select {
		case queue <- struct{}{}:
			held = append(held, queue)
		case <-ctx.Done():
			release()
			return nil, ctx.Err()
		}
	}
	if err := p.wait(ctx, k); err != nil {
		release()
		return nil, err
	}
	return func() {
		if k.write {
			p.mu.Lock()
			p.nextWrite = p.clock.Now().Add(p.limits.WriteInterval)
			p.mu.Unlock()
		}
		release()
	}, nil
}

// wait sleeps until the limits have room for the request and books it.
func (p *pacer) wait(ctx context.Context, k call) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		wait := p.reserve(k)
		switch {
		case wait <= 0:
			return nil
		case wait > p.limits.MaxWait:
			return &RateLimitError{After: wait, Why: "rate limit"}
		}
		if err := p.clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// reserve books the request, or says how long to wait before asking again.
func (p *pacer) reserve(k call) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	costs := []int{1, 0, 0}
	if k.write {
		costs[0] = 5
	}
	if k.content {
		costs[1], costs[2] = 1, 1
	}
	wait := p.blocked.Sub(now)
	if k.write {
		wait = max(wait, p.nextWrite.Sub(now))
	}
	for i, w := range p.spent {
		wait = max(wait, w.wait(now, costs[i]))
	}
	if wait > 0 {
		return wait
	}
	for i, w := range p.spent {
		w.book(now, costs[i])
	}
	return 0
}

// refused reads a refusal for rate and holds every request back accordingly:
// Retry-After, else the reset when nothing remains, else a minute, doubling.
// ok is false when the answer is no such refusal.
func (p *pacer) refused(a answer) (after time.Duration, why string, ok bool) {
	if !limited(a) {
		p.mu.Lock()
		p.strikes = 0
		p.mu.Unlock()
		return 0, "", false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	why = "secondary rate limit"
	if s, err := strconv.Atoi(a.header.Get("Retry-After")); err == nil && s >= 0 {
		after = time.Duration(min(s, longest)) * time.Second
	} else if a.header.Get("X-RateLimit-Remaining") == "0" {
		after, why = untilReset(a.header, now), "rate limit used up"
	} else {
		after = time.Minute << min(p.strikes, 6)
		p.strikes++
	}
	if until := now.Add(after); until.After(p.blocked) {
		p.blocked = until
	}
	return after, why, true
}

// longest is the longest wait that is believed, in seconds.
const longest = 24 * 60 * 60

func untilReset(h http.Header, now time.Time) time.Duration {
	unix, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil {
		return time.Minute
	}
	// One second more: the header is cut to whole seconds.
	return max(time.Unix(min(unix, now.Unix()+longest), 0).Sub(now)+time.Second, time.Second)
}

func limited(a answer) bool {
	switch a.status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		return a.header.Get("Retry-After") != "" || a.header.Get("X-RateLimit-Remaining") == "0" ||
			strings.Contains(strings.ToLower(string(a.body)), "secondary rate limit")
	}
	return false
}

// window counts what was spent in the last span.
type window struct {
	span  time.Duration
	most  int
	marks []mark
	sum   int
}

type mark struct {
	at time.Time
	n  int
}

func (w *window) wait(now time.Time, n int) time.Duration {
	for len(w.marks) > 0 && !w.marks[0].at.Add(w.span).After(now) {
		w.sum -= w.marks[0].n
		w.marks = w.marks[1:]
	}
	over := w.sum + n - w.most
	if n == 0 || over <= 0 {
		return 0
	}
	for _, m := range w.marks {
		if over -= m.n; over <= 0 {
			return m.at.Add(w.span).Sub(now)
		}
	}
	return 0 // n alone is more than the window: let GitHub say
}

func (w *window) book(now time.Time, n int) {
	if n > 0 {
		w.marks = append(w.marks, mark{now, n})
		w.sum += n
	}
}

func (l Limits) validate() error {
	if l.PointsPerMinute < 5 || l.ContentPerMinute < 1 || l.ContentPerHour < 1 || l.Concurrent < 1 ||
		l.WriteInterval < 0 || l.MaxWait < 0 || l.Timeout < 0 {
		return fmt.Errorf("limits %+v: each must be positive, points at least 5", l)
	}
	return nil
}

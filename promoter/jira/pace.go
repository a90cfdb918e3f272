package jira

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// room waits until Jira takes another request, as far as it has said so: in
// Data Center's bucket, where its administrator has set one.
func (s *Surface) room(ctx context.Context) error {
	s.mu.Lock()
	wait := s.empty.Sub(s.config.Clock.Now())
	s.mu.Unlock()
	if wait > 0 {
		return s.config.Clock.Sleep(ctx, wait)
	}
	return ctx.Err()
}

// drawn reads what is left in the bucket. An empty one is waited for, until the
// next token is in it, rather than asked and refused
// (https://confluence.atlassian.com/adminjiraserver/adjusting-your-code-for-rate-limiting-987143384.html).
func (s *Surface) drawn(h http.Header) {
	left, err := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	fill, _ := strconv.Atoi(h.Get("X-RateLimit-FillRate"))
	seconds, _ := strconv.Atoi(h.Get("X-RateLimit-Interval-Seconds"))
	if err != nil || left > 0 || fill <= 0 || seconds <= 0 {
		return
	}
	wait := min(time.Duration(seconds)*time.Second/time.Duration(fill), s.config.MaxWait)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.empty = s.config.Clock.Now().Add(wait)
}

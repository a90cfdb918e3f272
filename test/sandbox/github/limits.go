package github

import (
	"net/http"
	"strconv"
	"time"
)

// Limits are the rates above which requests are refused. A zero field is not enforced.
type Limits struct {
	Hourly           int // requests an hour and token: the primary limit; answers of 304 are free
	ContentPerMinute int // requests that create content
	ContentPerHour   int
	PointsPerMinute  int // a read costs 1, a write 5
	Concurrent       int
}

// GitHubLimits are the figures GitHub publishes
// (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
func GitHubLimits() Limits {
	return Limits{Hourly: 5000, ContentPerMinute: 80, ContentPerHour: 500, PointsPerMinute: 900, Concurrent: 100}
}

// bucket is what one login used up.
type bucket struct {
	used   int
	reset  time.Time
	recent []spent // of the last hour, oldest first
	until  time.Time
}

type spent struct {
	at      time.Time
	points  int
	content bool
}

// quota returns the login's bucket, with a fresh hour if the old one is over.
func (s *Server) quota(login string) *bucket {
	b := s.buckets[login]
	if b == nil {
		b = &bucket{}
		s.buckets[login] = b
	}
	if now := s.now(); !now.Before(b.reset) {
		b.used, b.reset = 0, now.Add(time.Hour)
	}
	return b
}

func (s *Server) hourly() int {
	if s.opt.Limits.Hourly > 0 {
		return s.opt.Limits.Hourly
	}
	return GitHubLimits().Hourly // shown in the headers, though nobody is refused
}

func (s *Server) quotaHeaders(h http.Header, b *bucket) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(s.hourly()))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, s.hourly()-b.used)))
	h.Set("X-RateLimit-Used", strconv.Itoa(min(b.used, s.hourly())))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(b.reset.Unix(), 10))
	h.Set("X-RateLimit-Resource", "core")
}

// admit books a request, or says why it is refused. A read is booked for the primary limit by the caller, once it is
// known not to be a 304.
func (s *Server) admit(b *bucket, write, content bool, flights int64) error {
	limits, now := s.opt.Limits, s.now()
	if limits.Hourly > 0 && b.used >= limits.Hourly {
		return &refusal{status: http.StatusForbidden, message: "API rate limit exceeded for user ID 1. If you reach out to GitHub Support for help, please include the request ID.",
			doc: "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}
	}
	if limits.Concurrent > 0 && flights > int64(limits.Concurrent) {
		return secondary(time.Minute)
	}
	if now.Before(b.until) {
		return secondary(b.until.Sub(now))
	}
	this := spent{at: now, points: 1, content: content}
	if write {
		this.points = 5
	}
	if wait := b.wait(limits, this); wait > 0 {
		b.until = now.Add(wait)
		return secondary(wait)
	}
	b.recent = append(b.recent, this)
	return nil
}

// wait is how long this request would have to wait to stay within the limits; at least a minute if at all.
func (b *bucket) wait(limits Limits, this spent) time.Duration {
	for len(b.recent) > 0 && this.at.Sub(b.recent[0].at) >= time.Hour {
		b.recent = b.recent[1:]
	}
	points, minute, hour := this.points, 0, 0
	var oldest time.Time
	for _, r := range b.recent {
		recent := this.at.Sub(r.at) < time.Minute
		if recent {
			points += r.points
		}
		if r.content {
			if hour++; hour == 1 {
				oldest = r.at
			}
			if recent {
				minute++
			}
		}
	}
	over := func(limit, have int) bool { return limit > 0 && have > limit }
	if this.content && over(limits.ContentPerHour, hour+1) {
		return max(time.Minute, oldest.Add(time.Hour).Sub(this.at))
	}
	if over(limits.PointsPerMinute, points) || this.content && over(limits.ContentPerMinute, minute+1) {
		return time.Minute
	}
	return 0
}

func secondary(wait time.Duration) error {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &refusal{status: http.StatusForbidden, header: http.Header{"Retry-After": {strconv.Itoa(seconds)}},
		message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
		doc:     "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}
}

package jira

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Limits are the rates above which requests are refused with 429. A zero field is not enforced.
type Limits struct {
	Burst      map[string]int // Cloud: requests a second by method, for each route
	IssueShort int            // Cloud: writes to one issue in two seconds
	IssueLong  int            // Cloud: writes to one issue in thirty seconds
	Quota      int            // Cloud: requests an hour and person, from the full hour on
	Bucket     int            // Data Center: tokens in a person's bucket; one fills each second
}

// JiraLimits are figures to test with: those Atlassian publishes for Cloud
// (https://developer.atlassian.com/cloud/jira/platform/rate-limiting/), and a bucket as an administrator may set it on Data
// Center. Atlassian counts the hourly quota in points, for apps only; here each request is a point.
func JiraLimits() Limits {
	return Limits{Burst: map[string]int{"GET": 100, "POST": 100, "PUT": 50, "DELETE": 50}, IssueShort: 20, IssueLong: 100, Quota: 65_000, Bucket: 60}
}

// Reason is why a request was refused, as the header RateLimit-Reason says on Cloud.
type Reason string

// The reasons.
const (
	BurstReason Reason = "jira-burst-based"
	IssueReason Reason = "jira-per-issue-on-write"
	QuotaReason Reason = "jira-quota-tenant-based"
)

// meter is what was used up.
type meter struct {
	recent  map[string][]time.Time // of a route or an issue, oldest first
	hourly  map[string]int         // by person
	hour    time.Time
	buckets map[string]*bucket // by person
	closed  *closure
}

type bucket struct {
	tokens float64
	at     time.Time
}

// closure is a refusal of everything for a while.
type closure struct {
	reason Reason
	until  time.Time
	silent bool
}

// Throttle refuses every request until a time, for a reason; silent leaves Retry-After out, as proxies do.
func (s *Server) Throttle(reason Reason, until time.Time, silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meter.closed = &closure{reason, until, silent}
}

// bucketHeaders are what Data Center says with each answer where a limit is set.
func (s *Server) bucketHeaders(h http.Header, person string) {
	b := s.meter.buckets[person]
	if b == nil {
		return
	}
	h.Set("X-Ratelimit-Limit", strconv.Itoa(s.opt.Limits.Bucket))
	h.Set("X-Ratelimit-Remaining", strconv.Itoa(int(b.tokens)))
	h.Set("X-Ratelimit-Fillrate", "1")
	h.Set("X-Ratelimit-Interval-Seconds", "1")
}

// admit books a request, or says why it is refused. issue is the key or id a write names, if it names one.
func (s *Server) admit(method, route, person, issue string) error {
	m, limits, now := &s.meter, s.opt.Limits, s.now()
	if m.recent == nil {
		m.recent, m.hourly, m.buckets = map[string][]time.Time{}, map[string]int{}, map[string]*bucket{}
	}
	if c := m.closed; c != nil && now.Before(c.until) {
		return s.tooMany(c.reason, c.until.Sub(now), 0, c.silent)
	}
	if s.world.Deployment == DataCenter {
		return s.draw(person, now)
	}
	if hour := now.Truncate(time.Hour); !hour.Equal(m.hour) {
		m.hour, m.hourly = hour, map[string]int{}
	}
	if m.hourly[person]++; limits.Quota > 0 && m.hourly[person] > limits.Quota {
		return s.tooMany(QuotaReason, m.hour.Add(time.Hour).Sub(now), limits.Quota, false)
	}
	if wait := m.over(method+" "+route, now, time.Second, limits.Burst[method], time.Second); wait > 0 {
		return s.tooMany(BurstReason, wait, limits.Burst[method], false)
	}
	m.recent[method+" "+route] = append(m.recent[method+" "+route], now)
	if method == http.MethodGet || issue == "" {
		return nil
	}
	if i := s.world.Issue(issue); i != nil {
		issue = i.Key
	}
	for _, l := range []struct {
		span time.Duration
		max  int
	}{{2 * time.Second, limits.IssueShort}, {30 * time.Second, limits.IssueLong}} {
		if wait := m.over("issue "+issue, now, l.span, l.max, 30*time.Second); wait > 0 {
			return s.tooMany(IssueReason, wait, l.max, false)
		}
	}
	m.recent["issue "+issue] = append(m.recent["issue "+issue], now)
	return nil
}

// over is how long one more would have to wait for no more than limit in a span; keep is how long the past matters.
func (m *meter) over(key string, now time.Time, span time.Duration, limit int, keep time.Duration) time.Duration {
	times := m.recent[key]
	for len(times) > 0 && now.Sub(times[0]) >= keep {
		times = times[1:]
	}
	m.recent[key] = times
	if limit == 0 || len(times) < limit {
		return 0
	}
	return times[len(times)-limit].Add(span).Sub(now)
}

// draw takes a token from a person's bucket.
func (s *Server) draw(person string, now time.Time) error {
	size := float64(s.opt.Limits.Bucket)
	if size == 0 {
		return nil
	}
	b := s.meter.buckets[person]
	if b == nil {
		b = &bucket{tokens: size, at: now}
		s.meter.buckets[person] = b
	}
	b.tokens = min(size, b.tokens+now.Sub(b.at).Seconds())
	b.at = now
	if b.tokens < 1 {
		return s.tooMany("", time.Duration((1-b.tokens)*float64(time.Second)), s.opt.Limits.Bucket, false)
	}
	b.tokens--
	return nil
}

func (s *Server) tooMany(reason Reason, wait time.Duration, limit int, silent bool) error {
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	h := http.Header{"X-Ratelimit-Limit": {strconv.Itoa(limit)}, "X-Ratelimit-Remaining": {"0"}}
	if !silent {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	if s.world.Deployment == DataCenter {
		return &refusal{status: http.StatusTooManyRequests, header: h, html: "<!doctype html><html lang=\"en\"><head><title>HTTP Status 429</title></head><body><h1>Rate limit exceeded.</h1></body></html>"}
	}
	h.Set("X-Ratelimit-Reset", s.now().Add(time.Duration(seconds)*time.Second).Format("2006-01-02T15:04Z"))
	h.Set("Ratelimit-Reason", string(reason))
	return &refusal{status: http.StatusTooManyRequests, header: h, messages: []string{fmt.Sprintf("Rate limit exceeded. Please try again in %d seconds.", seconds)}}
}

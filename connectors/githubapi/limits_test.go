package githubapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors/githubapi"
)

func ok(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, `{}`) }

// However many ask at once, writes go out one by one, a second apart.
func TestWritesAreSerial(t *testing.T) {
	s := serve(t, ok)
	c := s.client(t)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if err := c.Edit(context.Background(), "x", nil, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	log := s.requests()
	for i := 1; i < len(log); i++ {
		if gap := log[i].At - log[i-1].At; gap < time.Second {
			t.Errorf("write %d came %s after the one before", i+1, gap)
		}
	}
}

func TestWindows(t *testing.T) {
	tests := map[string]struct {
		limits githubapi.Limits
		send   func(*githubapi.Client) error
		nth    int // the first request that must wait
		since  time.Duration
	}{
		"content per minute": {githubapi.Limits{WriteInterval: time.Millisecond}, create, 81, time.Minute},
		"points of writes":   {githubapi.Limits{WriteInterval: time.Millisecond}, edit, 181, time.Minute},
		"points of reads":    {githubapi.Limits{}, read, 901, time.Minute},
		"content per hour":   {githubapi.Limits{WriteInterval: time.Millisecond, MaxWait: 2 * time.Hour}, create, 501, time.Hour},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, ok)
			c := s.client(t, func(c *githubapi.Config) { c.Limits = test.limits })
			for range test.nth {
				if err := test.send(c); err != nil {
					t.Fatal(err)
				}
			}
			log := s.requests()
			if last, before := log[test.nth-1].At, log[test.nth-2].At; last < test.since || before >= test.since && name != "content per hour" {
				t.Errorf("request %d went out after %s, the one before after %s", test.nth, last, before)
			}
		})
	}
}

func create(c *githubapi.Client) error { return c.Create(context.Background(), "x", nil, nil) }
func edit(c *githubapi.Client) error   { return c.Edit(context.Background(), "x", nil, nil) }
func read(c *githubapi.Client) error {
	var out any
	_, err := c.Get(context.Background(), "x", &out)
	return err
}

// A long wait is not slept through: the work is left for the next run.
func TestLongWaitIsAnError(t *testing.T) {
	s := serve(t, ok)
	c := s.client(t, func(c *githubapi.Config) {
		c.Limits = githubapi.Limits{ContentPerMinute: 1000, PointsPerMinute: 10_000, WriteInterval: time.Millisecond}
	})
	var err error
	for range 501 {
		err = create(c)
	}
	var limit *githubapi.RateLimitError
	if !errors.As(err, &limit) || limit.After < 59*time.Minute || limit.After > time.Hour || len(s.requests()) != 500 {
		t.Errorf("after %d requests: %v", len(s.requests()), err)
	}
	if err := edit(c); err != nil {
		t.Errorf("an edit is no content: %v", err)
	}
}

func TestRefusalsForRate(t *testing.T) {
	reset := strconv.FormatInt(start.Add(40*time.Second).Unix(), 10)
	far := strconv.FormatInt(start.Add(40*time.Minute).Unix(), 10)
	const secondary = `{"message":"You have exceeded a secondary rate limit."}`
	tests := map[string]struct {
		status   int
		body     string
		header   []string
		times    int           // how often it refuses
		requests int           // how many are sent in the end
		waited   time.Duration // before the last of them
		after    time.Duration // of the error; 0 for success
	}{
		"retry after":               {429, secondary, []string{"Retry-After", "30"}, 1, 2, 30 * time.Second, 0},
		"retry after, 403":          {403, secondary, []string{"Retry-After", "30"}, 2, 3, 60 * time.Second, 0},
		"retry much later":          {403, secondary, []string{"Retry-After", "3000"}, 1, 1, 0, 3000 * time.Second},
		"used up":                   {403, `{}`, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", reset}, 1, 2, 41 * time.Second, 0},
		"used up for long":          {403, `{}`, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", far}, 1, 1, 0, 40*time.Minute + time.Second},
		"secondary, once":           {403, secondary, nil, 1, 2, time.Minute, 0},
		"secondary, again":          {403, secondary, nil, 2, 2, time.Minute, 2 * time.Minute},
		"retry after, for ever":     {429, secondary, []string{"Retry-After", "10"}, 99, 4, 30 * time.Second, 10 * time.Second},
		"retry after a lifetime":    {429, secondary, []string{"Retry-After", "9999999999999"}, 1, 1, 0, 24 * time.Hour},
		"used up until the end":     {403, `{}`, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "9223372036854775807"}, 1, 1, 0, 24*time.Hour + time.Second},
		"retry after, not a number": {429, secondary, []string{"Retry-After", "soon"}, 1, 2, time.Minute, 0},
	}
	for name, test := range tests {
		for _, write := range []bool{false, true} { // a refused write was not made: it can be sent again
			t.Run(fmt.Sprint(name, " write ", write), func(t *testing.T) {
				left := test.times
				s := serve(t, func(w http.ResponseWriter, r *http.Request) {
					if left > 0 {
						left--
						say(w, test.status, test.body, test.header...)
						return
					}
					ok(w, r)
				})
				c := s.client(t)
				send := read
				if write {
					send = create
				}
				err := send(c)
				log := s.requests()
				if len(log) != test.requests || log[len(log)-1].At != test.waited {
					t.Errorf("%d requests, the last after %s", len(log), log[len(log)-1].At)
				}
				var limit *githubapi.RateLimitError
				if test.after == 0 && err != nil || test.after != 0 && (!errors.As(err, &limit) || limit.After != test.after) {
					t.Errorf("have %v", err)
				}
				if test.after > time.Minute {
					if err := read(c); !errors.As(err, &limit) || len(s.requests()) != test.requests {
						t.Errorf("went on asking after a refusal: %v", err)
					}
				}
			})
		}
	}
}

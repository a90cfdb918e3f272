// Package clock is the time that sandboxes and tests go by. It passes when somebody sleeps or says so, and nobody waits.
//
// The awkward truth: two who sleep at once add up, where real time would pass once for both.
package clock

import (
	"context"
	"sync"
	"time"
)

// Clock is such a time. Its methods can be called by several goroutines.
type Clock struct {
	mu   sync.Mutex
	now  time.Time
	tick time.Duration
}

// Standing moves only when told.
func Standing(at time.Time) *Clock { return &Clock{now: at} }

// Ticking also moves a millisecond whenever it is read, as clocks do.
func Ticking(at time.Time) *Clock { return &Clock{now: at, tick: time.Millisecond} }

// Now tells the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(c.tick)
	return c.now
}

// Pass moves the clock.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Until moves the clock ahead to a time, never back.
func (c *Clock) Until(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now.Before(t) {
		c.now = t
	}
}

// Sleep is Pass for who would wait. It returns the context's error.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	c.Pass(d)
	return ctx.Err()
}

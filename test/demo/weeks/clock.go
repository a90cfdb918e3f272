package weeks

import (
	"context"
	"sync"
	"time"
)

// clock is the time that the world and Sluice go by. It moves a little whenever it is read, as clocks do, and jumps
// where somebody would wait.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

// Sleep is over at once.
func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// until jumps ahead, never back.
func (c *clock) until(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now.Before(t) {
		c.now = t
	}
}

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// firstMonday is the Monday from which on so many weeks have passed by now.
func firstMonday(now time.Time, weeks int) time.Time {
	y, m, d := now.UTC().Date()
	monday := time.Date(y, m, d-(int(now.UTC().Weekday())+6)%7, 0, 0, 0, 0, time.UTC)
	return monday.Add(-time.Duration(weeks) * week)
}

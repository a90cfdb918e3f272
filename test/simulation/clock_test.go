package simulation_test

import (
	"context"
	"time"
)

// clock is the time of the world. It moves a little whenever it is read, as clocks do.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

// machine is the clock of the machine that Sluice runs on: it can be set wrong.
type machine struct {
	world *clock
	off   time.Duration
}

func (m *machine) Now() time.Time { return m.world.Now().Add(m.off) }

func (m *machine) Sleep(ctx context.Context, d time.Duration) error {
	m.world.advance(d)
	return ctx.Err()
}

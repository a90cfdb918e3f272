package run

import (
	"context"
	"sync"

	"github.com/sluice-sec/sluice/connectors"
)

// reading is what a source said it has.
type reading struct {
	source   connectors.Config
	docs     []connectors.Document
	problems []connectors.Problem
	err      error
}

// ask asks every source for what it has, all at a time: whoever has to wait for
// a large organisation keeps no other waiting. They share the platform's limits.
func (r *runner) ask(ctx context.Context) []reading {
	out := make([]reading, len(r.Sources))
	count := counter{progress: r.Progress, of: map[int][2]int{}}
	var all sync.WaitGroup
	for i, source := range r.Sources {
		all.Go(func() {
			w := connectors.Wanted{Repository: r.sel.Repository, PullRequest: r.sel.PullRequest, Progress: count.hear(i)}
			docs, problems, err := connectors.Documents(ctx, source, w)
			out[i] = reading{source, docs, problems, err}
		})
	}
	all.Wait()
	return out
}

// counter adds up how far the sources are.
type counter struct {
	mu       sync.Mutex
	progress Progress
	of       map[int][2]int // done and total, by source
	done     int            // as told
	total    int            // as told
}

func (c *counter) hear(source int) func(done, total int) {
	return func(done, total int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.of[source] = [2]int{done, total}
		sum := [2]int{}
		for _, of := range c.of {
			sum[0], sum[1] = sum[0]+of[0], sum[1]+of[1]
		}
		if sum[1] != c.total {
			c.total = sum[1]
			c.progress.step("asking sources", sum[1])
		}
		if sum[0] > c.done {
			c.progress.done(sum[0] - c.done)
			c.done = sum[0]
		}
	}
}

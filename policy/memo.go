package policy

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// memo remembers answers by key. It is bounded: when full it forgets everything
// and starts again, which costs one evaluation for each answer still wanted.
type memo[R any] struct {
	limit   int
	every   int
	giveups atomic.Bool

	mu      sync.RWMutex
	answers map[string]R

	sampling sync.Mutex
	random   *rand.Rand
	until    atomic.Int64 // hits before the next sample
}

func newMemo[R any](limit, sampleEvery int, seed rand.Source) *memo[R] {
	m := &memo[R]{limit: limit, every: sampleEvery, answers: map[string]R{}, random: rand.New(seed)}
	m.draw()
	return m
}

func (m *memo[R]) get(key []byte) (R, bool) {
	if m.giveups.Load() {
		var none R
		return none, false
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	r, ok := m.answers[string(key)]
	return r, ok
}

func (m *memo[R]) put(key []byte, r R) {
	if m.limit <= 0 || m.giveups.Load() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.answers) >= m.limit {
		clear(m.answers)
	}
	m.answers[string(key)] = r
}

func (m *memo[R]) giveUp() { m.giveups.Store(true) }

// sample says of about one in `every` hits that it is to be checked. Which ones
// follows from the seed and the order of hits alone.
func (m *memo[R]) sample() bool {
	if m.every < 0 || m.until.Add(-1) != 0 {
		return false
	}
	m.draw()
	return true
}

func (m *memo[R]) draw() {
	if m.every < 0 {
		return
	}
	m.sampling.Lock()
	defer m.sampling.Unlock()
	m.until.Store(1 + m.random.Int64N(max(1, 2*int64(m.every)-1))) // uniform, mean = every
}

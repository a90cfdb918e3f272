// Package memtest measures, for tests and benchmarks of parsers, how much memory and
// time they take.
//
// The awkward truth: the figures are of the whole process, so nothing else may
// run beside what is measured, t.Parallel included.
package memtest

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"
	"time"
)

// most is what a parser may ask for while it reads what a fuzzer makes.
const most = 64 << 20

// Modest does something with an input of that many bytes, and fails where that
// takes more than 64 MiB.
func Modest(t testing.TB, input int, do func()) {
	t.Helper()
	before := allocated()
	do()
	if used := allocated() - before; used > most {
		t.Errorf("%d bytes of memory for %d of input", used, input)
	}
}

// allocated is all memory ever asked for: what was in use at a time is less.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// Peak samples the bytes of heap objects, live or not yet swept, until stop is
// called, which returns the highest figure in MiB. Under the race detector, with
// its own memory and ten times the time, it skips the test.
func Peak(t testing.TB) (stop func() float64) {
	t.Helper()
	if raced {
		t.Skip("the race detector has memory of its own")
	}
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	var peak uint64
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			metrics.Read(sample)
			peak = max(peak, sample[0].Value.Uint64())
			select {
			case <-quit:
				return
			case <-tick.C:
			}
		}
	})
	return func() float64 {
		close(quit)
		wg.Wait()
		return float64(peak) / (1 << 20)
	}
}

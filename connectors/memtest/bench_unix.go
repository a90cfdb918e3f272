//go:build unix

package memtest

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// File writes what a generator makes, for benchmarks that read the same file, and
// sets the bytes that each operation reads.
func File(b *testing.B, generate func() (io.ReadCloser, error)) (name string, open func() (io.ReadCloser, error)) {
	b.Helper()
	name = filepath.Join(b.TempDir(), "report.json")
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	r, err := generate()
	if err != nil {
		b.Fatal(err)
	}
	n, err := io.Copy(f, r)
	if err := errors.Join(err, f.Close(), r.Close()); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(n)
	b.ResetTimer()
	return name, func() (io.ReadCloser, error) { return os.Open(name) }
}

// Measure watches heap and processor until stop is called, which reports them. What
// the processor did, in MB for each second of its time, is what can be compared on a
// busy machine.
func Measure(b *testing.B, size int64) (stop func()) {
	b.Helper()
	peak, before := Peak(b), used(b, syscall.RUSAGE_SELF)
	return func() {
		b.ReportMetric(peak(), "peak-MiB")
		b.ReportMetric(float64(size)/1e6/(used(b, syscall.RUSAGE_SELF)-before).Seconds(), "MB/cpu-s")
	}
}

// JQ has jq run a program over the same file. Skips where it is not installed.
func JQ(b *testing.B, program string, size int64, generate func() (io.ReadCloser, error)) {
	b.Helper()
	jq, err := exec.LookPath("jq")
	if err != nil {
		b.Skip(err)
	}
	name, _ := File(b, generate)
	for b.Loop() {
		c := exec.Command(jq, program, name)
		if out, err := c.CombinedOutput(); err != nil {
			b.Fatal(err, string(out))
		}
		b.ReportMetric(float64(c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024, "peak-MiB")
		b.ReportMetric(float64(size)/1e6/(c.ProcessState.UserTime()+c.ProcessState.SystemTime()).Seconds(), "MB/cpu-s")
	}
}

// used is the processor time that a process has used.
func used(b *testing.B, who int) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(who, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

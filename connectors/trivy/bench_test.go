//go:build unix

package trivy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/trivy"
)

// generate opens a report of about size bytes that exists nowhere: a lock file after
// the other, each with thirty vulnerabilities of some 2 KB, as Trivy writes them.
func generate(size int64) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return &generator{size: size}, nil }
}

type generator struct {
	size, made int64
	targets    int
	left       string
	done       bool
}

func (g *generator) Close() error { return nil }

func (g *generator) Read(p []byte) (int, error) {
	for g.left == "" {
		if g.done {
			return 0, io.EOF
		}
		g.left = g.next()
		g.made += int64(len(g.left))
	}
	n := copy(p, g.left)
	g.left = g.left[n:]
	return n, nil
}

func (g *generator) next() string {
	var b strings.Builder
	if g.targets == 0 {
		b.WriteString(`{"SchemaVersion": 2, "ArtifactName": ".", "ArtifactType": "filesystem", "Results": [`)
	} else {
		b.WriteByte(',')
	}
	g.targets++
	fmt.Fprintf(&b, `{"Target": "svc%d/package-lock.json", "Class": "lang-pkgs", "Type": "npm", "Vulnerabilities": [`, g.targets)
	for i := range 30 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, vulnerability, 2000+i, g.targets%50+1000, i, i, i)
	}
	b.WriteString("]}")
	if g.made >= g.size {
		b.WriteString("]}")
		g.done = true
	}
	return b.String()
}

var vulnerability = `
        {
          "VulnerabilityID": "CVE-%d-%d",
          "PkgID": "package-%d@1.2.3",
          "PkgName": "package-%d",
          "PkgIdentifier": {"PURL": "pkg:npm/package-%d@1.2.3", "UID": "5f0c6d0a9cfd1e3b"},
          "InstalledVersion": "1.2.3",
          "FixedVersion": "1.2.4, 2.0.1",
          "Status": "fixed",
          "Layer": {},
          "SeveritySource": "ghsa",
          "PrimaryURL": "https://avd.example.com/nvd/cve",
          "DataSource": {"ID": "ghsa", "Name": "GitHub Security Advisory Npm", "URL": "https://example.com/advisories"},
          "Title": "package: prototype pollution leads to code execution",
          "Description": "` + strings.Repeat("Before 1.2.4 the package merges what it is given into an object's \\\"prototype\\\".\\n", 8) + `",
          "Severity": "HIGH",
          "CweIDs": ["CWE-79", "CWE-1321"],
          "VendorSeverity": {"alma": 2, "ghsa": 3, "nvd": 2, "redhat": 2},
          "CVSS": {
            "nvd": {"V2Vector": "AV:N/AC:M/Au:N/C:N/I:P/A:N", "V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", "V2Score": 4.3, "V3Score": 6.1},
            "ghsa": {"V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "V3Score": 7.5}
          },
          "References": [` + strings.Repeat(`"https://example.com/security-announce/2099-08/msg00006.html", `, 12) + `"https://github.com/advisories/GHSA-6c3j-c64m-qhgq"],
          "PublishedDate": "2019-04-20T00:29:00.247Z",
          "LastModifiedDate": "2024-11-21T04:20:56.32Z"
        }`

// Memory must not grow with the file: 20 MB here, half a gigabyte in the benchmark.
func TestMemoryStaysSmall(t *testing.T) {
	stop := heapPeak()
	report, err := trivy.Parse(context.Background(), native.Options{Open: generate(20 << 20)}, func(finding.Finding) error { return nil })
	peak := stop()
	t.Logf("%d findings, peak heap %.1f MiB", report.Findings, peak)
	if err != nil || !report.Complete || report.Findings < 5000 || peak > 32 {
		t.Errorf("%d findings, complete %v, peak heap %.1f MiB, %v", report.Findings, report.Complete, peak, err)
	}
}

// benchSize is half a gigabyte.
const benchSize = 500_000_000

// benchFile writes the report that all benchmarks read.
func benchFile(b *testing.B) (name string, open func() (io.ReadCloser, error)) {
	b.Helper()
	name = filepath.Join(b.TempDir(), "trivy.json")
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	r, _ := generate(benchSize)()
	n, err := io.Copy(f, r)
	if err := errors.Join(err, f.Close()); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(n)
	b.ResetTimer()
	return name, func() (io.ReadCloser, error) { return os.Open(name) }
}

// BenchmarkParse500MB is all of the parser. What the processor did, in MB for each
// second of its time, is what can be compared on a busy machine.
func BenchmarkParse500MB(b *testing.B) {
	_, open := benchFile(b)
	for b.Loop() {
		stop := measure(b)
		report, err := trivy.Parse(context.Background(), native.Options{Open: open}, func(finding.Finding) error { return nil })
		stop()
		if err != nil || !report.Complete || report.Findings < 1000 {
			b.Fatal(report.Findings, report.Complete, err)
		}
	}
}

// BenchmarkUnmarshal500MB is what there would be without this package: the same
// members in structs, with encoding/json, and no findings yet.
func BenchmarkUnmarshal500MB(b *testing.B) {
	_, open := benchFile(b)
	for b.Loop() {
		stop := measure(b)
		var doc document
		r, err := open()
		if err != nil {
			b.Fatal(err)
		}
		err = json.NewDecoder(r).Decode(&doc)
		stop()
		if err := errors.Join(err, r.Close()); err != nil || len(doc.Results) < 100 {
			b.Fatal(len(doc.Results), err)
		}
	}
}

// BenchmarkJQ500MB is jq counting the findings of the same file.
func BenchmarkJQ500MB(b *testing.B) {
	jq, err := exec.LookPath("jq")
	if err != nil {
		b.Skip(err)
	}
	name, _ := benchFile(b)
	for b.Loop() {
		c := exec.Command(jq, "[.Results[].Vulnerabilities[]] | length", name)
		if out, err := c.CombinedOutput(); err != nil {
			b.Fatal(err, string(out))
		}
		used := c.ProcessState.SysUsage().(*syscall.Rusage)
		b.ReportMetric(float64(used.Maxrss)/1024, "peak-MiB")
		b.ReportMetric(benchSize/1e6/(c.ProcessState.UserTime()+c.ProcessState.SystemTime()).Seconds(), "MB/cpu-s")
	}
}

type document struct {
	Results []struct {
		Target, Class, Type string
		Vulnerabilities     []struct {
			VulnerabilityID, PkgName, InstalledVersion, FixedVersion string
			Title, Description, Severity, SeveritySource, PrimaryURL string
			PkgIdentifier                                            struct{ PURL string }
			References, CweIDs                                       []string
			CVSS                                                     map[string]struct {
				V3Vector string
				V3Score  float64
			}
		}
	}
}

// measure watches heap and processor until stop is called, which reports them.
func measure(b *testing.B) (stop func()) {
	peak, before := heapPeak(), cpu(b)
	return func() {
		b.ReportMetric(peak(), "peak-MiB")
		b.ReportMetric(benchSize/1e6/(cpu(b)-before).Seconds(), "MB/cpu-s")
	}
}

// heapPeak watches the heap until stop is called, which tells its most in MiB.
func heapPeak() (stop func() float64) {
	runtime.GC()
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		var m runtime.MemStats
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				peak <- most
				return
			case <-tick.C:
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
	}()
	return func() float64 {
		close(done)
		return float64(<-peak) / (1 << 20)
	}
}

// cpu is the processor time that the process has used.
func cpu(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

//go:build unix

package trivy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/memtest"
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
	stop := memtest.Peak(t)
	report, err := trivy.Parse(context.Background(), native.Options{Open: generate(20 << 20)}, func(finding.Finding) error { return nil })
	peak := stop()
	t.Logf("%d findings, peak heap %.1f MiB", report.Findings, peak)
	if err != nil || !report.Complete || report.Findings < 5000 || peak > 32 {
		t.Errorf("%d findings, complete %v, peak heap %.1f MiB, %v", report.Findings, report.Complete, peak, err)
	}
}

// benchSize is half a gigabyte.
const benchSize = 500_000_000

// BenchmarkParse500MB is all of the parser.
func BenchmarkParse500MB(b *testing.B) {
	_, open := memtest.File(b, generate(benchSize))
	for b.Loop() {
		stop := memtest.Measure(b, benchSize)
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
	_, open := memtest.File(b, generate(benchSize))
	for b.Loop() {
		stop := memtest.Measure(b, benchSize)
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
	memtest.JQ(b, "[.Results[].Vulnerabilities[]] | length", benchSize, generate(benchSize))
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

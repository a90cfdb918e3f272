package match_test

import (
	"fmt"
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter/match"
)

// report is n findings in files of ten, five texts a file, with a shift in line.
func report(n, shift int) []finding.Finding {
	var out []finding.Finding
	for i := range n {
		x := f(fmt.Sprintf("dir%d/file%d.go", i/1000, i/10), 1+7*(i%10)+shift, fmt.Sprintf("call%d(x)", i%5), fmt.Sprintf("%x:1", i*7919))
		x.Rule.ID = fmt.Sprintf("R%d", i%3)
		out = append(out, printed(x, "p", fmt.Sprint(i)))
	}
	return out
}

func BenchmarkMatch(b *testing.B) {
	const n = 20_000
	unprinted := func(findings []finding.Finding) []finding.Finding {
		for i := range findings {
			findings[i].Parts.Fingerprints = nil
		}
		return findings
	}
	oneGroup := func(shift, n int) []finding.Finding {
		var out []finding.Finding
		for i := range n {
			out = append(out, f("a.go", i*10+shift, "x", ""))
		}
		return out
	}
	renamed := unprinted(report(n, 0))
	for i := range renamed {
		place := *renamed[i].Place
		place.Path = "moved/" + place.Path
		renamed[i].Place = &place
	}
	for _, bb := range []struct {
		name            string
		known, incoming []finding.Finding
	}{
		{"fingerprints", report(n, 0), report(n, 3)},
		{"shifted", unprinted(report(n, 0)), unprinted(report(n, 3))},
		{"renamed", unprinted(report(n, 0)), renamed},
		{"all equals, one more", oneGroup(0, n), oneGroup(3, n+1)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			candidates := known(bb.known...)
			for b.Loop() {
				match.Match([][]match.Candidate{candidates}, bb.incoming)
			}
		})
	}
}

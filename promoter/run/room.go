package run

import (
	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/finding"
)

// What the reports of one commit of a pull request may hold: more than any
// repository has, and few enough that nobody who may only open pull requests can
// fill the memory and the database of everybody's runs.
const (
	mostFindings = 50_000
	mostScans    = 100 // tools and categories
)

// room counts what is taken of one arrival.
type room struct {
	of       connectors.Context
	findings int
	scans    map[scanKey]bool
	full     bool // something was left out
}

func (r *room) forFinding(f finding.Finding) bool {
	if r.of.PullRequest != 0 && r.findings == mostFindings {
		r.full = true
		return false
	}
	if !r.forScan(scanKey{tool: f.Scanner.Name, category: f.Category}) {
		return false
	}
	r.findings++
	return true
}

func (r *room) forScan(key scanKey) bool {
	switch {
	case r.of.PullRequest == 0 || r.scans[key]:
	case len(r.scans) == mostScans:
		r.full = true
		return false
	default:
		r.scans[key] = true
	}
	return true
}

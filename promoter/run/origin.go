package run

import (
	"context"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sourcetext"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// baseline looks for the newest complete scan of the merge base by the same
// tool in the same category, on any branch and from any source. What a scan by
// another version of the tool lacks says nothing: that finds other things in
// the same code. Lacking one that says something, a finding of the backlog is
// known to be older than any change.
func (d *decider) baseline(no int64, scope store.Scope, scan *store.Scan, mergeBase string) promoter.Baseline {
	newest := d.scanOf(scope.Tool, scope.Category, mergeBase)
	has := newest != nil && slices.ContainsFunc(d.book.of(no), func(s *store.Sighting) bool {
		return s.Scope == newest.Scope && s.Since <= newest.No && (s.Until == 0 || s.Until > newest.No)
	})
	if has || newest != nil && newest.ToolVersion == scan.ToolVersion {
		return promoter.Baseline{Scanned: true, Has: has}
	}
	backlog := d.isBacklog(no)
	return promoter.Baseline{Scanned: backlog, Has: backlog}
}

// isBacklog tells whether a finding was open on a branch when Sluice first
// looked at it, and still is: that is never a change's, whoever touches its line.
func (d *decider) isBacklog(no int64) bool {
	return slices.ContainsFunc(d.book.of(no), func(s *store.Sighting) bool {
		return s.Backlog && s.Until == 0 && !isChangeRef(d.book.scopes[s.Scope].Ref)
	})
}

type scanOfKey struct{ tool, category, commit string }

// scanOf is the newest complete scan of a commit on a branch, or nil.
func (d *decider) scanOf(tool, category, commit string) *store.Scan {
	key := scanOfKey{tool, category, commit}
	if found, ok := d.baseScans[key]; ok {
		return found
	}
	var newest *store.Scan
	for _, other := range d.book.scopes {
		if isChangeRef(other.Ref) || other.Tool != tool || other.Category != category {
			continue
		}
		for _, scan := range d.book.byScope[other.No] {
			if scan.State == store.ScanComplete && sameCommit(scan.Commit, commit) && (newest == nil || scan.No > newest.No) {
				newest = scan
			}
		}
	}
	d.baseScans[key] = newest
	return newest
}

// sameCommit allows for the abbreviated commits that paths may hold.
func sameCommit(a, b string) bool {
	return len(a) >= 7 && len(b) >= 7 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

// placeAtHead says where a sighting's lines are in the head, and whether its
// scan speaks of the head at all. A scan of the test merge has other line
// numbers: they are mapped through the text of both, or given up.
func (d *decider) placeAtHead(ctx context.Context, scope store.Scope, scan *store.Scan, place *finding.Place, c promoter.Change) (*finding.Place, bool) {
	switch {
	case scan == nil:
		return nil, false
	case sameCommit(scan.Commit, c.Head):
		return place, true
	case !d.speaksOf(ctx, promoter.Target{RepoID: d.book.repo().ID, PullRequest: c.Number}, scan.Commit, c):
		return nil, false
	case place == nil || place.StartLine == 0:
		return place, true
	}
	line := d.lines(ctx, scope.Source, scan.Commit, c.Head, place.Path)
	if line == nil {
		return nil, true
	}
	first, okFirst := line(place.StartLine)
	last, okLast := line(max(place.StartLine, place.EndLine))
	if !okFirst || !okLast {
		return nil, true
	}
	mapped := *place
	mapped.StartLine, mapped.EndLine = first, last
	return &mapped, true
}

type linesKey struct{ source, merge, head, path string }

// lines maps a file's lines in the test merge to those in the head; nil where
// one of the two cannot be read. Each file is compared once.
func (d *decider) lines(ctx context.Context, source, merge, head, path string) func(int) (int, bool) {
	key := linesKey{source, merge, head, path}
	if line, ok := d.mapped[key]; ok {
		return line
	}
	reader, ok := d.readers[source]
	if !ok {
		reader = d.readerOf(source, d.book.repo())
		d.readers[source] = reader
	}
	var line func(int) (int, bool)
	from, errMerge := reader.Read(ctx, merge, path)
	to, errHead := reader.Read(ctx, head, path)
	if errMerge == nil && errHead == nil {
		line = sourcetext.MapLines(from, to)
	}
	d.mapped[key] = line
	return line
}

package run

import (
	"slices"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter/match"
	"github.com/sluice-sec/sluice/promoter/store"
)

type scanKey struct{ tool, category string }

// incoming is one scan as its reports tell it.
type incoming struct {
	findings []finding.Finding
	scan     finding.Scan
	location string
	complete bool
	declared bool // some report describes the scan itself, not only findings
}

// add joins what one report says of the scan. A scan is complete only if
// every report of it is.
func (in *incoming) add(s finding.Scan, location string) {
	if !in.declared {
		in.scan, in.location, in.complete, in.declared = s, location, s.Complete, true
		return
	}
	in.complete = in.complete && s.Complete
	in.scan.Rules = slices.Compact(slices.Sorted(slices.Values(slices.Concat(in.scan.Rules, s.Rules))))
}

// platformSays is what the platform is asked while a scan is booked, where it
// matters.
type platformSays struct {
	outsider func(number int) bool      // a pull request's author has no write access
	touches  func(path string) bool     // the pull request that was scanned, if it was one, changes a file
	left     func(old, now string) bool // the scanned commit has the file now, and not the old one
}

// absorb matches one scan against what is known of the repository and books
// what is new, what moved and what is gone.
func (b *book) absorb(a arrival, ref string, key scanKey, in *incoming, n *FindingCounts, says platformSays) {
	scope := b.scope(finding.Scope{Source: a.source.Name, Ref: ref, Tool: key.tool, Category: key.category})
	previous := b.newestScan(scope.No)
	scan := store.Scan{
		No: b.next.Scan, Scope: scope.No, Commit: a.context.Commit, State: store.ScanPartial, Tool: key.tool,
		ToolVersion: in.scan.Scanner.Version, RulesDigest: in.scan.RulesDigest, Location: in.location, At: b.at, RunID: b.run,
	}
	if in.complete {
		scan.State = store.ScanComplete
	}
	b.next.Scan++
	b.addScan(scan)
	if scope.FirstScan == 0 {
		scope.FirstScan = scan.No
		b.putScope(scope)
	}
	present := slices.DeleteFunc(slices.Clone(in.findings), func(f finding.Finding) bool { return f.State == finding.Absent })
	result := match.Match(b.tiers(scope, scan, present, says), present)
	n.Ambiguous += result.Ambiguous
	seen := map[int64]bool{}
	for i, f := range present {
		no := result.No[i]
		if no == 0 {
			no = b.addFinding(f, scan.No)
			n.New++
		} else {
			was := b.findings[no].Facts
			b.updateFacts(no, f, func() bool { return b.maySay(no, scope, says.outsider) })
			if now := b.findings[no]; !isChangeRef(ref) && ruleEdited(was, now.Facts) {
				b.edited[now.CohortID] = ruleEdit(now.Facts.Rule)
			}
			n.Known++
		}
		seen[no] = true
		b.alert(no, f)
		b.sight(scope, scan, no, f)
	}
	b.closeUnseen(scope, scan, previous, in, seen, n)
}

// tiers are the known findings a new scan is matched against, nearest first:
// those of its own scope, those on branches, then the rest of this tool.
func (b *book) tiers(scope store.Scope, scan store.Scan, present []finding.Finding, says platformSays) [][]match.Candidate {
	tiers := make([][]match.Candidate, 3)
	moved := b.moved(scope, scan, present, says)
	for _, s := range b.sightings() {
		other := b.scopes[s.Scope]
		if other.Tool != scope.Tool {
			continue
		}
		tier := 2
		switch {
		case other.No == scope.No:
			tier = 0
		case other.Category == scope.Category && !isChangeRef(other.Ref):
			tier = 1
		}
		f := b.findings[s.Finding]
		tiers[tier] = append(tiers[tier], match.Candidate{
			No: s.Finding, Rule: f.Facts.Rule.ID, Place: s.Place, Parts: s.Parts, Package: f.Facts.Package,
			Advisories: f.Facts.Advisories, Message: f.Facts.Message, AnyFile: moved(s),
		})
	}
	return tiers
}

// moved tells of which sightings a scan would show it if they had moved to
// another file: it is complete, or their file has gone, so what it does not have
// where it was is not there any more, and what it is compared with was there
// until now. That is what is open in its own scope; of a scope that never had a complete scan, also what
// is open on a branch, for a pull request may begin with a rename, of a file that
// it changes: its report may be about these alone. All else that has the text of
// something in another file is a copy, and one finding would stand for two: what
// is gone was fixed, and another category, source or pull request speaks of files
// of its own.
func (b *book) moved(scope store.Scope, scan store.Scan, present []finding.Finding, says platformSays) func(*store.Sighting) bool {
	first := !slices.ContainsFunc(b.byScope[scope.No], func(s *store.Scan) bool {
		return s.No != scan.No && s.State == store.ScanComplete
	})
	return func(s *store.Sighting) bool {
		gone := s.Until != 0 && s.Cause != store.GoneRef // what is gone with its pull request comes back with it
		if gone || scan.State != store.ScanComplete && !b.fileLeft(s, present, says) {
			return false
		}
		other := b.scopes[s.Scope]
		return other.No == scope.No ||
			first && !isChangeRef(other.Ref) && other.Category == scope.Category && other.Source == scope.Source &&
				s.Place != nil && says.touches(s.Place.Path)
	}
}

// fileLeft tells whether the file of a sighting is no more at the scanned commit.
// It is asked only where a finding of the same rule came in another file.
func (b *book) fileLeft(s *store.Sighting, present []finding.Finding, says platformSays) bool {
	if s.Place == nil {
		return false
	}
	rule := b.findings[s.Finding].Facts.Rule.ID
	other := ""
	for _, f := range present {
		switch {
		case f.Place == nil:
		case f.Place.Path == s.Place.Path:
			return false
		case f.Rule.ID == rule:
			other = f.Place.Path
		}
	}
	return other != "" && says.left(s.Place.Path, other)
}

// sight books that a scan saw a finding, writing only what changed.
func (b *book) sight(scope store.Scope, scan store.Scan, no int64, f finding.Finding) {
	state := store.SightingPresent
	if f.State == finding.Suppressed {
		state = store.SightingSuppressed
	}
	key := sightingKey{scope.No, no}
	s, open := b.open[key]
	if !open {
		s = &store.Sighting{Finding: no, Scope: scope.No, Since: scan.No,
			Backlog: scope.FirstScan == scan.No && !isChangeRef(scope.Ref)}
		b.addSighting(s)
	}
	if open && s.State == state && same(s.Place, f.Place) && same(s.Parts, f.Parts) {
		return
	}
	s.State, s.Place, s.Parts, s.LastScan = state, f.Place, f.Parts, scan.No
	b.touch(s)
}

// closeUnseen says what became of what this scan did not see. Only a complete
// scan may call anything gone.
func (b *book) closeUnseen(scope store.Scope, scan store.Scan, previous *store.Scan, in *incoming, seen map[int64]bool, n *FindingCounts) {
	for key, s := range b.open {
		if key.scope != scope.No || seen[key.finding] {
			continue
		}
		if scan.State != store.ScanComplete {
			if s.State != store.SightingUnknown {
				s.State, s.LastScan = store.SightingUnknown, scan.No
				b.touch(s)
			}
			continue
		}
		s.Until, s.LastScan, s.State = scan.No, scan.No, store.SightingGone
		s.Cause = goneCause(b.findings[key.finding].Facts.Rule.ID, previous, scan, in)
		b.touch(s)
		delete(b.open, key)
		n.Gone++
	}
}

// goneCause tells a fix from a change of the scanner. Many reports list only
// the rules that found something, so a rule that is missing from the list
// counts as dropped only where the list names rules without results too.
func goneCause(rule string, previous *store.Scan, scan store.Scan, in *incoming) store.GoneCause {
	if previous != nil && previous.ToolVersion != scan.ToolVersion {
		return store.GoneVersion
	}
	if previous == nil || previous.RulesDigest == scan.RulesDigest || slices.Contains(in.scan.Rules, rule) {
		return store.GoneFixed
	}
	used := map[string]bool{}
	for _, f := range in.findings {
		used[f.Rule.ID] = true
	}
	for _, declared := range in.scan.Rules {
		if !used[declared] {
			return store.GoneRule
		}
	}
	return store.GoneFixed
}

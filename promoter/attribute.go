package promoter

import "github.com/sluice-sec/sluice/connectors/finding"

// Origin says whether a change brings a finding.
type Origin string

// The answers Attribute can give.
const (
	Introduced   Origin = "introduced"
	Standing     Origin = "standing"
	Unattributed Origin = "unattributed"
)

// Baseline is what is known of the merge base in a finding's scope.
type Baseline struct {
	// Scanned: there is a complete scan of the merge base in the same scope.
	Scanned bool
	// Has: that scan has the finding.
	Has bool
}

// Attribute says whether a change brings a finding and, if a comment can stand
// on its lines, where. A complete scan of the merge base settles it; lacking
// one, the lines that the change added do. A finding without a place, or in a
// file of unknown position, can be settled by the baseline only.
func Attribute(place *finding.Place, base Baseline, c Change) (Origin, *Anchor) {
	file, listed := fileOf(place, c)
	anchor := anchorIn(place, file)
	if base.Scanned {
		if base.Has {
			return Standing, nil
		}
		return Introduced, anchor
	}
	switch {
	case place == nil || place.StartLine == 0 || (listed && file.Unknown) || (!listed && !c.FilesComplete):
		return Unattributed, nil
	case anchor == nil || !touches(place, file.Added):
		return Unattributed, nil
	}
	return Introduced, anchor
}

func fileOf(place *finding.Place, c Change) (ChangedFile, bool) {
	if place != nil {
		for _, f := range c.Files {
			if f.Path == place.Path {
				return f, true
			}
		}
	}
	return ChangedFile{}, false
}

// anchorIn places a comment on the part of the finding that the change added
// or modified, at most ten lines of it: a reader needs the spot, not the whole
// function. Lines the diff merely shows as context are not the change's.
func anchorIn(place *finding.Place, f ChangedFile) *Anchor {
	const most = 10
	if place == nil || place.StartLine == 0 || f.Path == "" {
		return nil
	}
	lines := rangeOf(place)
	for _, added := range f.Added {
		if !added.Overlaps(lines) {
			continue
		}
		first, last := max(added.First, lines.First), min(added.Last, lines.Last)
		return &Anchor{Path: f.Path, StartLine: first, Line: min(last, first+most-1)}
	}
	return nil
}

func touches(place *finding.Place, added []LineRange) bool {
	lines := rangeOf(place)
	for _, a := range added {
		if a.Overlaps(lines) {
			return true
		}
	}
	return false
}

func rangeOf(p *finding.Place) LineRange {
	return LineRange{First: p.StartLine, Last: max(p.StartLine, p.EndLine)}
}

package run

import (
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/store"
)

func TestFate(t *testing.T) {
	open := promoter.Change{Open: true, FilesComplete: true, Files: []promoter.ChangedFile{{Path: "a.go"}, {Path: "c.go", Previous: "b.go"}}}
	cut := open
	cut.FilesComplete = false
	gone := func(cause store.GoneCause, path string) *store.Sighting {
		return &store.Sighting{State: store.SightingGone, Cause: cause, Place: &finding.Place{Path: path}}
	}
	for name, c := range map[string]struct {
		sighting *store.Sighting
		change   promoter.Change
		want     promoter.VerdictKind
	}{
		"never seen":             {nil, open, ""},
		"still there":            {&store.Sighting{State: store.SightingPresent}, open, ""},
		"could not be told":      {&store.Sighting{State: store.SightingUnknown}, open, ""},
		"suppressed in the code": {&store.Sighting{State: store.SightingSuppressed}, open, promoter.VerdictSuppressed},
		"gone by a suppression":  {gone(store.GoneSuppressed, "a.go"), open, promoter.VerdictSuppressed},
		"fixed":                  {gone(store.GoneFixed, "a.go"), open, promoter.VerdictGone},
		"fixed in a renamed":     {gone(store.GoneFixed, "b.go"), open, promoter.VerdictGone},
		"the file is gone":       {gone(store.GoneFixed, "x.go"), open, promoter.VerdictFileDeleted},
		"perhaps the file is":    {gone(store.GoneFixed, "x.go"), cut, promoter.VerdictGone},
		"the rule is gone":       {gone(store.GoneRule, "a.go"), open, promoter.VerdictScanFailed},
		"another scanner":        {gone(store.GoneVersion, "a.go"), open, promoter.VerdictScanFailed},
		"closed":                 {gone(store.GoneFixed, "a.go"), promoter.Change{}, promoter.VerdictUnmerged},
	} {
		if got := fate(c.sighting, c.change); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// The two packages have the same words for kinds, each for itself.
func TestEveryKindIsScored(t *testing.T) {
	scores := evidence.DefaultScores()
	kinds := append(promoter.VerdictKinds(), promoter.VerdictSuppressed, promoter.VerdictSuppressedAccepted, promoter.VerdictGone,
		promoter.VerdictUnmerged, promoter.VerdictFileDeleted, promoter.VerdictScanFailed)
	for _, k := range kinds {
		if _, known := scores[evidence.Kind(k)]; !known {
			t.Errorf("%s has no score", k)
		}
	}
	if len(kinds) != len(scores) {
		t.Errorf("%d kinds, %d scores", len(kinds), len(scores))
	}
}

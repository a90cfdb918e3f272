package run

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/promoter/store"
)

// epochs books an epoch event in every cohort of a scanner of which a new major
// version was met: what was shown to be clean under the old one is kept as
// evidence, and no longer proves that the new one is.
func (r *runner) epochs(snap *store.Snapshot) error {
	at := slices.Index(r.Settings.Cohorts.By, "scanner")
	if at < 0 {
		return nil
	}
	for tool, version := range newMajors(snap, r.id) {
		for _, c := range r.cohorts {
			labels := strings.Split(strings.SplitN(c.Key, "+", 2)[0], "/")
			if at >= len(labels) || !strings.EqualFold(labels[at], tool) {
				continue
			}
			if err := r.Store.AddEpoch(r.keep, c.ID, r.Now().UTC(), tool+" "+version); err != nil {
				return fmt.Errorf("epoch of %s: %w", c.Key, err)
			}
		}
	}
	return nil
}

// newMajors are the scanners of which a run read a scan by another major
// version than the one before in the same scope. What the report of a pull
// request says of its scanner, anybody may have written.
func newMajors(snap *store.Snapshot, run int64) map[string]string {
	change := map[int64]bool{}
	for _, scope := range snap.Scopes {
		change[scope.No] = isChangeRef(scope.Ref)
	}
	before := map[int64]string{}
	out := map[string]string{}
	for _, s := range snap.Scans { // in the order they were taken in
		if change[s.Scope] {
			continue
		}
		v := major(s.ToolVersion)
		if old := before[s.Scope]; s.RunID == run && old != "" && v != "" && old != v {
			out[s.Tool] = v
		}
		if v != "" {
			before[s.Scope] = v
		}
	}
	return out
}

// major is what stands before the first dot: 2 of v2.22.1. Below 1.0 every minor
// version may change everything: 0.57.
func major(version string) string {
	version = strings.TrimPrefix(strings.TrimSpace(version), "v")
	first, rest, _ := strings.Cut(version, ".")
	if first != "0" || rest == "" {
		return first
	}
	minor, _, _ := strings.Cut(rest, ".")
	return first + "." + minor
}

package run

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
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
			if err := r.beginEpochs(map[int64]string{c.ID: tool + " " + version}); err != nil {
				return err
			}
		}
	}
	return nil
}

// beginEpochs books an epoch event in each of these cohorts, for a reason: at
// most one a run, and for each reason one in a stay. What nobody was shown has
// none.
func (r *runner) beginEpochs(cohorts map[int64]string) error {
	for id, why := range cohorts {
		if c := r.cohorts[id]; c.Stage == promoter.Observe || r.epoch[id] {
			continue
		}
		if err := r.Store.AddEpoch(r.keep, id, r.Now().UTC(), why); err != nil {
			return fmt.Errorf("epoch of %s: %w", r.cohorts[id].Key, err)
		}
		r.epoch[id] = true
	}
	return nil
}

// byLaw tells whether a finding is shown elsewhere than before because policy or
// settings were edited, and for no other reason.
func (d *decider) byLaw(old store.Decision, f *store.Finding, cohort promoter.Cohort, now input.Surface, answer input.SurfaceAnswer) bool {
	if old.PolicyRev == d.Decider.Revision() && old.SettingsRev == d.Settings.Revision() || !saw(old, f) || old.Stage != cohort.Stage {
		return false
	}
	var was input.Surface
	var said input.SurfaceAnswer
	if json.Unmarshal(old.Input, &was) != nil || json.Unmarshal(old.Answer, &said) != nil {
		return false
	}
	return !sameSurfaces(said.Surfaces, answer.Surfaces) && same(was.Change, now.Change) && same(answersIn(was), answersIn(now))
}

func sameSurfaces(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// answersIn are the exceptions that are people's answers.
func answersIn(doc input.Surface) []input.Exception {
	return slices.DeleteFunc(slices.Clone(doc.Exceptions), func(e input.Exception) bool { return e.Kind != input.ExceptionDisposition })
}

// ruleEdited tells whether a scanner defines the rule of a finding otherwise
// than before. What it says of a vulnerability changes with what the world
// knows of it, and makes no other rule.
func ruleEdited(was, now finding.Finding) bool {
	return was.Kind != finding.SCA && was.Package == nil && was.Scanner.Name == now.Scanner.Name && was.Rule.ID == now.Rule.ID && ruleEdit(was.Rule) != ruleEdit(now.Rule)
}

// ruleEdit names a rule as it is defined.
func ruleEdit(r finding.Rule) string {
	r.HelpURL = "" // has the scanner's version in it, as often as not
	raw, _ := json.Marshal(r)
	sum := sha256.Sum256(raw)
	return fmt.Sprintf("rule %s as %x", r.ID, sum[:4])
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

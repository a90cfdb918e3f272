package run

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// book is one repository's records while a run works on them: the snapshot,
// indexed, and which rows have changed since it was loaded.
type book struct {
	snap *store.Snapshot
	run  int64
	at   time.Time
	next store.Next

	findings map[int64]*store.Finding
	scopes   map[int64]store.Scope
	scans    map[int64]*store.Scan
	byScope  map[int64][]*store.Scan // oldest first
	open     map[sightingKey]*store.Sighting
	all      []*store.Sighting

	newScopes  map[int64]bool
	newScans   []store.Scan
	changedF   map[int64]bool
	changedS   map[*store.Sighting]bool
	deliveries []store.Delivery
	decisions  []store.Decision
	notices    []promoter.Notice
	shown      []promoter.Exposure // by notices that were adopted
	adopted    []promoter.Effect   // that wrote them
	entries    []store.Entry
	answers    store.Recording
	edited     map[int64]string   // by cohort: that a rule of its findings was edited
	alerts     map[int64]alerted  // findings that a scan of this run has an alert for
	standing   []promoter.Verdict // that nobody took back; see dispose
	digest     *string
	byFinding  map[int64][]*store.Sighting // filled when first asked
	byChange   map[int][]*store.Sighting   // likewise
	decided    map[int64]store.Decision    // likewise: that of the newest facts
}

type sightingKey struct{ scope, finding int64 }

func newBook(snap *store.Snapshot, run int64, at time.Time) *book {
	b := &book{
		snap: snap, run: run, at: at, next: snap.Next,
		findings: map[int64]*store.Finding{}, scopes: map[int64]store.Scope{}, scans: map[int64]*store.Scan{},
		byScope: map[int64][]*store.Scan{}, open: map[sightingKey]*store.Sighting{},
		newScopes: map[int64]bool{}, changedF: map[int64]bool{}, edited: map[int64]string{}, changedS: map[*store.Sighting]bool{},
	}
	for i := range snap.Findings {
		b.findings[snap.Findings[i].No] = &snap.Findings[i]
	}
	for _, s := range snap.Scopes {
		b.scopes[s.No] = s
	}
	for i := range snap.Scans {
		b.indexScan(&snap.Scans[i])
	}
	for i := range snap.Sightings {
		s := &snap.Sightings[i]
		b.all = append(b.all, s)
		if s.Until == 0 {
			b.open[sightingKey{s.Scope, s.Finding}] = s
		}
	}
	return b
}

func (b *book) repo() promoter.Repository { return b.snap.Repository }

func (b *book) indexScan(s *store.Scan) {
	b.scans[s.No] = s
	b.byScope[s.Scope] = append(b.byScope[s.Scope], s)
}

func (b *book) addScan(s store.Scan) {
	b.newScans = append(b.newScans, s)
	b.indexScan(&s)
}

func (b *book) newestScan(scope int64) *store.Scan {
	if scans := b.byScope[scope]; len(scans) > 0 {
		return scans[len(scans)-1]
	}
	return nil
}

// newestWhole is the newest complete scan of a scope that says of which commit
// it is, or nil.
func (b *book) newestWhole(s finding.Scope) *store.Scan {
	for _, known := range b.scopes {
		if known.Scope != s {
			continue
		}
		for _, scan := range slices.Backward(b.byScope[known.No]) {
			if scan.State == store.ScanComplete && scan.Commit != "" {
				return scan
			}
		}
	}
	return nil
}

func (b *book) scope(s finding.Scope) store.Scope {
	for _, known := range b.scopes {
		if known.Scope == s {
			return known
		}
	}
	fresh := store.Scope{No: b.next.Scope, Scope: s}
	b.next.Scope++
	b.putScope(fresh)
	return fresh
}

func (b *book) putScope(s store.Scope) {
	b.scopes[s.No] = s
	b.newScopes[s.No] = true
}

// sightings lists what is open before what is gone, and then the newest first, so
// that among several of one finding the matcher sees where it is, or was last.
func (b *book) sightings() []*store.Sighting {
	out := slices.Clone(b.all)
	slices.SortStableFunc(out, func(x, y *store.Sighting) int {
		return cmp.Or(cmp.Compare(min(x.Until, 1), min(y.Until, 1)), cmp.Compare(y.LastScan, x.LastScan))
	})
	return out
}

// of lists a finding's sightings, gone ones too.
func (b *book) of(no int64) []*store.Sighting {
	if b.byFinding == nil {
		b.byFinding = map[int64][]*store.Sighting{}
		for _, s := range b.all {
			b.byFinding[s.Finding] = append(b.byFinding[s.Finding], s)
		}
	}
	return b.byFinding[no]
}

// openIn lists what is not gone by pull request; under 0 stands what is on
// branches. In a stable order. It may be asked once all is absorbed.
func (b *book) openIn() map[int][]*store.Sighting {
	if b.byChange == nil {
		b.byChange = map[int][]*store.Sighting{}
		for _, s := range b.all {
			if s.Until == 0 {
				number := store.ChangeOf(b.scopes[s.Scope].Ref)
				b.byChange[number] = append(b.byChange[number], s)
			}
		}
	}
	return b.byChange
}

// knows tells whether a source has delivered a scan of a ref before.
func (b *book) knows(source, ref string) bool {
	for _, scope := range b.scopes {
		if scope.Source == source && scope.Ref == ref && b.newestScan(scope.No) != nil {
			return true
		}
	}
	return false
}

// justScanned tells whether this run took in a scan of a pull request.
func (b *book) justScanned(number int) bool {
	for _, scope := range b.scopes {
		if newest := b.newestScan(scope.No); newest != nil && newest.RunID == b.run && store.ChangeOf(scope.Ref) == number {
			return true
		}
	}
	return false
}

// displayed are the findings that people see in some pull request.
func (b *book) displayed() map[int64]bool {
	out := map[int64]bool{}
	for _, n := range b.snap.Notices {
		if n.Surface == promoter.SurfaceAlert {
			continue
		}
		for _, i := range n.Items {
			if i.Live() && (n.State == promoter.NoticePosted || n.State == promoter.NoticePlanned) {
				out[i.Finding] = true
			}
		}
	}
	return out
}

// newestDecision is the decision about a finding that saw its newest facts.
func (b *book) newestDecision(no int64) (store.Decision, bool) {
	if b.decided == nil {
		b.decided = map[int64]store.Decision{}
		for _, d := range b.snap.Decisions {
			if old, ok := b.decided[d.Finding]; !ok || d.FactVersion > old.FactVersion {
				b.decided[d.Finding] = d
			}
		}
	}
	d, ok := b.decided[no]
	return d, ok
}

// factsChanged tells whether something is known of a finding that no decision
// about it saw, and that policies are told.
func (b *book) factsChanged(no int64) bool {
	d, _ := b.newestDecision(no)
	return !saw(d, b.findings[no])
}

func (b *book) addSighting(s *store.Sighting) {
	b.all = append(b.all, s)
	b.open[sightingKey{s.Scope, s.Finding}] = s
	if b.byFinding != nil {
		b.byFinding[s.Finding] = append(b.byFinding[s.Finding], s)
	}
}

func (b *book) touch(s *store.Sighting) { b.changedS[s] = true }

// facts are what is kept of a finding: place and parts belong to its
// sightings, and its state is theirs too; a dismissal is a person's answer.
func facts(f finding.Finding) finding.Finding {
	f.Place, f.Parts, f.State, f.Dismissal = nil, finding.Parts{}, finding.Open, nil
	f.EPSS = nil // it changes every day; see learnRisks
	return f
}

// news are those of the facts that make another version of it: not what a
// release of the scanner, another of its scans or a moved line changes. Of a
// fix it counts whether there is one.
func news(f finding.Finding) finding.Finding {
	f.Scanner.Version, f.Rule.HelpURL, f.Category, f.Alert = "", "", "", ""
	if f.Fix != nil {
		f.Fix = &finding.Fix{}
	}
	return f
}

func (b *book) addFinding(f finding.Finding, scan int64) int64 {
	no := b.next.Finding
	b.next.Finding++
	b.findings[no] = &store.Finding{No: no, Facts: facts(f), Version: 1, FirstScan: scan}
	b.changedF[no] = true
	return no
}

// updateFacts lets a scan say what a finding is, if it may.
func (b *book) updateFacts(no int64, f finding.Finding, may func() bool) {
	known, next := b.findings[no], facts(f)
	if same(known.Facts, next) || !may() {
		return
	}
	if !same(news(known.Facts), news(next)) {
		known.Version++
	}
	known.Facts = next
	b.changedF[no] = true
}

func (b *book) place(no, cohort int64) {
	b.findings[no].CohortID = cohort
	b.changedF[no] = true
}

func (b *book) clearDigest() {
	if b.snap.Digest != "" {
		empty := ""
		b.digest = &empty
	}
}

// changes are the rows to write, in a stable order.
func (b *book) changes() store.Changes {
	c := store.Changes{
		RepoID: b.repo().ID, RunID: b.run, At: b.at, Deliveries: b.deliveries, Scans: b.newScans,
		Decisions: b.decisions, Notices: b.notices, Shown: b.shown, Adopted: b.adopted, Answers: b.answers, Digest: b.digest, Entries: b.entries,
	}
	for no := range b.newScopes {
		c.Scopes = append(c.Scopes, b.scopes[no])
	}
	slices.SortFunc(c.Scopes, func(x, y store.Scope) int { return cmp.Compare(x.No, y.No) })
	for no := range b.changedF {
		c.Findings = append(c.Findings, *b.findings[no])
	}
	slices.SortFunc(c.Findings, func(x, y store.Finding) int { return cmp.Compare(x.No, y.No) })
	for s := range b.changedS {
		c.Sightings = append(c.Sightings, *s)
	}
	slices.SortFunc(c.Sightings, func(x, y store.Sighting) int {
		return cmp.Or(cmp.Compare(x.Finding, y.Finding), cmp.Compare(x.Scope, y.Scope), cmp.Compare(x.Since, y.Since))
	})
	return c
}

// same compares records as the store would keep them, so that a nil and an
// empty list that was stored as one are not two.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func isChangeRef(ref string) bool { return strings.HasPrefix(ref, "refs/pull/") }

func cmpStrings(a, b string) int { return strings.Compare(a, b) }

// short abbreviates a commit for people.
func short(commit string) string { return commit[:min(len(commit), 7)] }

package storetest

import (
	"cmp"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// model is the plainest store of one repository.
type model struct {
	repo      promoter.Repository
	digest    string
	scopes    map[int64]store.Scope
	scans     map[int64]store.Scan
	findings  map[int64]store.Finding
	sightings map[[3]int64]store.Sighting
	decisions map[[2]int64]store.Decision
	notices   map[int64]promoter.Notice
}

func newModel(repo promoter.Repository) *model {
	return &model{repo, "", map[int64]store.Scope{}, map[int64]store.Scan{}, map[int64]store.Finding{},
		map[[3]int64]store.Sighting{}, map[[2]int64]store.Decision{}, map[int64]promoter.Notice{}}
}

func (m *model) apply(c store.Changes) {
	put(m.scopes, c.Scopes, func(s store.Scope) int64 { return s.No })
	put(m.scans, c.Scans, func(s store.Scan) int64 { return s.No })
	put(m.findings, c.Findings, func(f store.Finding) int64 { return f.No })
	put(m.sightings, c.Sightings, func(s store.Sighting) [3]int64 { return [3]int64{s.Finding, s.Scope, s.Since} })
	put(m.notices, c.Notices, func(n promoter.Notice) int64 { return n.No })
	for _, d := range c.Decisions {
		key := [2]int64{d.Finding, int64(d.Change)}
		said := m.decisions[key]
		said.RunID = d.RunID
		if !equal(said, d) {
			m.decisions[key] = d
		}
	}
	if c.Digest != nil {
		m.digest = *c.Digest
	}
}

func put[K comparable, V any](m map[K]V, all []V, key func(V) K) {
	for _, v := range all {
		m[key(v)] = v
	}
}

func (m *model) snapshot() store.Snapshot {
	s := store.Snapshot{Repository: m.repo, Digest: m.digest,
		Scopes: inOrder(m.scopes, cmp.Compare[int64]), Scans: inOrder(m.scans, cmp.Compare[int64]),
		Findings: inOrder(m.findings, cmp.Compare[int64]), Notices: inOrder(m.notices, cmp.Compare[int64]),
		Decisions: inOrder(m.decisions, func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) }),
		Sightings: inOrder(m.sightings, func(a, b [3]int64) int {
			return cmp.Or(cmp.Compare(m.scopes[a[1]].Ref, m.scopes[b[1]].Ref), cmp.Compare(a[1], b[1]), cmp.Compare(a[0], b[0]), cmp.Compare(a[2], b[2]))
		})}
	s.Next = store.Next{Scope: int64(len(m.scopes)) + 1, Scan: int64(len(m.scans)) + 1,
		Finding: int64(len(m.findings)) + 1, Notice: int64(len(m.notices)) + 1}
	return s
}

func inOrder[K comparable, V any](m map[K]V, order func(a, b K) int) []V {
	var all []V
	for _, k := range slices.SortedFunc(maps.Keys(m), order) {
		all = append(all, m[k])
	}
	return all
}

// anySeries applies random changes and compares with the model. Of each step
// it asks as well: applied again it writes nothing, and the mark changes
// exactly when something but the digest does.
func anySeries(t *testing.T, s store.Store) {
	ctx := t.Context()
	cohorts := must(s.EnsureCohorts(ctx, []string{"a", "b"}, At(0)))(t)
	rapid.Check(t, func(r *rapid.T) {
		repo := Repository(r, s, rapid.StringMatching("[a-z]{20}").Draw(r, "name"))
		m := newModel(repo)
		for range rapid.IntRange(1, 6).Draw(r, "steps") {
			c := anyChanges(r, m, cohorts)
			before, mark := m.snapshot(), must(s.Marks(ctx))(r)[repo.ID]
			ok(r, s.Apply(ctx, c))
			m.apply(c)
			after := m.snapshot()
			same(r, "loaded", *must(s.Load(ctx, repo.ID))(r), after)
			before.Digest, after.Digest = "", ""
			if moved := must(s.Marks(ctx))(r)[repo.ID] != mark; moved == equal(before, after) {
				r.Fatalf("the mark moved: %v; what is known is the same: %v", moved, !moved)
			}
			unchanged(r, s, c, repo.ID)
		}
	})
}

func unchanged(r *rapid.T, s store.Store, c store.Changes, repoID int64) {
	ctx := r.Context()
	counter, can := s.(Counter)
	if !can {
		return
	}
	rows, mark := must(counter.RowCounts(ctx))(r), must(s.Marks(ctx))(r)[repoID]
	ok(r, s.Apply(ctx, c))
	same(r, "rows after the same again", must(counter.RowCounts(ctx))(r), rows)
	same(r, "mark after the same again", must(s.Marks(ctx))(r)[repoID], mark)
}

// anyText holds what breaks careless quoting, escaping and decoding.
var anyText = rapid.OneOf(rapid.SampledFrom([]string{"", "x", "'; DROP TABLE finding; --", `"\u0000"`, "<a&b>", "naïve ☃ \u2028", "null", "a\nb\tc"}),
	rapid.StringMatching(`[ -~äöü€😀]{0,40}`))

func anyChanges(r *rapid.T, m *model, cohorts []promoter.Cohort) store.Changes {
	c := store.Changes{RepoID: m.repo.ID, RunID: rapid.Int64Range(1, 3).Draw(r, "run"), At: At(0)}
	scopes, findings := int64(len(m.scopes)), int64(len(m.findings))
	for range rapid.IntRange(0, 2).Draw(r, "new scopes") {
		scopes++
		c.Scopes = append(c.Scopes, store.Scope{No: scopes, FirstScan: 1, Scope: finding.Scope{Source: "ci", Tool: anyText.Draw(r, "tool"),
			Ref: rapid.SampledFrom([]string{"refs/heads/main", "refs/pull/2/head", "refs/pull/10/head"}).Draw(r, "ref"), Category: rapid.StringMatching("[a-z]{12}").Draw(r, "category")}})
	}
	for range rapid.IntRange(0, 3).Draw(r, "new findings") {
		findings++
		c.Findings = append(c.Findings, anyFinding(r, findings, 1, cohorts))
	}
	for no := range m.findings {
		if rapid.IntRange(0, 3).Draw(r, "again") == 0 {
			c.Findings = append(c.Findings, anyFinding(r, no, m.findings[no].Version+rapid.Int64Range(0, 1).Draw(r, "newer"), cohorts))
		}
	}
	if scopes > 0 {
		for no := int64(1); no <= int64(len(m.scans)+rapid.IntRange(0, 2).Draw(r, "new scans")); no++ {
			c.Scans = append(c.Scans, anyScan(r, no, scopes))
		}
	}
	if findings == 0 || scopes == 0 {
		return c
	}
	c.Sightings = distinct(r, "sightings", func() store.Sighting { return anySighting(r, findings, scopes) },
		func(s store.Sighting) [3]int64 { return [3]int64{s.Finding, s.Scope, s.Since} })
	c.Decisions = distinct(r, "decisions", func() store.Decision { return anyDecision(r, findings) },
		func(d store.Decision) [2]int64 { return [2]int64{d.Finding, int64(d.Change)} })
	for no := int64(1); no <= int64(len(m.notices)+rapid.IntRange(0, 2).Draw(r, "new notices")); no++ {
		c.Notices = append(c.Notices, anyNotice(r, m.repo.ID, no, findings, cohorts))
	}
	if rapid.Bool().Draw(r, "digest") {
		digest := rapid.SampledFrom([]string{"", "d1", "d2"}).Draw(r, "digest is")
		c.Digest = &digest
	}
	return c
}

func distinct[K comparable, V any](r *rapid.T, what string, draw func() V, key func(V) K) []V {
	byKey := map[K]bool{}
	var all []V
	for range rapid.IntRange(0, 5).Draw(r, what) {
		if v := draw(); !byKey[key(v)] {
			byKey[key(v)] = true
			all = append(all, v)
		}
	}
	return all
}

func anyFinding(r *rapid.T, no, version int64, cohorts []promoter.Cohort) store.Finding {
	f := Finding(no, rapid.SampledFrom([]int64{0, cohorts[0].ID, cohorts[1].ID}).Draw(r, "cohort"))
	f.Version = version
	f.Facts.Message = anyText.Draw(r, "message")
	f.Facts.Severity = rapid.SampledFrom(finding.Severities()).Draw(r, "severity")
	f.Facts.Score = rapid.SampledFrom([]float64{0, 0.1, 9.8}).Draw(r, "score")
	if rapid.Bool().Draw(r, "has more") {
		f.Facts.Package = &finding.Package{PURL: "pkg:golang/x/y@v1", Name: anyText.Draw(r, "package")}
		f.Facts.Fix = &finding.Fix{Description: anyText.Draw(r, "fix"), Edits: []finding.Edit{{Place: finding.Place{Path: "go.mod", StartLine: 3}, Text: "y"}}}
	}
	return f
}

func anyScan(r *rapid.T, no, scopes int64) store.Scan {
	return store.Scan{No: no, Scope: rapid.Int64Range(1, scopes).Draw(r, "scope"), Commit: anyText.Draw(r, "commit"),
		State: rapid.SampledFrom([]store.ScanState{store.ScanComplete, store.ScanPartial, store.ScanFailed}).Draw(r, "state"),
		Tool:  "t", Location: anyText.Draw(r, "location"), At: At(rapid.IntRange(0, 9).Draw(r, "at")), RunID: 1}
}

func anySighting(r *rapid.T, findings, scopes int64) store.Sighting {
	g := Sighting(rapid.Int64Range(1, findings).Draw(r, "finding"))
	g.Scope, g.Since = rapid.Int64Range(1, scopes).Draw(r, "scope"), rapid.Int64Range(1, 3).Draw(r, "since")
	g.Backlog = rapid.Bool().Draw(r, "backlog")
	g.State = rapid.SampledFrom([]store.SightingState{store.SightingPresent, store.SightingSuppressed, store.SightingGone, store.SightingUnknown}).Draw(r, "state")
	if g.State == store.SightingGone {
		g.Until = g.Since + 1
		g.Cause = rapid.SampledFrom([]store.GoneCause{store.GoneFixed, store.GoneSuppressed, store.GoneRule, store.GoneVersion, store.GoneRef}).Draw(r, "cause")
	}
	if rapid.Bool().Draw(r, "no place") {
		g.Place = nil
	}
	g.Parts.Snippet = anyText.Draw(r, "snippet")
	if rapid.Bool().Draw(r, "fingerprints") {
		g.Parts.Fingerprints = map[string]string{anyText.Draw(r, "scheme"): "1", "b": "2"}
	}
	return g
}

func anyDecision(r *rapid.T, findings int64) store.Decision {
	d := Decision(rapid.Int64Range(1, findings).Draw(r, "finding"))
	d.Change = rapid.SampledFrom([]int{0, 2, 10}).Draw(r, "change")
	d.RunID = rapid.Int64Range(1, 3).Draw(r, "run")
	d.Stage = rapid.SampledFrom(promoter.Stages()).Draw(r, "stage")
	d.Outcome = rapid.SampledFrom([]string{"decided", "undefined", "error"}).Draw(r, "outcome")
	if d.Outcome != "decided" {
		d.Answer = nil
	}
	return d
}

func anyNotice(r *rapid.T, repoID, no, findings int64, cohorts []promoter.Cohort) promoter.Notice {
	n := Notice(repoID, no, cohorts[0].ID)
	n.Generation = rapid.Int64Range(1, 4).Draw(r, "generation")
	n.State = rapid.SampledFrom([]promoter.NoticeState{promoter.NoticePlanned, promoter.NoticePosted, promoter.NoticeWithdrawn,
		promoter.NoticeClosedByPerson, promoter.NoticeLost, promoter.NoticeLeft}).Draw(r, "state")
	n.Body, n.Resolved = anyText.Draw(r, "body"), rapid.Bool().Draw(r, "resolved")
	if rapid.Bool().Draw(r, "summary") {
		n.Surface, n.Anchor = promoter.SurfaceSummary, nil
	}
	if rapid.Bool().Draw(r, "task") {
		n.Surface, n.Anchor, n.Target.PullRequest = promoter.SurfaceTask, nil, 0
		n.Task = &promoter.Task{Route: anyText.Draw(r, "route"), Title: anyText.Draw(r, "title"), Due: rapid.SampledFrom([]time.Time{{}, At(9)}).Draw(r, "due"),
			Links: []promoter.TaskLink{{URL: "https://x.test/1", Title: "acme/shop#1"}}, Campaign: rapid.SampledFrom([]string{"", "P0001"}).Draw(r, "campaign")}
	}
	n.Items = nil
	for range rapid.IntRange(0, 3).Draw(r, "items") {
		i := promoter.Item{Finding: rapid.Int64Range(1, findings).Draw(r, "finding"), Attempt: 1, Version: rapid.Int64Range(0, 3).Draw(r, "version"), Kept: anyText.Draw(r, "kept")}
		i.CohortID = rapid.SampledFrom([]int64{0, cohorts[1].ID}).Draw(r, "cohort")
		if rapid.Bool().Draw(r, "removed") {
			i.ShownAt, i.Removed, i.Cause = At(1), At(2), promoter.RemovedFixed
		}
		n.Items = append(n.Items, i)
	}
	return n
}

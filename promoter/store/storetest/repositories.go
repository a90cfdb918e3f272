package storetest

import (
	"slices"
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

func repositories(t *testing.T, s store.Store) {
	ctx := t.Context()
	ensure := func(r promoter.Repository) promoter.Repository {
		t.Helper()
		r.Host = "github.example"
		return must(s.EnsureRepository(ctx, r, 1))(t)
	}
	byName := ensure(promoter.Repository{Owner: "acme", Name: "shop"})
	if again := ensure(promoter.Repository{Owner: "Acme", Name: "Shop"}); !again.Equal(byName) {
		t.Errorf("the same name in other letters is %+v, want %+v", again, byName)
	}
	facts := promoter.RepositoryFacts{DefaultBranch: "main", Visibility: "public", Topics: []string{"pci"}, Properties: map[string]string{"tier": "1"}}
	known := ensure(promoter.Repository{ExternalID: "7", Owner: "acme", Name: "shop", Facts: facts})
	if known.ID != byName.ID || known.ExternalID != "7" || !known.Facts.Equal(facts) {
		t.Errorf("an external id made it %+v", known)
	}
	renamed := ensure(promoter.Repository{ExternalID: "7", Owner: "acme", Name: "store", Facts: facts})
	if renamed.ID != byName.ID || renamed.FullName() != "acme/store" {
		t.Errorf("a rename made it %+v", renamed)
	}
	if named := ensure(promoter.Repository{Owner: "acme", Name: "store"}); !named.Equal(renamed) {
		t.Errorf("by its name alone it is %+v, want %+v with the facts that are known", named, renamed)
	}
	other := ensure(promoter.Repository{ExternalID: "8", Owner: "acme", Name: "store", Facts: facts})
	if other.ID == renamed.ID {
		t.Error("another repository that took the name is taken for the first")
	}
	elsewhere := must(s.EnsureRepository(ctx, promoter.Repository{Host: "git.example", ExternalID: "7", Owner: "acme", Name: "store"}, 1))(t)
	if elsewhere.ID == renamed.ID {
		t.Error("the same id on another host is taken for the same repository")
	}
	same(t, "all repositories", must(s.Repositories(ctx))(t), []promoter.Repository{renamed, other, elsewhere})

	// A report under a new name comes before anybody asked the host.
	early := ensure(promoter.Repository{Owner: "acme", Name: "depot"})
	renamed = ensure(promoter.Repository{ExternalID: "7", Owner: "acme", Name: "depot"})
	if named := ensure(promoter.Repository{Owner: "acme", Name: "depot"}); renamed.ID != byName.ID || early.ID == renamed.ID || !named.Equal(renamed) {
		t.Errorf("a name means %+v, not the one whose id is known, %+v", named, renamed)
	}

	before := must(s.Marks(ctx))(t)
	ensure(renamed)
	same(t, "marks after nothing new", must(s.Marks(ctx))(t), before)
	renamed.Facts.Archived = true
	ensure(renamed)
	if after := must(s.Marks(ctx))(t); after[renamed.ID] == before[renamed.ID] || after[other.ID] != before[other.ID] {
		t.Errorf("new facts of one took the marks from %v to %v", before, after)
	}
	if _, err := s.Load(ctx, 999); err == nil {
		t.Error("a repository that is not known was loaded")
	}
}

func applied(t *testing.T, s store.Store) {
	ctx := t.Context()
	repo, cohort := Repository(t, s, "shop"), Cohort(t, s)
	empty := must(s.Load(ctx, repo.ID))(t)
	same(t, "an empty repository", *empty, store.Snapshot{Repository: repo, Next: store.Next{Scope: 1, Scan: 1, Finding: 1, Notice: 1}})

	c := First(repo.ID, cohort.ID, 2)
	c.Findings[1].CohortID = 0
	c.Sightings[1].Place = nil
	c.Sightings[1].Parts.Fingerprints = map[string]string{"v1": "abc"}
	c.Notices = []promoter.Notice{Notice(repo.ID, 1, cohort.ID)}
	ok(t, s.Apply(ctx, c))
	want := store.Snapshot{Repository: repo, Scopes: c.Scopes, Scans: c.Scans, Findings: c.Findings, Sightings: c.Sightings,
		Decisions: c.Decisions, Notices: c.Notices, Next: store.Next{Scope: 2, Scan: 2, Finding: 3, Notice: 2}}
	same(t, "what was applied", *must(s.Load(ctx, repo.ID))(t), want)

	if counter, can := s.(Counter); can {
		before := must(counter.RowCounts(ctx))(t)
		c.Entries = nil
		ok(t, s.Apply(ctx, c))
		same(t, "growth after the same again", Growth(t, counter, before), map[string]int64{})
	}
	wide := c.Findings[0]
	wide.Facts.Place, wide.Facts.Parts = &finding.Place{Path: "x"}, finding.Parts{Snippet: "x"}
	ok(t, s.Apply(ctx, store.Changes{RepoID: repo.ID, Findings: []store.Finding{wide}}))
	same(t, "facts without place and parts", *must(s.Load(ctx, repo.ID))(t), want)
	same(t, "members", must(s.CohortCounts(ctx))(t), map[int64]int{cohort.ID: 1})
}

// allOrNothing fails an Apply at each of its parts and finds nothing of it.
func allOrNothing(t *testing.T, s store.Store) {
	ctx := t.Context()
	repo, cohort := Repository(t, s, "shop"), Cohort(t, s)
	spoil := map[string]func(*store.Changes){
		"scan state":       func(c *store.Changes) { c.Scans[0].State = "splendid" },
		"scan of no scope": func(c *store.Changes) { c.Scans[0].Scope = 9 },
		"no such cohort":   func(c *store.Changes) { c.Findings[1].CohortID = 999 },
		"sighting state":   func(c *store.Changes) { c.Sightings[2].State = "perhaps" },
		"gone without end": func(c *store.Changes) {
			c.Sightings[2].State, c.Sightings[2].Cause = store.SightingGone, store.GoneFixed
		},
		"end without gone":    func(c *store.Changes) { c.Sightings[2].Until = 4 },
		"sighting of nothing": func(c *store.Changes) { c.Sightings[2].Finding = 99 },
		"outcome":             func(c *store.Changes) { c.Decisions[2].Outcome = "perhaps" },
		"decision on nothing": func(c *store.Changes) { c.Decisions[2].Finding = 99 },
		"notice state":        func(c *store.Changes) { c.Notices[0].State = "shouted" },
		"notice elsewhere":    func(c *store.Changes) { c.Notices[0].Target.RepoID++ },
		"item of nothing":     func(c *store.Changes) { c.Notices[0].Items[0].Finding = 99 },
		"group twice":         func(c *store.Changes) { n := c.Notices[0]; n.No++; c.Notices = append(c.Notices, n) },
		"entry not JSON":      func(c *store.Changes) { c.Entries = append(c.Entries, store.Entry{Kind: "x", Body: func() {}}) },
	}
	marks := must(s.Marks(ctx))(t)
	for name, f := range spoil {
		c := First(repo.ID, cohort.ID, 3)
		c.Notices = []promoter.Notice{Notice(repo.ID, 1, cohort.ID)}
		digest := "done"
		c.Digest = &digest
		f(&c)
		if err := s.Apply(ctx, c); err == nil {
			t.Errorf("%s: it was applied", name)
		}
		same(t, name+": left behind", *must(s.Load(ctx, repo.ID))(t),
			store.Snapshot{Repository: repo, Next: store.Next{Scope: 1, Scan: 1, Finding: 1, Notice: 1}})
		same(t, name+": deliveries", len(must(s.Deliveries(ctx, "ci"))(t)), 0)
		same(t, name+": ledger", len(must(s.LedgerEntries(ctx, 0, 10))(t)), 0)
		same(t, name+": marks", must(s.Marks(ctx))(t), marks)
	}
}

func digestsAndMarks(t *testing.T, s store.Store) {
	ctx := t.Context()
	repo, other, cohort := Repository(t, s, "shop"), Repository(t, s, "other"), Cohort(t, s)
	marks := must(s.Marks(ctx))(t)
	if len(marks) != 2 {
		t.Fatalf("marks of two new repositories: %v", marks)
	}
	step := func(what string, changes bool, c store.Changes) {
		t.Helper()
		c.RepoID = repo.ID
		ok(t, s.Apply(ctx, c))
		now := must(s.Marks(ctx))(t)
		if changed := now[repo.ID] != marks[repo.ID]; changed != changes || now[other.ID] != marks[other.ID] {
			t.Errorf("%s: marks went from %v to %v", what, marks, now)
		}
		marks = now
	}
	first := First(repo.ID, cohort.ID, 2)
	step("first", true, first)
	first.Entries = nil
	step("the same again", false, first)
	step("an entry", false, store.Changes{Entries: []store.Entry{{Kind: "plan", Body: 1}}})
	digest, cleared := "abc", ""
	step("a digest", false, store.Changes{Digest: &digest})
	same(t, "digests", must(s.Digests(ctx))(t), map[int64]string{repo.ID: "abc"})
	same(t, "loaded digest", must(s.Load(ctx, repo.ID))(t).Digest, "abc")

	decided := first.Decisions[0]
	decided.RunID = 2
	step("the same decision in another run", false, store.Changes{Decisions: []store.Decision{decided}})
	decided.PolicyRev = "p2"
	step("a decision by another policy", true, store.Changes{Decisions: []store.Decision{decided}})
	same(t, "the newest decision", must(s.Load(ctx, repo.ID))(t).Decisions[0], decided)
	again := first.Decisions[0]
	step("back to the first answer", true, store.Changes{Decisions: []store.Decision{again}})
	same(t, "the newest decision", must(s.Load(ctx, repo.ID))(t).Decisions[0], again)

	n := Notice(repo.ID, 1, cohort.ID)
	n.Items = append(n.Items, promoter.Item{Finding: 2, CohortID: cohort.ID, Attempt: 1})
	step("a notice", true, store.Changes{Notices: []promoter.Notice{n}})
	n.Items = slices.Clone(n.Items[:1])
	step("an item less", true, store.Changes{Notices: []promoter.Notice{n}})
	same(t, "items", must(s.Load(ctx, repo.ID))(t).Notices, []promoter.Notice{n})
	step("digest cleared", false, store.Changes{Digest: &cleared})
	same(t, "digests", must(s.Digests(ctx))(t), map[int64]string{})

	e := effect(repo.ID, "tok", n)
	ok(t, s.Intend(ctx, &e))
	opened := must(s.Marks(ctx))(t)
	ok(t, s.Settle(ctx, store.Settlement{EffectID: e.ID, State: promoter.EffectCancelled, At: At(1)}))
	if closed := must(s.Marks(ctx))(t); opened[repo.ID] == marks[repo.ID] || closed[repo.ID] == opened[repo.ID] {
		t.Errorf("an effect that opened and closed took the mark %s to %s to %s", marks[repo.ID], opened[repo.ID], closed[repo.ID])
	}
}

func openChanges(t *testing.T, s store.Store) {
	ctx := t.Context()
	repo, quiet, cohort := Repository(t, s, "shop"), Repository(t, s, "quiet"), Cohort(t, s)
	ok(t, s.Apply(ctx, First(quiet.ID, cohort.ID, 1)))
	c := First(repo.ID, cohort.ID, 2)
	for i, ref := range []string{"refs/pull/12/head", "refs/pull/3/merge", "refs/pull/44/head"} {
		scope := c.Scopes[0]
		scope.No, scope.Ref = int64(i+2), ref
		c.Scopes = append(c.Scopes, scope)
	}
	in := func(finding, scope int64, state store.SightingState) store.Sighting {
		g := Sighting(finding)
		g.Scope, g.State = scope, state
		if state == store.SightingGone {
			g.Cause, g.Until = store.GoneFixed, 2
		}
		return g
	}
	c.Sightings = append(c.Sightings, in(1, 2, store.SightingPresent), in(2, 3, store.SightingUnknown), in(1, 4, store.SightingGone))
	for i, state := range []promoter.NoticeState{promoter.NoticePlanned, promoter.NoticePosted, promoter.NoticeWithdrawn, promoter.NoticeLeft} {
		n := Notice(repo.ID, int64(i+1), cohort.ID)
		n.State, n.Target.PullRequest = state, []int{12, 51, 52, 53}[i]
		c.Notices = append(c.Notices, n)
	}
	ok(t, s.Apply(ctx, c))
	same(t, "open changes", must(s.OpenChanges(ctx))(t), map[int64][]int{repo.ID: {3, 12, 51}})
}

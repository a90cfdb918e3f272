package storetest

import (
	"fmt"
	"testing"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

func effect(repoID int64, token string, notices ...promoter.Notice) promoter.Effect {
	return promoter.Effect{Verb: promoter.VerbReview, Target: promoter.Target{RepoID: repoID, PullRequest: 7},
		Repository: "acme/shop", Token: token, Commit: "c1", Notices: notices,
		Cohorts: []promoter.Cohort{{ID: 1, Key: "core/gosec/high", Stage: promoter.Advise, Generation: 2, Since: At(0)}},
		Reason:  "F1 is new", RunID: 3}
}

// planned is a repository with one planned notice.
func planned(t *testing.T, s store.Store) promoter.Notice {
	t.Helper()
	repo, cohort := Repository(t, s, "shop"), Cohort(t, s)
	c := First(repo.ID, cohort.ID, 2)
	c.Notices = []promoter.Notice{Notice(repo.ID, 1, cohort.ID)}
	c.Entries = nil
	ok(t, s.Apply(t.Context(), c))
	return c.Notices[0]
}

func effectLife(t *testing.T, s store.Store) {
	ctx := t.Context()
	n := planned(t, s)
	repo := n.Target.RepoID
	wanted := n
	wanted.Body = "as it shall be shown"
	e := effect(repo, "tok-1", wanted)
	ok(t, s.Intend(ctx, &e))
	if e.ID == 0 || e.State != promoter.EffectIntended {
		t.Fatalf("intended: %+v", e)
	}
	same(t, "open effects", must(s.OpenEffects(ctx))(t), []promoter.Effect{e})
	same(t, "the notice itself", must(s.Load(ctx, repo))(t).Notices, []promoter.Notice{n})

	same(t, "known tokens", must(s.KnownTokens(ctx, []string{"tok-0", "tok-1"}))(t), map[string]bool{"tok-1": true})
	ok(t, s.Sent(ctx, e.ID, At(9)))
	e.State, e.Attempt, e.SentAt = promoter.EffectSent, 1, At(9)
	same(t, "sent", must(s.OpenEffects(ctx))(t), []promoter.Effect{e})
	ok(t, s.Settle(ctx, store.Settlement{EffectID: e.ID, State: promoter.EffectUnknown, Error: "timeout", NotBefore: At(20), At: At(10)}))
	e.State, e.Error, e.NotBefore = promoter.EffectUnknown, "timeout", At(20)
	same(t, "unknown stays open", must(s.OpenEffects(ctx))(t), []promoter.Effect{e})
	ok(t, s.Sent(ctx, e.ID, At(11)))
	e.State, e.Attempt, e.SentAt = promoter.EffectSent, 2, At(11)
	same(t, "sent again", must(s.OpenEffects(ctx))(t), []promoter.Effect{e})

	wrong := n
	wrong.Items = []promoter.Item{{Finding: 99}}
	if s.Settle(ctx, store.Settlement{EffectID: e.ID, State: promoter.EffectDone, Notices: []promoter.Notice{wrong}, At: At(11),
		Entries: []store.Entry{{Kind: "effect", Body: "lost"}}}) == nil {
		t.Error("an item of no finding was stored")
	}
	same(t, "after a failed settlement", must(s.OpenEffects(ctx))(t), []promoter.Effect{e})
	same(t, "its ledger", len(must(s.LedgerEntries(ctx, 0, 10))(t)), 0)

	posted := n
	posted.State, posted.Posted, posted.Shown, posted.Remote = promoter.NoticePosted, "h", "h1", promoter.Remote{ID: 5, ReviewID: 6, URL: "https://x.test/5"}
	posted.Items = []promoter.Item{{Finding: 1, CohortID: n.Items[0].CohortID, Attempt: 1, ShownAt: At(12)}, {Finding: 2, Removed: At(12), Cause: promoter.RemovedFixed}}
	ok(t, s.Settle(ctx, store.Settlement{EffectID: e.ID, State: promoter.EffectDone, Notices: []promoter.Notice{posted},
		Entries: []store.Entry{{Kind: "effect", Body: map[string]int64{"effect": e.ID}}}, At: At(12)}))
	same(t, "open effects at the end", must(s.OpenEffects(ctx))(t), []promoter.Effect{})
	same(t, "the notice at the end", must(s.Load(ctx, repo))(t).Notices, []promoter.Notice{posted})
	same(t, "counts", must(s.EffectCounts(ctx))(t), map[promoter.Verb]map[promoter.EffectState]int{promoter.VerbReview: {promoter.EffectDone: 1}})
	entries := must(s.LedgerEntries(ctx, 0, 10))(t)
	if len(entries) != 1 || entries[0].RunID != 3 || string(entries[0].Body) != fmt.Sprintf(`{"effect":%d}`, e.ID) {
		t.Errorf("ledger: %+v", entries)
	}
}

// What a lost store had done is known by its token, and an effect of one's own stays as it is.
func adoptedEffects(t *testing.T, s store.Store) {
	ctx := t.Context()
	n := planned(t, s)
	own := effect(n.Target.RepoID, "tok-1", n)
	ok(t, s.Intend(ctx, &own))
	done := func(token string) promoter.Effect {
		return promoter.Effect{Verb: promoter.VerbTask, Target: promoter.Target{RepoID: n.Target.RepoID}, Repository: "acme/shop", Token: token, Reason: "adopted"}
	}
	for range 2 {
		ok(t, s.Apply(ctx, store.Changes{RepoID: n.Target.RepoID, RunID: 1, At: At(3), Adopted: []promoter.Effect{done("tok-1"), done("tok-2")}}))
	}
	same(t, "known tokens", must(s.KnownTokens(ctx, []string{"tok-1", "tok-2", "tok-3"}))(t), map[string]bool{"tok-1": true, "tok-2": true})
	same(t, "open effects", must(s.OpenEffects(ctx))(t), []promoter.Effect{own})
	same(t, "counts", must(s.EffectCounts(ctx))(t)[promoter.VerbTask], map[promoter.EffectState]int{promoter.EffectDone: 1})
}

// effectSteps tries every step from every state.
func effectSteps(t *testing.T, s store.Store) {
	const (
		intended, sent, unknown  = promoter.EffectIntended, promoter.EffectSent, promoter.EffectUnknown
		done, refused, cancelled = promoter.EffectDone, promoter.EffectRefused, promoter.EffectCancelled
	)
	ctx := t.Context()
	n := planned(t, s)
	var count int
	start := func() int64 {
		count++
		m := n
		m.Generation = int64(count)
		e := effect(n.Target.RepoID, fmt.Sprint("tok-", count), m)
		ok(t, s.Intend(ctx, &e))
		return e.ID
	}
	take := func(id int64, to promoter.EffectState) error {
		if to == sent {
			return s.Sent(ctx, id, At(9))
		}
		return s.Settle(ctx, store.Settlement{EffectID: id, State: to, At: At(1)})
	}
	ways := map[promoter.EffectState][]promoter.EffectState{
		intended: {}, sent: {sent}, unknown: {sent, unknown}, done: {sent, done}, refused: {sent, refused}, cancelled: {cancelled},
	}
	legal := map[promoter.EffectState]string{
		intended: "sent refused cancelled",
		sent:     "sent unknown done refused cancelled",
		unknown:  "sent unknown done refused cancelled",
	}
	for from, way := range ways {
		got := ""
		for _, to := range []promoter.EffectState{intended, sent, unknown, done, refused, cancelled} {
			id := start()
			for _, step := range way {
				ok(t, take(id, step))
			}
			if err := take(id, to); err == nil {
				got += " " + string(to)
			} else {
				conflict(t, fmt.Sprintf("%s to %s", from, to), err)
			}
		}
		if want := legal[from]; want == "" && got != "" || want != "" && got != " "+want {
			t.Errorf("from %s:%s, want %s", from, got, want)
		}
	}
	conflict(t, "no such effect", s.Sent(ctx, 9999, At(9)))
}

func effectOnce(t *testing.T, s store.Store) {
	ctx := t.Context()
	n := planned(t, s)
	first := effect(n.Target.RepoID, "tok-1", n)
	ok(t, s.Intend(ctx, &first))
	second := effect(n.Target.RepoID, "tok-2", n)
	conflict(t, "a second effect for one generation", s.Intend(ctx, &second))
	same(t, "a refused effect's id", second.ID, int64(0))
	same(t, "open effects", len(must(s.OpenEffects(ctx))(t)), 1)

	higher := n
	higher.Generation++
	third := effect(n.Target.RepoID, "tok-1", higher)
	conflict(t, "a token twice", s.Intend(ctx, &third))
	third.Token = "tok-3"
	ok(t, s.Intend(ctx, &third))
	ok(t, s.Settle(ctx, store.Settlement{EffectID: first.ID, State: promoter.EffectCancelled, At: At(1)}))
	ok(t, s.Intend(ctx, &second))
	nothing := n
	nothing.No = 99
	fourth := effect(n.Target.RepoID, "tok-4", nothing)
	if s.Intend(ctx, &fourth) == nil {
		t.Error("an effect was intended for a notice that was never planned")
	}
}

// A dismissal on an alert is a notice without a pull request and a cohort.
func dismissals(t *testing.T, s store.Store) {
	ctx := t.Context()
	n := planned(t, s)
	alert := promoter.Notice{No: n.No + 1, Surface: promoter.SurfaceAlert, Target: promoter.Target{RepoID: n.Target.RepoID}, Group: "dependabot/7",
		Generation: 1, State: promoter.NoticePlanned, Body: "{}", Desired: promoter.HashBody("{}"), Items: []promoter.Item{{Finding: 1, Version: 1}}}
	ok(t, s.Apply(ctx, store.Changes{RepoID: n.Target.RepoID, RunID: 1, At: At(3), Notices: []promoter.Notice{alert}}))
	for i, verb := range []promoter.Verb{promoter.VerbDismiss, promoter.VerbReopen} {
		e := effect(n.Target.RepoID, fmt.Sprint("tok-", i))
		alert.Generation++
		e.Verb, e.Target, e.Notices = verb, alert.Target, []promoter.Notice{alert}
		ok(t, s.Intend(ctx, &e))
		same(t, "open effects", must(s.OpenEffects(ctx))(t), []promoter.Effect{e})
		ok(t, s.Sent(ctx, e.ID, At(9)))
		alert.State, alert.Remote = promoter.NoticePosted, promoter.Remote{ID: 7, URL: "https://x.test/7"}
		ok(t, s.Settle(ctx, store.Settlement{EffectID: e.ID, State: promoter.EffectDone, At: At(4), Notices: []promoter.Notice{alert}}))
	}
	snap := must(s.Load(ctx, n.Target.RepoID))(t)
	same(t, "the notice", snap.Notices[len(snap.Notices)-1], alert)
}

// A reply says what it answers. It may stand in no thread of ours.
func replies(t *testing.T, s store.Store) {
	ctx := t.Context()
	n := planned(t, s)
	e := effect(n.Target.RepoID, "tok-1")
	e.Verb, e.Notices, e.Reply = promoter.VerbReply, nil, &promoter.Reply{Comment: "issue/7", Topic: "why", Body: "because"}
	ok(t, s.Intend(ctx, &e))
	same(t, "open effects", must(s.OpenEffects(ctx))(t), []promoter.Effect{e})
}

func shownSince(t *testing.T, s store.Store) {
	ctx := t.Context()
	repo := Repository(t, s, "shop")
	cohorts := must(s.EnsureCohorts(ctx, []string{"a", "b"}, At(0)))(t)
	a, b := cohorts[0].ID, cohorts[1].ID
	c := First(repo.ID, a, 3)
	add := func(surface promoter.Surface, items ...promoter.Item) {
		n := Notice(repo.ID, int64(len(c.Notices)+1), a)
		n.Surface, n.Items = surface, items
		c.Notices = append(c.Notices, n)
	}
	add(promoter.SurfaceReview, promoter.Item{Finding: 1, CohortID: a, ShownAt: At(10)}, promoter.Item{Finding: 2, CohortID: b, ShownAt: At(11)})
	add(promoter.SurfaceReview, promoter.Item{Finding: 1, CohortID: a, ShownAt: At(10)}, promoter.Item{Finding: 3, CohortID: a, ShownAt: At(10)})
	add(promoter.SurfaceReview, promoter.Item{Finding: 1, CohortID: b, ShownAt: At(1)}, promoter.Item{Finding: 2, CohortID: b, ShownAt: At(20)})
	add(promoter.SurfaceReview, promoter.Item{Finding: 1, CohortID: b})
	add(promoter.SurfaceTask, promoter.Item{Finding: 2, CohortID: b, ShownAt: At(25)})
	c.Notices[4].Task = &promoter.Task{Route: "pay"}
	add(promoter.SurfaceTask, promoter.Item{Finding: 3, CohortID: b, ShownAt: At(25)})
	c.Notices[5].Task = &promoter.Task{Campaign: "P0001"}
	add(promoter.SurfaceSummary, promoter.Item{Finding: 1, CohortID: b, ShownAt: At(12)})
	ok(t, s.Apply(ctx, c))
	same(t, "since 10", must(s.ShownSince(ctx, At(10)))(t), map[int64]int{0: 3, a: 2, b: 2})
	same(t, "since 0", must(s.ShownSince(ctx, At(0)))(t), map[int64]int{0: 4, a: 2, b: 3})
	same(t, "since later", must(s.ShownSince(ctx, At(30)))(t)[0], 0)
}

package storetest

import (
	"testing"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

func releases(t *testing.T, s store.Store) {
	ctx := t.Context()
	cohort := Cohort(t, s)
	shop := Repository(t, s, "shop")
	digest := "settled"
	c := First(shop.ID, cohort.ID, 1)
	c.Digest = &digest
	ok(t, s.Apply(ctx, c))
	same(t, "before", must(s.Releases(ctx))(t), []promoter.Release{})

	first := promoter.Release{RepoID: shop.ID, PullRequest: 7, Actor: "os:alice", Reason: "an outage", At: At(1)}
	ok(t, s.Release(ctx, first))
	same(t, "let through", must(s.Releases(ctx))(t), []promoter.Release{first})
	same(t, "digests", must(s.Digests(ctx))(t), map[int64]string{})
	again := first
	again.Reason, again.At = "still an outage", At(2)
	ok(t, s.Release(ctx, again))
	same(t, "the newest word", must(s.Releases(ctx))(t), []promoter.Release{again})

	conflict(t, "what was not let through", s.Hold(ctx, shop.ID, 8, "os:alice", "", At(3)))
	ok(t, s.Hold(ctx, shop.ID, 7, "os:bob", "it is over", At(3)))
	same(t, "taken back", must(s.Releases(ctx))(t), []promoter.Release{})
	conflict(t, "taken back twice", s.Hold(ctx, shop.ID, 7, "os:bob", "", At(3)))

	var kinds []string
	for _, e := range must(s.LedgerEntries(ctx, 0, 100))(t) {
		kinds = append(kinds, e.Kind)
	}
	same(t, "the ledger", kinds[len(kinds)-3:], []string{"release", "release", "hold"})
}

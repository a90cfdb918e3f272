package storetest

import (
	"testing"

	"github.com/sluice-sec/sluice/promoter/store"
)

func runs(t *testing.T, s store.Store) {
	ctx := t.Context()
	if r := must(s.LastRun(ctx))(t); r != nil {
		t.Fatalf("an empty store has a last run: %+v", r)
	}
	want := store.Run{Selection: "all", Actor: "os:alice", PolicyRev: "p1", SettingsRev: "s1", Started: At(0)}
	want.ID = must(s.BeginRun(ctx, want))(t)
	same(t, "a run under way", *must(s.LastRun(ctx))(t), want)

	want.Ended, want.Outcome, want.Report = At(5), "partial", []byte(`{"new":3}`)
	ok(t, s.EndRun(ctx, want.ID, want.Ended, want.Outcome, want.Report))
	same(t, "a run that ended", *must(s.LastRun(ctx))(t), want)
	if s.EndRun(ctx, want.ID+1, At(6), "ok", nil) == nil {
		t.Error("a run that never began was ended")
	}
	if s.EndRun(ctx, want.ID, At(6), "splendid", nil) == nil {
		t.Error("an outcome outside the list was stored")
	}

	second := must(s.BeginRun(ctx, want))(t)
	if second <= want.ID {
		t.Errorf("the second run has number %d after %d", second, want.ID)
	}
	first := store.SourceStatus{Source: "ci", State: "failed", Detail: "no file matches", At: At(1)}
	ok(t, s.SaveSourceStatus(ctx, want.ID, first))
	ok(t, s.SaveSourceStatus(ctx, want.ID, store.SourceStatus{Source: "alerts", State: "complete", Files: 1, At: At(1)}))
	now := store.SourceStatus{Source: "ci", State: "complete", Files: 2, Results: 9, Findings: 8, Skipped: 1, At: At(9)}
	ok(t, s.SaveSourceStatus(ctx, second, now))
	same(t, "statuses", must(s.SourceStatuses(ctx))(t),
		[]store.SourceStatus{{Source: "alerts", State: "complete", Files: 1, At: At(1)}, now})
}

func deliveries(t *testing.T, s store.Store) {
	ctx := t.Context()
	broken := store.Delivery{Source: "ci", Location: "b.sarif", Digest: "x", State: "failed", Error: "no JSON at byte 3", At: At(0)}
	ok(t, s.SaveDelivery(ctx, broken))
	ok(t, s.SaveDelivery(ctx, store.Delivery{Source: "other", Location: "b.sarif", State: "complete", At: At(0)}))
	repo := Repository(t, s, "shop")
	good := store.Delivery{Source: "ci", Location: "a.sarif", Digest: "y", RepoID: repo.ID, State: "complete", Results: 3, Findings: 2, Skipped: 1, At: At(1)}
	ok(t, s.Apply(ctx, store.Changes{RepoID: repo.ID, RunID: 1, At: At(1), Deliveries: []store.Delivery{good}}))
	same(t, "deliveries", must(s.Deliveries(ctx, "ci"))(t), map[string]store.Delivery{"a.sarif": good, "b.sarif": broken})

	broken.State, broken.Error, broken.Digest = "complete", "", "z"
	ok(t, s.SaveDelivery(ctx, broken))
	same(t, "a file that was mended", must(s.Deliveries(ctx, "ci"))(t)["b.sarif"], broken)
}

func cached(t *testing.T, s store.Store) {
	ctx := t.Context()
	check := func(url, token, wantTag, wantBody, wantHeader string) {
		t.Helper()
		etag, body, header, err := s.CachedResponse(ctx, url, token)
		if err != nil || etag != wantTag || string(body) != wantBody || string(header) != wantHeader {
			t.Errorf("cached %s for %s: %q %q %q %v, want %q %q %q", url, token, etag, body, header, err, wantTag, wantBody, wantHeader)
		}
	}
	check("/a", "t1", "", "", "")
	ok(t, s.CacheResponse(ctx, "/a", "t1", "e1", []byte("one"), []byte("h")))
	ok(t, s.CacheResponse(ctx, "/a", "t2", "e2", []byte("two"), nil))
	check("/a", "t1", "e1", "one", "h")
	check("/a", "t2", "e2", "two", "")
	ok(t, s.CacheResponse(ctx, "/a", "t1", "e3", []byte("new"), []byte("i")))
	check("/a", "t1", "e3", "new", "i")
	check("/b", "t1", "", "", "")
}

package storetest

import (
	"testing"

	"github.com/sluice-sec/sluice/promoter/store"
)

func documents(t *testing.T, s store.Store) {
	ctx := t.Context()
	newest := func(kind, wantRevision, wantBody string) {
		t.Helper()
		revision, body, err := s.NewestDocument(ctx, kind)
		if err != nil || revision != wantRevision || string(body) != wantBody {
			t.Errorf("newest %s: %q %q %v, want %q %q", kind, revision, body, err, wantRevision, wantBody)
		}
	}
	newest(store.DocumentPolicy, "", "")
	keep := func(kind, revision, body string) {
		t.Helper()
		ok(t, s.KeepDocument(ctx, kind, revision, []byte(body), At(0)))
	}
	keep(store.DocumentPolicy, "r1", "one")
	keep(store.DocumentPolicy, "r2", "two")
	keep(store.DocumentSettings, "r1", "settings")
	newest(store.DocumentPolicy, "r2", "two")
	newest(store.DocumentSettings, "r1", "settings")
	keep(store.DocumentPolicy, "r1", "one")
	newest(store.DocumentPolicy, "r1", "one")
	if counter, can := s.(Counter); can {
		before := must(counter.RowCounts(ctx))(t)
		keep(store.DocumentPolicy, "r1", "one")
		same(t, "growth after the same again", Growth(t, counter, before), map[string]int64{})
	}
	same(t, "an older one", string(must(s.Document(ctx, store.DocumentPolicy, "r2"))(t)), "two")
	if body := must(s.Document(ctx, store.DocumentSettings, "r2"))(t); body != nil {
		t.Errorf("a revision that was never kept: %q", body)
	}
	if s.KeepDocument(ctx, "novel", "r1", nil, At(0)) == nil {
		t.Error("a kind outside the list was stored")
	}
}

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
		ok(t, err)
		if revision != wantRevision || string(body) != wantBody {
			t.Errorf("the newest %s is %q with %q, want %q with %q", kind, revision, body, wantRevision, wantBody)
		}
	}
	newest(store.DocumentPolicy, "", "")
	ok(t, s.KeepDocument(ctx, store.DocumentPolicy, "p1", []byte("one"), At(0)))
	ok(t, s.KeepDocument(ctx, store.DocumentPolicy, "p2", []byte("two"), At(1)))
	newest(store.DocumentPolicy, "p2", "two")
	newest(store.DocumentSettings, "", "")

	// Going back to an older one makes it the newest, and its body stays what
	// was decided by.
	ok(t, s.KeepDocument(ctx, store.DocumentPolicy, "p1", []byte("other"), At(2)))
	newest(store.DocumentPolicy, "p1", "one")
	if body := must(s.Document(ctx, store.DocumentPolicy, "p2"))(t); string(body) != "two" {
		t.Errorf("an older document is %q", body)
	}
	if body := must(s.Document(ctx, store.DocumentPolicy, "p9"))(t); body != nil {
		t.Errorf("a document that nobody kept is %q", body)
	}
	ok(t, s.KeepDocument(ctx, store.DocumentSettings, "s0", nil, At(3))) // an empty file is a document
	newest(store.DocumentSettings, "s0", "")
	for _, kind := range []string{store.DocumentMarkersKey, store.DocumentSecretsKey} {
		ok(t, s.KeepDocument(ctx, kind, "k1", nil, At(3)))
		newest(kind, "k1", "")
	}
	if s.KeepDocument(ctx, "poem", "r", nil, At(4)) == nil {
		t.Error("a kind outside the list was kept")
	}

	if counter, can := s.(Counter); can {
		before := must(counter.RowCounts(ctx))(t)
		ok(t, s.KeepDocument(ctx, store.DocumentPolicy, "p1", []byte("one"), At(5)))
		if growth := Growth(t, counter, before); len(growth) > 0 {
			t.Errorf("keeping the newest document again wrote %v", growth)
		}
	}
}

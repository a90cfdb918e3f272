package storetest

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/promoter/store"
)

func ledger(t *testing.T, s store.Store) {
	ctx := t.Context()
	same(t, "head of an empty ledger", must(s.Head(ctx))(t), store.Head{})
	same(t, "seal of nothing", must(s.Seal(ctx, At(0)))(t), store.Head{})
	same(t, "an empty ledger", must(s.VerifyLedger(ctx, "0:"))(t), store.Verification{})

	var heads []store.Head
	var written, sealed int64
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(0, 5).Draw(r, "entries")
		for i := range n {
			ok(t, s.Append(ctx, int64(i), At(i), store.Entry{Kind: "plan", Body: rapid.String().Draw(r, "body")}))
		}
		written += int64(n)
		if rapid.Bool().Draw(r, "seal") {
			before := must(s.Head(ctx))(t)
			head := must(s.Seal(ctx, At(0)))(t)
			if grew := head.N == before.N+1; grew != (written > sealed) || !grew && head != before {
				r.Fatalf("sealing %d of %d entries took the head from %v to %v", written-sealed, written, before, head)
			}
			sealed = written
			heads = append(heads, head)
		}
		v := must(s.VerifyLedger(ctx, ""))(t)
		if v.Break != "" || v.Entries != sealed || v.Unsealed != written-sealed || v.Head != must(s.Head(ctx))(t) || v.Seals != v.Head.N {
			r.Fatalf("%d entries, %d sealed: %+v", written, sealed, v)
		}
	})
	for _, h := range heads {
		if v := must(s.VerifyLedger(ctx, h.String()))(t); v.Break != "" {
			t.Errorf("an earlier head is not accepted: %s", v.Break)
		}
	}
	if len(heads) > 0 && heads[len(heads)-1].N > 0 {
		head := heads[len(heads)-1]
		for _, other := range []store.Head{{N: head.N + 1, Hash: head.Hash}, {N: head.N, Hash: strings.Repeat("0", 64)}} {
			if v := must(s.VerifyLedger(ctx, other.String()))(t); v.Break == "" {
				t.Errorf("a head that never was is accepted: %v", other)
			}
		}
	}
	for _, text := range []string{"x", "3", "3:", ":abc", "-1:abc", "0:abc"} {
		if _, err := s.VerifyLedger(ctx, text); err == nil {
			t.Errorf("the head %q is understood", text)
		}
	}
	paging(t, s, written)
}

func paging(t *testing.T, s store.Store, want int64) {
	var seen, last int64
	seal := int64(1)
	for {
		page := must(s.LedgerEntries(t.Context(), last, 7))(t)
		for _, e := range page {
			if e.ID <= last || e.Seal != 0 && e.Seal < seal || seal == 0 && e.Seal != 0 {
				t.Fatalf("entry %d under seal %d comes after %d under %d", e.ID, e.Seal, last, seal)
			}
			last, seal = e.ID, e.Seal
		}
		seen += int64(len(page))
		if len(page) < 7 {
			break
		}
	}
	same(t, "entries over all pages", fmt.Sprint(seen), fmt.Sprint(want))
}

package sqlite_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
	"github.com/sluice-sec/sluice/promoter/store/storetest"
)

// sealed is a ledger of four seals over three entries each, and one entry
// that is not sealed.
func sealed(t testing.TB, path string) (db *sqlite.DB, heads []store.Head) {
	t.Helper()
	db = openAt(t, path, sqlite.Options{})
	add := func(body string) {
		if err := db.Append(t.Context(), 1, storetest.At(1), store.Entry{Kind: "plan", Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	for seal := range 4 {
		for entry := range 3 {
			add(strings.Repeat("x", 10*seal+entry))
		}
		head, err := db.Seal(t.Context(), storetest.At(seal))
		if err != nil {
			t.Fatal(err)
		}
		heads = append(heads, head)
	}
	add("open")
	return db, heads
}

// TestTamperingIsFound changes the ledger beneath the store. "chain" says that
// the chain alone finds it, "head" that it takes a head printed earlier.
func TestTamperingIsFound(t *testing.T) {
	for _, c := range []struct {
		name, how, found string
	}{
		{"untouched", `SELECT 1`, ""},
		{"a byte", `UPDATE ledger SET bytes = CAST(replace(bytes, 'xxxxxx', 'xxxyxx') AS BLOB) WHERE entry_id = 5`, "chain"},
		{"a kind", `UPDATE ledger SET kind = 'move' WHERE entry_id = 1`, "chain"},
		{"a time", `UPDATE ledger SET at = at + 1 WHERE entry_id = 12`, "chain"},
		{"a run", `UPDATE ledger SET run_id = 2 WHERE entry_id = 4`, "chain"},
		{"an entry's number", `UPDATE ledger SET entry_id = 0 WHERE entry_id = 1`, "chain"},
		{"an entry dropped", `DELETE FROM ledger WHERE entry_id = 5`, "chain"},
		{"a seal's entries dropped", `DELETE FROM ledger WHERE entry_id BETWEEN 4 AND 6`, "chain"},
		{"a seal and its entries dropped", `DELETE FROM ledger WHERE entry_id BETWEEN 4 AND 6; DELETE FROM seal WHERE n = 2`, "chain"},
		{"seals renumbered over a gap", `DELETE FROM ledger WHERE entry_id BETWEEN 4 AND 6; DELETE FROM seal WHERE n = 2;
			UPDATE seal SET n = n - 1 WHERE n > 2`, "chain"},
		{"two entries swapped", `UPDATE ledger SET entry_id = 99 WHERE entry_id = 5; UPDATE ledger SET entry_id = 5 WHERE entry_id = 6;
			UPDATE ledger SET entry_id = 6 WHERE entry_id = 99`, "chain"},
		{"an entry added before", `INSERT INTO ledger (entry_id, run_id, kind, at, bytes) VALUES (0, 1, 'plan', 0, x'31')`, "chain"},
		{"a seal's time", `UPDATE seal SET at = at + 1 WHERE n = 3`, "chain"},
		{"a seal's hash", `UPDATE seal SET hash = replace(hash, substr(hash, 1, 1), 'z') WHERE n = 4`, "chain"},
		{"a seal's predecessor", `UPDATE seal SET prev = hash WHERE n = 3`, "chain"},
		{"a seal's reach", `UPDATE seal SET last_entry = 7 WHERE n = 2`, "chain"},
		{"the tail cut", `DELETE FROM ledger WHERE entry_id > 9; DELETE FROM seal WHERE n = 4`, "head"},
		{"all cut", `DELETE FROM ledger; DELETE FROM seal`, "head"},
		{"what is not sealed", `DELETE FROM ledger WHERE entry_id = 13`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "sluice.db")
			db, heads := sealed(t, path)
			sqlExec(t, raw(t, path), c.how)
			alone := verify(t, db, "")
			withHead := verify(t, db, heads[3].String())
			if (alone.Break != "") != (c.found == "chain") || (withHead.Break != "") != (c.found != "") {
				t.Errorf("want it found by %q; alone: %q, with head: %q", c.found, alone.Break, withHead.Break)
			}
			if strings.HasPrefix(c.name, "a seal and") && !strings.HasPrefix(alone.Break, "seal 2 is missing") {
				t.Errorf("where it breaks: %s", alone.Break)
			}
			if early := verify(t, db, heads[0].String()); c.found == "head" && c.name != "all cut" && early.Break != "" {
				t.Errorf("a head from before the cut is refused: %s", early.Break)
			}
		})
	}
}

func verify(t testing.TB, db *sqlite.DB, head string) store.Verification {
	t.Helper()
	v, err := db.VerifyLedger(t.Context(), head)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A seal that was computed anew for other entries does not carry the seals
// after it, even if they are told that it is the one before them.
func TestARewrittenMiddleIsFound(t *testing.T) {
	const forge = `UPDATE ledger SET bytes = x'2231' WHERE entry_id = 5`
	dir := t.TempDir()
	db, _ := sealed(t, filepath.Join(dir, "sluice.db"))
	forger, _ := sealed(t, filepath.Join(dir, "forger.db"))
	sqlExec(t, raw(t, filepath.Join(dir, "forger.db")), forge+`; DELETE FROM ledger WHERE entry_id > 6; DELETE FROM seal WHERE n > 1`)
	forged, err := forger.Seal(t.Context(), storetest.At(1))
	if err != nil {
		t.Fatal(err)
	}
	file := raw(t, filepath.Join(dir, "sluice.db"))
	sqlExec(t, file, forge)
	sqlExec(t, file, `UPDATE seal SET hash = $1 WHERE n = 2`, forged.Hash)
	sqlExec(t, file, `UPDATE seal SET prev = $1 WHERE n = 3`, forged.Hash)
	if v := verify(t, db, ""); v.Seals != 2 || !strings.HasPrefix(v.Break, "seal 3:") {
		t.Errorf("with seal 2 forged: %+v", v)
	}
}

// Somebody who can write the file can also write a whole new ledger with a
// chain that holds. Only a head kept elsewhere tells.
func TestAFullRewriteIsFoundWithAHead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	db, heads := sealed(t, path)
	sqlExec(t, raw(t, path), `DELETE FROM seal; UPDATE ledger SET bytes = x'2231' WHERE entry_id = 5; DELETE FROM ledger WHERE entry_id = 13`)
	for range heads {
		if _, err := db.Seal(t.Context(), storetest.At(0)); err != nil {
			t.Fatal(err)
		}
	}
	if v := verify(t, db, ""); v.Break != "" {
		t.Fatalf("the rewritten chain does not hold: %s", v.Break)
	}
	for _, head := range heads {
		if v := verify(t, db, head.String()); !strings.Contains(v.Break, "is not among") {
			t.Errorf("with head %v: %q", head, v.Break)
		}
	}
}

package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/sluice-sec/sluice/promoter/store"
)

// entry is a ledger entry as stored: its time is a number, because the chain
// is over what is stored.
type entry struct {
	id, run, at int64
	kind        string
	bytes       []byte
}

// eachEntry calls f with every entry after an id, oldest first. The bytes are
// valid during the call only.
func eachEntry(ctx context.Context, tx *sql.Tx, after int64, f func(entry) error) error {
	rows, err := tx.QueryContext(ctx, `SELECT entry_id, run_id, at, kind, bytes FROM ledger WHERE entry_id > $1 ORDER BY entry_id`, after)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e entry
		if err := rows.Scan(&e.id, &e.run, &e.at, &e.kind, (*sql.RawBytes)(&e.bytes)); err != nil {
			return err
		}
		if err := f(e); err != nil {
			return err
		}
	}
	return rows.Err()
}

// chain computes the hash of one seal: SHA-256 over a tag, the previous seal's
// hash, the seal's number and time, and of every entry its id, run, kind, time
// and bytes. Numbers are eight bytes, big endian; strings have their length
// before them, so that no two series of entries look the same to the hash.
type chain struct{ h hash.Hash }

func newChain(prev string, n, at int64) chain {
	c := chain{sha256.New()}
	c.text([]byte("sluice ledger 1"))
	c.text([]byte(prev))
	c.number(n)
	c.number(at)
	return c
}

func (c chain) add(e entry) {
	c.number(e.id)
	c.number(e.run)
	c.text([]byte(e.kind))
	c.number(e.at)
	c.text(e.bytes)
}

func (c chain) number(n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	c.h.Write(b[:])
}

func (c chain) text(b []byte) {
	c.number(int64(len(b)))
	c.h.Write(b)
}

func (c chain) sum() string { return hex.EncodeToString(c.h.Sum(nil)) }

// verifier walks the entries and closes each seal as its last entry passes.
type verifier struct {
	store.Verification
	seals []seal // not yet closed
	want  *store.Head
	prev  seal
	open  *chain
	under int64 // entries under the open seal
	found bool  // want was among the seals
}

func (v *verifier) entry(e entry) error {
	if v.Break != "" {
		return nil
	}
	for len(v.seals) > 0 && v.seals[0].last < e.id {
		v.close()
	}
	if len(v.seals) == 0 {
		v.Unsealed++
		return nil
	}
	if v.open == nil {
		c := newChain(v.prev.hash, v.seals[0].n, v.seals[0].at)
		v.open = &c
	}
	v.open.add(e)
	v.under++
	return nil
}

// close checks the first open seal against what was read.
func (v *verifier) close() {
	s := v.seals[0]
	v.seals = v.seals[1:]
	switch {
	case v.Break != "":
		return
	case s.n != v.prev.n+1:
		v.Break = fmt.Sprintf("seal %d is missing: after %d comes %d", v.prev.n+1, v.prev.n, s.n)
	case s.prev != v.prev.hash:
		v.Break = fmt.Sprintf("seal %d does not follow from seal %d", s.n, v.prev.n)
	case v.open == nil:
		v.Break = fmt.Sprintf("seal %d: all its entries, up to %d, are missing", s.n, s.last)
	case v.open.sum() != s.hash:
		v.Break = fmt.Sprintf("seal %d: its entries, from after %d up to %d, are not those that were sealed", s.n, v.prev.last, s.last)
	}
	if v.Break != "" {
		return
	}
	v.Seals, v.Entries = v.Seals+1, v.Entries+v.under
	v.prev, v.open, v.under = s, nil, 0
	v.Head = store.Head{N: s.n, Hash: s.hash}
	v.found = v.found || v.want != nil && *v.want == v.Head
}

func (v *verifier) finish() store.Verification {
	for len(v.seals) > 0 {
		v.close()
	}
	if v.Break == "" && v.want != nil && v.want.N > 0 && !v.found {
		v.Break = fmt.Sprintf("the head %s is not among the %d seals: the ledger was cut or written anew", v.want, v.Seals)
	}
	return v.Verification
}

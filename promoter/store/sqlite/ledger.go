package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter/store"
)

// Append adds entries that belong to no other write.
func (db *DB) Append(ctx context.Context, runID int64, at time.Time, entries ...store.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	return db.change(ctx, "append to ledger", func(tx *sql.Tx) error {
		return appendEntries(ctx, tx, runID, at, entries)
	})
}

func appendEntries(ctx context.Context, tx *sql.Tx, runID int64, at time.Time, entries []store.Entry) error {
	bodies := make([][]byte, len(entries))
	for i, e := range entries {
		var err error
		if bodies[i], err = json.Marshal(e.Body); err != nil {
			return fmt.Errorf("ledger entry %q: %w", e.Kind, err)
		}
	}
	i := -1
	_, err := writeAll(ctx, tx, "ledger entry", `INSERT INTO ledger (run_id, kind, at, bytes) VALUES ($1, $2, $3, $4)`, entries,
		func(e store.Entry) []any {
			i++
			return []any{runID, e.Kind, micro(at), bodies[i]}
		})
	return err
}

// seal is a seal as stored.
type seal struct {
	n, last, at int64
	prev, hash  string
}

const sealColumns = `SELECT n, last_entry, at, prev, hash FROM seal `

func scanSeal(row rowScanner, s *seal) error { return row.Scan(&s.n, &s.last, &s.at, &s.prev, &s.hash) }

// lastSeal returns the zero seal when there is none.
func lastSeal(ctx context.Context, tx *sql.Tx) (s seal, err error) {
	err = scanSeal(tx.QueryRowContext(ctx, sealColumns+`ORDER BY n DESC LIMIT 1`), &s)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return s, err
}

// Seal chains every entry not yet sealed; see store.Ledger.
func (db *DB) Seal(ctx context.Context, at time.Time) (store.Head, error) {
	var head store.Head
	err := db.change(ctx, "seal ledger", func(tx *sql.Tx) error {
		before, err := lastSeal(ctx, tx)
		if err != nil {
			return err
		}
		head = store.Head{N: before.n, Hash: before.hash}
		chain := newChain(before.hash, before.n+1, micro(at))
		var last int64
		err = eachEntry(ctx, tx, before.last, func(e entry) error {
			chain.add(e)
			last = e.id
			return nil
		})
		if err != nil || last == 0 {
			return err
		}
		head = store.Head{N: before.n + 1, Hash: chain.sum()}
		_, err = tx.ExecContext(ctx, `INSERT INTO seal (n, last_entry, at, prev, hash) VALUES ($1, $2, $3, $4, $5)`,
			head.N, last, micro(at), before.hash, head.Hash)
		return err
	})
	return head, err
}

// Head returns the newest seal.
func (db *DB) Head(ctx context.Context) (head store.Head, err error) {
	err = db.view(ctx, "head of ledger", func(tx *sql.Tx) error {
		s, err := lastSeal(ctx, tx)
		head = store.Head{N: s.n, Hash: s.hash}
		return err
	})
	return head, err
}

// LedgerEntries returns up to limit entries after an id, oldest first.
func (db *DB) LedgerEntries(ctx context.Context, after int64, limit int) ([]store.LedgerEntry, error) {
	return collect(ctx, db.read, "ledger entries", func(rows *sql.Rows, e *store.LedgerEntry) error {
		return rows.Scan(&e.ID, &e.RunID, &e.Kind, (*moment)(&e.At), &e.Body, &e.Seal)
	}, `SELECT entry_id, run_id, kind, at, bytes,
			COALESCE((SELECT n FROM seal WHERE last_entry >= entry_id ORDER BY last_entry LIMIT 1), 0)
		FROM ledger WHERE entry_id > $1 ORDER BY entry_id LIMIT $2`, after, limit)
}

func parseHead(text string) (store.Head, error) {
	number, hash, ok := strings.Cut(strings.TrimSpace(text), ":")
	n, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || n < 0 || (n == 0) != (hash == "") {
		return store.Head{}, fmt.Errorf("head %q is not written as number and hash, like 12:9f86d0", text)
	}
	return store.Head{N: n, Hash: strings.ToLower(hash)}, nil
}

// VerifyLedger recomputes the chain over the stored bytes, in one pass that
// holds one entry at a time. A head printed by an earlier report must be among
// the seals, so that a cut tail and a full rewrite are found. What no check can
// find is a change of entries that were not sealed yet: every run seals at its
// end.
func (db *DB) VerifyLedger(ctx context.Context, head string) (store.Verification, error) {
	v := verifier{}
	if head != "" {
		want, err := parseHead(head)
		if err != nil {
			return store.Verification{}, fmt.Errorf("verify ledger: %w", err)
		}
		v.want = &want
	}
	err := db.view(ctx, "verify ledger", func(tx *sql.Tx) (err error) {
		v.seals, err = collect(ctx, tx, "seals", func(rows *sql.Rows, s *seal) error { return scanSeal(rows, s) }, sealColumns+`ORDER BY n`)
		if err != nil {
			return err
		}
		return eachEntry(ctx, tx, math.MinInt64, v.entry)
	})
	if err != nil {
		return store.Verification{}, err
	}
	return v.finish(), nil
}

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// EnsurePeople returns the person of each alias; see store.Answers.
func (db *DB) EnsurePeople(ctx context.Context, aliases ...promoter.Alias) (ids []int64, err error) {
	missing := false
	for _, a := range aliases {
		id, err := personOf(ctx, db.read, a)
		if err != nil {
			return nil, fmt.Errorf("people: %w", explain(err))
		}
		ids, missing = append(ids, id), missing || id == 0
	}
	if !missing {
		return ids, nil // the usual case takes no write lock
	}
	err = db.change(ctx, "people", func(tx *sql.Tx) (err error) {
		for i, a := range aliases {
			if ids[i], err = ensurePerson(ctx, tx, a); err != nil {
				return err
			}
		}
		return nil
	})
	return ids, err
}

// rowQueryer is a pool or a transaction.
type rowQueryer interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

// personOf returns 0 for nobody.
func personOf(ctx context.Context, q rowQueryer, a promoter.Alias) (id int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT person_id FROM person_alias WHERE system = $1 AND login = $2`, a.System, a.Login).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return id, err
}

func ensurePerson(ctx context.Context, tx *sql.Tx, a promoter.Alias) (id int64, err error) {
	if id, err = personOf(ctx, tx, a); err != nil || id != 0 {
		return id, err
	}
	if err = tx.QueryRowContext(ctx, `INSERT INTO person (merged_into) VALUES (NULL) RETURNING person_id`).Scan(&id); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO person_alias (system, login, person_id) VALUES ($1, $2, $3)`, a.System, a.Login, id)
	return id, err
}

// JoinPeople lets groups of aliases stand for one person; see store.Answers.
func (db *DB) JoinPeople(ctx context.Context, groups [][]promoter.Alias) (joined bool, err error) {
	for _, group := range groups {
		known := map[int64]bool{}
		for _, a := range group {
			id, err := personOf(ctx, db.read, a)
			if err != nil {
				return joined, fmt.Errorf("join people: %w", explain(err))
			}
			known[id] = true
		}
		if len(known) == 1 && !known[0] || len(group) == 0 {
			continue
		}
		if err := db.change(ctx, "join people", func(tx *sql.Tx) error { return joinGroup(ctx, tx, group) }); err != nil {
			return joined, err
		}
		joined = true
	}
	return joined, nil
}

func joinGroup(ctx context.Context, tx *sql.Tx, group []promoter.Alias) error {
	ids := make([]int64, len(group))
	first := int64(0)
	for i, a := range group {
		var err error
		if ids[i], err = ensurePerson(ctx, tx, a); err != nil {
			return err
		}
		if first == 0 || ids[i] < first {
			first = ids[i]
		}
	}
	for _, id := range ids {
		if id == first {
			continue
		}
		if err := mergePerson(ctx, tx, id, first); err != nil {
			return err
		}
	}
	return nil
}

// mergePerson books everything of one person under another. Their bursts are
// one person's now, and what they said is weighed anew.
func mergePerson(ctx context.Context, tx *sql.Tx, from, into int64) error {
	for _, query := range []string{
		`UPDATE person_alias SET person_id = $2 WHERE person_id = $1`,
		`UPDATE verdict SET person_id = $2 WHERE person_id = $1`,
		`UPDATE disposition SET person_id = $2 WHERE person_id = $1`,
		`UPDATE heard SET person_id = $2 WHERE person_id = $1`,
		`UPDATE person SET merged_into = $2 WHERE person_id = $1 OR merged_into = $1`,
	} {
		if _, err := tx.ExecContext(ctx, query, from, into); err != nil {
			return err
		}
	}
	verdicts, err := selectVerdicts(ctx, tx, store.VerdictQuery{Person: into})
	if err != nil {
		return err
	}
	return settleEvidence(ctx, tx, verdicts)
}

// People returns everybody who has a name, and those whose names were erased.
func (db *DB) People(ctx context.Context) ([]promoter.Person, error) {
	people, err := collect(ctx, db.read, "people", func(rows *sql.Rows, p *promoter.Person) error { return rows.Scan(&p.ID) },
		`SELECT person_id FROM person WHERE merged_into IS NULL ORDER BY person_id`)
	if err != nil {
		return nil, err
	}
	at := map[int64]int{}
	for i, p := range people {
		at[p.ID] = i
	}
	_, err = collect(ctx, db.read, "people", func(rows *sql.Rows, _ *struct{}) error {
		var id int64
		var a promoter.Alias
		err := rows.Scan(&id, &a.System, &a.Login)
		if i, known := at[id]; known && err == nil {
			people[i].Aliases = append(people[i].Aliases, a)
		}
		return err
	}, `SELECT person_id, system, login FROM person_alias ORDER BY person_id, system, login`)
	return people, err
}

// eraseEntry is what the ledger keeps of an erasure.
type eraseEntry struct {
	Person int64  `json:"person"`
	Actor  string `json:"actor"`
}

// ErasePerson forgets a person's names and the words they gave as reasons.
func (db *DB) ErasePerson(ctx context.Context, id int64, actor string, at time.Time) error {
	return db.change(ctx, fmt.Sprintf("erase person %d", id), func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM person_alias WHERE person_id = $1`, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, &store.ConflictError{What: "nobody is known by that number"})
		}
		for _, query := range []string{`UPDATE verdict SET reason = '' WHERE person_id = $1`, `UPDATE disposition SET reason = '' WHERE person_id = $1`} {
			if _, err := tx.ExecContext(ctx, query, id); err != nil {
				return err
			}
		}
		return appendEntries(ctx, tx, 0, at, []store.Entry{{Kind: "erase", Body: eraseEntry{Person: id, Actor: actor}}})
	})
}

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// SaveApproval adds a plan or replaces one that waits; see store.Approvals.
func (db *DB) SaveApproval(ctx context.Context, a promoter.Approval) error {
	return db.change(ctx, "save plan "+a.ID, func(tx *sql.Tx) error {
		state, err := approvalState(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if state != "" && state != promoter.ApprovalWaiting {
			return &store.ConflictError{What: "it is " + string(state)}
		}
		_, err = tx.ExecContext(ctx, upsert("approval", []string{"approval_id"},
			"kind", "cohort", "reason", "state", "actor", "run_id", "created", "decided", "items", "moves"),
			a.ID, string(a.Kind), a.Cohort, a.Reason, string(a.State), a.Actor, a.RunID,
			micro(a.Created), moment(a.Decided), document{a.Items}, document{a.Moves})
		return err
	})
}

// approvalState returns "" for a plan that is not known.
func approvalState(ctx context.Context, tx *sql.Tx, id string) (state promoter.ApprovalState, err error) {
	err = tx.QueryRowContext(ctx, `SELECT state FROM approval WHERE approval_id = $1`, id).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return state, err
}

// Approvals returns plans in the given states, or all, newest first.
func (db *DB) Approvals(ctx context.Context, states ...promoter.ApprovalState) ([]promoter.Approval, error) {
	where, args := "", make([]any, len(states))
	if len(states) > 0 {
		params := make([]string, len(states))
		for i, s := range states {
			params[i], args[i] = fmt.Sprintf("$%d", i+1), string(s)
		}
		where = "WHERE state IN (" + strings.Join(params, ", ") + ")"
	}
	return collect(ctx, db.read, "plans", func(rows *sql.Rows, a *promoter.Approval) error {
		return rows.Scan(&a.ID, &a.Kind, &a.Cohort, &a.Reason, &a.State, &a.Actor, &a.RunID,
			(*moment)(&a.Created), (*moment)(&a.Decided), document{&a.Items}, document{&a.Moves})
	}, `SELECT approval_id, kind, cohort, reason, state, actor, run_id, created, decided, items, moves
		FROM approval `+where+` ORDER BY created DESC, approval_id`, args...)
}

// planEntry is what the ledger keeps of a person's answer to a plan.
type planEntry struct {
	Plan   string                 `json:"plan"`
	State  promoter.ApprovalState `json:"state"`
	Actor  string                 `json:"actor"`
	Reason string                 `json:"reason_sha256"`
}

// DecideApproval answers a waiting plan; see store.Approvals.
func (db *DB) DecideApproval(ctx context.Context, id string, state promoter.ApprovalState, actor, reason string, at time.Time) error {
	return db.change(ctx, "plan "+id, func(tx *sql.Tx) error {
		old, err := approvalState(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case state == promoter.ApprovalWaiting:
			return errors.New("waiting is no answer")
		case old == "":
			return &store.ConflictError{What: "there is no such plan"}
		case old != promoter.ApprovalWaiting:
			return &store.ConflictError{What: "it does not wait any more: it is " + string(old)}
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE approval SET state = $1, actor = $2, answer = $3, decided = $4 WHERE approval_id = $5`,
			string(state), actor, reason, micro(at), id)
		if err != nil {
			return err
		}
		return appendEntries(ctx, tx, 0, at, []store.Entry{
			{Kind: "plan", Body: planEntry{Plan: id, State: state, Actor: actor, Reason: digestOf(reason)}}})
	})
}

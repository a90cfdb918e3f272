package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// steps are the ways on from each state of an effect. What is missing here
// cannot happen: an outcome of something that was never sent, or a way back
// from a final state.
var steps = map[promoter.EffectState][]promoter.EffectState{
	promoter.EffectIntended: {
		promoter.EffectSent, promoter.EffectRefused, promoter.EffectCancelled},
	promoter.EffectSent: {
		promoter.EffectSent, promoter.EffectUnknown,
		promoter.EffectDone, promoter.EffectRefused, promoter.EffectCancelled},
	promoter.EffectUnknown: {
		promoter.EffectSent, promoter.EffectUnknown,
		promoter.EffectDone, promoter.EffectRefused, promoter.EffectCancelled},
}

// Intend stores an effect; see store.Outbox.
func (db *DB) Intend(ctx context.Context, e *promoter.Effect) error {
	var id int64
	err := db.change(ctx, "intend "+string(e.Verb), func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `
			INSERT INTO effect (verb, repo_id, change, repository, token, commit_id, notices, cohorts,
				attempt, not_before, state, error, reason, run_id, reply)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'intended', $11, $12, $13, $14) RETURNING effect_id`,
			string(e.Verb), e.Target.RepoID, e.Target.PullRequest, e.Repository, e.Token, e.Commit,
			document{e.Notices}, document{e.Cohorts}, e.Attempt, moment(e.NotBefore), e.Error, e.Reason, e.RunID, document{e.Reply}).Scan(&id)
		if isUnique(err) {
			return &store.ConflictError{What: "an effect with this token is known"}
		}
		if err != nil {
			return err
		}
		_, err = writeAll(ctx, tx, "notice", `
			INSERT INTO effect_notice (effect_id, repo_id, notice_no, generation, open) VALUES ($1, $2, $3, $4, 1)`, e.Notices,
			func(n promoter.Notice) []any { return []any{id, n.Target.RepoID, n.No, n.Generation} })
		if isUnique(err) {
			return &store.ConflictError{What: fmt.Sprintf(
				"another effect is open for the same generation of a notice in repository %d", e.Target.RepoID)}
		}
		if err != nil {
			return err
		}
		return touch(ctx, tx, e.Target.RepoID)
	})
	if err == nil {
		e.ID, e.State = id, promoter.EffectIntended
	}
	return err
}

// Sent marks an effect as about to be sent and counts the attempt.
func (db *DB) Sent(ctx context.Context, effectID int64, at time.Time) error {
	return db.change(ctx, fmt.Sprintf("effect %d", effectID), func(tx *sql.Tx) error {
		if _, _, err := step(ctx, tx, effectID, promoter.EffectSent); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE effect SET attempt = attempt + 1, sent = $1 WHERE effect_id = $2`,
			micro(at), effectID)
		return err
	})
}

// step moves an effect to another state and returns its repository and run.
func step(ctx context.Context, tx *sql.Tx, effectID int64, to promoter.EffectState) (repoID, runID int64, err error) {
	var from promoter.EffectState
	err = tx.QueryRowContext(ctx, `SELECT state, repo_id, run_id FROM effect WHERE effect_id = $1`, effectID).
		Scan(&from, &repoID, &runID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, 0, &store.ConflictError{What: "there is no such effect"}
	case err != nil:
		return 0, 0, err
	case !slices.Contains(steps[from], to):
		return 0, 0, &store.ConflictError{What: fmt.Sprintf("it is %s and cannot become %s", from, to)}
	}
	_, err = tx.ExecContext(ctx, `UPDATE effect SET state = $1 WHERE effect_id = $2`, string(to), effectID)
	return repoID, runID, err
}

// Settle stores the outcome of an effect; see store.Outbox.
func (db *DB) Settle(ctx context.Context, s store.Settlement) error {
	return db.change(ctx, fmt.Sprintf("settle effect %d", s.EffectID), func(tx *sql.Tx) error {
		if s.State == promoter.EffectSent {
			return errors.New("sent is no outcome")
		}
		repoID, runID, err := step(ctx, tx, s.EffectID, s.State)
		if err != nil {
			return err
		}
		var settled time.Time
		if len(steps[s.State]) == 0 {
			settled = s.At
			if _, err := tx.ExecContext(ctx, `UPDATE effect_notice SET open = 0 WHERE effect_id = $1`, s.EffectID); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE effect SET error = $1, not_before = $2, settled = $3 WHERE effect_id = $4`,
			s.Error, moment(s.NotBefore), moment(settled), s.EffectID)
		if err != nil {
			return err
		}
		if _, err := writeNotices(ctx, tx, s.Notices); err != nil {
			return err
		}
		if _, err := writeExposures(ctx, tx, s.Shown); err != nil {
			return err
		}
		if err := touch(ctx, tx, repoID); err != nil {
			return err
		}
		return appendEntries(ctx, tx, runID, s.At, s.Entries)
	})
}

// OpenEffects returns the effects that are not settled, oldest first.
func (db *DB) OpenEffects(ctx context.Context) ([]promoter.Effect, error) {
	return collect(ctx, db.read, "open effects", func(rows *sql.Rows, e *promoter.Effect) error {
		return rows.Scan(&e.ID, &e.Verb, &e.Target.RepoID, &e.Target.PullRequest, &e.Repository, &e.Token, &e.Commit,
			document{&e.Notices}, document{&e.Cohorts}, &e.Attempt, (*moment)(&e.NotBefore), (*moment)(&e.SentAt), &e.State, &e.Error, &e.Reason, &e.RunID,
			document{&e.Reply})
	}, `SELECT effect_id, verb, repo_id, change, repository, token, commit_id, notices, cohorts,
			attempt, not_before, sent, state, error, reason, run_id, reply
		FROM effect WHERE state IN ('intended', 'sent', 'unknown') ORDER BY effect_id`)
}

// KnownTokens says which of these tokens belong to an effect.
func (db *DB) KnownTokens(ctx context.Context, tokens []string) (map[string]bool, error) {
	known := map[string]bool{}
	err := db.view(ctx, "tokens", func(tx *sql.Tx) error {
		for _, token := range tokens {
			var there bool
			if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM effect WHERE token = $1)`, token).Scan(&there); err != nil {
				return err
			}
			if there {
				known[token] = true
			}
		}
		return nil
	})
	return known, err
}

// EffectCounts counts effects by verb and state.
func (db *DB) EffectCounts(ctx context.Context) (map[promoter.Verb]map[promoter.EffectState]int, error) {
	counts := map[promoter.Verb]map[promoter.EffectState]int{}
	_, err := collect(ctx, db.read, "effect counts", func(rows *sql.Rows, _ *struct{}) error {
		var verb promoter.Verb
		var state promoter.EffectState
		var n int
		err := rows.Scan(&verb, &state, &n)
		if counts[verb] == nil {
			counts[verb] = map[promoter.EffectState]int{}
		}
		counts[verb][state] = n
		return err
	}, `SELECT verb, state, count(*) FROM effect GROUP BY verb, state`)
	return counts, err
}

// ShownSince counts what people were first shown since t; see store.Outbox.
func (db *DB) ShownSince(ctx context.Context, t time.Time) (map[int64]int, error) {
	counts := map[int64]int{}
	_, err := collect(ctx, db.read, "what was shown", func(rows *sql.Rows, _ *struct{}) error {
		var cohort number
		var n int
		err := rows.Scan(&cohort, &n)
		counts[int64(cohort)] += n
		return err
	}, `WITH shown AS (
			SELECT i.repo_id, i.notice_no FROM item i
			JOIN notice n ON n.repo_id = i.repo_id AND n.notice_no = i.notice_no
			WHERE n.surface = 'review' OR n.surface = 'task' AND n.campaign = ''
			GROUP BY i.repo_id, i.notice_no HAVING min(i.shown_at) >= $1)
		SELECT NULL, count(*) FROM shown
		UNION ALL
		SELECT cohort_id, count(*) FROM (
			SELECT DISTINCT i.repo_id, i.notice_no, i.cohort_id FROM shown s
			JOIN item i ON i.repo_id = s.repo_id AND i.notice_no = s.notice_no
			WHERE i.shown_at IS NOT NULL AND i.cohort_id IS NOT NULL)
		GROUP BY cohort_id`, micro(t))
	return counts, err
}

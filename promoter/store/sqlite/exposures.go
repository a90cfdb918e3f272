package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/store"
)

// stirring is the next count of what lets evidence change.
const stirring = `(SELECT COALESCE(max(stirred), 0) + 1 FROM exposure)`

// writeExposures adds what was shown and is not booked yet. A cluster begins
// with the first of its items to be shown, by the platform's clock.
func writeExposures(ctx context.Context, tx *sql.Tx, shown []promoter.Exposure) (added int64, err error) {
	for _, e := range shown {
		res, err := tx.ExecContext(ctx, `
			INSERT INTO exposure (repo_id, finding_no, notice_no, change, cohort_id, attempt, cluster, cluster_at, shown_at, closed_at, coin, share, rule, stirred)
			SELECT $1, $2, $3, $4, $5, $6, $7,
				COALESCE((SELECT min(cluster_at) FROM exposure WHERE cohort_id = $5 AND attempt = $6 AND cluster = $7), $8), $8, NULL, $9, $10, '', `+stirring+`
			WHERE true ON CONFLICT (repo_id, notice_no, finding_no, cohort_id, attempt, shown_at) DO NOTHING`,
			e.RepoID, e.Finding, e.Notice, e.PullRequest, e.CohortID, e.Attempt, e.Cluster, micro(e.ShownAt), e.Coin, e.Share)
		if err != nil {
			return added, fmt.Errorf("exposure of finding %d: %w", e.Finding, err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return added, err
		}
		if n == 0 {
			continue
		}
		added++
		if err := completeExposure(ctx, tx, e); err != nil {
			return added, err
		}
	}
	return added, nil
}

// completeExposure books the rule, which a carve-out may be about, and lets the
// whole cluster begin no later than this item.
func completeExposure(ctx context.Context, tx *sql.Tx, e promoter.Exposure) error {
	var f struct {
		Rule struct {
			ID string `json:"id"`
		} `json:"rule"`
	}
	err := tx.QueryRowContext(ctx, `
		SELECT v.facts FROM finding f JOIN finding_version v ON v.repo_id = f.repo_id AND v.finding_no = f.finding_no AND v.version = f.version
		WHERE f.repo_id = $1 AND f.finding_no = $2`, e.RepoID, e.Finding).Scan(document{&f})
	if err != nil {
		return fmt.Errorf("rule of finding %d: %w", e.Finding, err)
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE exposure SET rule = $1 WHERE repo_id = $2 AND notice_no = $3 AND finding_no = $4 AND cohort_id = $5 AND attempt = $6 AND shown_at = $7`,
		f.Rule.ID, e.RepoID, e.Notice, e.Finding, e.CohortID, e.Attempt, micro(e.ShownAt))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE exposure SET cluster_at = $4, stirred = `+stirring+` WHERE cohort_id = $1 AND attempt = $2 AND cluster = $3 AND cluster_at > $4`,
		e.CohortID, e.Attempt, e.Cluster, micro(e.ShownAt))
	return err
}

// closeChanges books when pull requests were merged or closed.
func closeChanges(ctx context.Context, tx *sql.Tx, closed []store.ClosedChange) error {
	_, err := writeAll(ctx, tx, "closed pull request", `
		UPDATE exposure SET closed_at = $3, stirred = `+stirring+` WHERE repo_id = $1 AND change = $2 AND closed_at IS DISTINCT FROM $3`, closed,
		func(c store.ClosedChange) []any { return []any{c.RepoID, c.Number, moment(c.At)} })
	return err
}

// Sample records what was drawn for the queue; see store.Answers.
func (db *DB) Sample(ctx context.Context, drawn []promoter.Exposure) error {
	if len(drawn) == 0 {
		return nil
	}
	return db.change(ctx, "sample", func(tx *sql.Tx) error {
		for _, e := range drawn {
			var known bool
			err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM exposure
				WHERE repo_id = $1 AND notice_no = 0 AND finding_no = $2 AND cohort_id = $3 AND attempt = $4)`,
				e.RepoID, e.Finding, e.CohortID, e.Attempt).Scan(&known)
			if err != nil {
				return err
			}
			if known {
				continue
			}
			if _, err := writeExposures(ctx, tx, []promoter.Exposure{e}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Candidates are the members of a cohort that may be drawn; see store.Answers.
func (db *DB) Candidates(ctx context.Context, cohortID, attempt int64) ([]store.Candidate, error) {
	return collect(ctx, db.read, "candidates", func(rows *sql.Rows, c *store.Candidate) error {
		return rows.Scan(&c.RepoID, &c.Finding, &c.Answer)
	}, `SELECT f.repo_id, f.finding_no, d.answer
		FROM finding f
		JOIN decision d ON d.decision_id = (SELECT max(decision_id) FROM decision WHERE repo_id = f.repo_id AND finding_no = f.finding_no AND change = 0)
		WHERE f.cohort_id = $1
		  AND EXISTS (SELECT 1 FROM sighting s JOIN scope c ON c.repo_id = s.repo_id AND c.scope_no = s.scope_no
			WHERE s.repo_id = f.repo_id AND s.finding_no = f.finding_no AND s.state = 'present' AND c.ref NOT LIKE 'refs/pull/%')
		  AND NOT EXISTS (SELECT 1 FROM exposure e
			WHERE e.repo_id = f.repo_id AND e.finding_no = f.finding_no AND e.notice_no = 0 AND e.cohort_id = $1 AND e.attempt = $2)
		ORDER BY f.repo_id, f.finding_no`, cohortID, attempt)
}

// Unanswered lists what nobody answered; see store.Answers.
func (db *DB) Unanswered(ctx context.Context, cohortID, attempt int64, coin bool) ([]store.Shown, error) {
	return collect(ctx, db.read, "unanswered", func(rows *sql.Rows, s *store.Shown) error {
		return rows.Scan(&s.Seq, &s.RepoID, &s.Finding, &s.Notice, &s.PullRequest, &s.CohortID, &s.Attempt, &s.Cluster, (*moment)(&s.ShownAt), &s.Coin)
	}, `SELECT seq, repo_id, finding_no, notice_no, change, cohort_id, attempt, cluster, shown_at, coin
		FROM exposure e
		WHERE cohort_id = $1 AND attempt = $2 AND (coin OR NOT $3)
		  AND NOT EXISTS (SELECT 1 FROM verdict v
			WHERE v.exposure = e.seq AND v.retracted_at IS NULL AND v.uncounted = '' AND v.person_id IS NOT NULL)
		ORDER BY cluster_at, cluster, seq`, cohortID, attempt, coin)
}

// Exposures returns one stay's evidence; see store.Answers.
func (db *DB) Exposures(ctx context.Context, cohortID, attempt int64, after store.ClusterMark) (all []evidence.Exposure, err error) {
	err = db.view(ctx, "exposures", func(tx *sql.Tx) error {
		names, err := repositoryNames(ctx, tx)
		if err != nil {
			return err
		}
		from := int64(-1 << 62)
		if after != (store.ClusterMark{}) {
			from = micro(after.At)
		}
		const where = ` WHERE e.cohort_id = $1 AND e.attempt = $2 AND (e.cluster_at, e.cluster) > ($3, $4) `
		all, err = collect(ctx, tx, "exposures", func(rows *sql.Rows, e *evidence.Exposure) error {
			var repo, shown int64
			var closed sql.NullInt64
			err := rows.Scan(&e.Seq, &repo, &e.Cluster, &shown, &closed, &e.Coin, &e.Share, &e.Rule)
			e.Attempt, e.Repository, e.ShownAt = int(attempt), names[repo], time.UnixMicro(shown).UTC()
			if closed.Valid {
				e.ClosedAt = time.UnixMicro(closed.Int64).UTC()
			}
			return err
		}, `SELECT seq, repo_id, cluster, shown_at, closed_at, coin, share, rule FROM exposure e`+where+`ORDER BY cluster_at, cluster, seq`,
			cohortID, attempt, from, after.Cluster)
		if err != nil || len(all) == 0 {
			return err
		}
		at := make(map[int64]int, len(all))
		for i := range all {
			at[all[i].Seq] = i
		}
		_, err = collect(ctx, tx, "verdicts", func(rows *sql.Rows, _ *struct{}) error {
			var seq int64
			var person sql.NullInt64
			var v evidence.Verdict
			err := rows.Scan(&seq, &person, &v.Kind, (*moment)(&v.At), (*moment)(&v.RetractedAt), &v.Audit, &v.Burst)
			if person.Valid {
				v.Person = strconv.FormatInt(person.Int64, 10)
			}
			i := at[seq]
			all[i].Verdicts = append(all[i].Verdicts, v)
			return err
		}, `SELECT e.seq, v.person_id, v.kind, v.at, v.retracted_at, v.audit, v.burst
			FROM exposure e CROSS JOIN verdict v ON v.exposure = e.seq`+where+`AND v.uncounted = '' ORDER BY v.verdict_id`,
			cohortID, attempt, from, after.Cluster)
		return err
	})
	return all, err
}

func repositoryNames(ctx context.Context, tx *sql.Tx) (map[int64]string, error) {
	names := map[int64]string{}
	_, err := collect(ctx, tx, "repositories", func(rows *sql.Rows, _ *struct{}) error {
		var id int64
		var owner, name string
		err := rows.Scan(&id, &owner, &name)
		names[id] = owner + "/" + name
		return err
	}, `SELECT repo_id, owner, name FROM repository`)
	return names, err
}

// Stirred tells about which stays anything became known; see store.Answers.
func (db *DB) Stirred(ctx context.Context, since int64) (stirred []store.Stir, upTo int64, err error) {
	upTo = since
	rows, err := collect(ctx, db.read, "stirred", func(rows *sql.Rows, s *store.Stir) error {
		var count int64
		err := rows.Scan(&s.CohortID, &s.Attempt, (*moment)(&s.First.At), &s.First.Cluster, &count)
		upTo = max(upTo, count)
		return err
	}, `SELECT cohort_id, attempt, cluster_at, cluster, stirred FROM exposure WHERE stirred > $1
		ORDER BY cohort_id, attempt, cluster_at, cluster`, since)
	for _, s := range rows {
		if n := len(stirred); n == 0 || stirred[n-1].CohortID != s.CohortID || stirred[n-1].Attempt != s.Attempt {
			stirred = append(stirred, s)
		}
	}
	return stirred, upTo, err
}

// Conversations lists the pull requests worth listening to; see store.Answers.
func (db *DB) Conversations(ctx context.Context, shown, closed time.Time) ([]promoter.Target, error) {
	return collect(ctx, db.read, "conversations", func(rows *sql.Rows, t *promoter.Target) error {
		return rows.Scan(&t.RepoID, &t.PullRequest)
	}, `SELECT DISTINCT repo_id, change FROM exposure
		WHERE notice_no > 0 AND change > 0 AND shown_at >= $1 AND (closed_at IS NULL OR closed_at >= $2)
		ORDER BY repo_id, change`, micro(shown), micro(closed))
}

// TaskNotices returns the tasks worth listening to; see store.Answers.
func (db *DB) TaskNotices(ctx context.Context, shown time.Time) (map[int64][]promoter.Notice, error) {
	type key struct{ repo, no int64 }
	want, err := collect(ctx, db.read, "tasks", func(rows *sql.Rows, k *key) error { return rows.Scan(&k.repo, &k.no) }, `
		SELECT DISTINCT e.repo_id, e.notice_no FROM exposure e
		JOIN notice n ON n.repo_id = e.repo_id AND n.notice_no = e.notice_no
		WHERE n.surface = 'task' AND e.shown_at >= $1 ORDER BY e.repo_id, e.notice_no`, micro(shown))
	if err != nil {
		return nil, err
	}
	wanted := map[key]bool{}
	out := map[int64][]promoter.Notice{}
	for _, k := range want {
		wanted[k] = true
		out[k.repo] = nil
	}
	for repo := range out {
		all, err := db.NoticesAt(ctx, promoter.Target{RepoID: repo})
		if err != nil {
			return nil, err
		}
		for _, n := range all {
			if wanted[key{repo, n.No}] {
				out[repo] = append(out[repo], n)
			}
		}
	}
	return out, nil
}

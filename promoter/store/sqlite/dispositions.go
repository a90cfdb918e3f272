package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/sluice-sec/sluice/promoter"
)

const dispositionColumns = `
	SELECT disposition_id, repo_id, finding_no, change, kind, person_id, reason, plan, since, expires, ended_at, source, external_id
	FROM disposition WHERE ended_at IS NULL `

func collectDispositions(ctx context.Context, q queryer, and string, args ...any) ([]promoter.Disposition, error) {
	return collect(ctx, q, "dispositions", func(rows *sql.Rows, d *promoter.Disposition) error {
		return rows.Scan(&d.ID, &d.RepoID, &d.Finding, &d.PullRequest, &d.Kind, (*number)(&d.Person), &d.Reason, &d.Plan,
			(*moment)(&d.Since), (*moment)(&d.Expires), (*moment)(&d.Ended), &d.Source, &d.ExternalID)
	}, dispositionColumns+and+` ORDER BY disposition_id`, args...)
}

// Dispositions returns those that have not ended, by number.
func (db *DB) Dispositions(ctx context.Context) ([]promoter.Disposition, error) {
	return collectDispositions(ctx, db.read, "")
}

// EndDispositions ends those whose last day is over; see store.Answers.
func (db *DB) EndDispositions(ctx context.Context, today, at time.Time) (ended int64, err error) {
	y, m, d := today.UTC().Date()
	last := micro(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
	const over = `FROM disposition WHERE ended_at IS NULL AND expires < $1`
	repos, err := collect(ctx, db.read, "expired dispositions", func(rows *sql.Rows, id *int64) error { return rows.Scan(id) },
		`SELECT DISTINCT repo_id `+over, last)
	if err != nil || len(repos) == 0 {
		return 0, err
	}
	err = db.change(ctx, "end dispositions", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE disposition SET ended_at = $2 WHERE ended_at IS NULL AND expires < $1`, last, micro(at))
		if err != nil {
			return err
		}
		for _, repo := range repos {
			if err := touch(ctx, tx, repo); err != nil {
				return err
			}
		}
		ended, err = res.RowsAffected()
		return err
	})
	return ended, err
}

// Heard returns what was read in one pull request, by comment.
func (db *DB) Heard(ctx context.Context, repoID int64, pullRequest int) ([]promoter.Heard, error) {
	return collect(ctx, db.read, "comments", func(rows *sql.Rows, h *promoter.Heard) error {
		return rows.Scan(&h.RepoID, &h.PullRequest, &h.Comment, &h.Notice, (*number)(&h.Person), &h.Topic,
			(*moment)(&h.At), (*moment)(&h.Acked), (*moment)(&h.Replied), (*moment)(&h.Removed))
	}, `SELECT repo_id, change, comment, notice_no, person_id, topic, at, acked, replied, removed
		FROM heard WHERE repo_id = $1 AND change = $2 ORDER BY comment`, repoID, pullRequest)
}

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Record writes what was learnt of people's answers; see store.Answers.
func (db *DB) Record(ctx context.Context, r store.Recording) error {
	return db.change(ctx, "record answers", func(tx *sql.Tx) error { return record(ctx, tx, r) })
}

func record(ctx context.Context, tx *sql.Tx, r store.Recording) error {
	rec := recorder{ctx: ctx, tx: tx, Recording: r}
	for _, step := range []func() error{rec.closed, rec.retracted, rec.verdicts, rec.ended, rec.dispositions, rec.heard, rec.weigh} {
		if err := step(); err != nil {
			return err
		}
	}
	return appendEntries(ctx, tx, r.RunID, r.At, rec.entries)
}

type recorder struct {
	store.Recording
	ctx     context.Context
	tx      *sql.Tx
	changed []promoter.Verdict // about whose exposures something else is known now
	entries []store.Entry
}

// verdictEntry is what the ledger keeps of a verdict. A person is a number, the
// reason a digest.
type verdictEntry struct {
	Verdict   int64                  `json:"verdict"`
	Repo      int64                  `json:"repository_id"`
	Finding   int64                  `json:"finding"`
	Notice    int64                  `json:"notice,omitempty"`
	Person    int64                  `json:"person,omitempty"`
	Kind      promoter.VerdictKind   `json:"kind"`
	Source    promoter.VerdictSource `json:"source"`
	At        time.Time              `json:"at"`
	Retracted bool                   `json:"retracted,omitempty"`
	Uncounted string                 `json:"uncounted,omitempty"`
	Actor     string                 `json:"actor,omitempty"`
	Reason    string                 `json:"reason_sha256,omitempty"`
}

func (r *recorder) enter(v promoter.Verdict, retracted bool) {
	e := verdictEntry{
		Verdict: v.ID, Repo: v.RepoID, Finding: v.Finding, Notice: v.Notice, Person: v.Person, Kind: v.Kind, Source: v.Source,
		At: v.At.UTC(), Retracted: retracted, Uncounted: v.Uncounted, Actor: r.Actor,
	}
	if v.Reason != "" {
		e.Reason = digestOf(v.Reason)
	}
	r.entries = append(r.entries, store.Entry{Kind: "verdict", Body: e})
}

func (r *recorder) closed() error { return closeChanges(r.ctx, r.tx, r.Closed) }

func (r *recorder) retracted() error {
	for _, id := range r.Retract {
		standing, err := collectVerdicts(r.ctx, r.tx, `WHERE v.verdict_id = $1 AND v.retracted_at IS NULL`, id)
		if err != nil {
			return err
		}
		for _, v := range standing {
			if err := r.retract(v); err != nil {
				return err
			}
			if err := r.endOf(v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *recorder) retract(v promoter.Verdict) error {
	_, err := r.tx.ExecContext(r.ctx, `UPDATE verdict SET retracted_at = $1 WHERE verdict_id = $2`, micro(r.At), v.ID)
	r.changed = append(r.changed, v)
	r.enter(v, true)
	return err
}

// endOf ends what rests on a verdict.
func (r *recorder) endOf(v promoter.Verdict) error {
	if v.ExternalID == "" {
		return nil
	}
	return r.end(`repo_id = $2 AND finding_no = $3 AND source = $4 AND external_id = $5`, v.RepoID, v.Finding, string(v.Source), v.ExternalID)
}

func (r *recorder) end(where string, repoID int64, args ...any) error {
	res, err := r.tx.ExecContext(r.ctx, `UPDATE disposition SET ended_at = $1 WHERE ended_at IS NULL AND `+where, append([]any{micro(r.At), repoID}, args...)...)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return touch(r.ctx, r.tx, repoID)
}

func (r *recorder) verdicts() error {
	for _, v := range r.Verdicts {
		standing, err := r.standing(v)
		if err != nil {
			return err
		}
		if standing != nil {
			if standing.Kind == v.Kind && standing.Person == v.Person && standing.Uncounted == v.Uncounted && standing.Reason == v.Reason && standing.Until.Equal(v.Until) {
				continue
			}
			// What rested on it ends: the new one may say something else.
			if err := r.retract(*standing); err != nil {
				return err
			}
			if err := r.endOf(*standing); err != nil {
				return err
			}
		}
		if err := r.add(v); err != nil {
			return err
		}
	}
	return nil
}

// standing is the verdict that this one would replace, or nil.
func (r *recorder) standing(v promoter.Verdict) (*promoter.Verdict, error) {
	if v.ExternalID == "" {
		return nil, nil
	}
	all, err := collectVerdicts(r.ctx, r.tx, `WHERE v.source = $1 AND v.external_id = $2 AND v.repo_id = $3 AND v.finding_no = $4 AND v.retracted_at IS NULL`,
		string(v.Source), v.ExternalID, v.RepoID, v.Finding)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

func (r *recorder) add(v promoter.Verdict) error {
	if v.Exposure == 0 {
		var err error
		if v.Exposure, err = r.shown(v); err != nil {
			return err
		}
	}
	err := r.tx.QueryRowContext(r.ctx, `
		INSERT INTO verdict (repo_id, finding_no, notice_no, exposure, person_id, kind, source, external_id, reason, until, at, retracted_at, audit, uncounted)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING verdict_id`,
		v.RepoID, v.Finding, v.Notice, number(v.Exposure), number(v.Person), string(v.Kind), string(v.Source), v.ExternalID, v.Reason,
		moment(v.Until), micro(v.At), moment(v.Retracted), v.Audit, v.Uncounted).Scan(&v.ID)
	if err != nil {
		return fmt.Errorf("verdict on finding %d: %w", v.Finding, err)
	}
	r.changed = append(r.changed, v)
	r.enter(v, false)
	return nil
}

// shown is the exposure that a verdict is about: the newest that was shown
// before it was given, else the first.
func (r *recorder) shown(v promoter.Verdict) (seq int64, err error) {
	err = r.tx.QueryRowContext(r.ctx, `
		SELECT seq FROM exposure WHERE repo_id = $1 AND finding_no = $2 AND ($3 = 0 OR notice_no = $3)
		ORDER BY shown_at > $4, CASE WHEN shown_at > $4 THEN shown_at ELSE -shown_at END, seq DESC LIMIT 1`,
		v.RepoID, v.Finding, v.Notice, micro(v.At)).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return seq, err
}

func (r *recorder) ended() error {
	for _, id := range r.End {
		all, err := collectDispositions(r.ctx, r.tx, `AND disposition_id = $1`, id)
		if err != nil {
			return err
		}
		for _, d := range all {
			if err := r.end(`repo_id = $2 AND disposition_id = $3`, d.RepoID, id); err != nil {
				return err
			}
			d.Ended = r.At
			r.enterDisposition(d)
		}
	}
	return nil
}

func (r *recorder) dispositions() error {
	for _, d := range r.Dispositions {
		var kind, reason string
		var expires time.Time
		var person int64
		err := r.tx.QueryRowContext(r.ctx, `SELECT kind, reason, expires, person_id FROM disposition
			WHERE repo_id = $1 AND finding_no = $2 AND change = $3 AND source = $4 AND external_id = $5 AND ended_at IS NULL`,
			d.RepoID, d.Finding, d.PullRequest, string(d.Source), d.ExternalID).Scan(&kind, &reason, (*moment)(&expires), (*number)(&person))
		if err == nil && kind == string(d.Kind) && reason == d.Reason && person == d.Person && expires.Equal(d.Expires) {
			continue
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := r.end(`repo_id = $2 AND finding_no = $3 AND change = $4 AND source = $5 AND external_id = $6`,
			d.RepoID, d.Finding, d.PullRequest, string(d.Source), d.ExternalID); err != nil {
			return err
		}
		if err := r.dispose(d); err != nil {
			return err
		}
	}
	return nil
}

// dispositionEntry is what the ledger keeps of a disposition.
type dispositionEntry struct {
	Disposition int64                `json:"disposition"`
	Repo        int64                `json:"repository_id"`
	Finding     int64                `json:"finding"`
	PullRequest int                  `json:"pull_request,omitempty"`
	Kind        promoter.VerdictKind `json:"kind"`
	Person      int64                `json:"person,omitempty"`
	Plan        string               `json:"plan,omitempty"`
	Expires     time.Time            `json:"expires,omitzero"`
	Ended       time.Time            `json:"ended,omitzero"` // because what it rests on waits for approval now
	Actor       string               `json:"actor,omitempty"`
	Reason      string               `json:"reason_sha256,omitempty"`
}

func (r *recorder) dispose(d promoter.Disposition) error {
	err := r.tx.QueryRowContext(r.ctx, `
		INSERT INTO disposition (repo_id, finding_no, change, kind, person_id, reason, plan, since, expires, ended_at, source, external_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING disposition_id`,
		d.RepoID, d.Finding, d.PullRequest, string(d.Kind), number(d.Person), d.Reason, d.Plan, micro(d.Since), moment(d.Expires), moment(d.Ended),
		string(d.Source), d.ExternalID).Scan(&d.ID)
	if err != nil {
		return fmt.Errorf("disposition of finding %d: %w", d.Finding, err)
	}
	r.enterDisposition(d)
	return touch(r.ctx, r.tx, d.RepoID)
}

func (r *recorder) enterDisposition(d promoter.Disposition) {
	e := dispositionEntry{
		Disposition: d.ID, Repo: d.RepoID, Finding: d.Finding, PullRequest: d.PullRequest, Kind: d.Kind, Person: d.Person, Plan: d.Plan,
		Expires: d.Expires, Ended: d.Ended, Actor: r.Actor,
	}
	if d.Reason != "" {
		e.Reason = digestOf(d.Reason)
	}
	r.entries = append(r.entries, store.Entry{Kind: "disposition", Body: e})
}

func (r *recorder) heard() error {
	_, err := writeAll(r.ctx, r.tx, "comment", upsert("heard", []string{"repo_id", "change", "comment"},
		"notice_no", "person_id", "topic", "at", "acked", "replied", "removed"), r.Heard,
		func(h promoter.Heard) []any {
			return []any{h.RepoID, h.PullRequest, h.Comment, h.Notice, number(h.Person), h.Topic, micro(h.At), moment(h.Acked), moment(h.Replied), moment(h.Removed)}
		})
	return err
}

// weigh lets what people said be decided on and weighed anew.
func (r *recorder) weigh() error {
	touched := map[int64]bool{}
	for _, v := range r.changed {
		if v.Person == 0 || touched[v.RepoID] {
			continue
		}
		touched[v.RepoID] = true
		if err := touch(r.ctx, r.tx, v.RepoID); err != nil {
			return err
		}
	}
	return settleEvidence(r.ctx, r.tx, r.changed)
}

// settleEvidence marks anew the bursts that verdicts may be part of, and notes
// that something else is known about what they are about.
func settleEvidence(ctx context.Context, tx *sql.Tx, changed []promoter.Verdict) error {
	type sitting struct{ person, day int64 }
	seen := map[sitting]bool{}
	for _, v := range changed {
		if v.Exposure != 0 {
			if err := stir(ctx, tx, v.Exposure); err != nil {
				return err
			}
		}
		s := sitting{v.Person, v.At.UTC().Unix() / int64(24*time.Hour/time.Second)}
		if v.Person == 0 || seen[s] {
			continue
		}
		seen[s] = true
		if err := markBursts(ctx, tx, s.person, time.Unix(s.day*24*3600, 0)); err != nil {
			return err
		}
	}
	return nil
}

func stir(ctx context.Context, tx *sql.Tx, exposure int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE exposure SET stirred = `+stirring+` WHERE seq = $1`, exposure)
	return err
}

// markBursts marks what one person answered on one day, stay by stay.
func markBursts(ctx context.Context, tx *sql.Tx, person int64, day time.Time) error {
	type answer struct {
		id, cohort, attempt int64
		exposure            evidence.Exposure
	}
	answers, err := collect(ctx, tx, "bursts", func(rows *sql.Rows, a *answer) error {
		v := evidence.Verdict{Person: "p"}
		err := rows.Scan(&a.id, (*moment)(&v.At), &v.Burst, &a.exposure.Seq, &a.cohort, &a.attempt, &a.exposure.Cluster, (*moment)(&a.exposure.ShownAt))
		a.exposure.Verdicts = []evidence.Verdict{v}
		return err
	}, `SELECT v.verdict_id, v.at, v.burst, e.seq, e.cohort_id, e.attempt, e.cluster, e.cluster_at
		FROM verdict v JOIN exposure e ON e.seq = v.exposure
		WHERE v.person_id = $1 AND v.at >= $2 AND v.at < $3 AND v.retracted_at IS NULL AND NOT v.audit AND v.uncounted = ''
		ORDER BY v.verdict_id`, person, micro(day), micro(day.Add(24*time.Hour)))
	if err != nil {
		return err
	}
	stays := map[[2]int64][]int{}
	for i, a := range answers {
		key := [2]int64{a.cohort, a.attempt}
		stays[key] = append(stays[key], i)
	}
	for _, stay := range stays {
		shown := make([]evidence.Exposure, len(stay))
		was := make([]bool, len(stay))
		for n, i := range stay {
			shown[n], was[n] = answers[i].exposure, answers[i].exposure.Verdicts[0].Burst
		}
		evidence.MarkBursts(shown)
		for n, i := range stay {
			if now := shown[n].Verdicts[0].Burst; now != was[n] {
				if _, err := tx.ExecContext(ctx, `UPDATE verdict SET burst = $1 WHERE verdict_id = $2`, now, answers[i].id); err != nil {
					return err
				}
				if err := stir(ctx, tx, shown[n].Seq); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

const verdictColumns = `
	SELECT v.verdict_id, v.repo_id, v.finding_no, v.notice_no, v.exposure, v.person_id, v.kind, v.source, v.external_id, v.reason,
		v.until, v.at, v.retracted_at, v.audit, v.uncounted, v.burst
	FROM verdict v `

func collectVerdicts(ctx context.Context, q queryer, where string, args ...any) ([]promoter.Verdict, error) {
	return collect(ctx, q, "verdicts", func(rows *sql.Rows, v *promoter.Verdict) error {
		return rows.Scan(&v.ID, &v.RepoID, &v.Finding, &v.Notice, (*number)(&v.Exposure), (*number)(&v.Person), &v.Kind, &v.Source, &v.ExternalID,
			&v.Reason, (*moment)(&v.Until), (*moment)(&v.At), (*moment)(&v.Retracted), &v.Audit, &v.Uncounted, &v.Burst)
	}, verdictColumns+where+` ORDER BY v.verdict_id`, args...)
}

// Verdicts returns those that a query selects, oldest first.
func (db *DB) Verdicts(ctx context.Context, q store.VerdictQuery) ([]promoter.Verdict, error) {
	return selectVerdicts(ctx, db.read, q)
}

func selectVerdicts(ctx context.Context, from queryer, q store.VerdictQuery) ([]promoter.Verdict, error) {
	conditions, args := []string{"true"}, []any{}
	need := func(condition string, value any) {
		args = append(args, value)
		conditions = append(conditions, fmt.Sprintf(condition, len(args)))
	}
	join := ""
	if q.PullRequest != 0 || q.CohortID != 0 || q.Attempt != 0 {
		join = "JOIN exposure e ON e.seq = v.exposure "
	}
	for _, c := range []struct {
		condition string
		value     int64
	}{
		{"v.repo_id = $%d", q.RepoID}, {"v.finding_no = $%d", q.Finding}, {"v.person_id = $%d", q.Person},
		{"e.change = $%d", int64(q.PullRequest)}, {"e.cohort_id = $%d", q.CohortID}, {"e.attempt = $%d", q.Attempt},
	} {
		if c.value != 0 {
			need(c.condition, c.value)
		}
	}
	if q.Source != "" {
		need("v.source = $%d", string(q.Source))
	}
	if q.Standing {
		conditions = append(conditions, "v.retracted_at IS NULL")
	}
	return collectVerdicts(ctx, from, join+"WHERE "+strings.Join(conditions, " AND "), args...)
}

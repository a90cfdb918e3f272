package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Apply writes one repository's changes in one transaction. Rows that are
// there already as given are left alone; if all are, nothing is written and
// the repository's mark stays as it is.
func (db *DB) Apply(ctx context.Context, c store.Changes) error {
	if c.Empty() {
		return nil
	}
	return db.change(ctx, fmt.Sprintf("apply to repository %d", c.RepoID), func(tx *sql.Tx) error {
		a := applier{ctx: ctx, tx: tx, Changes: c}
		for _, step := range []func() error{
			a.deliveries, a.scopes, a.scans, a.findings, a.versions, a.cves, a.sightings, a.decisions, a.notices, a.shown, a.adopted, a.answers, a.mark, a.digest,
		} {
			if err := step(); err != nil {
				return err
			}
		}
		return appendEntries(ctx, tx, c.RunID, c.At, c.Entries)
	})
}

type applier struct {
	store.Changes
	ctx     context.Context
	tx      *sql.Tx
	written int64 // rows of what is known of the repository
}

// count books the rows that one part wrote.
func (a *applier) count(written int64, err error) error {
	a.written += written
	return err
}

func (a *applier) deliveries() error { return writeDeliveries(a.ctx, a.tx, a.Deliveries) }

func (a *applier) scopes() error {
	return a.count(writeAll(a.ctx, a.tx, "scope", upsert("scope", []string{"repo_id", "scope_no"},
		"source", "ref", "tool", "category", "first_scan"), a.Scopes,
		func(s store.Scope) []any {
			return []any{a.RepoID, s.No, s.Source, s.Ref, s.Tool, s.Category, s.FirstScan}
		}))
}

func (a *applier) scans() error {
	return a.count(writeAll(a.ctx, a.tx, "scan", upsert("scan", []string{"repo_id", "scan_no"},
		"scope_no", "commit_id", "state", "tool", "tool_version", "rules_digest", "location", "at", "run_id"), a.Scans,
		func(s store.Scan) []any {
			return []any{a.RepoID, s.No, s.Scope, s.Commit, string(s.State), s.Tool, s.ToolVersion, s.RulesDigest,
				s.Location, micro(s.At), s.RunID}
		}))
}

func (a *applier) findings() error {
	return a.count(writeAll(a.ctx, a.tx, "finding", upsert("finding", []string{"repo_id", "finding_no"},
		"version", "first_scan", "cohort_id"), a.Findings,
		func(f store.Finding) []any {
			return []any{a.RepoID, f.No, f.Version, f.FirstScan, number(f.CohortID)}
		}))
}

// versions keeps every version of a finding's facts, as they were said last
// under that number. The run that a version came from is that of its first write.
func (a *applier) versions() error {
	return a.count(writeAll(a.ctx, a.tx, "finding version", `
		INSERT INTO finding_version (repo_id, finding_no, version, facts, from_run) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (repo_id, finding_no, version) DO UPDATE SET facts = excluded.facts
		WHERE finding_version.facts <> excluded.facts`, a.Findings,
		func(f store.Finding) []any {
			return []any{a.RepoID, f.No, f.Version, document{factsOf(f.Facts)}, a.RunID}
		}))
}

// facts is a finding without what belongs to its sightings.
type facts struct {
	finding.Finding
	Place *struct{} `json:"place,omitempty"`
	Parts *struct{} `json:"parts,omitempty"`
}

func factsOf(f finding.Finding) facts { return facts{Finding: f} }

func (a *applier) sightings() error {
	return a.count(writeAll(a.ctx, a.tx, "sighting", upsert("sighting", []string{"repo_id", "scope_no", "finding_no", "since"},
		"until", "state", "cause", "backlog", "place", "parts", "last_scan"), a.Sightings,
		func(s store.Sighting) []any {
			return []any{a.RepoID, s.Scope, s.Finding, s.Since, s.Until, string(s.State), string(s.Cause), s.Backlog,
				document{s.Place}, document{s.Parts}, s.LastScan}
		}))
}

func (a *applier) decisions() error {
	return a.count(writeAll(a.ctx, a.tx, "decision", `
		INSERT INTO decision (repo_id, finding_no, change, run_id, policy_rev, settings_rev, fact_version, stage, input, answer, outcome)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 WHERE NOT EXISTS (
			SELECT 1 FROM decision
			WHERE decision_id = (SELECT max(decision_id) FROM decision WHERE repo_id = $1 AND finding_no = $2 AND change = $3)
			AND (policy_rev, settings_rev, fact_version, stage, input, answer, outcome)
				IS NOT DISTINCT FROM ($5, $6, $7, $8, $9, $10, $11))`, a.Decisions,
		func(d store.Decision) []any {
			return []any{a.RepoID, d.Finding, d.Change, d.RunID, d.PolicyRev, d.SettingsRev, d.FactVersion,
				d.Stage.String(), d.Input, d.Answer, d.Outcome}
		}))
}

func (a *applier) notices() error {
	for _, n := range a.Notices {
		if n.Target.RepoID != a.RepoID {
			return fmt.Errorf("notice %d belongs to repository %d", n.No, n.Target.RepoID)
		}
	}
	return a.count(writeNotices(a.ctx, a.tx, a.Notices))
}

func (a *applier) shown() error {
	_, err := writeExposures(a.ctx, a.tx, a.Shown)
	return err
}

func (a *applier) adopted() error {
	_, err := writeAll(a.ctx, a.tx, "adopted effect", `
		INSERT INTO effect (verb, repo_id, change, repository, token, commit_id, notices, cohorts, attempt, state, error, reason, run_id, settled)
		VALUES ($1, $2, $3, $4, $5, '', 'null', 'null', 0, 'done', '', $6, $7, $8) ON CONFLICT (token) DO NOTHING`, a.Adopted,
		func(e promoter.Effect) []any {
			return []any{string(e.Verb), a.RepoID, e.Target.PullRequest, e.Repository, e.Token, e.Reason, a.RunID, micro(a.At)}
		})
	return err
}

func (a *applier) answers() error {
	r := a.Answers
	r.RunID, r.At = a.RunID, a.At
	return record(a.ctx, a.tx, r)
}

func (a *applier) mark() error {
	if a.written == 0 {
		return nil
	}
	return touch(a.ctx, a.tx, a.RepoID)
}

func (a *applier) digest() error {
	if a.Digest == nil {
		return nil
	}
	_, err := a.tx.ExecContext(a.ctx, upsert("repository_state", []string{"repo_id"}, "input_digest"),
		a.RepoID, sql.NullString{String: *a.Digest, Valid: *a.Digest != ""})
	return err
}

// writeNotices writes whole notices and returns how many rows that changed.
func writeNotices(ctx context.Context, tx *sql.Tx, all []promoter.Notice) (int64, error) {
	written, err := writeAll(ctx, tx, "notice", upsert("notice", []string{"repo_id", "notice_no"},
		"surface", "change", "group_key", "generation", "state", "cause", "anchor", "body", "desired", "shown",
		"posted", "resolved", "remote", "task", "campaign"), all,
		func(n promoter.Notice) []any {
			return []any{n.Target.RepoID, n.No, string(n.Surface), n.Target.PullRequest, n.Group, n.Generation,
				string(n.State), string(n.Cause), document{n.Anchor}, n.Body, n.Desired, n.Shown, n.Posted, n.Resolved,
				document{n.Remote}, document{n.Task}, campaignOf(n)}
		})
	for i := 0; i < len(all) && err == nil; i++ {
		var more int64
		more, err = writeItems(ctx, tx, all[i])
		written += more
	}
	return written, err
}

func writeItems(ctx context.Context, tx *sql.Tx, n promoter.Notice) (int64, error) {
	position := -1
	written, err := writeAll(ctx, tx, fmt.Sprintf("notice %d: item", n.No),
		upsert("item", []string{"repo_id", "notice_no", "position"},
			"finding_no", "version", "cohort_id", "attempt", "shown_at", "removed_at", "cause", "kept_because"), n.Items,
		func(i promoter.Item) []any {
			position++
			return []any{n.Target.RepoID, n.No, position, i.Finding, i.Version, number(i.CohortID), i.Attempt,
				moment(i.ShownAt), moment(i.Removed), string(i.Cause), i.Kept}
		})
	if err != nil {
		return 0, err
	}
	res, err := tx.ExecContext(ctx, `DELETE FROM item WHERE repo_id = $1 AND notice_no = $2 AND position >= $3`,
		n.Target.RepoID, n.No, len(n.Items))
	if err != nil {
		return 0, err
	}
	dropped, err := res.RowsAffected()
	return written + dropped, err
}

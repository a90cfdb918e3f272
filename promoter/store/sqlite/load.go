package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Load returns everything known about one repository, as of one moment.
func (db *DB) Load(ctx context.Context, repoID int64) (*store.Snapshot, error) {
	var s *store.Snapshot
	err := db.view(ctx, fmt.Sprintf("load repository %d", repoID), func(tx *sql.Tx) error {
		l := loader{ctx, tx, repoID}
		var err error
		s, err = l.snapshot()
		return err
	})
	return s, err
}

type loader struct {
	ctx  context.Context
	tx   *sql.Tx
	repo int64
}

func (l loader) snapshot() (*store.Snapshot, error) {
	var s store.Snapshot
	err := scanRepository(l.tx.QueryRowContext(l.ctx, repositoryColumns+`WHERE r.repo_id = $1`, l.repo), &s.Repository)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errors.New("there is no such repository")
	}
	var digest sql.NullString
	if err == nil {
		err = l.tx.QueryRowContext(l.ctx, `SELECT input_digest FROM repository_state WHERE repo_id = $1`, l.repo).Scan(&digest)
	}
	s.Digest = digest.String
	for _, part := range []func(*store.Snapshot) error{
		l.scopes, l.scans, l.findings, l.sightings, l.decisions, l.notices, l.dispositions,
	} {
		if err == nil {
			err = part(&s)
		}
	}
	if err != nil {
		return nil, err
	}
	s.Next = next(s)
	return &s, nil
}

// next relies on nothing ever being deleted, and on all but decisions being
// loaded in the order of their numbers.
func next(s store.Snapshot) store.Next {
	n := store.Next{Scope: 1, Scan: 1, Finding: 1, Notice: 1}
	if len(s.Scopes) > 0 {
		n.Scope = s.Scopes[len(s.Scopes)-1].No + 1
	}
	if len(s.Scans) > 0 {
		n.Scan = s.Scans[len(s.Scans)-1].No + 1
	}
	if len(s.Findings) > 0 {
		n.Finding = s.Findings[len(s.Findings)-1].No + 1
	}
	if len(s.Notices) > 0 {
		n.Notice = s.Notices[len(s.Notices)-1].No + 1
	}
	return n
}

func (l loader) scopes(s *store.Snapshot) (err error) {
	s.Scopes, err = collect(l.ctx, l.tx, "scopes", func(rows *sql.Rows, c *store.Scope) error {
		return rows.Scan(&c.No, &c.Source, &c.Ref, &c.Tool, &c.Category, &c.FirstScan)
	}, `SELECT scope_no, source, ref, tool, category, first_scan FROM scope WHERE repo_id = $1 ORDER BY scope_no`, l.repo)
	return err
}

func (l loader) scans(s *store.Snapshot) (err error) {
	s.Scans, err = collect(l.ctx, l.tx, "scans", func(rows *sql.Rows, c *store.Scan) error {
		return rows.Scan(&c.No, &c.Scope, &c.Commit, &c.State, &c.Tool, &c.ToolVersion, &c.RulesDigest,
			&c.Location, (*moment)(&c.At), &c.RunID)
	}, `SELECT scan_no, scope_no, commit_id, state, tool, tool_version, rules_digest, location, at, run_id
		FROM scan WHERE repo_id = $1 ORDER BY scan_no`, l.repo)
	return err
}

func (l loader) findings(s *store.Snapshot) (err error) {
	s.Findings, err = collect(l.ctx, l.tx, "findings", func(rows *sql.Rows, f *store.Finding) error {
		return rows.Scan(&f.No, &f.Version, &f.FirstScan, (*number)(&f.CohortID), document{&f.Facts})
	}, `SELECT f.finding_no, f.version, f.first_scan, f.cohort_id, v.facts
		FROM finding f
		JOIN finding_version v ON v.repo_id = f.repo_id AND v.finding_no = f.finding_no AND v.version = f.version
		WHERE f.repo_id = $1 ORDER BY f.finding_no`, l.repo)
	return err
}

func (l loader) sightings(s *store.Snapshot) (err error) {
	s.Sightings, err = collect(l.ctx, l.tx, "sightings", func(rows *sql.Rows, g *store.Sighting) error {
		return rows.Scan(&g.Finding, &g.Scope, &g.Since, &g.Until, &g.State, &g.Cause, &g.Backlog,
			document{&g.Place}, document{&g.Parts}, &g.LastScan)
	}, `SELECT s.finding_no, s.scope_no, s.since, s.until, s.state, s.cause, s.backlog, s.place, s.parts, s.last_scan
		FROM sighting s JOIN scope c ON c.repo_id = s.repo_id AND c.scope_no = s.scope_no
		WHERE s.repo_id = $1 ORDER BY c.ref, s.scope_no, s.finding_no, s.since`, l.repo)
	return err
}

func (l loader) decisions(s *store.Snapshot) (err error) {
	s.Decisions, err = collect(l.ctx, l.tx, "decisions", func(rows *sql.Rows, d *store.Decision) error {
		var stage string
		err := rows.Scan(&d.Finding, &d.Change, &d.RunID, &d.PolicyRev, &d.SettingsRev, &d.FactVersion,
			&stage, &d.Input, &d.Answer, &d.Outcome)
		if err == nil {
			d.Stage, err = promoter.ParseStage(stage)
		}
		return err
	}, `SELECT finding_no, change, run_id, policy_rev, settings_rev, fact_version, stage, input, answer, outcome
		FROM decision WHERE decision_id IN
			(SELECT max(decision_id) FROM decision WHERE repo_id = $1 GROUP BY finding_no, change)
		ORDER BY finding_no, change`, l.repo)
	return err
}

func (l loader) dispositions(s *store.Snapshot) (err error) {
	s.Dispositions, err = collectDispositions(l.ctx, l.tx, `AND repo_id = $1`, l.repo)
	return err
}

func (l loader) notices(s *store.Snapshot) (err error) {
	s.Notices, err = l.noticesIn(anyChange)
	return err
}

// anyChange stands for all targets of a repository.
const anyChange = -1

func (l loader) noticesIn(change int) (notices []promoter.Notice, err error) {
	notices, err = collect(l.ctx, l.tx, "notices", func(rows *sql.Rows, n *promoter.Notice) error {
		n.Target.RepoID = l.repo
		return rows.Scan(&n.No, &n.Surface, &n.Target.PullRequest, &n.Group, &n.Generation, &n.State, &n.Cause,
			document{&n.Anchor}, &n.Body, &n.Desired, &n.Shown, &n.Posted, &n.Resolved, document{&n.Remote}, document{&n.Task})
	}, `SELECT notice_no, surface, change, group_key, generation, state, cause,
			anchor, body, desired, shown, posted, resolved, remote, task
		FROM notice WHERE repo_id = $1 AND $2 IN (change, -1) ORDER BY notice_no`, l.repo, change)
	if err != nil || len(notices) == 0 {
		return notices, err
	}
	at := make(map[int64]*promoter.Notice, len(notices))
	for i := range notices {
		at[notices[i].No] = &notices[i]
	}
	_, err = collect(l.ctx, l.tx, "items", func(rows *sql.Rows, _ *struct{}) error {
		var no int64
		var i promoter.Item
		err := rows.Scan(&no, &i.Finding, &i.Version, (*number)(&i.CohortID), &i.Attempt,
			(*moment)(&i.ShownAt), (*moment)(&i.Removed), &i.Cause, &i.Kept)
		if n := at[no]; err == nil && n != nil {
			n.Items = append(n.Items, i)
		}
		return err
	}, `SELECT notice_no, finding_no, version, cohort_id, attempt, shown_at, removed_at, cause, kept_because
		FROM item WHERE repo_id = $1 ORDER BY notice_no, position`, l.repo)
	return notices, err
}

// NoticesAt returns the notices of one target, by number.
func (db *DB) NoticesAt(ctx context.Context, at promoter.Target) (notices []promoter.Notice, err error) {
	err = db.view(ctx, "notices", func(tx *sql.Tx) error {
		notices, err = loader{ctx, tx, at.RepoID}.noticesIn(at.PullRequest)
		return err
	})
	return notices, err
}

package sqlite

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/promoter/store"
)

// cves notes which CVEs a repository's findings name. A finding that no longer
// names one, or is gone, leaves it there: it costs a look, and decides nothing.
func (a *applier) cves() error {
	var named []string
	for _, f := range a.Findings {
		for _, advisory := range f.Facts.Advisories {
			if strings.HasPrefix(advisory, "CVE-") {
				named = append(named, advisory)
			}
		}
	}
	slices.Sort(named)
	_, err := writeAll(a.ctx, a.tx, "CVE", `INSERT INTO repository_cve (cve, repo_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
		slices.Compact(named), func(cve string) []any { return []any{cve, a.RepoID} })
	return err
}

// AdvisoryRisks returns the newest record of each CVE that a finding names.
func (db *DB) AdvisoryRisks(ctx context.Context) (map[string]store.AdvisoryRisk, error) {
	known := map[string]store.AdvisoryRisk{}
	_, err := collect(ctx, db.read, "advisory risks", func(rows *sql.Rows, cve *string) error {
		var r store.AdvisoryRisk
		err := rows.Scan(cve, &r.Class, document{&r.Risk})
		known[*cve] = r
		return err
	}, `
		SELECT named.cve, COALESCE(r.class, ''), COALESCE(r.facts, '{}')
		FROM (SELECT DISTINCT cve FROM repository_cve) named
		LEFT JOIN advisory_risk r ON r.cve = named.cve AND r.from_run = (SELECT max(from_run) FROM advisory_risk WHERE cve = named.cve)`)
	return known, err
}

// SaveAdvisoryRisks records what is known of CVEs from a run on.
func (db *DB) SaveAdvisoryRisks(ctx context.Context, runID int64, known map[string]store.AdvisoryRisk) error {
	if len(known) == 0 {
		return nil
	}
	cves := slices.Sorted(maps.Keys(known))
	return db.change(ctx, "advisory risks", func(tx *sql.Tx) error {
		_, err := writeAll(ctx, tx, "advisory risk", upsert("advisory_risk", []string{"cve", "from_run"}, "class", "facts"), cves,
			func(cve string) []any { return []any{cve, runID, known[cve].Class, document{known[cve].Risk}} })
		if err == nil {
			_, err = writeAll(ctx, tx, "repository", `
				UPDATE repository_state SET input_digest = NULL, change_no = change_no + 1
				WHERE repo_id IN (SELECT repo_id FROM repository_cve WHERE cve = $1)`, cves, func(cve string) []any { return []any{cve} })
		}
		return err
	})
}

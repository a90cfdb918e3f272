-- What is known of the CVEs that findings name. It is recorded when its class
-- changes, so that a new day's figures decide nothing anew; the newest of a CVE
-- counts.

-- +goose Up
CREATE TABLE repository_cve (
    cve     TEXT    NOT NULL,
    repo_id INTEGER NOT NULL REFERENCES repository,
    PRIMARY KEY (cve, repo_id)
) WITHOUT ROWID;
INSERT OR IGNORE INTO repository_cve
SELECT advisory.value, v.repo_id
FROM finding f
JOIN finding_version v ON v.repo_id = f.repo_id AND v.finding_no = f.finding_no AND v.version = f.version
JOIN json_each(v.facts, '$.advisories') advisory
WHERE advisory.value LIKE 'CVE-%';

CREATE TABLE advisory_risk (
    cve      TEXT    NOT NULL,
    class    TEXT    NOT NULL,
    facts    TEXT    NOT NULL,
    from_run INTEGER NOT NULL,
    PRIMARY KEY (cve, from_run)
) WITHOUT ROWID;

-- Pull requests that a person let through the check.
CREATE TABLE check_release (
    repo_id INTEGER NOT NULL REFERENCES repository,
    change  INTEGER NOT NULL,
    actor   TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (repo_id, change)
) WITHOUT ROWID;

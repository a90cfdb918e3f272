-- What an unattended installation needs to throw away what is old: when an
-- answer was stored, and which sightings ended with which scan.

-- +goose Up
ALTER TABLE http_cache ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;
UPDATE http_cache SET stored = unixepoch() * 1000000;
CREATE INDEX http_cache_stored ON http_cache (stored);
CREATE INDEX scan_at ON scan (at);
CREATE INDEX scan_of_scope ON scan (repo_id, scope_no, scan_no);
CREATE INDEX item_finding ON item (repo_id, finding_no);
CREATE INDEX sighting_ended ON sighting (repo_id, scope_no, until) WHERE state = 'gone';
CREATE INDEX source_status_run ON source_status (run_id);

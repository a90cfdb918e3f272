-- What an unattended installation needs to throw away what is old: when an
-- answer was stored, and which sightings ended with which scan.

-- +goose Up
ALTER TABLE http_cache ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;
UPDATE http_cache SET stored = unixepoch() * 1000000;
CREATE INDEX http_cache_stored ON http_cache (stored);
CREATE INDEX sighting_ended ON sighting (repo_id, scope_no, until) WHERE state = 'gone';
CREATE INDEX source_status_run ON source_status (run_id);

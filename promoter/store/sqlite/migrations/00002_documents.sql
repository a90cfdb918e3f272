-- Policies and settings that were in force, so that the last good one can stay
-- in force and any decision can be replayed. A document is stored once; a use
-- says from when on it was the newest.

-- +goose Up
CREATE TABLE document (
    kind     TEXT NOT NULL CONSTRAINT document_kind CHECK (kind IN ('policy', 'settings')),
    revision TEXT NOT NULL,
    body     BLOB NOT NULL,
    PRIMARY KEY (kind, revision)
);

CREATE TABLE document_use (
    use_id   INTEGER PRIMARY KEY,
    kind     TEXT    NOT NULL,
    revision TEXT    NOT NULL,
    since    INTEGER NOT NULL,
    FOREIGN KEY (kind, revision) REFERENCES document
);
CREATE INDEX document_use_newest ON document_use (kind, use_id);

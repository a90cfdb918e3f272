-- By which keys a database was written is kept as the policies are, by
-- fingerprint and without the keys. The kinds of documents are a CHECK, which
-- changes with its table alone.

-- +goose Up
CREATE TABLE document_next (
    kind     TEXT NOT NULL CONSTRAINT document_kind CHECK (kind IN ('policy', 'settings', 'markers-key', 'secrets-key')),
    revision TEXT NOT NULL,
    body     BLOB NOT NULL,
    PRIMARY KEY (kind, revision)
);
INSERT INTO document_next (kind, revision, body) SELECT kind, revision, body FROM document;

CREATE TABLE document_use_next (
    use_id   INTEGER PRIMARY KEY,
    kind     TEXT    NOT NULL,
    revision TEXT    NOT NULL,
    since    INTEGER NOT NULL,
    FOREIGN KEY (kind, revision) REFERENCES document_next (kind, revision)
);
INSERT INTO document_use_next (use_id, kind, revision, since) SELECT use_id, kind, revision, since FROM document_use;

DROP TABLE document_use;
DROP TABLE document;
ALTER TABLE document_next RENAME TO document;
ALTER TABLE document_use_next RENAME TO document_use;
CREATE INDEX document_use_newest ON document_use (kind, use_id);

-- Cohorts are cut otherwise when policy or settings name others: which findings
-- went where, and what is left of those they came from.

-- +goose Up
ALTER TABLE cohort ADD COLUMN ended INTEGER; -- when a recut took its last finding; NULL: it stands

-- One cohort can come from another more than once.
CREATE TABLE lineage_next (
    parent   INTEGER NOT NULL REFERENCES cohort,
    child    INTEGER NOT NULL REFERENCES cohort,
    kind     TEXT    NOT NULL CONSTRAINT lineage_kind CHECK (kind IN ('carve', 'recut')),
    at       INTEGER NOT NULL,
    founded  INTEGER NOT NULL DEFAULT 1, -- the child began with it
    findings INTEGER NOT NULL DEFAULT 0, -- that went, by a recut
    PRIMARY KEY (child, at, parent)
) WITHOUT ROWID;
INSERT INTO lineage_next SELECT parent, child, kind, at, 1, 0 FROM lineage;
DROP TABLE lineage;
ALTER TABLE lineage_next RENAME TO lineage;

-- The law by which every finding was last placed in its cohort.
CREATE TABLE cut (
    one          INTEGER PRIMARY KEY CONSTRAINT cut_only_one CHECK (one = 1),
    policy_rev   TEXT NOT NULL,
    settings_rev TEXT NOT NULL
);

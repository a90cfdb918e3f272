-- What moves rest on: holds, overrides, epochs, the newest evidence of each
-- cohort and the checkpoints it goes on from.

-- +goose Up
ALTER TABLE cohort ADD COLUMN carve_of INTEGER REFERENCES cohort; -- NULL: nothing was carved to make it

-- The list of kinds is a CHECK, which changes with its table alone.
CREATE TABLE move_next (
    move_id   INTEGER PRIMARY KEY,
    cohort_id INTEGER NOT NULL REFERENCES cohort,
    from_stage TEXT   NOT NULL
        CONSTRAINT move_from CHECK (from_stage IN ('observe', 'triage', 'advise', 'enforce')),
    to_stage  TEXT    NOT NULL
        CONSTRAINT move_to CHECK (to_stage IN ('observe', 'triage', 'advise', 'enforce')),
    kind      TEXT    NOT NULL CONSTRAINT move_kind
        CHECK (kind IN ('promote', 'rollback', 'hold', 'release', 'carve', 'recut', 'override')),
    reason    TEXT    NOT NULL,
    actor     TEXT    NOT NULL,
    run_id    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    evidence  TEXT    NOT NULL DEFAULT 'null', -- as it stood
    clean_at  INTEGER -- when the last of what it hides was withdrawn; NULL: not yet
);
INSERT INTO move_next SELECT move_id, cohort_id, from_stage, to_stage, kind, reason, actor, run_id, at, 'null', at FROM move;
DROP TABLE move;
ALTER TABLE move_next RENAME TO move;
CREATE INDEX move_of_cohort ON move (cohort_id, move_id);
CREATE INDEX move_untidied ON move (cohort_id) WHERE clean_at IS NULL;

-- A hold by the evidence ends with the stay, and when the evidence no longer
-- asks for it; a person's ends when somebody releases it.
CREATE TABLE hold (
    hold_id     INTEGER PRIMARY KEY,
    cohort_id   INTEGER NOT NULL REFERENCES cohort,
    attempt     INTEGER NOT NULL,
    by_evidence INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    actor       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    released    INTEGER,
    released_by TEXT    NOT NULL DEFAULT '',
    by_person   INTEGER NOT NULL DEFAULT 0 -- it was a person who released it
);
CREATE UNIQUE INDEX hold_open ON hold (cohort_id, by_evidence) WHERE released IS NULL;
CREATE INDEX hold_of_cohort ON hold (cohort_id);

CREATE TABLE stage_override (
    override_id INTEGER PRIMARY KEY,
    cohort_id   INTEGER NOT NULL REFERENCES cohort,
    until       INTEGER NOT NULL,
    back        TEXT    NOT NULL CONSTRAINT override_back CHECK (back IN ('observe', 'triage', 'advise', 'enforce')),
    actor       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    ended       INTEGER
);
CREATE UNIQUE INDEX override_open ON stage_override (cohort_id) WHERE ended IS NULL;

CREATE TABLE epoch (
    cohort_id INTEGER NOT NULL REFERENCES cohort,
    attempt   INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    why       TEXT    NOT NULL,
    PRIMARY KEY (cohort_id, attempt, at)
) WITHOUT ROWID;

CREATE TABLE lineage (
    parent INTEGER NOT NULL REFERENCES cohort,
    child  INTEGER NOT NULL REFERENCES cohort,
    kind   TEXT    NOT NULL CONSTRAINT lineage_kind CHECK (kind IN ('carve', 'recut')),
    at     INTEGER NOT NULL,
    PRIMARY KEY (child, parent)
) WITHOUT ROWID;

-- The moves a plan would make, as the cohorts stood when it was made.
ALTER TABLE approval ADD COLUMN moves TEXT NOT NULL DEFAULT 'null';

-- Caches: both may be emptied at any time.
CREATE TABLE checkpoint (
    cohort_id INTEGER NOT NULL REFERENCES cohort,
    attempt   INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    at        INTEGER NOT NULL, -- of its last cluster
    cluster   TEXT    NOT NULL,
    state     BLOB    NOT NULL,
    PRIMARY KEY (cohort_id, attempt, seq)
);
CREATE TABLE weighed (
    cohort_id INTEGER PRIMARY KEY REFERENCES cohort,
    attempt   INTEGER NOT NULL,
    terms     TEXT    NOT NULL,
    next      INTEGER,
    result    BLOB    NOT NULL
);
CREATE TABLE weighed_up_to (
    one     INTEGER PRIMARY KEY CONSTRAINT weighed_up_to_only_one CHECK (one = 1),
    stirred INTEGER NOT NULL
);
INSERT INTO weighed_up_to VALUES (1, 0);

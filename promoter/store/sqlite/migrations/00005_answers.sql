-- What was shown to people, and what they said of it. Names of people stand in
-- person_alias only, so that they can be erased.

-- +goose Up
CREATE TABLE person (
    person_id   INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice
    merged_into INTEGER REFERENCES person
);

CREATE TABLE person_alias (
    system    TEXT    NOT NULL,
    login     TEXT    NOT NULL COLLATE NOCASE,
    person_id INTEGER NOT NULL REFERENCES person,
    PRIMARY KEY (system, login)
) WITHOUT ROWID;
CREATE INDEX person_alias_person ON person_alias (person_id);

-- One item as it was shown: it stays when the item is removed from its notice.
-- stirred counts upwards with every write that lets evidence change.
CREATE TABLE exposure (
    seq        INTEGER PRIMARY KEY,
    repo_id    INTEGER NOT NULL,
    finding_no INTEGER NOT NULL,
    notice_no  INTEGER NOT NULL, -- 0: drawn for the queue
    change     INTEGER NOT NULL, -- 0: not in a pull request
    cohort_id  INTEGER NOT NULL REFERENCES cohort,
    attempt    INTEGER NOT NULL,
    cluster    TEXT    NOT NULL,
    cluster_at INTEGER NOT NULL, -- when the first of its cluster was shown
    shown_at   INTEGER NOT NULL,
    closed_at  INTEGER,          -- when its pull request was merged or closed
    coin       INTEGER NOT NULL,
    rule       TEXT    NOT NULL,
    stirred    INTEGER NOT NULL,
    CONSTRAINT exposure_once UNIQUE (repo_id, notice_no, finding_no, cohort_id, attempt, shown_at),
    FOREIGN KEY (repo_id, finding_no) REFERENCES finding
);
CREATE INDEX exposure_order ON exposure (cohort_id, attempt, cluster_at, cluster, seq);
CREATE INDEX exposure_cluster ON exposure (cohort_id, attempt, cluster, cluster_at);
CREATE INDEX exposure_shown ON exposure (shown_at) WHERE notice_no > 0 AND change > 0;
CREATE INDEX exposure_stirred ON exposure (stirred);
CREATE INDEX exposure_finding ON exposure (repo_id, finding_no, seq);
CREATE INDEX exposure_change ON exposure (repo_id, change);

CREATE TABLE verdict (
    verdict_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    repo_id      INTEGER NOT NULL,
    finding_no   INTEGER NOT NULL,
    notice_no    INTEGER NOT NULL,
    exposure     INTEGER REFERENCES exposure, -- NULL: nothing was shown
    person_id    INTEGER REFERENCES person,   -- NULL: the code
    kind         TEXT    NOT NULL CONSTRAINT verdict_kind CHECK (kind IN
        ('false-positive', 'not-useful', 'wont-fix', 'accepted', 'useful', 'fixed', 'duplicate', 'unreproducible',
         'suppressed', 'suppressed-accepted', 'gone', 'unmerged', 'file-deleted', 'scan-failed')),
    source       TEXT    NOT NULL CONSTRAINT verdict_source CHECK (source IN
        ('reaction', 'reply', 'task', 'alert', 'command', 'import', 'code')),
    external_id  TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    until        INTEGER,
    at           INTEGER NOT NULL,
    retracted_at INTEGER,
    audit        INTEGER NOT NULL,
    uncounted    TEXT    NOT NULL,
    burst        INTEGER NOT NULL DEFAULT 0,
    FOREIGN KEY (repo_id, finding_no) REFERENCES finding
);
CREATE UNIQUE INDEX verdict_once ON verdict (source, external_id, repo_id, finding_no) WHERE retracted_at IS NULL AND external_id <> '';
CREATE INDEX verdict_finding ON verdict (repo_id, finding_no);
CREATE INDEX verdict_exposure ON verdict (exposure);
CREATE INDEX verdict_person ON verdict (person_id, at);

CREATE TABLE disposition (
    disposition_id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo_id        INTEGER NOT NULL,
    finding_no     INTEGER NOT NULL,
    change         INTEGER NOT NULL, -- 0: everywhere
    kind           TEXT    NOT NULL CONSTRAINT disposition_kind CHECK (kind IN
        ('false-positive', 'not-useful', 'wont-fix', 'accepted', 'duplicate')),
    person_id      INTEGER REFERENCES person,
    reason         TEXT    NOT NULL,
    plan           TEXT    NOT NULL,
    since          INTEGER NOT NULL,
    expires        INTEGER,
    ended_at       INTEGER,
    source         TEXT    NOT NULL,
    external_id    TEXT    NOT NULL,
    FOREIGN KEY (repo_id, finding_no) REFERENCES finding
);
CREATE UNIQUE INDEX disposition_once ON disposition (repo_id, finding_no, change, source, external_id) WHERE ended_at IS NULL;
CREATE INDEX disposition_in_force ON disposition (repo_id) WHERE ended_at IS NULL;
CREATE INDEX disposition_expires ON disposition (expires) WHERE ended_at IS NULL;

CREATE TABLE heard (
    repo_id   INTEGER NOT NULL REFERENCES repository,
    change    INTEGER NOT NULL,
    comment   TEXT    NOT NULL,
    notice_no INTEGER NOT NULL,
    person_id INTEGER REFERENCES person,
    topic     TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    acked     INTEGER,
    replied   INTEGER,
    removed   INTEGER,
    PRIMARY KEY (repo_id, change, comment)
) WITHOUT ROWID;

-- A reply is an effect. The list of verbs is a CHECK, which changes with its
-- table alone, and with those that refer to it.
CREATE TABLE effect_next (
    effect_id  INTEGER PRIMARY KEY,
    verb       TEXT    NOT NULL CONSTRAINT effect_verb CHECK (verb IN
        ('review', 'summary', 'edit-comment', 'edit-summary', 'resolve', 'unresolve',
         'task', 'edit-task', 'link-task', 'hand-back', 'check', 'edit-check', 'reply')),
    repo_id    INTEGER NOT NULL REFERENCES repository,
    change     INTEGER NOT NULL,
    repository TEXT    NOT NULL,
    token      TEXT    NOT NULL CONSTRAINT effect_token UNIQUE,
    commit_id  TEXT    NOT NULL,
    notices    TEXT    NOT NULL,
    cohorts    TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    not_before INTEGER,
    sent       INTEGER, -- when it was last about to be sent
    state      TEXT    NOT NULL CONSTRAINT effect_state
        CHECK (state IN ('intended', 'sent', 'unknown', 'done', 'refused', 'cancelled')),
    error      TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    run_id     INTEGER NOT NULL,
    settled    INTEGER,
    reply      TEXT    NOT NULL DEFAULT 'null' -- set for replies only
);
INSERT INTO effect_next SELECT effect_id, verb, repo_id, change, repository, token, commit_id, notices, cohorts, attempt,
    not_before, sent, state, error, reason, run_id, settled, 'null' FROM effect;
CREATE TABLE effect_notice_next (
    effect_id  INTEGER NOT NULL REFERENCES effect_next,
    repo_id    INTEGER NOT NULL,
    notice_no  INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    open       INTEGER NOT NULL,
    PRIMARY KEY (effect_id, repo_id, notice_no),
    FOREIGN KEY (repo_id, notice_no) REFERENCES notice (repo_id, notice_no)
) WITHOUT ROWID;
INSERT INTO effect_notice_next SELECT effect_id, repo_id, notice_no, generation, open FROM effect_notice;
DROP TABLE effect_notice;
DROP TABLE effect;
ALTER TABLE effect_next RENAME TO effect;
ALTER TABLE effect_notice_next RENAME TO effect_notice;
CREATE INDEX effect_open ON effect (effect_id) WHERE state IN ('intended', 'sent', 'unknown');
CREATE INDEX effect_counts ON effect (verb, state);
CREATE UNIQUE INDEX effect_notice_once ON effect_notice (repo_id, notice_no, generation) WHERE open = 1;

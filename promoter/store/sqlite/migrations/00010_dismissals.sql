-- Dismissals on the platform's own alerts are notices and effects. The lists of
-- surfaces and verbs are CHECKs, and a CHECK changes with its table alone: so
-- each table is copied, and with it those that refer to it.

-- +goose Up
CREATE TABLE notice_next (
    repo_id    INTEGER NOT NULL REFERENCES repository,
    notice_no  INTEGER NOT NULL,
    surface    TEXT    NOT NULL CONSTRAINT notice_surface CHECK (surface IN ('review', 'summary', 'task', 'check', 'alert')),
    change     INTEGER NOT NULL, -- 0: about the repository as it stands
    group_key  TEXT    NOT NULL,
    generation INTEGER NOT NULL,
    state      TEXT    NOT NULL CONSTRAINT notice_state
        CHECK (state IN ('planned', 'posted', 'withdrawn', 'closed_by_person', 'lost', 'left')),
    cause      TEXT    NOT NULL,
    anchor     TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    desired    TEXT    NOT NULL,
    shown      TEXT    NOT NULL,
    posted     TEXT    NOT NULL,
    resolved   INTEGER NOT NULL,
    remote     TEXT    NOT NULL,
    task       TEXT    NOT NULL DEFAULT 'null', -- set for tasks only
    campaign   TEXT    NOT NULL DEFAULT '', -- the task's, to count by
    UNIQUE (repo_id, notice_no),
    CONSTRAINT notice_group_once UNIQUE (repo_id, change, surface, group_key)
);
INSERT INTO notice_next (repo_id, notice_no, surface, change, group_key, generation, state, cause, anchor, body, desired, shown, posted, resolved, remote, task, campaign)
SELECT repo_id, notice_no, surface, change, group_key, generation, state, cause, anchor, body, desired, shown, posted, resolved, remote, task, campaign FROM notice;

CREATE TABLE item_next (
    repo_id      INTEGER NOT NULL,
    notice_no    INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    finding_no   INTEGER NOT NULL,
    version      INTEGER NOT NULL DEFAULT 0, -- of the finding's facts, as they were shown; 0: from before it was kept
    cohort_id    INTEGER REFERENCES cohort,
    attempt      INTEGER NOT NULL,
    shown_at     INTEGER,
    removed_at   INTEGER,
    cause        TEXT    NOT NULL
        CONSTRAINT item_cause CHECK (cause IN ('', 'fixed', 'stage', 'policy', 'answered', 'moved')),
    kept_because TEXT    NOT NULL,
    PRIMARY KEY (repo_id, notice_no, position),
    FOREIGN KEY (repo_id, notice_no) REFERENCES notice_next (repo_id, notice_no),
    FOREIGN KEY (repo_id, finding_no) REFERENCES finding
) WITHOUT ROWID;
INSERT INTO item_next (repo_id, notice_no, position, finding_no, version, cohort_id, attempt, shown_at, removed_at, cause, kept_because)
SELECT repo_id, notice_no, position, finding_no, version, cohort_id, attempt, shown_at, removed_at, cause, kept_because FROM item;

CREATE TABLE effect_next (
    effect_id  INTEGER PRIMARY KEY,
    verb       TEXT    NOT NULL CONSTRAINT effect_verb CHECK (verb IN
        ('review', 'summary', 'edit-comment', 'edit-summary', 'resolve', 'unresolve',
         'task', 'edit-task', 'link-task', 'hand-back', 'check', 'edit-check', 'reply', 'dismiss', 'reopen')),
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
INSERT INTO effect_next (effect_id, verb, repo_id, change, repository, token, commit_id, notices, cohorts, attempt, not_before, sent, state, error, reason, run_id, settled, reply)
SELECT effect_id, verb, repo_id, change, repository, token, commit_id, notices, cohorts, attempt, not_before, sent, state, error, reason, run_id, settled, reply FROM effect;

CREATE TABLE effect_notice_next (
    effect_id  INTEGER NOT NULL REFERENCES effect_next,
    repo_id    INTEGER NOT NULL,
    notice_no  INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    open       INTEGER NOT NULL,
    PRIMARY KEY (effect_id, repo_id, notice_no),
    FOREIGN KEY (repo_id, notice_no) REFERENCES notice_next (repo_id, notice_no)
) WITHOUT ROWID;
INSERT INTO effect_notice_next (effect_id, repo_id, notice_no, generation, open)
SELECT effect_id, repo_id, notice_no, generation, open FROM effect_notice;

DROP TABLE effect_notice;
DROP TABLE effect;
DROP TABLE item;
DROP TABLE notice;
ALTER TABLE notice_next RENAME TO notice;
ALTER TABLE item_next RENAME TO item;
ALTER TABLE effect_next RENAME TO effect;
ALTER TABLE effect_notice_next RENAME TO effect_notice;
CREATE INDEX item_finding ON item (repo_id, finding_no);
CREATE INDEX effect_open ON effect (effect_id) WHERE state IN ('intended', 'sent', 'unknown');
CREATE INDEX effect_counts ON effect (verb, state);
CREATE UNIQUE INDEX effect_notice_once ON effect_notice (repo_id, notice_no, generation) WHERE open = 1;

-- The first schema. Times are microseconds since 1970 in UTC; NULL is "never".
-- Tables of small rows are kept in the order of their key (WITHOUT ROWID), so
-- that one repository is one run of pages; rows that carry documents are not,
-- because documents in a key's tree push its pages apart.

-- +goose Up
CREATE TABLE schema_origin (
    version     INTEGER NOT NULL,
    app_version TEXT    NOT NULL,
    at          INTEGER NOT NULL
);

CREATE TABLE run_lock (
    one     INTEGER PRIMARY KEY CONSTRAINT run_lock_only_one CHECK (one = 1),
    nonce   TEXT    NOT NULL,
    actor   TEXT    NOT NULL,
    host    TEXT    NOT NULL,
    pid     INTEGER NOT NULL,
    space   TEXT    NOT NULL, -- boot and process namespace the pid belongs to; '' if unknown
    started TEXT    NOT NULL, -- when the process started, as its system counts; '' if unknown
    command TEXT    NOT NULL,
    since   INTEGER NOT NULL,
    renewed INTEGER NOT NULL
);

CREATE TABLE run (
    run_id       INTEGER PRIMARY KEY,
    selection    TEXT    NOT NULL,
    actor        TEXT    NOT NULL,
    policy_rev   TEXT    NOT NULL,
    settings_rev TEXT    NOT NULL,
    started      INTEGER NOT NULL,
    ended        INTEGER,
    outcome      TEXT    NOT NULL
        CONSTRAINT run_outcome CHECK (outcome IN ('', 'ok', 'partial', 'failed', 'deferred', 'interrupted')),
    report       BLOB
);

CREATE TABLE source_status (
    source   TEXT    NOT NULL,
    run_id   INTEGER NOT NULL REFERENCES run,
    state    TEXT    NOT NULL
        CONSTRAINT source_status_state CHECK (state IN ('complete', 'partial', 'failed')),
    detail   TEXT    NOT NULL,
    files    INTEGER NOT NULL,
    results  INTEGER NOT NULL,
    findings INTEGER NOT NULL,
    skipped  INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (source, run_id)
) WITHOUT ROWID;

CREATE TABLE delivery (
    source   TEXT    NOT NULL,
    location TEXT    NOT NULL,
    digest   TEXT    NOT NULL,
    repo_id  INTEGER NOT NULL, -- 0: belongs to none, because nothing in it could be used
    state    TEXT    NOT NULL
        CONSTRAINT delivery_state CHECK (state IN ('complete', 'partial', 'failed')),
    error    TEXT    NOT NULL,
    results  INTEGER NOT NULL,
    findings INTEGER NOT NULL,
    skipped  INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (source, location)
) WITHOUT ROWID;

CREATE TABLE repository (
    repo_id     INTEGER PRIMARY KEY,
    host        TEXT    NOT NULL,
    external_id TEXT    NOT NULL, -- '' until the host was asked
    owner       TEXT    NOT NULL COLLATE NOCASE,
    name        TEXT    NOT NULL COLLATE NOCASE,
    version     INTEGER NOT NULL
);
CREATE UNIQUE INDEX repository_external ON repository (host, external_id) WHERE external_id <> '';
CREATE INDEX repository_name ON repository (host, owner, name);

CREATE TABLE repository_version (
    repo_id  INTEGER NOT NULL REFERENCES repository,
    version  INTEGER NOT NULL,
    facts    TEXT    NOT NULL,
    from_run INTEGER NOT NULL,
    PRIMARY KEY (repo_id, version)
) WITHOUT ROWID;

CREATE TABLE repository_state (
    repo_id      INTEGER PRIMARY KEY REFERENCES repository,
    input_digest TEXT, -- NULL: something is to be done
    change_no    INTEGER NOT NULL DEFAULT 0 -- grows with every write that changes what is known of it
);

CREATE TABLE scope (
    repo_id    INTEGER NOT NULL REFERENCES repository,
    scope_no   INTEGER NOT NULL,
    source     TEXT    NOT NULL,
    ref        TEXT    NOT NULL,
    tool       TEXT    NOT NULL,
    category   TEXT    NOT NULL,
    first_scan INTEGER NOT NULL,
    PRIMARY KEY (repo_id, scope_no),
    CONSTRAINT scope_known_once UNIQUE (repo_id, source, ref, tool, category)
) WITHOUT ROWID;

CREATE TABLE scan (
    repo_id      INTEGER NOT NULL,
    scan_no      INTEGER NOT NULL,
    scope_no     INTEGER NOT NULL,
    commit_id    TEXT    NOT NULL,
    state        TEXT    NOT NULL
        CONSTRAINT scan_state CHECK (state IN ('complete', 'partial', 'failed')),
    tool         TEXT    NOT NULL,
    tool_version TEXT    NOT NULL,
    rules_digest TEXT    NOT NULL,
    location     TEXT    NOT NULL,
    at           INTEGER NOT NULL,
    run_id       INTEGER NOT NULL,
    PRIMARY KEY (repo_id, scan_no),
    FOREIGN KEY (repo_id, scope_no) REFERENCES scope
) WITHOUT ROWID;

CREATE TABLE cohort (
    cohort_id  INTEGER PRIMARY KEY,
    key        TEXT    NOT NULL CONSTRAINT cohort_key UNIQUE,
    stage      TEXT    NOT NULL
        CONSTRAINT cohort_stage CHECK (stage IN ('observe', 'triage', 'advise', 'enforce')),
    generation INTEGER NOT NULL,
    attempt    INTEGER NOT NULL,
    since      INTEGER NOT NULL
);

CREATE TABLE finding (
    repo_id    INTEGER NOT NULL REFERENCES repository,
    finding_no INTEGER NOT NULL CONSTRAINT finding_from_one CHECK (finding_no > 0),
    version    INTEGER NOT NULL,
    first_scan INTEGER NOT NULL,
    cohort_id  INTEGER REFERENCES cohort, -- NULL: not yet placed
    PRIMARY KEY (repo_id, finding_no)
) WITHOUT ROWID;

CREATE TABLE finding_version (
    repo_id    INTEGER NOT NULL,
    finding_no INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    facts      TEXT    NOT NULL,
    from_run   INTEGER NOT NULL,
    UNIQUE (repo_id, finding_no, version),
    FOREIGN KEY (repo_id, finding_no) REFERENCES finding
);

CREATE TABLE sighting (
    repo_id    INTEGER NOT NULL,
    scope_no   INTEGER NOT NULL,
    finding_no INTEGER NOT NULL,
    since      INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    state      TEXT    NOT NULL
        CONSTRAINT sighting_state CHECK (state IN ('present', 'suppressed', 'gone', 'unknown')),
    cause      TEXT    NOT NULL
        CONSTRAINT sighting_cause CHECK (cause IN ('', 'fixed', 'suppressed', 'rule', 'version', 'ref')),
    backlog    INTEGER NOT NULL,
    place      TEXT    NOT NULL,
    parts      TEXT    NOT NULL,
    last_scan  INTEGER NOT NULL,
    UNIQUE (repo_id, scope_no, finding_no, since),
    CONSTRAINT sighting_gone_has_cause_and_end
        CHECK ((state = 'gone') = (cause <> '') AND (state = 'gone') = (until > 0)),
    FOREIGN KEY (repo_id, scope_no) REFERENCES scope,
    FOREIGN KEY (repo_id, finding_no) REFERENCES finding
);
CREATE INDEX sighting_standing ON sighting (repo_id, scope_no) WHERE state <> 'gone';

CREATE TABLE decision (
    decision_id  INTEGER PRIMARY KEY, -- the newest of a finding and change is in force
    repo_id      INTEGER NOT NULL,
    finding_no   INTEGER NOT NULL,
    change       INTEGER NOT NULL, -- 0: as it stands on the default branch
    run_id       INTEGER NOT NULL,
    policy_rev   TEXT    NOT NULL,
    settings_rev TEXT    NOT NULL,
    fact_version INTEGER NOT NULL,
    stage        TEXT    NOT NULL
        CONSTRAINT decision_stage CHECK (stage IN ('observe', 'triage', 'advise', 'enforce')),
    input        BLOB,
    answer       BLOB,
    outcome      TEXT    NOT NULL
        CONSTRAINT decision_outcome CHECK (outcome IN ('decided', 'undefined', 'error')),
    FOREIGN KEY (repo_id, finding_no) REFERENCES finding
);
CREATE INDEX decision_newest ON decision (repo_id, finding_no, change, decision_id);

CREATE TABLE notice (
    repo_id    INTEGER NOT NULL REFERENCES repository,
    notice_no  INTEGER NOT NULL,
    surface    TEXT    NOT NULL CONSTRAINT notice_surface CHECK (surface IN ('review', 'summary')),
    change     INTEGER NOT NULL,
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
    UNIQUE (repo_id, notice_no),
    CONSTRAINT notice_group_once UNIQUE (repo_id, change, surface, group_key)
);

CREATE TABLE item (
    repo_id      INTEGER NOT NULL,
    notice_no    INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    finding_no   INTEGER NOT NULL,
    cohort_id    INTEGER REFERENCES cohort,
    attempt      INTEGER NOT NULL,
    shown_at     INTEGER,
    removed_at   INTEGER,
    cause        TEXT    NOT NULL
        CONSTRAINT item_cause CHECK (cause IN ('', 'fixed', 'stage', 'policy', 'answered', 'moved')),
    kept_because TEXT    NOT NULL,
    PRIMARY KEY (repo_id, notice_no, position),
    FOREIGN KEY (repo_id, notice_no) REFERENCES notice (repo_id, notice_no),
    FOREIGN KEY (repo_id, finding_no) REFERENCES finding
) WITHOUT ROWID;

CREATE TABLE move (
    move_id   INTEGER PRIMARY KEY,
    cohort_id INTEGER NOT NULL REFERENCES cohort,
    from_stage TEXT   NOT NULL
        CONSTRAINT move_from CHECK (from_stage IN ('observe', 'triage', 'advise', 'enforce')),
    to_stage  TEXT    NOT NULL
        CONSTRAINT move_to CHECK (to_stage IN ('observe', 'triage', 'advise', 'enforce')),
    kind      TEXT    NOT NULL
        CONSTRAINT move_kind CHECK (kind IN ('promote', 'rollback', 'override')),
    reason    TEXT    NOT NULL,
    actor     TEXT    NOT NULL,
    run_id    INTEGER NOT NULL,
    at        INTEGER NOT NULL
);
CREATE INDEX move_of_cohort ON move (cohort_id, move_id);

CREATE TABLE pause (
    pause_id   INTEGER PRIMARY KEY,
    since      INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    until      INTEGER,
    resumed    INTEGER,
    resumed_by TEXT    NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX pause_only_one_stands ON pause ((1)) WHERE resumed IS NULL;

CREATE TABLE effect (
    effect_id  INTEGER PRIMARY KEY,
    verb       TEXT    NOT NULL CONSTRAINT effect_verb CHECK (verb IN
        ('review', 'summary', 'edit-comment', 'edit-summary', 'resolve', 'unresolve')),
    repo_id    INTEGER NOT NULL REFERENCES repository,
    change     INTEGER NOT NULL,
    repository TEXT    NOT NULL,
    token      TEXT    NOT NULL CONSTRAINT effect_token UNIQUE,
    commit_id  TEXT    NOT NULL,
    notices    TEXT    NOT NULL,
    cohorts    TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    not_before INTEGER,
    state      TEXT    NOT NULL CONSTRAINT effect_state
        CHECK (state IN ('intended', 'sent', 'unknown', 'done', 'refused', 'cancelled')),
    error      TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    run_id     INTEGER NOT NULL,
    settled    INTEGER
);
CREATE INDEX effect_open ON effect (effect_id) WHERE state IN ('intended', 'sent', 'unknown');
CREATE INDEX effect_counts ON effect (verb, state);

CREATE TABLE effect_notice (
    effect_id  INTEGER NOT NULL REFERENCES effect,
    repo_id    INTEGER NOT NULL,
    notice_no  INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    open       INTEGER NOT NULL,
    PRIMARY KEY (effect_id, repo_id, notice_no),
    FOREIGN KEY (repo_id, notice_no) REFERENCES notice (repo_id, notice_no)
) WITHOUT ROWID;
CREATE UNIQUE INDEX effect_notice_once ON effect_notice (repo_id, notice_no, generation) WHERE open = 1;

CREATE TABLE approval (
    approval_id TEXT    NOT NULL PRIMARY KEY,
    kind        TEXT    NOT NULL CONSTRAINT approval_kind CHECK (kind IN ('excess', 'mass')),
    cohort      TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    state       TEXT    NOT NULL CONSTRAINT approval_state
        CHECK (state IN ('waiting', 'approved', 'rejected', 'expired')),
    actor       TEXT    NOT NULL,
    run_id      INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    decided     INTEGER,
    answer      TEXT    NOT NULL DEFAULT '', -- the reason the person gave
    items       TEXT    NOT NULL
);

-- Ids are never used twice, so that a cut tail cannot be filled up unseen.
CREATE TABLE ledger (
    entry_id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id   INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    bytes    BLOB    NOT NULL
);

-- A seal covers the entries after its predecessor's last one, up to its own.
CREATE TABLE seal (
    n          INTEGER PRIMARY KEY,
    last_entry INTEGER NOT NULL CONSTRAINT seal_last UNIQUE,
    at         INTEGER NOT NULL,
    prev       TEXT    NOT NULL,
    hash       TEXT    NOT NULL
);

CREATE TABLE http_cache (
    url      TEXT NOT NULL,
    token_id TEXT NOT NULL,
    etag     TEXT NOT NULL,
    body     BLOB,
    header   BLOB,
    PRIMARY KEY (url, token_id)
);

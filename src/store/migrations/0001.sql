-- The first schema. Times are milliseconds since 1970 in UTC. Rows say what is; `audit` says how it came to be.
-- A rule that one row can show is a CHECK; a rule about how rows change is a trigger.

CREATE TABLE meta (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    installation  TEXT    NOT NULL CHECK (length(installation) = 16),
    created_at    INTEGER NOT NULL,
    last_time     INTEGER NOT NULL,
    audit_size    INTEGER NOT NULL CHECK (audit_size >= 0),
    audit_root    BLOB    NOT NULL CHECK (length(audit_root) = 32)
) STRICT;

CREATE TRIGGER meta_only_moves_on BEFORE UPDATE ON meta
WHEN NEW.installation <> OLD.installation OR NEW.last_time < OLD.last_time OR NEW.audit_size < OLD.audit_size
BEGIN SELECT RAISE(ABORT, 'the installation, its latest time and the length of its log never go back'); END;

CREATE TRIGGER meta_stays BEFORE DELETE ON meta
BEGIN SELECT RAISE(ABORT, 'the installation row stays'); END;

-- Who may write: the holder of this token and nobody else, whatever became of the lock file.
CREATE TABLE leases (
    name       TEXT    PRIMARY KEY,
    token      TEXT    NOT NULL,
    pid        INTEGER NOT NULL,
    host       TEXT    NOT NULL,
    process    TEXT    NOT NULL,
    taken_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE counters (
    name  TEXT    PRIMARY KEY,
    last  INTEGER NOT NULL CHECK (last >= 0)
) STRICT;

-- Grows and shrinks once when the disk is asked whether it takes writes again.
CREATE TABLE probe (
    filler  BLOB NOT NULL
) STRICT;

CREATE TABLE audit (
    seq        INTEGER PRIMARY KEY CHECK (seq > 0),
    at         INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    about      TEXT,
    kind       TEXT    NOT NULL,
    leaf       TEXT    NOT NULL CHECK (json_valid(leaf)),
    leaf_hash  BLOB    NOT NULL CHECK (length(leaf_hash) = 32),
    completed  BLOB    NOT NULL CHECK (length(completed) % 32 = 0 AND length(completed) >= 32),
    root       BLOB    NOT NULL CHECK (length(root) = 32)
) STRICT;

CREATE INDEX audit_about ON audit (about, seq) WHERE about IS NOT NULL;

CREATE TRIGGER audit_appends BEFORE INSERT ON audit
WHEN NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END;

CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is never rewritten'); END;

CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is never shortened'); END;

-- What people typed, beside the leaf that commits to it. Erasing sets `text` to NULL; nothing else may change.
CREATE TABLE words (
    seq   INTEGER NOT NULL REFERENCES audit (seq),
    path  TEXT    NOT NULL,
    salt  TEXT    NOT NULL CHECK (length(salt) = 32),
    text  TEXT,
    PRIMARY KEY (seq, path)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER words_are_only_erased BEFORE UPDATE ON words
WHEN NEW.seq <> OLD.seq OR NEW.path <> OLD.path OR NEW.salt <> OLD.salt OR NEW.text IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'what was typed can be erased, not changed'); END;

CREATE TRIGGER words_stay BEFORE DELETE ON words
BEGIN SELECT RAISE(ABORT, 'the salt of what was typed stays'); END;

CREATE TABLE requests (
    id               INTEGER PRIMARY KEY CHECK (id > 0),
    version          INTEGER NOT NULL CHECK (version >= 0),
    audit_seq        INTEGER NOT NULL REFERENCES audit (seq),
    due_at           INTEGER,
    subject          TEXT    NOT NULL,
    resource         TEXT    NOT NULL,
    role             TEXT    NOT NULL,
    access_for_ms    INTEGER NOT NULL CHECK (access_for_ms > 0),
    extends          INTEGER REFERENCES grants (id),
    terms_hash       TEXT    NOT NULL CHECK (length(terms_hash) = 16),
    filed_by         TEXT    NOT NULL,
    reason           TEXT    NOT NULL,
    asked_at         INTEGER NOT NULL,
    answer_by        INTEGER NOT NULL CHECK (answer_by >= asked_at),
    start_at         INTEGER,
    start_within_ms  INTEGER NOT NULL CHECK (start_within_ms > 0),
    ends_at_most     INTEGER NOT NULL,
    warn_before_ms   INTEGER NOT NULL CHECK (warn_before_ms > 0),
    policy           TEXT    NOT NULL,
    policy_digest    TEXT    NOT NULL,
    mode             TEXT    NOT NULL CHECK (mode IN ('ask', 'auto', 'break_glass')),
    steps            TEXT    NOT NULL CHECK (json_type(steps) = 'array'),
    approvals        TEXT    NOT NULL CHECK (json_type(approvals) = 'array'),
    grants           TEXT    NOT NULL CHECK (json_type(grants) = 'array'),
    state            TEXT    NOT NULL CHECK (state IN
        ('pending', 'approved', 'denied', 'cancelled', 'expired', 'invalidated', 'lapsed')),
    decided_at       INTEGER CHECK ((decided_at IS NULL) = (state = 'pending')),
    decided_by       TEXT    CHECK ((decided_by IS NOT NULL) = (state IN ('denied', 'cancelled'))),
    decided_words    TEXT    CHECK ((decided_words IS NOT NULL) = (state = 'denied')),
    decided_why      TEXT    CHECK ((decided_why IS NOT NULL) = (state = 'invalidated')),
    seats            TEXT    CHECK ((seats IS NOT NULL) = (state = 'approved')) CHECK (seats IS NULL OR json_type(seats) = 'array')
) STRICT;

CREATE INDEX requests_due ON requests (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX requests_pending_subject ON requests (subject) WHERE state = 'pending';
CREATE INDEX requests_pending_filer ON requests (filed_by) WHERE state = 'pending';
CREATE INDEX requests_pending ON requests (id) WHERE state = 'pending';
CREATE INDEX requests_extending ON requests (extends) WHERE extends IS NOT NULL;

CREATE TABLE entitlements (
    id                  INTEGER PRIMARY KEY CHECK (id > 0),
    version             INTEGER NOT NULL CHECK (version >= 0),
    audit_seq           INTEGER NOT NULL REFERENCES audit (seq),
    due_at              INTEGER,
    provider            TEXT    NOT NULL,
    kind                TEXT    NOT NULL,
    fingerprint         TEXT,
    subject             TEXT    NOT NULL,
    thing               TEXT    NOT NULL,
    shape               TEXT    NOT NULL CHECK (shape IN ('owned', 'edge')),
    native_expiry       TEXT    NOT NULL CHECK (native_expiry IN ('none', 'exact')),
    remote_name         TEXT    NOT NULL,
    data                TEXT    NOT NULL,
    lands_within_ms     INTEGER NOT NULL CHECK (lands_within_ms >= 0),
    prior               TEXT    NOT NULL CHECK (prior IN ('unread', 'absent', 'held')),
    prior_level         TEXT    CHECK ((prior_level IS NOT NULL) = (prior = 'held')),
    prior_rank          INTEGER CHECK ((prior_rank IS NOT NULL) = (prior = 'held')),
    target              TEXT    NOT NULL CHECK (target IN ('absent', 'present')),
    target_level        TEXT    CHECK ((target_level IS NOT NULL) = (target = 'present')),
    target_rank         INTEGER CHECK ((target_rank IS NOT NULL) = (target = 'present')),
    target_until        INTEGER CHECK (target_until IS NULL OR target = 'present'),
    owed_errand         TEXT    CHECK (owed_errand IN ('read_prior', 'ensure', 'observe')),
    owed_at             INTEGER CHECK ((owed_at IS NULL) = (owed_errand IS NULL)),
    owed_since          INTEGER CHECK ((owed_since IS NULL) = (owed_errand IS NULL)),
    owed_attempts       INTEGER CHECK ((owed_attempts IS NULL) = (owed_errand IS NULL)) CHECK (owed_attempts >= 0),
    flight_epoch        INTEGER CHECK (flight_epoch <= epoch),
    flight_errand       TEXT    CHECK ((flight_errand IS NULL) = (flight_epoch IS NULL))
                                CHECK (flight_errand IN ('read_prior', 'ensure', 'observe')),
    flight_target       TEXT    CHECK ((flight_target IS NULL) = (flight_epoch IS NULL))
                                CHECK (flight_target IN ('absent', 'present')),
    flight_level        TEXT    CHECK ((flight_level IS NOT NULL) = (flight_target IS NOT NULL AND flight_target = 'present')),
    flight_rank         INTEGER CHECK ((flight_rank IS NULL) = (flight_level IS NULL)),
    flight_until        INTEGER CHECK (flight_until IS NULL OR flight_level IS NOT NULL),
    flight_started_at   INTEGER CHECK ((flight_started_at IS NULL) = (flight_epoch IS NULL)),
    flight_give_up_at   INTEGER CHECK ((flight_give_up_at IS NULL) = (flight_epoch IS NULL)),
    epoch               INTEGER NOT NULL CHECK (epoch >= 0),
    quiet_at            INTEGER NOT NULL,
    verified_at         INTEGER,
    trouble_class       TEXT    CHECK (trouble_class IN ('transient', 'permanent', 'needs_human', 'ambiguous')),
    trouble_code        TEXT    CHECK ((trouble_code IS NULL) = (trouble_class IS NULL)),
    trouble_message     TEXT    CHECK ((trouble_message IS NULL) = (trouble_class IS NULL)),
    UNIQUE (provider, subject, thing)
) STRICT;

CREATE INDEX entitlements_at_provider ON entitlements (provider, id);
CREATE INDEX entitlements_due ON entitlements (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX entitlements_in_flight ON entitlements (flight_epoch) WHERE flight_epoch IS NOT NULL;

CREATE TABLE grants (
    id                 INTEGER PRIMARY KEY CHECK (id > 0),
    version            INTEGER NOT NULL CHECK (version >= 0),
    audit_seq          INTEGER NOT NULL REFERENCES audit (seq),
    due_at             INTEGER,
    request            INTEGER NOT NULL REFERENCES requests (id),
    entitlement        INTEGER NOT NULL REFERENCES entitlements (id),
    person             TEXT    NOT NULL,
    level              TEXT    NOT NULL,
    level_rank         INTEGER NOT NULL CHECK (level_rank >= 0),
    access_for_ms      INTEGER NOT NULL CHECK (access_for_ms > 0),
    start_at           INTEGER NOT NULL,
    start_by           INTEGER NOT NULL,
    latest_end         INTEGER NOT NULL,
    warn_before_ms     INTEGER NOT NULL CHECK (warn_before_ms > 0),
    native_expiry      TEXT    NOT NULL CHECK (native_expiry IN ('none', 'exact')),
    ciphertext         TEXT,
    extension_request  INTEGER REFERENCES requests (id),
    extension_to       INTEGER CHECK ((extension_to IS NULL) = (extension_request IS NULL)),
    drifted            INTEGER NOT NULL CHECK (drifted IN (0, 1)),
    state              TEXT    NOT NULL CHECK (state IN
        ('planned', 'checking', 'provisioning', 'awaiting_user', 'active', 'revoking', 'void', 'failed', 'ended')),
    since              INTEGER CHECK ((since IS NOT NULL) = (state IN ('checking', 'provisioning', 'awaiting_user', 'revoking'))),
    absent_reads       INTEGER CHECK (absent_reads IS NULL OR (state = 'provisioning' AND absent_reads >= 0)),
    active_at          INTEGER CHECK (state <> 'active' OR active_at IS NOT NULL)
                               CHECK (active_at IS NULL OR state IN ('active', 'revoking', 'ended')),
    ends_at            INTEGER CHECK ((ends_at IS NOT NULL) = (state = 'active')),
    warned             INTEGER CHECK ((warned IS NOT NULL) = (state = 'active')) CHECK (warned IN (0, 1)),
    end_due_at         INTEGER CHECK ((end_due_at IS NOT NULL) = (state IN ('revoking', 'ended'))),
    cause              TEXT    CHECK ((cause IS NOT NULL) = (state IN ('revoking', 'void', 'failed', 'ended'))),
    cause_detail       TEXT    CHECK (cause_detail IS NULL OR cause IS NOT NULL),
    remnant            TEXT    CHECK (remnant IS NULL OR state = 'revoking'),
    alarms             INTEGER CHECK ((alarms IS NOT NULL) = (state = 'revoking')) CHECK (alarms >= 0),
    over_at            INTEGER CHECK ((over_at IS NOT NULL) = (state IN ('void', 'failed', 'ended'))),
    recheck            TEXT    CHECK ((recheck IS NOT NULL) = (state = 'failed')) CHECK (recheck IN ('done', 'at', 'owed')),
    recheck_at         INTEGER CHECK ((recheck_at IS NOT NULL) = (recheck IS NOT NULL AND recheck = 'at')),
    trouble_class      TEXT    CHECK (trouble_class IN ('transient', 'permanent', 'needs_human', 'ambiguous'))
                               CHECK ((trouble_class IS NOT NULL) = (state = 'failed' AND cause = 'refused')),
    trouble_code       TEXT    CHECK ((trouble_code IS NULL) = (trouble_class IS NULL)),
    trouble_message    TEXT    CHECK ((trouble_message IS NULL) = (trouble_class IS NULL)),
    -- Over means proved: by a look at the provider, by the fact that nothing was sent, or by a named person's word.
    proof              TEXT    CHECK ((proof IS NOT NULL) = (state = 'ended'))
                               CHECK (proof IN ('read_back', 'nothing_sent', 'covered_by', 'attested')),
    covered_by         INTEGER CHECK ((covered_by IS NOT NULL) = (proof IS NOT NULL AND proof = 'covered_by')),
    attested_by        TEXT    CHECK ((attested_by IS NOT NULL) = (proof IS NOT NULL AND proof = 'attested')),
    attested_words     TEXT    CHECK ((attested_words IS NULL) = (attested_by IS NULL))
) STRICT;

CREATE INDEX grants_due ON grants (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX grants_open_of_entitlement ON grants (entitlement) WHERE state NOT IN ('void', 'ended');
CREATE INDEX grants_open_of_person ON grants (person) WHERE state NOT IN ('void', 'ended');
CREATE INDEX grants_open ON grants (id) WHERE state NOT IN ('void', 'ended');
CREATE INDEX grants_open_by_state ON grants (state, alarms) WHERE state NOT IN ('void', 'ended');
CREATE INDEX grants_of_request ON grants (request);

-- A row changes by one version at a time, and only together with a new line of the audit log that is about it. The one
-- exception is the queue of provider work, whose bookkeeping may move without a line; nothing else may.
CREATE TRIGGER requests_begin_in_the_log BEFORE INSERT ON requests
WHEN EXISTS (SELECT 1 FROM requests WHERE id = NEW.id)
  OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.audit_seq AND about = 'R-' || NEW.id AND kind = 'request.asked')
BEGIN SELECT RAISE(ABORT, 'a request begins with a line of the audit log'); END;

CREATE TRIGGER requests_change_with_the_log BEFORE UPDATE ON requests
WHEN NEW.id <> OLD.id OR NEW.version <> OLD.version + 1 OR NEW.audit_seq <= OLD.audit_seq
  OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.audit_seq AND about = 'R-' || NEW.id)
BEGIN SELECT RAISE(ABORT, 'a request changes only with a line of the audit log'); END;

CREATE TRIGGER requests_stay BEFORE DELETE ON requests
BEGIN SELECT RAISE(ABORT, 'requests are kept'); END;

CREATE TRIGGER grants_begin_in_the_log BEFORE INSERT ON grants
WHEN EXISTS (SELECT 1 FROM grants WHERE id = NEW.id)
  OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.audit_seq AND about = 'G-' || NEW.id AND kind = 'grant.planned')
BEGIN SELECT RAISE(ABORT, 'a grant begins with a line of the audit log'); END;

CREATE TRIGGER grants_change_with_the_log BEFORE UPDATE ON grants
WHEN NEW.id <> OLD.id OR NEW.version <> OLD.version + 1 OR NEW.audit_seq <= OLD.audit_seq
  OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.audit_seq AND about = 'G-' || NEW.id)
BEGIN SELECT RAISE(ABORT, 'a grant changes only with a line of the audit log'); END;

-- Once it is on its way out, there is no way back; once it is over, it stays over.
CREATE TRIGGER grants_do_not_come_back BEFORE UPDATE ON grants
WHEN (OLD.state IN ('void', 'ended') AND NEW.state <> OLD.state)
  OR (OLD.state = 'revoking' AND NEW.state NOT IN ('revoking', 'ended'))
  OR (OLD.state = 'failed' AND NEW.state NOT IN ('failed', 'revoking'))
BEGIN SELECT RAISE(ABORT, 'a grant on its way out does not come back'); END;

CREATE TRIGGER grants_stay BEFORE DELETE ON grants
BEGIN SELECT RAISE(ABORT, 'grants are kept'); END;

CREATE TRIGGER entitlements_begin_in_the_log BEFORE INSERT ON entitlements
WHEN EXISTS (SELECT 1 FROM entitlements
             WHERE id = NEW.id OR (provider = NEW.provider AND subject = NEW.subject AND thing = NEW.thing))
  OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.audit_seq AND about = 'E-' || NEW.id AND kind = 'entitlement.added')
BEGIN SELECT RAISE(ABORT, 'an entitlement begins with a line of the audit log'); END;

CREATE TRIGGER entitlements_change_with_the_log BEFORE UPDATE ON entitlements
WHEN NEW.id <> OLD.id OR NEW.version <> OLD.version + 1 OR NEW.audit_seq < OLD.audit_seq
  OR (NEW.audit_seq > OLD.audit_seq
      AND NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.audit_seq AND about = 'E-' || NEW.id))
BEGIN SELECT RAISE(ABORT, 'an entitlement changes only with a line of the audit log'); END;

CREATE TRIGGER entitlements_queue_moves_alone BEFORE UPDATE ON entitlements
WHEN NEW.audit_seq = OLD.audit_seq AND (
     NEW.provider <> OLD.provider OR NEW.kind <> OLD.kind OR NEW.fingerprint IS NOT OLD.fingerprint
  OR NEW.subject <> OLD.subject OR NEW.thing <> OLD.thing OR NEW.shape <> OLD.shape
  OR NEW.native_expiry <> OLD.native_expiry OR NEW.remote_name <> OLD.remote_name OR NEW.data <> OLD.data
  OR NEW.lands_within_ms <> OLD.lands_within_ms
  OR NEW.prior <> OLD.prior OR NEW.prior_level IS NOT OLD.prior_level OR NEW.prior_rank IS NOT OLD.prior_rank
  OR NEW.target <> OLD.target OR NEW.target_level IS NOT OLD.target_level OR NEW.target_rank IS NOT OLD.target_rank
  OR NEW.target_until IS NOT OLD.target_until OR NEW.verified_at IS NOT OLD.verified_at
  OR NEW.trouble_class IS NOT OLD.trouble_class OR NEW.trouble_code IS NOT OLD.trouble_code
  OR NEW.trouble_message IS NOT OLD.trouble_message)
BEGIN SELECT RAISE(ABORT, 'without a line of the audit log only the queue may move'); END;

CREATE TRIGGER entitlements_stay BEFORE DELETE ON entitlements
BEGIN SELECT RAISE(ABORT, 'entitlements are kept'); END;

-- Messages to people: what has to be said, not what was said. `revision` counts the reasons to say it anew.
CREATE TABLE outbox (
    kind           TEXT    NOT NULL,
    about          TEXT    NOT NULL,
    audience_kind  TEXT    NOT NULL CHECK (audience_kind IN ('channel', 'person')),
    audience       TEXT    NOT NULL,
    style          TEXT    NOT NULL CHECK (style IN ('once', 'convergent')),
    revision       INTEGER NOT NULL CHECK (revision > 0),
    delivered      INTEGER NOT NULL CHECK (delivered >= 0 AND delivered <= revision),
    stale_since    INTEGER CHECK (stale_since IS NULL OR delivered < revision),
    due_at         INTEGER CHECK (due_at IS NULL OR stale_since IS NOT NULL),
    attempts       INTEGER NOT NULL CHECK (attempts >= 0),
    reposts        INTEGER NOT NULL CHECK (reposts >= 0),
    error          TEXT,
    PRIMARY KEY (kind, about, audience_kind, audience)
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_due ON outbox (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_about ON outbox (about);

-- Where the messages stand. Usually one copy each; a crash between posting and noting it can leave a second.
CREATE TABLE copies (
    channel        TEXT    NOT NULL,
    ts             TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    about          TEXT    NOT NULL,
    audience_kind  TEXT    NOT NULL,
    audience       TEXT    NOT NULL,
    PRIMARY KEY (channel, ts),
    FOREIGN KEY (kind, about, audience_kind, audience) REFERENCES outbox (kind, about, audience_kind, audience)
) STRICT, WITHOUT ROWID;

CREATE INDEX copies_of_message ON copies (kind, about, audience_kind, audience);

-- What came in, so that what comes twice is answered twice and done once.
CREATE TABLE inbox (
    key       TEXT    PRIMARY KEY,
    at        INTEGER NOT NULL,
    expires   INTEGER NOT NULL CHECK (expires > at),
    deferred  TEXT,
    answer    TEXT    CHECK (answer IS NULL OR json_valid(answer))
) STRICT, WITHOUT ROWID;

CREATE INDEX inbox_expires ON inbox (expires);
CREATE INDEX inbox_deferred ON inbox (at) WHERE deferred IS NOT NULL AND answer IS NULL;

CREATE TABLE signatures (
    hash     BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    expires  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX signatures_expires ON signatures (expires);

CREATE TABLE policy_texts (
    digest    TEXT    PRIMARY KEY,
    text      TEXT    NOT NULL,
    first_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE request_facts (
    request  INTEGER PRIMARY KEY REFERENCES requests (id),
    facts    TEXT    NOT NULL CHECK (json_valid(facts))
) STRICT;

CREATE TABLE provider_fingerprints (
    provider     TEXT    PRIMARY KEY,
    fingerprint  TEXT    NOT NULL,
    seen_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

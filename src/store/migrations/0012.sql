-- Locks: nothing new is given to what one covers, and what was given is taken back. What that was is in `accesses`.

CREATE TABLE locks (
    id             INTEGER PRIMARY KEY,
    version        INTEGER NOT NULL CHECK (version >= 0),
    audit_seq      INTEGER NOT NULL REFERENCES audit (seq),
    due_at         INTEGER CHECK ((due_at IS NOT NULL) = (state = 'in_force' AND until IS NOT NULL)),
    scope          TEXT    NOT NULL CHECK (scope = 'everything' OR scope LIKE 'person/_%' OR scope LIKE 'group/_%' OR scope LIKE 'resource/_%'),
    members        TEXT    NOT NULL CHECK (json_type(members) = 'array'),
    set_by         TEXT    NOT NULL,
    set_at         INTEGER NOT NULL,
    until          INTEGER CHECK (until IS NULL OR until > set_at),
    reason         TEXT    NOT NULL,
    accesses       TEXT    NOT NULL CHECK (json_type(accesses) = 'array'),
    cleared_at     INTEGER,
    state          TEXT    NOT NULL CHECK (state IN ('in_force', 'lifted', 'ran_out', 'momentary')),
    over_at        INTEGER CHECK ((over_at IS NOT NULL) = (state IN ('lifted', 'ran_out'))),
    -- Nobody lifts a lock that is on themselves.
    lifted_by      TEXT    CHECK ((lifted_by IS NOT NULL) = (state = 'lifted')) CHECK (scope <> 'person/' || lifted_by)
) STRICT;

CREATE INDEX locks_due ON locks (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX locks_in_force ON locks (id) WHERE state = 'in_force';
CREATE INDEX locks_unsettled ON locks (id) WHERE state = 'in_force' OR cleared_at IS NULL;

CREATE TRIGGER locks_begin_in_the_log BEFORE INSERT ON locks
WHEN EXISTS (SELECT 1 FROM locks WHERE id = NEW.id)
  OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.audit_seq AND about = 'L-' || NEW.id AND kind = 'lock.set')
BEGIN SELECT RAISE(ABORT, 'a lock begins with a line of the audit log'); END;

CREATE TRIGGER locks_change_with_the_log BEFORE UPDATE ON locks
WHEN NEW.id <> OLD.id OR NEW.version <> OLD.version + 1 OR NEW.audit_seq <= OLD.audit_seq
  OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.audit_seq AND about = 'L-' || NEW.id AND kind LIKE 'lock.%')
BEGIN SELECT RAISE(ABORT, 'a lock changes only with a line of the audit log'); END;

CREATE TRIGGER locks_once_over_stay_over BEFORE UPDATE ON locks
WHEN OLD.state <> 'in_force' AND NEW.state <> OLD.state
BEGIN SELECT RAISE(ABORT, 'a lock that is over does not come back'); END;

CREATE TRIGGER locks_stay BEFORE DELETE ON locks
BEGIN SELECT RAISE(ABORT, 'locks are kept'); END;

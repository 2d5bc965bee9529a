-- Reviews of what nobody agreed to beforehand. A row begins in the transaction of its approval, and stays open until somebody
-- else closes it.

CREATE TABLE reviews (
    request        INTEGER PRIMARY KEY REFERENCES requests (id),
    version        INTEGER NOT NULL CHECK (version >= 0),
    audit_seq      INTEGER NOT NULL REFERENCES audit (seq),
    due_at         INTEGER CHECK ((due_at IS NOT NULL) = (state = 'open')),
    subject        TEXT    NOT NULL,
    filed_by       TEXT    NOT NULL,
    reviewers      TEXT    NOT NULL CHECK (json_type(reviewers) = 'array'),
    opened_at      INTEGER NOT NULL,
    close_by       INTEGER NOT NULL CHECK (close_by > opened_at),
    alarms         INTEGER NOT NULL CHECK (alarms >= 0),
    state          TEXT    NOT NULL CHECK (state IN ('open', 'closed')),
    closed_at      INTEGER CHECK ((closed_at IS NOT NULL) = (state = 'closed')),
    -- Nobody closes their own.
    closed_by      TEXT    CHECK ((closed_by IS NOT NULL) = (state = 'closed'))
                           CHECK (closed_by IS NULL OR (closed_by <> subject AND closed_by <> filed_by)),
    finding        TEXT    CHECK ((finding IS NOT NULL) = (state = 'closed')) CHECK (finding IN ('justified', 'not_justified')),
    note           TEXT    CHECK ((note IS NOT NULL) = (state = 'closed'))
) STRICT;

CREATE INDEX reviews_due ON reviews (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX reviews_open ON reviews (request) WHERE state = 'open';

CREATE TRIGGER reviews_begin_in_the_log BEFORE INSERT ON reviews
WHEN EXISTS (SELECT 1 FROM reviews WHERE request = NEW.request)
  OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.audit_seq AND about = 'R-' || NEW.request AND kind = 'review.opened')
BEGIN SELECT RAISE(ABORT, 'a review begins with a line of the audit log'); END;

CREATE TRIGGER reviews_change_with_the_log BEFORE UPDATE ON reviews
WHEN NEW.request <> OLD.request OR NEW.version <> OLD.version + 1 OR NEW.audit_seq <= OLD.audit_seq
  OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.audit_seq AND about = 'R-' || NEW.request
                 AND kind IN ('review.overdue', 'review.closed'))
BEGIN SELECT RAISE(ABORT, 'a review changes only with a line of the audit log'); END;

CREATE TRIGGER reviews_once_closed_stay BEFORE UPDATE ON reviews
WHEN OLD.state = 'closed'
BEGIN SELECT RAISE(ABORT, 'what was said in a review stays said'); END;

CREATE TRIGGER reviews_stay BEFORE DELETE ON reviews
BEGIN SELECT RAISE(ABORT, 'reviews are kept'); END;

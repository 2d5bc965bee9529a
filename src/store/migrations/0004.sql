-- What happens while nobody answers: the rule that a request is pinned to and how far it has gone, and the pages that it leads to.

ALTER TABLE requests ADD COLUMN reminding TEXT CHECK (reminding IS NULL OR json_type(reminding) = 'object');

-- Pages that are owed to a provider, like messages: what has to be true there, not what was said. That one is owed, made and
-- settled is in the audit log and in the request; this is the queue alone. `quiet_at`: when no call that may have been lost can
-- land any more. `key` is what the provider knows the page by.
CREATE TABLE pages (
    request   INTEGER PRIMARY KEY REFERENCES requests (id),
    key       TEXT    NOT NULL UNIQUE,
    wanted    TEXT    NOT NULL CHECK (wanted IN ('made', 'resolved')),
    since     INTEGER NOT NULL,
    attempts  INTEGER NOT NULL CHECK (attempts >= 0),
    due_at    INTEGER,
    quiet_at  INTEGER NOT NULL,
    error     TEXT
) STRICT;

CREATE INDEX pages_due ON pages (due_at) WHERE due_at IS NOT NULL;

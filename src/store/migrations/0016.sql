-- How far the showing of a secret has gone that is shown once, on a page.
ALTER TABLE grants ADD COLUMN reveal TEXT CHECK (reveal IS NULL OR json_type(reveal) = 'object');

-- What opens nothing any more is not kept: of the grants that earlier versions left, and of all that come. By the log replayed
-- these rows are what they are made here, so that no line of it belongs to this change.
DROP TRIGGER grants_change_with_the_log;
UPDATE grants SET ciphertext = NULL WHERE state IN ('revoking', 'void', 'failed', 'ended');

CREATE TRIGGER grants_change_with_the_log BEFORE UPDATE ON grants
WHEN NEW.id <> OLD.id OR NEW.version <> OLD.version + 1 OR NEW.audit_seq <= OLD.audit_seq
  OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.audit_seq AND about = 'G-' || NEW.id)
BEGIN SELECT RAISE(ABORT, 'a grant changes only with a line of the audit log'); END;

CREATE TRIGGER grants_keep_no_useless_secret BEFORE UPDATE ON grants
WHEN NEW.ciphertext IS NOT NULL AND NEW.state IN ('revoking', 'void', 'failed', 'ended')
BEGIN SELECT RAISE(ABORT, 'the secret of a grant on its way out is dropped'); END;

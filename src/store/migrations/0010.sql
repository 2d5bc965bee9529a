-- When a home tab was last shown: it is not drawn anew at once. And when a digest was posted last, so that none is posted twice.
ALTER TABLE outbox ADD COLUMN written_at INTEGER;
ALTER TABLE meta ADD COLUMN digest_at INTEGER;
-- Ends that were late, by time: for the digest.
CREATE INDEX audit_late_ends ON audit (at) WHERE kind = 'grant.overdue';

-- Since when Daypass is being taken out of service; empty while it is in service.
ALTER TABLE meta ADD COLUMN draining_since INTEGER;

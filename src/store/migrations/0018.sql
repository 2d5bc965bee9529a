-- In whose place somebody denied who had no right of their own.
ALTER TABLE requests ADD COLUMN decided_in_place_of TEXT
    CHECK (decided_in_place_of IS NULL OR (state = 'denied' AND decided_in_place_of <> '' AND decided_in_place_of <> decided_by));

-- Of a bundle, the rules that permitted its other parts: what nobody was asked about counts under each of them.
ALTER TABLE requests ADD COLUMN also_under TEXT NOT NULL DEFAULT '[]' CHECK (json_type(also_under) = 'array');

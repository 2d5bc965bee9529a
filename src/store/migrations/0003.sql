-- What a bundle was made of when it was asked for: a list of resource and role, in order; empty where it is no bundle.
ALTER TABLE requests ADD COLUMN parts TEXT NOT NULL DEFAULT '[]' CHECK (json_type(parts) = 'array');

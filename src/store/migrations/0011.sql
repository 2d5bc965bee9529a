-- What passed between people about a request beside their yes and no: questions, answers, whom it was passed on to, shorter lengths.
ALTER TABLE requests ADD COLUMN talk TEXT NOT NULL DEFAULT '{}' CHECK (json_type(talk) = 'object');

-- Who is away until when, and who stands in for them. A row is replaced by what the person says next, and gone once they are back.
CREATE TABLE absences (
    person   TEXT    PRIMARY KEY NOT NULL CHECK (person <> ''),
    since    INTEGER NOT NULL,
    until    INTEGER NOT NULL CHECK (until > since),
    stand_in TEXT    CHECK (stand_in <> '' AND stand_in <> person)
) STRICT, WITHOUT ROWID;

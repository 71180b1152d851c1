-- How addresses are kept. See 0001 for the laws of all tables.

-- How addresses are kept: no row as they are, else as pseudonyms of the key whose fingerprint this is. Written once, at first use.
CREATE TABLE privacy (
    fingerprint TEXT NOT NULL PRIMARY KEY,
    since       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

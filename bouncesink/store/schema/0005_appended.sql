-- New recipients at the end of their table. See 0001 for the laws of all tables; docs/decisions/0034 has what this saves.

DROP VIEW suppressions;
DROP VIEW reviews;
DROP INDEX recipients_by_standing;
ALTER TABLE recipients RENAME TO recipients_before;

-- As before, but a table with rowids: rows of some 300 octets in the order of random keys are a page for each mail to write, and
-- many to split. Like this a new row goes to the last page, beside the others of its commit, and what is in random order is thin.
CREATE TABLE recipients (
    recipient_key TEXT    NOT NULL PRIMARY KEY,
    recipient     TEXT    NOT NULL,
    stream        TEXT    NOT NULL DEFAULT '',
    standing      TEXT    NOT NULL,
    since         TEXT    NOT NULL,
    until         TEXT,
    reason        TEXT,
    points        INTEGER NOT NULL DEFAULT 0,
    why           TEXT    NOT NULL DEFAULT '[]',  -- JSON array of verdict ids
    incident_id   INTEGER,
    memory        TEXT    NOT NULL DEFAULT '{}',
    updated_at    TEXT    NOT NULL
) STRICT;

INSERT INTO recipients SELECT * FROM recipients_before;
DROP TABLE recipients_before;

-- "Who is suppressed, or to be reviewed?" Most recipients that we hear of are one of the two, and it serves lists and exports.
-- Within a standing and a reason it grows at its right edge.
CREATE INDEX recipients_by_standing ON recipients (standing, reason) WHERE standing <> 'ok';

-- For people: who is not to be mailed now, since when, until when (NULL: for good) and why.
CREATE VIEW suppressions AS
SELECT recipient, recipient_key, reason, since, until, why
FROM recipients
WHERE standing = 'suppressed' AND (until IS NULL OR until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));

-- For people: whom to look at, and whom an incident holds.
CREATE VIEW reviews AS
SELECT recipient, recipient_key, reason, since, points, why, incident_id
FROM recipients
WHERE standing = 'review';

-- Where recipients stand, incidents, cursors, corrections. See 0001 for the laws of all tables; docs/reference/sql.md for people.

-- A correction (replay) is a row of its own that names the first verdict it corrects. Of several, the newest holds.
ALTER TABLE verdicts ADD COLUMN revises INTEGER REFERENCES verdicts (id);
-- "Was this verdict corrected?", asked by the fold and the views. Empty until somebody replays.
CREATE INDEX verdicts_revised ON verdicts (revises) WHERE revises IS NOT NULL;

-- No version wrote these two tables before this schema, so they are made anew.
DROP VIEW suppressions;
DROP TABLE recipients;
DROP TABLE incidents;

-- Where each recipient is: a fold of its verdicts and of operators' acts, so the one table that is edited in place and can be
-- rebuilt. `memory` is what the fold must remember beside the columns (a JSON object of ours, not for people's SQL).
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
) STRICT, WITHOUT ROWID;

-- "Who is suppressed, or to be reviewed?" Most recipients that we hear of are one of the two, and it serves lists and exports.
CREATE INDEX recipients_by_standing ON recipients (standing, reason) WHERE standing <> 'ok';

-- A burst of failures that are not the recipients' fault. Edited while it is open (`last_at`, the counts) and when it closes.
CREATE TABLE incidents (
    id         INTEGER PRIMARY KEY,
    opened_at  TEXT    NOT NULL,
    last_at    TEXT    NOT NULL,
    closed_at  TEXT,
    scope      TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    reason     TEXT,
    fault      TEXT,
    verdicts   INTEGER NOT NULL DEFAULT 0,
    recipients INTEGER NOT NULL DEFAULT 0,
    outcome    TEXT,
    note       TEXT    NOT NULL DEFAULT ''
) STRICT;

-- Which verdicts an incident holds. While it is open, and after it was voided, they count for nothing.
CREATE TABLE held (
    verdict_id  INTEGER NOT NULL PRIMARY KEY REFERENCES verdicts (id),
    incident_id INTEGER NOT NULL REFERENCES incidents (id)
) STRICT;
CREATE INDEX held_by_incident ON held (incident_id, verdict_id);

ALTER TABLE cursors RENAME COLUMN sink TO name;

-- How far long work has come, so that it goes on where it was cut off; in the transaction that did the work.
CREATE TABLE progress (
    task     TEXT    NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    moved_at TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

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

-- "Does the feed still speak of this verdict?", asked by retention and by the foreign key. Grows at its right edge, nearly.
CREATE INDEX feed_by_verdict ON feed (verdict_id) WHERE verdict_id IS NOT NULL;

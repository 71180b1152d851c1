-- The first schema. Read docs/reference/sql.md for what each column means to people; this file says why it is as it is.
--
-- One law for all tables: rows are added, never edited, except where a comment says otherwise. Every table is STRICT. Times are
-- UTC as ISO 8601 text with milliseconds and Z, so they sort as text. Words of the closed vocabularies (kind, class, reason, ...)
-- are not CHECKed here: they are enums in the code, they grow with versions, and a CHECK that a new version forgot to widen would
-- turn a bounce into a 451 for ever.
--
-- Indexes cost: one over random keys about doubles the price of a row. Each one below says what would be a full scan without it.

-- "BSNK": this file is bouncesink's. A database with tables and another application_id is refused, never migrated.
PRAGMA application_id = 1112755787;

-- Raw mail, each distinct content once. `hash` is SHA-256 of the whole content, cut to 128 bits; `size` is the whole, `kept` what
-- store.content_limit let in, and `body` those first `kept` octets in `encoding`. Retention may later set `body` to NULL.
-- The index under UNIQUE (random keys) is what makes record() idempotent: a peer that lost our 250 sends the same content again,
-- hours later, and must find it.
CREATE TABLE contents (
    id       INTEGER PRIMARY KEY,
    hash     BLOB    NOT NULL UNIQUE CHECK (length(hash) = 16),
    size     INTEGER NOT NULL CHECK (size >= 0),
    kept     INTEGER NOT NULL CHECK (kept BETWEEN 0 AND size),
    encoding TEXT    NOT NULL,
    body     BLOB
) STRICT;

-- One row for each content and forward-path: a transaction with three recipients is three rows and one content.
-- The index under UNIQUE is the other half of idempotence; content_id stands first so that it grows at its right edge (cheap).
CREATE TABLE mails (
    id                   INTEGER PRIMARY KEY,
    content_id           INTEGER NOT NULL REFERENCES contents (id),
    received_at          TEXT    NOT NULL,
    via                  TEXT    NOT NULL,
    remote_address       TEXT    NOT NULL,
    helo                 TEXT    NOT NULL,
    tls                  TEXT    NOT NULL,
    reverse_path         TEXT    NOT NULL,
    forward_path         TEXT    NOT NULL,
    -- what the forward-path says (core.verp.attribution.Attribution)
    grammar              TEXT    NOT NULL,
    recipient            TEXT,
    reference            TEXT    NOT NULL,
    authenticity         TEXT    NOT NULL,
    list_name            TEXT    NOT NULL,
    issued_on            TEXT,
    key_id               INTEGER,
    nesting              TEXT    NOT NULL,  -- JSON array, outermost first
    note                 TEXT    NOT NULL,
    -- what the content says of itself (core.report.Report)
    kind                 TEXT    NOT NULL,
    reader               TEXT    NOT NULL,
    auto_submitted       TEXT    NOT NULL,
    feedback_type        TEXT    NOT NULL,
    message_id           TEXT    NOT NULL,
    subject              TEXT    NOT NULL,
    original_message_id  TEXT    NOT NULL,
    original_envelope_id TEXT    NOT NULL,
    recipients_omitted   INTEGER NOT NULL,
    defects              TEXT    NOT NULL,  -- JSON array of names
    UNIQUE (content_id, forward_path)
) STRICT;

-- What we think: one row for each recipient of a report (core.verdict.Verdict). A correction is a new row.
CREATE TABLE verdicts (
    id                 INTEGER PRIMARY KEY,
    mail_id            INTEGER NOT NULL REFERENCES mails (id),
    recipient          TEXT,
    recipient_key      TEXT,
    kind               TEXT    NOT NULL,
    action             TEXT,
    class              TEXT,
    reason             TEXT,
    fault              TEXT,
    authenticity       TEXT    NOT NULL,
    disposition        TEXT    NOT NULL,
    status             TEXT,
    reply_code         INTEGER,
    diagnostic         TEXT    NOT NULL,
    final_recipient    TEXT,
    original_recipient TEXT,
    reporting_mta      TEXT,
    remote_mta         TEXT,
    rule               TEXT    NOT NULL,
    rulebook           TEXT    NOT NULL,
    evidence           TEXT    NOT NULL   -- JSON object
) STRICT;

-- "What was judged of mail 17?" (explain, replay). Grows at its right edge.
CREATE INDEX verdicts_by_mail ON verdicts (mail_id);

-- "What happened to this address?", asked by every support desk and by the fold that keeps its standing. Random keys, the
-- price is paid knowingly; within one key the rows stand in the order of recording.
CREATE INDEX verdicts_by_recipient ON verdicts (recipient_key) WHERE recipient_key IS NOT NULL;

-- Where each recipient is: a fold of its verdicts, so the one table that is edited in place and can be rebuilt at any time.
CREATE TABLE recipients (
    recipient_key TEXT    NOT NULL PRIMARY KEY,
    recipient     TEXT    NOT NULL,
    standing      TEXT    NOT NULL,
    since         TEXT    NOT NULL,
    until         TEXT,
    reason        TEXT,
    points        INTEGER NOT NULL DEFAULT 0,
    why           TEXT    NOT NULL DEFAULT '[]',  -- JSON array of verdict ids
    updated_at    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- What other systems sync from. AUTOINCREMENT: a seq is never given twice, not even after retention removed the newest rows.
-- One writer commits in the order of seq, and a rolled-back seq is given again, so a reader that saw seq N has seen all below.
-- `body` holds what an event adds to its verdict; the verdict itself is not copied, since neither row is ever edited.
CREATE TABLE feed (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         TEXT    NOT NULL,
    type       TEXT    NOT NULL,
    recipient  TEXT,
    verdict_id INTEGER REFERENCES verdicts (id),
    body       TEXT    NOT NULL DEFAULT '{}'  -- JSON object
) STRICT;

-- Whom the reference of an opaque token means, told by the sender when it minted. Keyed as it is asked for.
CREATE TABLE addressees (
    domain        TEXT NOT NULL,
    reference     TEXT NOT NULL,
    address       TEXT NOT NULL,
    registered_at TEXT NOT NULL,
    PRIMARY KEY (domain, reference)
) STRICT, WITHOUT ROWID;

-- A burst of failures that are not the recipients' fault; edited once, when it closes.
CREATE TABLE incidents (
    id        INTEGER PRIMARY KEY,
    opened_at TEXT NOT NULL,
    closed_at TEXT,
    scope     TEXT NOT NULL,
    reason    TEXT,
    fault     TEXT,
    outcome   TEXT,
    note      TEXT NOT NULL DEFAULT ''
) STRICT;

-- How far each sink has read the feed; edited in place.
CREATE TABLE cursors (
    sink     TEXT    NOT NULL PRIMARY KEY,
    seq      INTEGER NOT NULL,
    moved_at TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- What operators did by hand.
CREATE TABLE audit (
    id        INTEGER PRIMARY KEY,
    at        TEXT NOT NULL,
    actor     TEXT NOT NULL,
    act       TEXT NOT NULL,
    recipient TEXT,
    detail    TEXT NOT NULL DEFAULT '{}'  -- JSON object
) STRICT;

-- For people: one row a verdict, joined and readable. `why` is the receiver's own words (or those that matched) and the rule.
CREATE VIEW bounces AS
SELECT
    verdicts.id AS verdict_id,
    mails.id AS mail_id,
    mails.received_at,
    verdicts.recipient,
    verdicts.recipient_key,
    verdicts.kind,
    verdicts.class,
    verdicts.reason,
    verdicts.fault,
    verdicts.disposition,
    verdicts.authenticity,
    verdicts.action,
    verdicts.status,
    verdicts.reply_code,
    trim(
        CASE verdicts.diagnostic WHEN '' THEN coalesce(json_extract(verdicts.evidence, '$.words'), '') ELSE verdicts.diagnostic END
        || CASE verdicts.rule WHEN '' THEN '' ELSE ' [' || verdicts.rule || ']' END
    ) AS why,
    verdicts.reporting_mta,
    verdicts.remote_mta,
    mails.forward_path,
    mails.reverse_path,
    mails.remote_address,
    mails.subject,
    mails.message_id,
    mails.original_message_id,
    mails.defects
FROM verdicts
JOIN mails ON mails.id = verdicts.mail_id;

-- For people: who is not to be mailed, since when, until when (NULL: for good) and why.
CREATE VIEW suppressions AS
SELECT recipient, recipient_key, reason, since, until, why
FROM recipients
WHERE standing = 'suppressed';

-- For people: everything that was ever said of an address; ask with recipient_key = '...' and ORDER BY verdict_id.
CREATE VIEW recipient_history AS
SELECT
    verdicts.recipient_key,
    verdicts.recipient,
    mails.received_at AS at,
    verdicts.kind,
    verdicts.class,
    verdicts.reason,
    verdicts.fault,
    verdicts.disposition,
    verdicts.authenticity,
    verdicts.status,
    verdicts.diagnostic,
    verdicts.rule,
    verdicts.id AS verdict_id,
    mails.id AS mail_id
FROM verdicts
JOIN mails ON mails.id = verdicts.mail_id
WHERE verdicts.recipient_key IS NOT NULL;

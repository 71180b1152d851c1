-- What an incident holds is shown as held. See 0001 for the laws of all tables.

-- A verdict's row keeps the disposition that it was recorded with. Those of a burst that came before it was seen were recorded as
-- if there were none, and those that a person released as held. The views show what holds: `hold` while an incident has it, else
-- what it was judged.

-- For people: one row a verdict that holds, joined and readable. One that replay corrected is left out, its correction is there.
DROP VIEW bounces;
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
    CASE
        WHEN EXISTS (SELECT 1 FROM held WHERE held.verdict_id = coalesce(verdicts.revises, verdicts.id)) THEN 'hold'
        WHEN verdicts.disposition = 'hold' THEN replace(json_extract(verdicts.evidence, '$.note'), 'held, else ', '')
        ELSE verdicts.disposition
    END AS disposition,
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
    mails.defects,
    verdicts.revises
FROM verdicts
JOIN mails ON mails.id = verdicts.mail_id
WHERE NOT EXISTS (
    SELECT 1 FROM verdicts AS later
    WHERE later.revises = coalesce(verdicts.revises, verdicts.id) AND later.id > verdicts.id
);

-- For people: everything that was ever said of an address, corrections too; ask with recipient_key = '...' and ORDER BY verdict_id.
DROP VIEW recipient_history;
CREATE VIEW recipient_history AS
SELECT
    verdicts.recipient_key,
    verdicts.recipient,
    mails.received_at AS at,
    verdicts.kind,
    verdicts.class,
    verdicts.reason,
    verdicts.fault,
    CASE
        WHEN EXISTS (SELECT 1 FROM held WHERE held.verdict_id = coalesce(verdicts.revises, verdicts.id)) THEN 'hold'
        WHEN verdicts.disposition = 'hold' THEN replace(json_extract(verdicts.evidence, '$.note'), 'held, else ', '')
        ELSE verdicts.disposition
    END AS disposition,
    verdicts.authenticity,
    verdicts.status,
    verdicts.diagnostic,
    verdicts.rule,
    verdicts.id AS verdict_id,
    mails.id AS mail_id,
    verdicts.revises
FROM verdicts
JOIN mails ON mails.id = verdicts.mail_id
WHERE verdicts.recipient_key IS NOT NULL;

"""What goes in as a value comes out as the same value, whatever strangers wrote; every column has its place."""

import sqlite3
from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.address import address_key
from bouncesink.core.defect import Defect
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.report import Action, Kind, Place, Report
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import Alternative, Disposition, Evidence, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar, Nesting
from bouncesink.store import rows
from bouncesink.store.content import Packer
from bouncesink.store.migrate import migrate, migrations
from bouncesink.store.standings import Changes
from bouncesink.store.text import storable

TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
STATUS = st.builds(EnhancedStatusCode, st.sampled_from([2, 4, 5]), st.integers(0, 999), st.integers(0, 999))
EVIDENCE = st.builds(
    Evidence,
    TEXT,
    st.sampled_from(Place),
    st.lists(st.builds(Alternative, st.just("vendor/other"), st.sampled_from(Reason)), max_size=2).map(tuple),
    TEXT,
    TEXT,
)
VERDICT = st.builds(
    Verdict,
    recipient=st.none() | TEXT,
    kind=st.sampled_from(Kind),
    action=st.none() | st.sampled_from(Action),
    class_=st.none() | st.sampled_from(FailureClass),
    reason=st.none() | st.sampled_from(Reason),
    fault=st.none() | st.sampled_from(Fault),
    authenticity=st.sampled_from(Authenticity),
    disposition=st.sampled_from(Disposition),
    status=st.none() | STATUS,
    reply_code=st.none() | st.integers(200, 599),
    diagnostic=TEXT,
    final_recipient=st.none() | TEXT,
    original_recipient=st.none() | TEXT,
    reporting_mta=st.none() | TEXT,
    remote_mta=st.none() | TEXT,
    rule=st.sampled_from(["", "google/no-such-user"]),
    rulebook=st.just("0123456789ab"),
    evidence=EVIDENCE,
)
ATTRIBUTION = st.builds(
    Attribution,
    grammar=st.sampled_from(Grammar),
    recipient=st.none() | TEXT,
    reference=TEXT,
    authenticity=st.sampled_from(Authenticity),
    list_name=TEXT,
    issued_on=st.none() | st.dates(),
    key_id=st.none() | st.integers(0, 31),
    nesting=st.lists(st.sampled_from(Nesting), max_size=3).map(tuple),
    note=TEXT,
)


def spelled(value):
    """``value`` with every text in it as the store spells it."""
    if isinstance(value, str) and type(value) is str:
        return storable(value)
    if isinstance(value, tuple):
        return tuple(map(spelled, value))
    if hasattr(value, "__dataclass_fields__"):
        return replace(value, **{field.name: spelled(getattr(value, field.name)) for field in fields(value)})
    return value


@pytest.fixture(name="connection", scope="module")
def _connection():
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        migrate(connection, 0, migrations())
        yield connection


def insert_mail(connection, mail, report, admitted):
    connection.execute("DELETE FROM feed")
    connection.execute("DELETE FROM verdicts")
    connection.execute("DELETE FROM mails")
    connection.execute("DELETE FROM contents")
    content_id = connection.execute(
        rows.insert("contents", rows.CONTENT_COLUMNS), rows.content_row(Packer(100).pack(mail.content))
    ).lastrowid
    return connection.execute(
        rows.insert("mails", ("content_id", *rows.MAIL_COLUMNS)), (content_id, *rows.mail_row(mail, report, admitted))
    ).lastrowid


MAIL = Mail(Envelope("", ()), b"content", datetime(2026, 11, 22, tzinfo=UTC), Peer(Via.SMTP))
NOBODY = Admitted("bounces@b.example", Attribution(Grammar.STATIC))


@given(verdict=VERDICT)
def test_a_verdict_comes_back(connection, verdict):
    mail_id = insert_mail(connection, MAIL, Report(Kind.BOUNCE, "dsn"), NOBODY)
    row = (7, mail_id, *rows.verdict_row(verdict))
    connection.execute(rows.insert("verdicts", ("id", "mail_id", *rows.VERDICT_COLUMNS)), row)
    changes = Changes(connection, datetime(2026, 11, 22, tzinfo=UTC))
    changes.announce([(7, row[2])])
    changes.write()
    found = connection.execute("SELECT * FROM verdicts").fetchone()
    assert rows.verdict_of(found) == spelled(verdict)
    assert found["recipient_key"] == (storable(address_key(verdict.recipient)) if verdict.recipient else None)
    told = connection.execute("SELECT * FROM feed").fetchone()
    assert (told["type"], told["verdict_id"], told["recipient"]) == ("verdict.recorded", 7, found["recipient"])
    bounce = connection.execute("SELECT * FROM bounces").fetchone()
    assert (bounce["verdict_id"], bounce["mail_id"]) == (7, mail_id)


@given(attribution=ATTRIBUTION, forward_path=TEXT)
def test_an_attribution_comes_back(connection, attribution, forward_path):
    insert_mail(connection, MAIL, Report(Kind.BOUNCE, "dsn"), Admitted(forward_path, attribution))
    found = connection.execute("SELECT * FROM mails").fetchone()
    assert rows.attribution_of(found) == spelled(attribution)
    assert found["forward_path"] == storable(forward_path)


@given(
    text=TEXT,
    defects=st.lists(st.sampled_from(Defect), max_size=3).map(tuple),
    kind=st.sampled_from(Kind),
    omitted=st.integers(0, 10**6),
)
def test_a_mail_holds_what_strangers_wrote(connection, text, defects, kind, omitted):
    mail = Mail(Envelope(text, ()), b"content", datetime(2026, 11, 22, tzinfo=UTC), Peer(Via.LMTP, text, text, text))
    report = Report(
        kind,
        "dsn",
        recipients_omitted=omitted,
        original_envelope_id=text,
        auto_submitted=text,
        feedback_type=text,
        headers={"subject": text, "message-id": text},
        defects=defects,
    )
    insert_mail(connection, mail, report, NOBODY)
    found = connection.execute("SELECT * FROM mails").fetchone()
    strangers = ("reverse_path", "remote_address", "helo", "tls", "subject", "message_id", "original_envelope_id")
    assert {found[column] for column in strangers} == {storable(text)}
    assert (found["kind"], found["recipients_omitted"]) == (kind, omitted)
    names = connection.execute("SELECT value FROM mails, json_each(defects)").fetchall()
    assert tuple(row[0] for row in names) == defects


def test_an_original_names_its_message(connection, bounce):
    insert_mail(connection, MAIL, bounce().report, NOBODY)
    assert connection.execute("SELECT original_message_id FROM mails").fetchone()[0] == "<1@sender.example>"


@pytest.mark.parametrize(
    ("table", "columns"),
    [("contents", rows.CONTENT_COLUMNS), ("mails", rows.MAIL_COLUMNS), ("verdicts", rows.VERDICT_COLUMNS)],
)
def test_every_column_is_written(connection, table, columns):
    there = [row["name"] for row in connection.execute(f"PRAGMA table_info({table})")]
    assert [name for name in there if name not in ("id", "content_id", "mail_id", "revises")] == list(columns)

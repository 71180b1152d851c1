"""Migrations: from nothing, once, whole or not at all; never a stranger's file, never a newer one."""

import re
import sqlite3
from contextlib import closing

import pytest

from bouncesink.errors import SchemaTooNew, StoreError
from bouncesink.store.connection import open_sqlite
from bouncesink.store.migrate import (
    APPLICATION_ID,
    Migration,
    migrate,
    migrations,
    prepare,
    recognise,
    schema_version,
    statements,
)


def value(connection: sqlite3.Connection, sql: str) -> object:
    return connection.execute(sql).fetchone()[0]


@pytest.fixture(name="path")
def _path(tmp_path):
    return tmp_path / "b.db"


@pytest.fixture(name="connection")
def _connection(path):
    with closing(open_sqlite(path, 1.0)) as connection:
        yield connection


def test_from_nothing(connection, path):
    prepare(connection, str(path))
    assert value(connection, "PRAGMA application_id") == APPLICATION_ID
    assert value(connection, "PRAGMA user_version") == schema_version()
    assert value(connection, "PRAGMA journal_mode") == "wal"
    assert value(connection, "PRAGMA synchronous") == 2
    assert value(connection, "PRAGMA secure_delete") == 1
    assert value(connection, "PRAGMA wal_autocheckpoint") == 0
    assert value(connection, "PRAGMA integrity_check") == "ok"


def test_every_table_is_strict(connection, path):
    prepare(connection, str(path))
    tables = connection.execute(
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    ).fetchall()
    assert len(tables) > 8
    assert not [name for name, strict in tables if not strict and not name.startswith("sqlite_")]


def test_opening_again_changes_nothing(connection, path):
    prepare(connection, str(path))
    before = (value(connection, "PRAGMA schema_version"), value(connection, "PRAGMA data_version"))
    changes = connection.total_changes
    prepare(connection, str(path))
    assert (value(connection, "PRAGMA schema_version"), value(connection, "PRAGMA data_version")) == before
    assert connection.total_changes == changes


def test_the_files_are_numbered_without_gaps():
    steps = migrations()
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", step.name) for step in steps)


def test_a_newer_schema_is_refused_naming_both_numbers(connection, path):
    prepare(connection, str(path))
    connection.execute(f"PRAGMA user_version = {schema_version() + 7}")
    with pytest.raises(SchemaTooNew, match=rf"schema {schema_version() + 7}\b.*knows {schema_version()} at most"):
        prepare(connection, str(path))


@pytest.mark.parametrize(
    "strange",
    ["CREATE TABLE theirs (a)", "PRAGMA application_id = 1", "PRAGMA user_version = 3", "CREATE VIEW theirs AS SELECT 1"],
)
def test_a_strangers_database_is_refused_untouched(path, strange):
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute(strange)
    before = path.read_bytes()
    with closing(open_sqlite(path, 1.0)) as connection, pytest.raises(StoreError, match="another program"):
        prepare(connection, str(path))
    assert path.read_bytes() == before


def test_without_a_file_there_is_no_write_ahead_log():
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        with pytest.raises(StoreError, match="local disk"):
            prepare(connection, ":memory:")


STEPS = (
    Migration(1, "0001_a.sql", "CREATE TABLE a (x INTEGER) STRICT;"),
    Migration(2, "0002_b.sql", "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO a VALUES (1); INSERT INTO a VALUES ('word');"),
)


def test_a_migration_that_fails_leaves_the_number_before_it(connection):
    with pytest.raises(sqlite3.IntegrityError):
        migrate(connection, 0, STEPS)
    assert value(connection, "PRAGMA user_version") == 1
    assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["a"]
    assert value(connection, "SELECT count(*) FROM a") == 0
    assert not connection.in_transaction


def test_only_what_is_above_the_number_is_applied(connection):
    migrate(connection, 0, STEPS[:1])
    migrate(connection, 1, (*STEPS[:1], Migration(2, "0002_c.sql", "CREATE TABLE c (x);")))
    assert value(connection, "PRAGMA user_version") == 2


def test_recipients_are_what_they_were_once_their_table_has_rowids(connection):
    migrate(connection, 0, migrations()[:4])
    since = "2026-11-01T00:00:00.000Z"
    before = [
        (
            "b@example.com",
            "B@example.com",
            "news",
            "suppressed",
            since,
            None,
            "mailbox_unknown",
            3,
            "[7]",
            4,
            '{"series":1}',
            since,
        ),
        ("a@example.com", "a@example.com", "", "review", since, since, None, 0, "[]", None, "{}", since),
    ]
    connection.executemany(f"INSERT INTO recipients VALUES ({', '.join('?' * 12)})", before)
    migrate(connection, 4, migrations())
    assert [tuple(row) for row in connection.execute("SELECT * FROM recipients ORDER BY points DESC")] == before
    assert value(connection, "SELECT count(rowid) FROM recipients") == 2
    assert value(connection, "SELECT recipient FROM suppressions") == "B@example.com"
    assert value(connection, "SELECT recipient FROM reviews") == "a@example.com"
    with pytest.raises(sqlite3.IntegrityError, match="recipient_key"):
        connection.execute("INSERT INTO recipients SELECT * FROM recipients LIMIT 1")


def test_two_that_migrate_at_once(path):
    with closing(open_sqlite(path, 1.0)) as slow, closing(open_sqlite(path, 1.0)) as quick:
        assert recognise(slow, str(path)) == 0
        prepare(quick, str(path))
        migrate(slow, 0, migrations())
        assert value(slow, "PRAGMA user_version") == schema_version()
        assert not slow.in_transaction


def test_statements_end_where_sqlite_says():
    trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT ';'; END;"
    script = f"-- one; comment\nCREATE TABLE a (x);\n/* two; */ {trigger}\nSELECT 'a;b';\n-- the end\n"
    assert [statement.splitlines()[-1] for statement in statements(script)] == [
        "CREATE TABLE a (x);",
        f"/* two; */ {trigger}",
        "SELECT 'a;b';",
    ]


def test_a_script_that_ends_inside_a_statement_is_a_bug():
    with pytest.raises(ValueError, match="inside a statement"):
        list(statements("SELECT 1; SELECT 'never closed; SELECT 3;"))

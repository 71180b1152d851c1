"""Senders register whom a reference means, beside a running server or without one; a reference never changes its meaning."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from bouncesink.errors import SchemaTooNew, StoreBusy, StoreError
from bouncesink.store.addressees import register
from bouncesink.store.database import Database

DOMAIN = "b.example"


async def test_beside_a_running_server(section, database, bounce):
    recording = asyncio.gather(*(database.intake.record(*bounce(serial).arguments) for serial in range(100)))
    for number in range(5):
        pairs = [(f"{number:08x}{each:08x}", f"r{number}-{each}@example.com") for each in range(50)]
        assert await asyncio.to_thread(register, section, DOMAIN, pairs) == 50
    await recording
    assert await database.addressees.resolve("0000000300000007", DOMAIN) == "r3-7@example.com"
    assert await database.addressees.resolve("0000000300000007", "B.Example") == "r3-7@example.com"
    assert await database.addressees.resolve("0000000300000007", "other.example") is None
    assert await database.addressees.resolve("ffffffffffffffff", DOMAIN) is None


async def test_before_the_first_start(section):
    assert register(section, DOMAIN, [("00000000000000aa", "J\u00fcrgen@example.com")]) == 1
    async with Database.open(section) as database:
        assert await database.addressees.resolve("00000000000000aa", DOMAIN) == "J\u00fcrgen@example.com"


async def test_again_is_nothing_new(section, database):
    assert register(section, DOMAIN, [("00000000000000aa", "Reader@example.com")]) == 1
    assert register(section, DOMAIN, [("00000000000000aa", "reader@EXAMPLE.com"), ("00000000000000bb", "b@example.com")]) == 1
    assert await database.addressees.resolve("00000000000000aa", DOMAIN) == "Reader@example.com"


async def test_another_meaning_is_refused_and_nothing_is_registered(section, database):
    register(section, DOMAIN, [("00000000000000aa", "reader@example.com")])
    with pytest.raises(ValueError, match=r"00000000000000aa.*reader@example\.com already.*other@example\.com"):
        register(section, DOMAIN, [("00000000000000cc", "c@example.com"), ("00000000000000aa", "other@example.com")])
    assert await database.addressees.resolve("00000000000000cc", DOMAIN) is None
    assert register(section, "other.example", [("00000000000000aa", "other@example.com")]) == 1


async def test_a_long_list_with_its_own_contradiction(section, database):
    pairs = [(f"{number:016x}", f"r{number}@example.com") for number in range(12_000)]
    assert await asyncio.to_thread(register, section, DOMAIN, pairs) == 12_000
    assert await database.addressees.resolve(f"{11_999:016x}", DOMAIN) == "r11999@example.com"
    with pytest.raises(ValueError, match="already"):
        register(section, "other.example", [("00000000000000aa", "a@example.com"), ("00000000000000aa", "b@example.com")])
    assert await database.addressees.resolve("00000000000000aa", "other.example") is None


def test_a_locked_database_is_busy(section):
    register(section, DOMAIN, [])
    with closing(sqlite3.connect(section.path, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            register(replace(section, busy_timeout=0.1), DOMAIN, [("00000000000000aa", "reader@example.com")])


def test_a_strangers_or_a_newer_database_is_refused(section):
    register(section, DOMAIN, [])
    with closing(sqlite3.connect(section.path)) as newer:
        newer.execute("PRAGMA user_version = 99")
    with pytest.raises(SchemaTooNew):
        register(section, DOMAIN, [])
    with closing(sqlite3.connect(section.path)) as theirs:
        theirs.execute("PRAGMA application_id = 1")
    with pytest.raises(StoreError, match="another program"):
        register(section, DOMAIN, [])


async def test_a_server_of_an_older_schema_is_not_migrated_under_its_feet(section, database):
    with closing(sqlite3.connect(section.path)) as older:
        older.execute("PRAGMA user_version = 0")
    with pytest.raises(StoreBusy, match="another bouncesink"):
        register(replace(section, busy_timeout=0.1), DOMAIN, [("00000000000000aa", "reader@example.com")])

"""The way through with its real parts, for tests: real keys, the packaged rules, a real database on disk."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime

from bouncesink.config.admission import admission_policy
from bouncesink.config.sections import Config, StoreSection
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.verp.keyring import Key, Keyring
from bouncesink.core.verp.minter import Minter
from bouncesink.pipeline import Pipeline
from bouncesink.rulefiles import load_rulebook
from bouncesink.store.database import Database

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEYRING = Keyring((Key(1, b"a secret for these tests alone!!"),))
DOMAIN = "b.example.com"
MINTER = Minter(KEYRING, DOMAIN)
PEER = Peer(Via.SMTP, "192.0.2.1", "mx.example.net")

DSN = b"""From: MAILER-DAEMON@mx.example.net\r
To: <%(to)s>\r
Subject: Undelivered Mail Returned to Sender\r
Message-ID: <%(id)s@mx.example.net>\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"\r
\r
--b1\r
Content-Type: text/plain\r
\r
Your message could not be delivered.\r
\r
--b1\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example.net\r
\r
Final-Recipient: rfc822; %(recipient)s\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 <%(recipient)s>: Recipient address rejected: User unknown in virtual mailbox table\r
\r
--b1--\r
"""


def dsn(recipient: str, message_id: str = "1") -> bytes:
    return DSN % {b"to": b"bounces@b.example.com", b"recipient": recipient.encode(), b"id": message_id.encode()}


@dataclass
class Way:
    pipeline: Pipeline
    section: StoreSection

    def mail(self, content: bytes, *forward_paths: str) -> Mail:
        admitted = [self.pipeline.admit(path) for path in forward_paths]
        assert all(isinstance(one, Admitted) for one in admitted), admitted
        return Mail(Envelope("", tuple(one for one in admitted if isinstance(one, Admitted))), content, NOW, PEER)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.section.path)) as connection:
            return connection.execute(sql).fetchall()


@asynccontextmanager
async def opened(section: StoreSection) -> AsyncIterator[Way]:
    """A way into the database that ``section`` names."""
    config, book = Config(), load_rulebook(None)
    async with Database.open(section) as database:
        policy = admission_policy(config.admission, config.verp)
        yield Way(Pipeline(policy, KEYRING, book, database.addressees, database.intake, lambda: NOW), section)


def minted(recipient: str) -> str:
    return MINTER.mint(recipient, NOW.date()).address

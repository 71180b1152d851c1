"""The file front: which address a mail came to, when, and what becomes of its octets."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.config.sections import FilesSection
from bouncesink.core.admission import AdmissionPolicy, admit
from bouncesink.core.mail import Mail, Via
from bouncesink.core.reply import CANNOT_NOW, TOO_BIG, recorded_as
from bouncesink.core.verp.attribution import Authenticity, Grammar
from bouncesink.core.verp.decoder import VerpPolicy
from bouncesink.core.verp.keyring import Key, Keyring
from bouncesink.core.verp.minter import Minter
from bouncesink.errors import StoreFull
from bouncesink.fronts.files import FileDoor, canonical
from bouncesink.fronts.handed import Handed, received_at

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYRING = Keyring((Key(1, b"k" * 32),))
POLICY = AdmissionPolicy(VerpPolicy(life_days=35), refuse_unknown=False)
MINTED_ON = date(2026, 10, 1)
TOKEN = Minter(KEYRING, "b.example").mint("reader@example.com", MINTED_ON).address
OTHER = Minter(KEYRING, "b.example").mint("other@example.com", MINTED_ON).address


class Way:
    """A way through that keeps what it gets. Admission is the real one."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.trouble: Exception | None = None
        self.bad_admission = False

    def admit(self, forward_path, at=None):
        return CANNOT_NOW if self.bad_admission else admit(forward_path, POLICY, KEYRING, at.date())

    async def accept(self, mail):
        if self.trouble:
            raise self.trouble
        self.mails.append(mail)
        return recorded_as("1")


@pytest.fixture
def way():
    return Way()


@pytest.fixture
def door(way):
    return FileDoor(way, FilesSection(), 1_000, 4, lambda: NOW)


def paths(mail: Mail) -> list[str]:
    return [each.forward_path for each in mail.envelope.admitted]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("", [""]),
        ("X-Original-To: a@b.example", ["a@b.example"]),
        ("Delivered-To: a@b.example\nX-Original-To: b@b.example", ["b@b.example"]),
        (f"X-Original-To: me@home.example\nDelivered-To: {TOKEN}", [TOKEN]),
        (f"Delivered-To: me@home.example\nDelivered-To: {TOKEN}\nDelivered-To: x@home.example", [TOKEN]),
        (f"Envelope-to: <{TOKEN}>", [TOKEN]),
        (f"Envelope-to: {TOKEN},\n {OTHER}, x@home.example", [TOKEN, OTHER]),
        ("Envelope-to: a@b.example, b@b.example", ["a@b.example"]),
        ("X-Original-To: undisclosed recipients\nDelivered-To: a@b.example", ["a@b.example"]),
        ("X-Original-To:\nDelivered-To: @@ <>", [""]),
        (f"Subject: x\n\nX-Original-To: {TOKEN}", [""]),
        (f"delivered-to: {TOKEN.upper()}", [TOKEN.upper()]),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_address_that_the_fields_name(door, fields, expected, end):
    content = f"{fields}\nSubject: x\n\nbody\n".replace("\n", end).encode()
    assert paths(door.gather(Handed(content))) == expected


def test_fields_that_are_asked_are_configuration(way):
    door = FileDoor(way, FilesSection(recipient_headers=("X-Rcpt",)), 1_000, 4, lambda: NOW)
    assert paths(door.gather(Handed(b"X-Original-To: no@b.example\nx-rcpt: yes@b.example\n\n"))) == ["yes@b.example"]


@pytest.mark.parametrize(
    ("given_", "expected", "grammar"),
    [
        (("unknown@b.example",), ["unknown@b.example"], Grammar.NONE),
        ((TOKEN, TOKEN), [TOKEN], Grammar.SIGNED),
        (("no address at all",), ["no address at all"], Grammar.NONE),
        (("x" * 5_000,), ["x" * 2_048], Grammar.NONE),
        (("\udcff@b.example",), ["\udcff@b.example"], Grammar.NONE),
        (("postmaster",), ["postmaster"], Grammar.ROLE),
    ],
)
def test_what_the_caller_knows_outranks_the_fields_and_nothing_is_refused(door, given_, expected, grammar):
    mail = door.gather(Handed(f"X-Original-To: {OTHER}\n\n".encode(), given_))
    assert paths(mail) == expected
    assert mail.envelope.admitted[0].attribution.grammar is grammar
    assert mail.peer.via is Via.FILE


@pytest.mark.parametrize(
    ("at", "authenticity"),
    [(datetime(2026, 10, 20, tzinfo=UTC), Authenticity.PROVEN), (None, Authenticity.LATE)],
)
def test_a_tag_is_judged_as_of_when_the_mail_came(door, at, authenticity):
    mail = door.gather(Handed(b"", (TOKEN,), received_at=at))
    assert mail.received_at == at or NOW
    assert mail.envelope.admitted[0].attribution.authenticity is authenticity


def test_no_mail_comes_from_the_future(door):
    assert door.gather(Handed(b"", received_at=datetime(2030, 1, 1, tzinfo=UTC))).received_at == NOW


@pytest.mark.parametrize(
    ("content", "given_", "expected"),
    [
        (b"Return-Path: <a@x.example>\n\n", None, "a@x.example"),
        (b"Return-Path: <>\n\n", None, ""),
        (b"\n", None, ""),
        (b"Return-Path: <a@x.example>\n\n", "", ""),
        (b"Return-Path: <a@x.example>\n\n", "MAILER-DAEMON", "MAILER-DAEMON"),
    ],
)
def test_the_reverse_path(door, content, given_, expected):
    assert door.gather(Handed(content, reverse_path=given_)).envelope.reverse_path == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: b\n\nc\n", b"a: b\r\n\r\nc\r\n"),
        (b"a: b\r\n\r\nc\r\n", b"a: b\r\n\r\nc\r\n"),
        (b"a\r\nb\nc\rd", b"a\r\nb\r\nc\rd\r\n"),
        (b"a\r\r\n", b"a\r\r\n"),
        (b"From x@y Mon Jan  5 10:00:00 2026\na: b\n", b"a: b\r\n"),
        (b"From: x@y\n", b"From: x@y\r\n"),
        (b"", b""),
        (b"From ", b""),
    ],
)
def test_octets_are_as_smtp_would_have_brought_them(content, expected):
    assert canonical(content) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("Received: from a by b; Mon, 02 Feb 2026 10:00:00 +0100 (CET)", datetime(2026, 2, 2, 9, tzinfo=UTC)),
        (
            "Received: from a\n by b; Mon, 02 Feb 2026 10:00:00 -0000\nReceived: x; Mon, 01 Feb 2021 10:00:00 +0000",
            datetime(2026, 2, 2, 10, tzinfo=UTC),
        ),
        ("Received: from a by b\nDate: Mon, 02 Feb 2026 10:00:00 +0000", datetime(2026, 2, 2, 10, tzinfo=UTC)),
        ("Date: Mon, 02 Feb 2026 10:00 GMT", datetime(2026, 2, 2, 10, tzinfo=UTC)),
        ("Received: x; Fri, 01 Jan 2038 00:00:00 +0000\nDate: Mon, 02 Feb 2026 10:00:00 +0000", NOW),
        ("Date: Thu, 01 Jan 1970 00:00:00 +0000", NOW),
        ("Date: yesterday", NOW),
        ("Date: Mon, 02 Feb 2026 10:00:00 +9999", NOW),
        ("Date: 99 Foo 99999999999999999999 99:99:99 +0000", NOW),
        ("", NOW),
    ],
)
def test_when_a_mail_came_by_its_own_word(fields, expected):
    assert received_at(f"{fields}\n\nDate: Mon, 02 Feb 2015 10:00:00 +0000\n".encode(), NOW) == expected


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"Date: ", b"Received: ;", b"X-Original-To: ", b"Envelope-To: ", b"From "])
)
def test_any_octets_are_a_mail(content, start):
    door = FileDoor(Way(), FilesSection(), 1_000, 4, lambda: NOW)
    for each in (content, start + content, start + content + b"\n\n" + content):
        mail = door.gather(Handed(each))
        assert mail.envelope.admitted
        assert received_at(each, NOW) <= NOW
        assert canonical(mail.content) == mail.content or mail.content.startswith((b"From ", b">From "))


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_any_date_is_read_or_not(text):
    assert received_at(b"Date: " + text.encode() + b"\n\n", NOW) <= NOW


async def test_replies(door, way):
    assert (await door.hand(Handed(b"x" * 1_001))) == TOO_BIG
    assert (await door.hand(Handed(b"x" * 1_000))).accepted
    way.trouble = StoreFull("full")
    assert (await door.hand(Handed(b"x"))).code == 452
    way.trouble = RuntimeError("a bug")
    assert (await door.hand(Handed(b"x"))).code == 451
    way.trouble, way.bad_admission = None, True
    assert (await door.hand(Handed(b"x", ("a@b.example",)))).code == 451
    assert len(way.mails) == 1

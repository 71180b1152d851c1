"""The authenticator: what it finds out, what it does when it cannot, and what it costs everybody else."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from forger import FRONT, LOOP, OURS, REPORTER, Names, Signing, World, arf, dsn

from bouncesink.authenticity.authenticator import Authenticator
from bouncesink.authenticity.reporters import Reporters, told_by_front
from bouncesink.authenticity.resolver import Resolver
from bouncesink.authenticity.signatures import MOST_OCTETS, Signer
from bouncesink.config.sections import AuthenticitySection
from bouncesink.core.attestation import Attestation
from bouncesink.core.headers import Headers
from bouncesink.core.reading import read
from bouncesink.core.verp.keyring import Key, Keyring

JANE = "jane@example.net"
KEY = f"s1._domainkey.{LOOP}"


@pytest.fixture(name="world", scope="module")
def _world(tmp_path_factory) -> World:
    folder = tmp_path_factory.mktemp("keys")
    keys = [Signing.make(folder, name) for name in ("ours", "loop", "stranger")]
    return World(Keyring((Key(1, b"a secret for these tests alone!!"),)), *keys)


@pytest.fixture(name="names")
def _names(world) -> Iterator[Names]:
    names = Names({KEY: world.loop.record, f"empty._domainkey.{LOOP}": ""})
    names.start()
    yield names
    names.close()


def section(world, names, **changes) -> AuthenticitySection:
    usual = {
        "dkim_keys": (f"s1._domainkey.{OURS}={world.ours.record}",),
        "reporters": (REPORTER.upper(),),
        "authserv_ids": (FRONT.upper(),),
        "nameservers": (f"127.0.0.1:{names.port}",),
    }
    return AuthenticitySection(**(usual | changes))


async def attest(authenticator: Authenticator, content: bytes) -> Attestation:
    return await authenticator.attest(content, read(content))


async def test_what_it_finds(world, names):
    authenticator = Authenticator(section(world, names))
    own = (await attest(authenticator, dsn((JANE,), world.original(JANE)))).own
    assert own is not None
    assert own.recipients == (JANE,)
    assert await attest(authenticator, world.loop.sign(arf(JANE), LOOP)) == Attestation(reporter=REPORTER)
    told = f"Authentication-Results: {FRONT}; dkim=pass header.d={LOOP}\r\n"
    assert await attest(authenticator, arf(JANE, above=told)) == Attestation(reporter=REPORTER)
    assert await attest(authenticator, dsn((JANE,))) == Attestation()
    assert await attest(authenticator, b"Subject: hello\r\n\r\nhello\r\n") == Attestation()
    assert names.asked == [KEY]


@pytest.mark.parametrize(
    ("selector", "note"),
    [
        ("none", f"key none._domainkey.{LOOP} of the report's signature: there is no such key"),
        ("empty", "the signature of the report does not hold"),
        ("a..b", f"key a..b._domainkey.{LOOP} of the report's signature: DNS gave no answer (EmptyLabel)"),
        ("x" * 64, "DNS gave no answer (LabelTooLong)"),
    ],
)
async def test_a_key_that_is_not_there(world, names, selector, note):
    found = await attest(Authenticator(section(world, names)), world.loop.sign(arf(JANE), LOOP, selector))
    assert (found.own, found.reporter) == (None, "")
    assert len(found.notes) == 1
    assert note in found.notes[0]


async def test_a_name_server_that_is_not_there(world, names):
    names.close()
    authenticator = Authenticator(section(world, names, timeout=0.5))
    found = await attest(authenticator, world.loop.sign(arf(JANE), LOOP))
    assert found.reporter == ""
    assert "gave no answer" in found.notes[0] or "took too long" in found.notes[0]


async def test_no_answer_in_time_is_a_fact(world, names):
    authenticator = Authenticator(section(world, names, timeout=0.3))
    started = time.perf_counter()
    found = await attest(authenticator, world.loop.sign(arf(JANE), LOOP, "mute"))
    assert time.perf_counter() - started < 2
    assert (found.own, found.reporter) == (None, "")
    assert "took too long" in found.notes[0] or "in time" in found.notes[0]
    assert (await attest(authenticator, world.loop.sign(arf(JANE), LOOP))).reporter == REPORTER, "nothing is left behind"


async def test_no_more_mails_wait_than_may(world, names):
    authenticator = Authenticator(section(world, names, timeout=1.0, at_once=3))
    mute, report = world.loop.sign(arf(JANE), LOOP, "mute"), world.loop.sign(arf(JANE), LOOP)
    waiting = [asyncio.create_task(attest(authenticator, mute)) for _ in range(3)]
    await asyncio.sleep(0)
    assert (await attest(authenticator, report)).notes == ("signatures were not checked: too many mails are waiting for it",)
    await asyncio.gather(*waiting)
    assert (await attest(authenticator, report)).reporter == REPORTER


async def test_a_report_that_is_too_big_is_not_checked(world, names):
    report = world.loop.sign(arf(JANE) + b"x" * MOST_OCTETS, LOOP)
    assert "too big" in (await attest(Authenticator(section(world, names)), report)).notes[0]


async def test_a_bug_of_ours_proves_nothing_and_is_told(world, names, monkeypatch, capsys):
    authenticator = Authenticator(section(world, names))
    monkeypatch.setattr("bouncesink.authenticity.authenticator.own_signature", lambda *_: 1 / 0)
    found = await attest(authenticator, dsn((JANE,), world.original(JANE)))
    assert found.notes == ("signatures were not checked: checking failed",)
    assert "ZeroDivisionError" in capsys.readouterr().err


async def test_without_own_keys_or_reporters_nothing_is_checked(world, names):
    only_loop = Authenticator(section(world, names, dkim_keys=()))
    assert await attest(only_loop, dsn((JANE,), world.original(JANE))) == Attestation()
    only_own = Authenticator(section(world, names, reporters=(), authserv_ids=()))
    assert await attest(only_own, world.loop.sign(arf(JANE), LOOP)) == Attestation()


async def test_many_checks_hold_up_nobody_for_long(world, names):
    """The loop has its turns between checks: a thread with a queue of them would keep the interpreter's lock from it."""
    authenticator = Authenticator(section(world, names, at_once=200, timeout=60.0))
    content = dsn((JANE,), world.original(JANE))
    report = read(content)
    checks = [asyncio.create_task(authenticator.attest(content, report)) for _ in range(150)]
    done: list[int] = []
    while not all(check.done() for check in checks):
        await asyncio.sleep(0)
        done.append(sum(check.done() for check in checks))
    assert all(check.result().own is not None for check in checks)
    assert len(set(done)) > 20, "however slow the machine, it is not one turn for all of them"


# Whom a reporter's signature speaks for


@pytest.mark.parametrize(
    ("trusted", "signer", "reporter"),
    [
        ("feedback@loop.example", Signer("loop.example", "feedback@loop.example"), "feedback@loop.example"),
        ("feedback@arf.loop.example", Signer("loop.example", "feedback@arf.loop.example"), "feedback@arf.loop.example"),
        ("feedback@loop.example", Signer("loop.example", "other@loop.example"), ""),
        ("feedback@loop.example", Signer("sub.loop.example", "feedback@loop.example"), ""),
        ("feedback@loop.example", Signer("x.example", "feedback@loop.example"), ""),
        ("feedback@loop.example", Signer("p.example", "feedback@loop.example"), ""),
        ("loop.example", Signer("loop.example", "any@loop.example"), "loop.example"),
        ("loop.example", Signer("loop.example", "any@arf.loop.example"), "loop.example"),
        ("loop.example", Signer("loop.example", "any@x.example"), ""),
        ("loop.example", Signer("arf.loop.example", "any@arf.loop.example"), ""),
        ("loop.example", Signer("oop.example", "any@loop.example"), ""),
    ],
)
def test_whom_a_signature_speaks_for(trusted, signer, reporter):
    assert Reporters(frozenset({trusted})).match(signer) == reporter


def test_whose_keys_may_be_asked_for():
    trusted = Reporters(frozenset({"a@arf.loop.example", "b.example"}))
    assert trusted.domains == {"arf.loop.example", "loop.example", "b.example"}


PASS = "dkim=pass header.d=loop.example"


@pytest.mark.parametrize(
    ("results", "domains"),
    [
        ((f"{FRONT}; {PASS}",), ["loop.example"]),
        ((f"{FRONT}; spf=pass smtp.mailfrom=x; {PASS} header.s=s1",), ["loop.example"]),
        ((f"{FRONT}; dkim=pass header.i=@LOOP.example",), ["loop.example"]),
        (
            (f"{FRONT}; dkim=pass (2048-bit key; ok) header.d=loop.example; dkim=pass header.d=b.example",),
            ["loop.example", "b.example"],
        ),
        ((f"{FRONT} 1; {PASS}",), ["loop.example"]),
        ((f"FRONT.b.example; {PASS}",), ["loop.example"]),
        ((f"x.example; {PASS}",), []),
        ((f"x.example; {PASS}", f"{FRONT}; {PASS}"), ["loop.example"]),
        ((f"{FRONT}; dkim=fail header.d=loop.example", f"{FRONT}; {PASS}"), []),
        ((f"{FRONT}; dkim=none",), []),
        ((f"{FRONT}; none",), []),
        ((f"{FRONT}; dkim=pass",), []),
        ((f"{FRONT}; dmarc=pass header.from=loop.example",), []),
        ((";;;=", "\xff"), []),
        ((), []),
    ],
)
def test_what_a_front_says(results, domains):
    block = "".join(f"Authentication-Results: {each}\r\n" for each in results) + f"From: <{REPORTER}>\r\n"
    found = told_by_front(Headers(block.encode("latin-1")), frozenset({FRONT}))
    assert [each.domain for each in found] == domains
    assert all(each.author == REPORTER for each in found)


@pytest.mark.parametrize("sender", ["", "From: a@a.example, b@b.example\r\n", "From: a@a.example\r\nFrom: b@b.example\r\n"])
def test_a_front_says_nothing_of_a_mail_without_one_author(sender):
    assert told_by_front(Headers(f"Authentication-Results: {FRONT}; {PASS}\r\n{sender}".encode()), frozenset({FRONT})) == ()


async def test_names_are_remembered_those_that_are_not_there_too(world, names):
    resolver = Resolver((f"127.0.0.1:{names.port}",), 2.0)
    for _ in range(3):
        assert (await resolver.text(KEY))[0].decode() == world.loop.record
        assert await resolver.text("none.example") == (b"", "there is no such key")
    assert sorted(names.asked) == sorted({KEY, "none.example"})

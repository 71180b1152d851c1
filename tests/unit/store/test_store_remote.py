"""Recording from another process: a socket pair between the two ends, and a real database behind."""

import asyncio
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.report import Place
from bouncesink.core.verdict import Alternative, Evidence, Reason
from bouncesink.core.verp.attribution import Attribution, Grammar, Nesting
from bouncesink.errors import StoreBusy, StoreError, StoreFull, StoreReadOnly
from bouncesink.observe import log
from bouncesink.store.content import Packer
from bouncesink.store.intake import Intake
from bouncesink.store.queries import Queries
from bouncesink.store.recording import Result
from bouncesink.store.remote.door import Door
from bouncesink.store.remote.intake import RemoteIntake
from bouncesink.store.remote.wire import (
    Frames,
    decode_outcome,
    decode_submission,
    encode_outcome,
    encode_submission,
    frame,
)
from bouncesink.store.rows import Judged, Recorded, verdict_row
from bouncesink.store.submission import submission_of


@asynccontextmanager
async def connected(intake: Intake, section) -> AsyncIterator[tuple[RemoteIntake, Door]]:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    near, far = socket.socketpair()
    door_transport, door = await loop.create_connection(lambda: Door(intake, ready.set), sock=far)
    transport, remote = await loop.create_connection(lambda: RemoteIntake(section), sock=near)
    remote.say_ready()
    await ready.wait()
    try:
        yield remote, door
    finally:
        await remote.close(1.0)
        door_transport.close()
        transport.close()


def odd(bounce):
    """A mail in which every column that can be odd is."""
    attribution = Attribution(
        Grammar.OPAQUE,
        None,
        "a\udcff\0",
        list_name="news",
        issued_on=date(2026, 2, 28),
        key_id=7,
        nesting=(Nesting.SRS0, Nesting.BATV),
        note="why",
    )
    evidence = Evidence("w\udc80", Place.PROSE, (Alternative("a/b", Reason.EXPIRED),), "zen.example", "note")
    plain = bounce(3, "a@example.com", "b@example.com", content=b"\xff\0\r\n", verdicts=2)
    verdict = replace(
        plain.judged[0].verdicts[0], evidence=evidence, status=None, action=None, class_=None, reason=None, fault=None
    )
    odd_one = Judged(replace(plain.judged[0].admitted, attribution=attribution, forward_path="x\udce9@b.example"), (verdict,))
    return replace(plain, judged=(odd_one, plain.judged[1], replace(plain.judged[1], verdicts=())))


@pytest.mark.parametrize("shape", ["usual", "odd"])
def test_what_comes_over_is_what_went(bounce, shape):
    original = bounce(1) if shape == "usual" else odd(bounce)
    packed = Packer(100).pack(original.mail.content)
    went = replace(submission_of(*original.arguments), content=b"", packed=packed)
    came = decode_submission(encode_submission(went))
    assert (came.packed, came.size, came.octets) == (packed, len(original.mail.content), len(packed.body))
    for ours, theirs in zip(went.entries, came.entries, strict=True):
        assert (theirs.forward_path, theirs.mail, theirs.story) == (ours.forward_path, ours.mail, ours.story)
        assert [row for _, row in theirs.verdicts] == [row for _, row in ours.verdicts]
        assert [verdict_row(verdict) for verdict, _ in theirs.verdicts] == [row for _, row in ours.verdicts]


@pytest.mark.parametrize(
    "outcome",
    [
        (Recorded(7, duplicate=False),),
        (Recorded(1, duplicate=True), Recorded(2**40, duplicate=False)),
        (),
    ],
)
def test_an_outcome_comes_over(outcome):
    assert decode_outcome(encode_outcome(outcome)) == outcome


@pytest.mark.parametrize("kind", [StoreError, StoreBusy, StoreFull, StoreReadOnly])
def test_trouble_comes_over_as_what_it_is(kind):
    told = decode_outcome(encode_outcome(kind("the disk")))
    assert (type(told), str(told), told.public) == (kind, "the disk", kind.public)


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=40))), st.data())
def test_frames_come_whole_however_they_are_cut(sent, data):
    octets = b"".join(frame(number, payload) for number, payload in sent)
    frames, heard, start = Frames(), [], 0
    while start < len(octets):
        end = data.draw(st.integers(start + 1, len(octets)))
        heard += frames.feed(octets[start:end])
        start = end
    assert heard == sent


async def test_it_is_recorded_when_it_says_so(database, section, bounce, rows):
    async with connected(database.intake, section) as (remote, _):
        recorded = await asyncio.gather(*(remote.record(*bounce(number).arguments) for number in range(50)))
        assert sorted(each[0].mail_id for each in recorded) == list(range(1, 51))
        assert rows("SELECT count(*) FROM mails") == [(50,)]
        (again,) = await remote.record(*bounce(7).arguments)
        assert again.duplicate
    content = (await Queries(database.queries._connection).mail(again.mail_id)).content
    assert content == bounce(7).mail.content


async def test_a_big_content_is_packed_beside_the_loop(database, section, bounce, rows):
    async with connected(database.intake, section) as (remote, _):
        await remote.record(*bounce(1, content=b"x" * 3_000_000).arguments)
    assert rows("SELECT size, kept FROM contents") == [(3_000_000, section.content_limit)]


async def test_its_trouble_is_ours(database, section, bounce):
    async with connected(database.intake, section) as (remote, _):
        await database.intake.close()
        with pytest.raises(StoreError, match="closed"):
            await remote.record(*bounce(1).arguments)


async def test_who_waits_when_the_other_end_dies_is_told(database, section, bounce):
    async with connected(database.intake, section) as (remote, door):
        waiting = asyncio.create_task(remote.record(*bounce(1).arguments))
        await asyncio.sleep(0)
        door._transport.abort()
        with pytest.raises(StoreError, match="gone"):
            await waiting
        await remote.lost.wait()
        with pytest.raises(StoreError, match="gone"):
            await remote.record(*bounce(2).arguments)


async def test_words_go_both_ways_and_the_last_is_heard(database, section, bounce):
    heard, told = [], []
    async with connected(database.intake, section) as (remote, door):
        door._on_word, remote.on_word = heard.append, told.append
        door.say(("192.0.2.1", "local"))
        remote.say({"counted": 17})
        await remote.record(*bounce(1).arguments)
        assert (heard, told) == ([{"counted": 17}], [("192.0.2.1", "local")])
        big = "x" * 4_000_000  # more than a socket holds
        remote.say(big)
        await remote.close(10.0)
        async with asyncio.timeout(10):
            await door.lost.wait()
        assert heard[-1] == big
        await remote.close(1.0)


async def test_more_than_may_wait_are_busy(database, section, bounce):
    async with connected(database.intake, replace(section, max_waiting=2)) as (remote, _):
        outcomes = await asyncio.gather(
            *(remote.record(*bounce(number).arguments) for number in range(3)), return_exceptions=True
        )
        assert [type(each) for each in outcomes] == [tuple, tuple, StoreBusy]


async def test_a_caller_that_is_cancelled_costs_nobody_anything(database, section, bounce, rows):
    async with connected(database.intake, section) as (remote, _):
        task = asyncio.create_task(remote.record(*bounce(1).arguments))
        await asyncio.sleep(0)
        task.cancel()
        await remote.record(*bounce(2).arguments)
    assert rows("SELECT count(*) FROM mails") == [(2,)]


async def test_what_is_no_submission_cuts_the_worker_off(database, section, bounce, rows):
    async with connected(database.intake, section) as (remote, _):
        remote._send(frame(1, b"nonsense"))
        await remote.lost.wait()
    async with connected(database.intake, section) as (remote, _):
        await remote.record(*bounce(1).arguments)
    assert rows("SELECT count(*) FROM mails") == [(1,)]


async def test_what_was_handed_in_is_told_before_the_end(database, section, bounce):
    told = []
    async with connected(database.intake, section) as (remote, _):
        for content in (b"x" * 3_000_000, b"small"):
            remote.submit(submission_of(*bounce(content=content).arguments), told.append)
        await remote.finish(20)
        assert [(one.mail_id, one.duplicate) for recorded in told for one in recorded] == [(1, False), (2, False)]
        await remote.finish(20)  # nobody waits: at once


async def test_a_bug_of_who_is_told_is_nobody_elses(database, section, bounce, capfd):
    def stumble(result: Result) -> None:
        raise KeyError(str(result))

    async with connected(database.intake, section) as (remote, _):
        for recorder in (database.intake, remote):
            recorder.submit(submission_of(*bounce(1).arguments), stumble)
            (recorded,) = await recorder.record(*bounce(2).arguments)
            assert recorded.mail_id == 2
    log.flush()
    assert capfd.readouterr().err.count('"where":"settled"') == 2


async def test_the_end_waits_for_nobodys_mail_for_long(database, section, bounce):
    with closing(sqlite3.connect(section.path, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        async with connected(database.intake, section) as (remote, _):
            waiting = asyncio.create_task(remote.record(*bounce().arguments))
            await asyncio.sleep(0)
            await remote.finish(0.01)
            waiting.cancel()
        stranger.execute("ROLLBACK")

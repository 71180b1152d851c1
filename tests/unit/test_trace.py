"""The trace: whose lines it takes, what of them may be seen, and that it ends."""

import asyncio
import io
import json

import pytest

from bouncesink.config.sections import LogSection
from bouncesink.config.words import LogFormat
from bouncesink.core.mail import Peer, Via
from bouncesink.observe import log
from bouncesink.observe.trace import LOCAL, LONGEST, MEETING, MOST_TRACES, Line, Side, Traces, parse_peers

PEER = Peer(Via.SMTP, "192.0.2.1")


class Session:
    """Whatever a front passes: it is known by its identity."""


@pytest.fixture
def lines(restored_log):
    output = io.StringIO()

    def told(*, addresses: bool = False):
        log._logger().flush()
        log.configure(LogSection(format=LogFormat.JSON, addresses=addresses), output)

    def written() -> list[dict]:
        log._logger().flush()
        return [json.loads(line) for line in output.getvalue().splitlines()]

    told()
    written.with_addresses = lambda: told(addresses=True)
    return written


@pytest.mark.parametrize(
    ("peers", "address", "wanted"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.0/24", "192.0.2.200", True),
        ("192.0.2.77/24", "192.0.2.200", True),
        ("192.0.2.0/24", "198.51.100.1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("[2001:db8::1]", "2001:db8::1", True),
        ("fe80::/10", "fe80::1%eth0", True),
        ("2001:db8::/32", "192.0.2.1", False),
        ("192.0.2.1", "", False),
        ("192.0.2.1", "no address", False),
        (LOCAL, "", True),
        (LOCAL, "192.0.2.1", False),
    ],
)
async def test_whose_lines_it_takes(lines, peers, address, wanted):
    traces = Traces()
    traces.begin(parse_peers(peers), 1, 100)
    traces.line(Session(), Peer(Via.SMTP, address), Side.PEER, b"NOOP")
    traces.end(str(traces.running()[0]))
    assert [line["line"] for line in lines() if line["event"] == "session.line"] == (["NOOP"] if wanted else [])


@pytest.mark.parametrize("text", ["", "mx.example.com", "192.0.2.256", "192.0.2.0/33", "192.0.2.1 192.0.2.2"])
def test_what_is_no_address_is_told(text):
    with pytest.raises(ValueError, match=r"write 192\.0\.2\.1"):
        parse_peers(text)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("EHLO mx.example.com", "EHLO mx.example.com"),
        ("ehlo reader@example.com", "ehlo (18 characters)"),
        ("MAIL FROM:<>", "MAIL FROM:<>"),
        ("MAIL FROM:<> SIZE=900 BODY=8BITMIME", "MAIL FROM:<> SIZE=900 BODY=8BITMIME"),
        ("MAIL FROM:<reader@example.com> SIZE=900", "MAIL FROM:(20 characters) SIZE=900"),
        ("mail from:reader@example.com", "mail from:(18 characters)"),
        ('RCPT TO:<"a reader"@example.com>', "RCPT TO:(24 characters)"),
        ("RCPT TO:<x@b.example> ORCPT=rfc822;reader@example.com", "RCPT TO:(13 characters) (31 characters)"),
        ("RCPT TO:<x@b.example> NOTIFY=reader@example.com", "RCPT TO:(13 characters) (25 characters)"),
        ("RCPT reader@example.com TO:<>", "RCPT (24 characters)"),
        ("VRFY reader", "(11 characters)"),
        ("AUTH PLAIN AHJlYWRlcgBzZWNyZXQ=", "AUTH PLAIN (20 characters)"),
        ("AHJlYWRlcgBzZWNyZXQ=", "(20 characters)"),
        ("To: reader@example.com", "(22 characters)"),
        ("(content) 919 octets", "(content) 919 octets"),
        ("BDAT 900 LAST", "BDAT 900 LAST"),
        ("QUIT", "QUIT"),
        ("", ""),
    ],
)
async def test_no_address_is_shown_unless_asked_for(lines, line, shown):
    for addresses in (False, True):
        traces = Traces()
        if addresses:
            lines.with_addresses()
        traces.begin(None, 1, 1)
        traces.line(Session(), Peer(Via.LMTP), Side.PEER, line.encode())
    assert [each["line"] for each in lines() if each["event"] == "session.line"] == [shown, line]


async def test_our_own_words_are_shown_and_sessions_are_told_apart(lines):
    traces, one, other = Traces(), Session(), Session()
    traces.begin(parse_peers("192.0.2.1"), 1, 100)
    traces.line(one, PEER, Side.SESSION, b"connected")
    traces.line(other, PEER, Side.US, b"250-b.example\r\n250 SIZE 900\r\n")
    traces.line(one, PEER, Side.US, b"221 2.0.0 bye\r\n")
    traces.end("192.0.2.1")
    found = [(line["session"], line["side"], line["line"]) for line in lines() if line["event"] == "session.line"]
    assert found == [(1, "session", "connected"), (2, "us", "250-b.example\n250 SIZE 900"), (1, "us", "221 2.0.0 bye")]
    assert all(line["ms"] >= 0 for line in lines() if line["event"] == "session.line")


async def test_it_ends_with_its_lines(lines):
    traces = Traces()
    traces.begin(parse_peers("192.0.2.1"), 1, 3)
    for _ in range(5):
        traces.line(Session(), PEER, Side.PEER, b"NOOP")
    assert not traces.on
    assert [line["event"] for line in lines()] == ["trace.started", *["session.line"] * 3, "trace.ended"]
    assert (lines()[-1]["why"], lines()[-1]["lines"]) == ("lines", 3)


async def test_it_ends_with_its_time(lines):
    traces = Traces()
    traces.begin(parse_peers("192.0.2.1"), 0.001, 100)
    async with asyncio.timeout(10):
        while traces.on:  # noqa: ASYNC110 - nothing tells its end but the log
            await asyncio.sleep(0.01)
    assert lines()[-1]["why"] == "time"


async def test_the_same_peers_begin_anew_and_too_many_are_refused(lines):
    traces = Traces()
    for number in range(MOST_TRACES):
        traces.begin(parse_peers(f"192.0.2.{number}"), 1, 5)
    traces.begin(parse_peers("192.0.2.0"), 1, 7)
    assert len(traces.running()) == MOST_TRACES
    with pytest.raises(ValueError, match="run already"):
        traces.begin(parse_peers("198.51.100.1"), 1, 5)
    assert traces.end("192.0.2.0/32") is False
    for trace in traces.running():
        assert traces.end(str(trace))
    assert not traces.on


async def test_a_long_line_is_cut(lines):
    traces = Traces()
    traces.begin(None, 1, 1)
    traces.line(Session(), Peer(Via.LMTP), Side.PEER, b"NOOP " + b"x" * 4_000)
    (line,) = [line["line"] for line in lines() if line["event"] == "session.line"]
    assert line.startswith("NOOP xxx")
    assert line.endswith("... (4005 characters)")
    assert len(line) < LONGEST + 30


async def test_who_follows_hands_its_lines_on_and_one_tells_them(lines):
    leader, followers = Traces(), [Traces(), Traces()]
    told = []
    leader.changed = lambda: told.append([str(each) for each in leader.running()])
    trace = leader.begin(parse_peers("192.0.2.0/24"), 1, 5)
    assert told == [["192.0.2.0/24"]]
    late: list[Line] = []
    followers[0].follow(told[0], late.append)
    followers[1].follow(told[0], lambda line: leader.hear(2, line))
    sessions = [Session(), Session()]
    followers[0].line(sessions[0], PEER, Side.PEER, b"NOOP first\r\n")
    followers[1].line(sessions[1], PEER, Side.PEER, b"rcpt TO:<reader@b.example>\r\n")
    followers[0].line(sessions[0], Peer(Via.SMTP, "198.51.100.1"), Side.PEER, b"NOOP nobody asked\r\n")
    leader.hear(1, *late)
    assert not [line for line in lines() if line["event"] == "session.line"], "they wait for one another"
    await asyncio.sleep(2 * MEETING)
    seen = [line for line in lines() if line["event"] == "session.line"]
    assert [(line["session"], line["line"]) for line in seen] == [(1, "NOOP first"), (2, "rcpt TO:(18 characters)")]
    assert (trace.lines, trace.lines_left) == (2, 3)
    for number in range(9):
        followers[1].line(sessions[1], PEER, Side.PEER, b"NOOP %d" % number)
    await asyncio.sleep(2 * MEETING)
    assert [line["line"] for line in lines() if line["event"] == "session.line"][2:] == ["NOOP 0", "NOOP 1", "NOOP 2"]
    assert told[-1] == []
    followers[1].follow((), lambda line: None)
    assert (leader.on, followers[1].on, followers[0].on) == (False, False, True)
    leader.hear(1, *late)  # it was on its way when the trace ended
    assert [line["event"] for line in lines()].count("session.line") == 5
    assert [line["event"] for line in lines()].count("trace.started") == 1


async def test_what_was_heard_is_told_before_its_trace_ends(lines):
    leader, follower = Traces(), Traces()
    leader.begin(parse_peers("192.0.2.1"), 1, 5)
    follower.follow(["192.0.2.1"], lambda line: leader.hear(1, line))
    follower.line(Session(), PEER, Side.PEER, b"QUIT")
    assert leader.end("192.0.2.1")
    assert [line["event"] for line in lines()] == ["trace.started", "session.line", "trace.ended"]

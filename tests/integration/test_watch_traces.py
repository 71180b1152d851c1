"""Tracing peers of a real server, with and without workers: who asks is told what was said, and no address."""

import json
import os
import signal
import smtplib
from contextlib import ExitStack

from watched_server import dsn


def test_a_peer_of_any_worker_is_traced(watched, wait_until):
    watched.start(["--workers", "2"])
    wait_until(lambda: watched.checks()[0] == 200, 20, "every worker to be there")
    told = watched.server.command("trace", "127.0.0.0/8", "--minutes", "5", "--config", str(watched.config))
    assert "127.0.0.0/8" in told
    with ExitStack() as open_peers:
        # Which worker takes a connection is the kernel's choice: enough of them that each has some.
        peers = [open_peers.enter_context(smtplib.SMTP("127.0.0.1", watched.server.port, timeout=20)) for _ in range(12)]
        for number, peer in enumerate(peers):
            assert peer.docmd("NOOP", str(number))[0] == 250

        def heard() -> list[dict]:
            return [line for line in watched.lines("session.line") if line["side"] == "peer"]

        wait_until(lambda: len(heard()) == 12, 10, "a line of every session")
        assert [line["line"] for line in heard()] == [f"NOOP {number}" for number in range(12)], "in the order of their time"
        assert len({line["session"] for line in heard()}) == 12, "numbered by one count, whoever has the session"
        (listed,) = json.loads(watched.ask("/trace")[1])
        assert listed["lines"] == len(watched.lines("session.line"))
        assert watched.samples()["bouncesink_traces_running"] == {(): 1}

        (doomed, _) = watched.server.workers()
        os.kill(doomed, signal.SIGKILL)
        wait_until(lambda: watched.lines("worker.died"), 10, "its death to be seen")
        limit = {(): 1_000}
        wait_until(lambda: watched.samples()["bouncesink_connections_limit"] == limit, 20, "another one to be ready")
    for _ in range(12):
        with smtplib.SMTP("127.0.0.1", watched.server.port, timeout=20) as peer:
            assert peer.docmd("NOOP", "after")[0] == 250
    wait_until(lambda: [line["line"] for line in heard()].count("NOOP after") == 12, 10, "the one who came later to trace too")

    watched.server.command("trace", "127.0.0.0/8", "--stop", "--config", str(watched.config))
    watched.server.command("trace", "127.0.0.1", "--lines", "5", "--config", str(watched.config))
    before = len(watched.lines("session.line"))
    for _ in range(6):
        with smtplib.SMTP("127.0.0.1", watched.server.port, timeout=20) as peer:
            peer.noop()
    wait_until(lambda: len(watched.lines("trace.ended")) == 2, 10, "it to end by its lines")
    assert [(line["why"], line["lines"] > 0) for line in watched.lines("trace.ended")] == [("told", True), ("lines", True)]
    assert len(watched.lines("session.line")) == before + 5, "however many workers, so many lines"
    assert len(watched.lines("trace.started")) == 2, "told once, and not by each worker"
    assert watched.ask("/trace")[1] == "[]"
    assert watched.server.terminate() == 0


def test_a_peer_is_traced_when_somebody_asks(watched):
    watched.start()
    (forward_path,) = watched.server.mint("reader@example.com")
    watched.send(forward_path, dsn("unknown", "reader@example.com", 1))
    assert not watched.lines("session.line")
    with smtplib.SMTP("127.0.0.1", watched.server.port, timeout=20) as before:
        before.noop()
        told = watched.server.command("trace", "127.0.0.0/8", "--minutes", "5", "--config", str(watched.config))
        assert "127.0.0.0/8" in told
        before.noop()
    watched.send(forward_path, dsn("unknown", "reader@example.com", 2))
    listed = json.loads(watched.server.command("trace", "--format", "json", "--config", str(watched.config)))
    assert [(one["peers"], one["lines"] > 10) for one in listed] == [("127.0.0.0/8", True)]
    assert watched.samples()["bouncesink_traces_running"] == {(): 1}
    watched.server.command("trace", "127.0.0.0/8", "--stop", "--config", str(watched.config))
    watched.send(forward_path, dsn("unknown", "reader@example.com", 3))
    lines = watched.lines("session.line")
    heard = [line["line"] for line in lines if line["side"] == "peer"]
    assert heard[:2] == ["noop", "QUIT"], "a session that was open before is traced too"
    assert f"rcpt TO:({len(forward_path) + 2} characters)" in heard
    assert [line for line in heard if line.startswith("(content) ")] == [
        f"(content) {len(dsn('unknown', 'reader@example.com', 2))} octets"
    ]
    assert [line["line"] for line in lines if line["side"] == "us" and "recorded as" in line["line"]] == [
        "250 2.0.0 recorded as 2"
    ]
    assert {line["session"] for line in lines} == {1, 2}
    assert "reader" not in json.dumps(lines)
    assert watched.lines("trace.ended")[0]["why"] == "told"

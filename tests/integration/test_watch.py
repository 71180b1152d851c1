"""Watching a real server over real sockets: its numbers are the database's, and its readiness is the truth."""

import json
import os
import signal
import smtplib
import socket
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from http.client import HTTPConnection

import pytest
from prometheus_client.parser import text_string_to_metric_families

SAMPLES = {
    "unknown": ("5.1.1", "550 5.1.1 <%s>: Recipient address rejected: User unknown in virtual mailbox table"),
    "full": ("4.2.2", "452 4.2.2 <%s>: mailbox is full"),
    "spam": ("5.7.1", "554 5.7.1 message rejected as spam"),
}


def dsn(kind: str, recipient: str, number: int = 0) -> bytes:
    status, diagnostic = SAMPLES[kind]
    text = f"""From: MAILER-DAEMON@mx.example.com
To: bounces@b.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <{kind}.{number}@mx.example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

Your message could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {recipient}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {diagnostic % recipient if "%s" in diagnostic else diagnostic}

--b1--
"""
    return text.replace("\n", "\r\n").encode()


class Watched:
    """A server with ``[watch]``, and what its listener says."""

    def __init__(self, server, port: int) -> None:
        self.server = server
        self.port = port
        self.config = server.folder / "watched.toml"

    def start(self, arguments: Sequence[str] = (), **keys: object) -> None:
        keys = {"listen": [f"127.0.0.1:{self.port}"], **keys}
        lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        self.config.write_text("\n".join(["[watch]", *lines, "[store]", "busy_timeout = 0.3", ""]))
        self.server.start("--config", str(self.config), *arguments)

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def checks(self, path: str = "/readyz") -> tuple[int, dict[str, tuple[bool, str]]]:
        status, body = self.ask(path)
        return status, {name: (check["ok"], check["detail"]) for name, check in json.loads(body)["checks"].items()}

    def samples(self) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
        status, body = self.ask("/metrics")
        assert status == 200
        found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
        for family in text_string_to_metric_families(body):
            for sample in family.samples:
                found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
        return found

    def lines(self, event: str) -> list[dict]:
        lines = [line for line in self.server.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in map(json.loads, lines) if line["event"] == event]

    def send(self, forward_path: str, content: bytes) -> None:
        with smtplib.SMTP("127.0.0.1", self.server.port, timeout=20) as peer:
            peer.sendmail("", [forward_path], content)


@pytest.fixture
def watched(server_process, unused_port) -> Watched:
    return Watched(server_process, unused_port())


def total(series: dict, **labels: str) -> float:
    return sum(value for key, value in series.items() if set(labels.items()) <= set(key))


def by(series: dict, *labels: str) -> Counter:
    found: Counter = Counter()
    for key, value in series.items():
        found[tuple(dict(key)[label] for label in labels)] += int(value)
    return found


def test_the_numbers_are_those_of_the_database(watched, wait_until):
    watched.start()
    readers = [f"reader{n}@example.com" for n in range(9)]
    minted = watched.server.mint(*readers)
    mails = [(path, dsn(list(SAMPLES)[n % 3], who, n)) for n, (path, who) in enumerate(zip(minted, readers, strict=True))]
    for path, content in [*mails, mails[0], mails[1]]:  # two peers lost our 250
        watched.send(path, content)
    watched.send(minted[0], b"From: reader0@example.com\r\nTo: you@example.org\r\nSubject: Re: News\r\n\r\nThank you!\r\n")
    with smtplib.SMTP("127.0.0.1", watched.server.port, timeout=20) as peer:
        peer.ehlo()
        peer.mail("")
        assert peer.rcpt("nobody@b.example")[0] == 550

    samples = watched.samples()
    rows = watched.server.rows
    recorded = samples["bouncesink_mail_recorded_total"]
    assert total(recorded) == 12
    of_kinds = Counter({row[0]: row[1] for row in rows("SELECT kind, count(*) FROM mails GROUP BY kind")})
    assert samples["bouncesink_mail_duplicates_total"] == {(): 2}
    assert total(recorded) - 2 == of_kinds.total() == 10
    assert total(recorded, kind="bounce", via="smtp") - 2 == of_kinds["bounce"] == 9
    names = ("kind", "class", "reason", "fault", "authenticity", "disposition")
    columns = ", ".join(f"coalesce({name}, '')" for name in names)
    of_verdicts = Counter(tuple(row) for row in rows(f"SELECT {columns} FROM verdicts"))
    assert len(of_verdicts) > 3
    assert by(samples["bouncesink_verdicts_recorded_total"], *names) == of_verdicts
    assert by(recorded, "reason")[("mailbox_full",)] == 4
    assert total(samples["bouncesink_mail_refused_total"], reply="550 5.1.1 no such address here") == 1
    assert samples["bouncesink_mail_seconds_count"] == {(): 12}
    assert samples["bouncesink_mail_bytes_sum"][()] > sum(row[0] for row in rows("SELECT size FROM contents"))
    assert samples["bouncesink_batch_mails_sum"] == {(): 12}
    assert samples["bouncesink_commit_seconds_count"] == samples["bouncesink_batch_mails_count"]
    assert samples["bouncesink_silence_seconds"][()] < 60
    assert samples["bouncesink_queue_mails"] == {(): 0}
    assert samples["bouncesink_doors_total"][("what", "connections"),] >= 13
    assert total(samples["bouncesink_ready"]) == len(samples["bouncesink_ready"]) == 5

    watched.server.terminate()
    watched.start()
    wait_until(lambda: "bouncesink_recipients" in watched.samples(), 20, "the first count")
    again = watched.samples()
    counted = {dict(key)["table"]: value for key, value in again["bouncesink_table_rows"].items()}
    for table in ("mails", "verdicts", "feed", "recipients", "contents"):
        assert counted[table] == rows(f"SELECT count(*) FROM {table}")[0][0], table
    assert counted["mails"] == 10
    standings = {row[0]: row[1] for row in rows("SELECT standing, count(*) FROM recipients GROUP BY standing")}
    found = {dict(key)["standing"]: value for key, value in again["bouncesink_recipients"].items()}
    assert {name: count for name, count in found.items() if count} == standings
    assert again["bouncesink_feed_entries_total"][()] == rows("SELECT max(seq) FROM feed")[0][0]
    assert 0 < again["bouncesink_silence_seconds"][()] < 300
    assert again["bouncesink_database_bytes"][("file", "db"),] == watched.server.database.stat().st_size


def test_a_locked_database_is_not_ready_and_recovers_by_itself(watched, wait_until):
    watched.start()
    assert watched.checks()[0] == 200
    (forward_path,) = watched.server.mint("reader@example.com")
    with closing(sqlite3.connect(watched.server.database, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        with pytest.raises(smtplib.SMTPDataError):
            watched.send(forward_path, dsn("unknown", "reader@example.com"))
        status, checks = watched.checks()
        assert (status, checks["database"][0]) == (503, False)
        assert "another process holds the database's write lock" in checks["database"][1]
        assert [name for name, (holds, _) in checks.items() if not holds] == ["database"]
        samples = watched.samples()
        assert samples["bouncesink_ready"][("check", "database"),] == 0
        assert samples["bouncesink_store_trouble_now_seconds"][()] > 0
        assert total(samples["bouncesink_mail_deferred_total"], error="StoreBusy", via="smtp") == 1
        assert watched.ask("/healthz")[0] == 200, "a lock is no reason to kill the server"
        stranger.execute("ROLLBACK")
    wait_until(lambda: watched.checks()[0] == 200, 20, "readiness to come back without a mail")
    assert watched.samples()["bouncesink_store_trouble_now_seconds"][()] == 0
    assert watched.lines("store.recovered")


def test_it_says_no_as_soon_as_it_is_told_to_stop(watched, wait_until):
    watched.start()
    (forward_path,) = watched.server.mint("reader@example.com")
    with closing(smtplib.SMTP("127.0.0.1", watched.server.port, timeout=20)) as peer:
        peer.ehlo()
        peer.mail("")
        assert peer.rcpt(forward_path)[0] == 250
        assert watched.checks()[0] == 200
        watched.server.process.terminate()
        wait_until(lambda: watched.checks()[0] == 503, 10, "readiness to end")
        status, checks = watched.checks()
        assert status == 503
        assert checks["running"] == (False, "draining: told to stop")
        assert checks["listening"] == (False, "closed")
        assert watched.ask("/healthz")[0] == 200
        assert peer.data(dsn("unknown", "reader@example.com"))[0] == 250
    assert watched.server.process.wait(30) == 0
    with pytest.raises(OSError, match="refused"):
        watched.ask("/readyz")


def test_workers_numbers_are_summed_and_outlive_them(watched, wait_until):
    watched.start(["--workers", "2"])
    wait_until(lambda: watched.checks()[0] == 200, 20, "every worker to be there")
    (forward_path,) = watched.server.mint("reader@example.com")
    for number in range(30):
        watched.send(forward_path, dsn("unknown", "reader@example.com", number))
    with smtplib.SMTP("127.0.0.1", watched.server.port, timeout=20) as peer:
        peer.ehlo()
        peer.mail("")
        assert peer.rcpt("nobody@b.example")[0] == 550

    def counted(name: str) -> float:
        return total(watched.samples().get(name, {}))

    wait_until(lambda: counted("bouncesink_mail_recorded_total") == 30, 10, "the counts of both workers")
    wait_until(lambda: counted("bouncesink_mail_refused_total") == 1, 10, "the refusal")
    before = watched.samples()
    assert total(before["bouncesink_mail_recorded_total"], kind="bounce", via="smtp") == 30
    assert total(before["bouncesink_verdicts_recorded_total"]) == 30
    assert before["bouncesink_mail_seconds_count"] == {(): 30}
    assert before["bouncesink_batch_mails_sum"] == {(): 30}
    assert before["bouncesink_doors_total"][("what", "connections"),] >= 31
    assert before["bouncesink_silence_seconds"][()] < 60
    assert before["bouncesink_connections_limit"] == {(): 1_000}

    peers = [smtplib.SMTP("127.0.0.1", watched.server.port, timeout=20) for _ in range(8)]
    wait_until(lambda: counted("bouncesink_connections_open") == 8, 10, "the sessions of both workers")
    doomed, survivor = watched.server.workers()
    os.kill(doomed, signal.SIGKILL)
    wait_until(lambda: counted("bouncesink_worker_died_total") == 1, 10, "its death to be seen")
    wait_until(lambda: doomed not in watched.server.workers() and len(watched.server.workers()) == 2, 20, "another")
    assert survivor in watched.server.workers()
    after = watched.samples()
    for name, series in before.items():
        if name.startswith("bouncesink_") and name.endswith(("_total", "_count", "_bucket", "_sum")):
            fallen = {labels: (value, after[name].get(labels)) for labels, value in series.items()}
            assert all(now is not None and now >= was for was, now in fallen.values()), (name, fallen)
    assert total(after["bouncesink_mail_recorded_total"]) == 30
    wait_until(lambda: watched.samples()["bouncesink_connections_limit"] == {(): 1_000}, 20, "the other one to be in")
    for peer in peers:
        peer.close()
    wait_until(lambda: counted("bouncesink_connections_open") == 0, 10, "nobody to be counted of those that are gone")
    for number in range(30, 40):
        watched.send(forward_path, dsn("unknown", "reader@example.com", number))
    wait_until(lambda: counted("bouncesink_mail_recorded_total") == 40, 10, "what the new one counts beside the dead one's")
    assert watched.server.terminate() == 0


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


def test_a_disk_without_room_is_not_ready(watched):
    watched.start(free_floor=1 << 60)
    status, checks = watched.checks()
    assert (status, checks["disk"][0]) == (503, False)
    assert f"{1 << 60} are wanted" in checks["disk"][1]


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


ANSWERS = [
    ("/trace?peer=127.0.0.1", "POST", {"Origin": "http://evil.example"}, 403, "browser"),
    ("/trace?peer=127.0.0.1", "POST", {"Host": "evil.example"}, 403, "browser"),
    ("/trace?peer=mx.example.com", "POST", {}, 400, "no address"),
    ("/trace?peer=127.0.0.1&minutes=0", "POST", {}, 400, "minutes must be"),
    ("/trace?peer=127.0.0.1&lines=999999999999", "POST", {}, 400, "lines must be"),
    ("/trace?peer=127.0.0.9", "DELETE", {}, 404, "no trace of 127.0.0.9"),
    ("/trace?peer=127.0.0.1", "PUT", {}, 405, ""),
    ("/", "GET", {}, 200, "/readyz"),
    ("/nothing", "GET", {}, 404, ""),
    ("/metrics", "GET", {"Accept": "application/openmetrics-text; version=1.0.0"}, 200, "# EOF"),
]


def test_what_the_listener_answers(watched):
    watched.start()
    for path, method, headers, status, told in ANSWERS:
        found, body = watched.ask(path, method, **headers)
        assert (found, told in body) == (status, True), (path, method, headers, body)
    assert watched.ask("/trace")[1] == "[]"


def test_a_machine_that_is_not_ours_may_look_and_not_touch(server_process, unused_port):
    watched = Watched(server_process, unused_port())
    addresses = {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    ours = next((address for address in addresses if not address.startswith("127.")), None)
    if ours is None:
        pytest.skip("this machine has no address but loopback")
    watched.start(listen=[f"0.0.0.0:{watched.port}"])
    with closing(HTTPConnection(ours, watched.port, timeout=20)) as connection:
        connection.request("GET", "/readyz")
        assert connection.getresponse().status == 200
    with closing(HTTPConnection(ours, watched.port, timeout=20)) as connection:
        connection.request("POST", "/trace?peer=127.0.0.1")
        assert connection.getresponse().status == 403


def test_a_place_that_is_taken_stops_the_start(watched):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", watched.port))
        taken.listen()
        with pytest.raises(pytest.fail.Exception, match=r"(?s)ended with 78.*watch\.listen: 127\.0\.0\.1:\d+: .*another place"):
            watched.start()

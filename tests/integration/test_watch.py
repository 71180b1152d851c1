"""Watching a real server over real sockets: its numbers are the database's, and its readiness is the truth."""

import os
import signal
import smtplib
import socket
import sqlite3
from collections import Counter
from contextlib import closing
from http.client import HTTPConnection

import pytest
from watched_server import SAMPLES, Watched, by, dsn, total


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
    assert total(samples["bouncesink_mail_refused_total"], reply="550 5.1.1 no such address here", via="smtp") == 1
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
        wait_until(lambda: watched.checks()[1]["listening"] == (False, "closed"), 10, "the doors to be closed")
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


def test_a_disk_without_room_is_not_ready(watched):
    watched.start(free_floor=1 << 60)
    status, checks = watched.checks()
    assert (status, checks["disk"][0]) == (503, False)
    assert f"{1 << 60} are wanted" in checks["disk"][1]


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

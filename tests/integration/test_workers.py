"""A server with several workers, from outside: it takes mail, keeps its address to itself, and leaves nothing behind."""

import json
import os
import signal
import smtplib
import subprocess
import sys

DSN = "Subject: Undelivered\r\nMessage-ID: <{}@mx.example>\r\n\r\n<reader@example.com>: 550 5.1.1 User unknown\r\n"


def send(server, count: int) -> None:
    """Each on a connection of its own, so that every worker has some."""
    (address,) = server.mint("reader@example.com")
    for number in range(count):
        with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as peer:
            assert peer.sendmail("", [address], DSN.format(number)) == {}


def events(server, name: str) -> list[dict]:
    lines = map(json.loads, server.log.read_text().splitlines())
    return [line for line in lines if line["event"] == name]


def test_every_worker_takes_mail_and_all_of_it_is_recorded(server_process, wait_until):
    server_process.start("--workers", "3")
    assert len(server_process.workers()) == 3
    send(server_process, 30)
    assert [row[0] for row in server_process.rows("SELECT count(DISTINCT mail_id) FROM verdicts")] == [30]
    (started,) = events(server_process, "server.started")
    assert started["listening"] == [f"127.0.0.1:{server_process.port}"]
    workers = server_process.workers()
    assert server_process.terminate() == 0
    assert not server_process.database.with_name("bouncesink.db-wal").exists()
    assert len(events(server_process, "mail.recorded")) == 30
    assert [event["event"] for event in map(json.loads, server_process.log.read_text().splitlines())][-1] == "server.stopped"
    assert len(workers) == 3


def test_nobody_else_gets_its_address(server_process):
    server_process.start("--workers", "2")
    second = subprocess.run(
        [sys.executable, "-m", "bouncesink", "serve", "--workers", "2", "--listen", f"127.0.0.1:{server_process.port}"],
        cwd=server_process.folder / "..",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 78
    assert "another program listens there already" in second.stderr


def test_workers_take_up_changed_rules(server_process, tmp_path, wait_until):
    folder = tmp_path / "rules"
    folder.mkdir()
    (tmp_path / "b.toml").write_text(f"[rules]\nfolder = {json.dumps(str(folder))}\n")
    server_process.start("--workers", "2", "--config", str(tmp_path / "b.toml"))
    rule = {"id": "local/gone", "reason": "mailbox_moved", "literal": "user unknown", "source": "https://example.com"}
    lines = [f"{key} = {json.dumps(value)}" for key, value in rule.items()]
    (folder / "mine.toml").write_text("\n".join(["[[rule]]", *lines, 'examples = ["550 5.1.1 User unknown"]', ""]))
    server_process.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(events(server_process, "rules.reloaded")) >= 2, 60, f"new rules:\n{server_process.log.read_text()}")
    send(server_process, 4)
    assert {row["rule"] for row in server_process.rows("SELECT rule FROM verdicts")} == {"local/gone"}


def test_one_that_takes_the_place_of_another_judges_by_the_rules_in_force(server_process, tmp_path, wait_until):
    """The folder may hold others by then, that do not hold: whoever lives has refused them."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.toml").write_text("# none yet\n")
    (tmp_path / "b.toml").write_text(f"[rules]\nfolder = {json.dumps(str(folder))}\n")
    server_process.start("--workers", "2", "--config", str(tmp_path / "b.toml"))
    before = server_process.workers()
    (folder / "a.toml").write_text("[[rule")
    server_process.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(events(server_process, "rules.refused")) == 3, 30, "everybody's refusal")
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: len(set(server_process.workers()) - set(before)) == 2, 30, "others in their place")
    send(server_process, 10)
    assert [row[0] for row in server_process.rows("SELECT count(*) FROM mails")] == [10]
    assert {event["code"] for event in events(server_process, "worker.died")} == {-signal.SIGKILL}

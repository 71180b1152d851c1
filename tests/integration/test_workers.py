"""A server with several workers, from outside: it takes mail, keeps its address to itself, and leaves nothing behind."""

import json
import os
import signal
import smtplib
import ssl
import subprocess
import sys

import pytest
import trustme

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
    wait_until(lambda: len(events(server_process, "rules.reloaded")) == 3, 60, "new rules: two workers and who keeps them")
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


@pytest.mark.parametrize("broken", ["half a certificate", "a key of another", "nothing at all"])
def test_one_that_takes_the_place_of_another_shows_the_certificate_in_force(server_process, tmp_path, wait_until, broken):
    """At that moment the files on the disk do not hold: whoever lives goes on with what it has, and so does who comes."""
    authority = trustme.CA()
    one, other = authority.issue_cert("mx.example"), authority.issue_cert("mx.example")
    certificate, key = tmp_path / "mx.crt", tmp_path / "mx.key"

    def write(shown, private) -> None:
        certificate.write_bytes(b"".join(each.bytes() for each in shown.cert_chain_pems))
        key.write_bytes(private.private_key_pem.bytes())

    write(one, one)
    files = f"certificate_files = [{json.dumps(str(certificate))}]\nkey_files = [{json.dumps(str(key))}]\n"
    (tmp_path / "b.toml").write_text(f"[tls]\n{files}")
    server_process.start("--workers", "2", "--config", str(tmp_path / "b.toml"))
    wait_until(lambda: events(server_process, "server.started"), 30, "every worker to be ready")
    before = server_process.workers()
    if broken == "half a certificate":
        certificate.write_bytes(certificate.read_bytes()[:400])
    elif broken == "a key of another":
        write(one, other)
    else:
        certificate.unlink()
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: len(set(server_process.workers()) - set(before)) == 2, 30, "others in their place")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    (address,) = server_process.mint("reader@example.com")

    def send_by_tls(number: int) -> str:
        with smtplib.SMTP("127.0.0.1", server_process.port, timeout=30) as peer:
            peer._host = "mx.example"
            peer.starttls(context=trusting)
            assert peer.sendmail("", [address], DSN.format(number)) == {}
            return ssl.DER_cert_to_PEM_cert(peer.sock.getpeercert(binary_form=True))

    shown = {send_by_tls(number) for number in range(8)}
    assert shown == {one.cert_chain_pems[0].bytes().decode()}
    assert server_process.rows("SELECT count(*) FROM mails")[0][0] == 8
    assert {event["code"] for event in events(server_process, "worker.died")} == {-signal.SIGKILL}
    assert "Traceback" not in server_process.log.read_text()
    write(other, other)
    server_process.process.send_signal(signal.SIGHUP)
    anew = other.cert_chain_pems[0].bytes().decode()
    wait_until(lambda: {send_by_tls(number) for number in range(100, 104)} == {anew}, 60, "the new certificate to be shown")

"""A server that is watched: its numbers, its readiness, its log, and bounces to send it."""

import json
import smtplib
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection

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


def total(series: dict, **labels: str) -> float:
    return sum(value for key, value in series.items() if set(labels.items()) <= set(key))


def by(series: dict, *labels: str) -> Counter:
    found: Counter = Counter()
    for key, value in series.items():
        found[tuple(dict(key)[label] for label in labels)] += int(value)
    return found

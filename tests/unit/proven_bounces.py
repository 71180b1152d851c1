"""Bounces that are proven, as the store takes them: read and judged by the rules in force."""

from datetime import datetime

from bouncesink.core.classify import judge
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.reading import read
from bouncesink.core.report import Report
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.rulefiles import load_rulebook
from bouncesink.store.rows import Judged


def bounce(number: int, at: datetime, said: str, mta: str = "mx.example.net") -> tuple[Mail, Report, tuple[Judged, ...]]:
    """What ``Intake.record`` takes: of ``said``, a reply with its enhanced status code, ``mta`` about p``number``."""
    book, address = load_rulebook(None), f"p{number}@example.com"
    content = (
        f"From: MAILER-DAEMON@{mta}\r\nMessage-ID: <{number}@{mta}>\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; out.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: {said.split()[1]}\r\nRemote-MTA: dns; {mta}\r\n"
        f"Diagnostic-Code: smtp; {said}\r\n\r\n--b--\r\n"
    ).encode()
    report = read(content, book.formats)
    attribution = Attribution(Grammar.SIGNED, address, authenticity=Authenticity.PROVEN)
    admitted = Admitted(f"tag-p{number}=example.com@b.example", attribution)
    mail = Mail(Envelope("", (admitted,)), content, at, Peer(Via.SMTP))
    return mail, report, (Judged(admitted, judge(report, attribution, book)),)

"""Machine reports: DMARC and TLS reports are recognised, never unpacked, never a bounce."""

import pytest

from bouncesink.core.reading import read
from bouncesink.core.report import Kind

NAME = "receiver.example!sender.example!1700000000!1700086399.xml.gz"
SUBJECT = "Report Domain: sender.example Submitter: receiver.example Report-ID: 42"


def archive(content_type: str, *, subject: str = SUBJECT, disposition: str = "attachment") -> bytes:
    return (
        f"From: postmaster@receiver.example\nReturn-Path: <>\nSubject: {subject}\nContent-Type: multipart/mixed; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nThis is an aggregate report.\n"
        f"--b\nContent-Type: {content_type}\nContent-Disposition: {disposition}\nContent-Transfer-Encoding: base64\n\n"
        f"H4sI\n--b--\n"
    ).encode()


REPORTS = [
    archive(f'application/gzip; name="{NAME}"', subject="DMARC"),
    archive("application/zip", disposition=f'attachment; filename="{NAME}"', subject="x"),
    archive("application/zip"),
    archive("text/xml", subject="DMARC Aggregate Report"),
    archive(f'application/gzip; name="{NAME}"').replace(b"multipart/mixed; boundary=b", b'multipart/mixed; boundary="b"'),
    f'From: a@b.example\nSubject: {SUBJECT}\nContent-Type: application/gzip; name="{NAME}"\n\nx'.encode(),
    archive("application/tlsrpt+gzip", subject="x"),
    archive("application/tlsrpt+json", subject="x"),
    b"From: a@b.example\nTLS-Report-Domain: sender.example\nSubject: x\n\nx",
    b"From: a@b.example\nContent-Type: multipart/report; report-type=tlsrpt; boundary=b\n\n--b\n\nx\n--b--\n",
]


@pytest.mark.parametrize("content", REPORTS)
def test_machine_reports(content: bytes) -> None:
    found = read(content)
    assert (found.kind, found.reader, found.recipients) == (Kind.REPORT, "machine", ())


@pytest.mark.parametrize("content", [archive("application/zip", subject="Holiday pictures"), archive("image/png")])
def test_other_archives_are_other_mail(content: bytes) -> None:
    assert read(content.replace(b"postmaster", b"friend").replace(b"Return-Path: <>\n", b"")).kind is Kind.OTHER

"""Formats made up for a test, and notices read by them."""

from bouncesink.core.formats import Formats, compile_formats
from bouncesink.core.readers import formatted
from bouncesink.core.readers.message import Message
from bouncesink.core.report import Report

HEAD = "From: MAILER-DAEMON@example.net\nSubject: Returned\n"
OPENING = "This is the test mailer."


def formats(*changes: dict[str, object]) -> Formats:
    rows = []
    for number, change in enumerate(changes or ({},)):
        row = {
            "id": f"test/{number}",
            "software": "Test",
            "source": "https://example.org/",
            "literal": OPENING,
            "recipient": ["<{recipient}>(?:: {diagnostic})?"],
            "example": [{"text": "x", "recipients": [{"recipient": "x"}]}],
            **change,
        }
        rows.append({key: value for key, value in row.items() if value is not None})
    return compile_formats({"test.toml": {"format": rows}})


def read(body: str, *changes: dict[str, object], head: str = HEAD) -> Report | None:
    return formatted.read(Message(f"{head}\n{OPENING}\n{body}".encode()), formats(*changes))


def said(report: Report | None) -> list[tuple[str | None, str]]:
    assert report is not None
    return [(one.final_recipient, one.diagnostic) for one in report.recipients]

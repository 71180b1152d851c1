"""Any bytes whatsoever give a Report within its bounds, none of our readers fails on them, and line ends do not change it.

The bounds are those that a store and a page rely on: at most 100 recipients, texts that are cut, and nothing in them that UTF-8
cannot spell.
"""

from dataclasses import asdict

from bouncesink.core.defect import Defect
from bouncesink.core.reading import read
from bouncesink.core.report import Kind, Report
from bouncesink.rulefiles import load_rulebook

BOOK = load_rulebook(None)
FORMATS = BOOK.formats

RECIPIENTS = 100
TEXT = 32_768
DIAGNOSTIC = 2_100  # 2,000, and what a code that is put in front adds
FIELD = 8_192
HEADER_BYTES = 65_537
# A limit in octets cuts a mail with CRLF earlier, and a line end less: below this none is reached.
SHORT = 900


def check(data: bytes) -> None:
    report = read(data, FORMATS)
    assert Defect.READER_FAILED not in report.defects
    assert isinstance(report.kind, Kind)
    assert len(set(report.defects)) == len(report.defects)
    check_bounds(report)
    lf = data.replace(b"\r", b"")
    if len(lf) < LONGEST_COMPARED and max(map(len, lf.split(b"\n"))) < SHORT:
        assert plain(read(lf, FORMATS)) == plain(read(lf.replace(b"\n", b"\r\n"), FORMATS)), "CRLF reads otherwise than LF"


LONGEST_COMPARED = 16_384


def check_bounds(report: Report) -> None:
    assert len(report.recipients) <= RECIPIENTS
    assert report.recipients_omitted >= 0
    assert len(report.text) <= TEXT
    if report.original is not None:
        assert len(report.original.header_bytes) <= HEADER_BYTES
    for each in report.recipients:
        assert len(each.diagnostic) <= DIAGNOSTIC
        assert each.reply_code is None or 200 <= each.reply_code <= 599
        for text in (each.final_recipient, each.original_recipient, each.remote_mta, each.smtp_command, each.diagnostic_type):
            assert text is None or len(text) <= FIELD
        for address in (each.final_recipient, each.original_recipient):
            assert address != "", "nobody is None, never an empty address"
    for text in texts(asdict(report) | {"headers": dict(report.headers), "original": None}):
        text.encode("utf-8")
        assert "\x00" not in text or text in report.headers.values(), "no store takes NUL"


def texts(value):
    """Every string in a report."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)


def plain(report: Report) -> dict:
    """A report as it can be compared: the octets of the original keep their line ends."""
    original = report.original
    told = {name: getattr(report, name) for name in report.__slots__ if name not in ("headers", "original")}
    return told | {
        "headers": dict(report.headers),
        "original": None if original is None else (dict(original.headers), original.complete),
    }

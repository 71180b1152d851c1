"""The packaged formats: each reads its examples in the whole book, in whatever dress they come, and survives anything."""

import base64
import quopri
import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bouncesink.core.format import EXAMPLE_KEYS, EXPECTED_KEYS, KEYS, Block, FormatExample
from bouncesink.core.format_pattern import PLACEHOLDERS
from bouncesink.core.format_proof import prove_formats
from bouncesink.core.formats import Formats, compile_formats
from bouncesink.core.readers import formatted
from bouncesink.core.readers.message import Message
from bouncesink.core.report import Report

RETURNED = "Content-Type: message/rfc822\n\nTo: stranger@example.com\n\n<stranger@example.com>:\n550 no"


def packaged() -> Formats:
    folder = files("bouncesink") / "rules" / "formats"
    entries = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    return compile_formats({f"formats/{entry.name}": tomllib.loads(entry.read_text("utf-8")) for entry in entries})


FORMATS = packaged()
EXAMPLES = [
    pytest.param(each.id, example, id=f"{each.id}-{number}")
    for each in FORMATS.formats
    for number, example in enumerate(each.examples, start=1)
]


def read(content: bytes) -> Report | None:
    return formatted.read(Message(content), FORMATS)


def addresses(report: Report | None) -> list[tuple[str | None, str | None]]:
    assert report is not None
    return [(one.final_recipient, one.original_recipient) for one in report.recipients]


def parts_of(example: FormatExample) -> tuple[str, str]:
    head, _, body = example.text.partition("\n\n")
    lines = [line for line in head.split("\n") if not line.lower().startswith("content-type:")]
    return "\n".join(lines), body


def test_every_format_is_proved():
    assert prove_formats(FORMATS) == ()


def test_there_are_formats_of_every_kind():
    assert len(FORMATS.formats) > 80
    assert {"failed", "delayed", "delivered"} <= {each.action.value for each in FORMATS.formats}
    assert sum(bool(each.counterexamples) for each in FORMATS.formats) >= 3


def test_a_proof_of_some_files_leaves_the_others_alone():
    assert prove_formats(FORMATS, {"formats/10-exim.toml"}) == ()


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
class TestEveryExample:
    def test_is_read_with_either_line_end(self, name, example):
        lf, crlf = read(example.text.encode()), read(example.text.replace("\n", "\r\n").encode())
        assert lf is not None
        assert crlf is not None
        assert lf.recipients == crlf.recipients
        assert lf.reader == crlf.reader == name

    def test_is_read_encoded_and_in_a_multipart(self, name, example):
        head, body = parts_of(example)
        plain = addresses(read(example.text.encode()))
        coded = base64.encodebytes(body.encode()).decode()
        quoted = quopri.encodestring(body.encode()).decode()
        text = "Content-Type: text/plain; charset=utf-8"
        for content in (
            f"{head}\n{text}\nContent-Transfer-Encoding: base64\n\n{coded}",
            f"{head}\n{text}\nContent-Transfer-Encoding: quoted-printable\n\n{quoted}",
            f"{head}\nContent-Type: multipart/mixed; boundary=b\n\n--b\n{text}\n\n{body}\n--b\n{RETURNED}\n--b--\n",
        ):
            assert addresses(read(content.encode())) == plain

    def test_cut_anywhere_gives_none_but_its_own_recipients(self, name, example):
        known = {address for pair in addresses(read(example.text.encode())) for address in pair if address}
        for end in range(0, len(example.text), 23):
            report = read(example.text[:end].encode())
            if report is None or report.reader != name:
                continue
            found = {address for pair in addresses(report) for address in pair if address}
            # The last address may itself have been cut.
            assert all(any(whole.startswith(address) for whole in known) for address in found)


WORDS = sorted({phrase for each in FORMATS.formats for phrase in (*each.literals, *each.also, *each.begin)})
PIECES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(
        ["<a@example.org>:", "  b@example.net", "550 5.1.1 no", ">>> RCPT To:<c@example.com>", "<<< 451-", "@", "<", "\t", ""]
    ),
    st.text(max_size=40),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(PIECES, max_size=30),
    st.sampled_from(["MAILER-DAEMON@example.org", "reader@example.org", ""]),
    st.binary(max_size=20),
)
def test_whatever_stands_around_the_words_is_survived(pieces, sender, tail):
    content = f"From: {sender}\nX-Mailer: <SMTP32 v8>\nX-Failed-Recipients: {sender}\n\n".encode()
    report = read(content + "\n".join(pieces).encode("utf-8", "replace") + tail)
    if report is not None:
        assert 0 < len(report.recipients) <= 100
        assert all(len(one.diagnostic) <= 2000 for one in report.recipients)


class TestTheReference:
    TEXT = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "formats.md").read_text("utf-8")

    @pytest.mark.parametrize("word", [*KEYS, *EXAMPLE_KEYS, *EXPECTED_KEYS, *PLACEHOLDERS, *Block])
    def test_explains_every_word(self, word):
        assert f"`{word}`" in self.TEXT or f"`{{{word}}}`" in self.TEXT

    def test_lists_every_format_and_no_other(self):
        listed = dict(re.findall(r"^\| `([a-z0-9./-]+/[a-z0-9./-]+)` \| (.+) \|$", self.TEXT, re.MULTILINE))
        assert listed == {each.id: each.software for each in FORMATS.formats}

    def test_shows_a_format_that_holds(self):
        (shown,) = re.findall(r"^```toml formats\n(.*?)^```", self.TEXT, re.MULTILINE | re.DOTALL)
        assert prove_formats(compile_formats({"shown.toml": tomllib.loads(shown)})) == ()

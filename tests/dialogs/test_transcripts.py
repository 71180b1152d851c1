"""Every transcript in ``transcripts/``, played against a real listener: the test is the protocol (README.md here)."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bouncesink.core.mail import Mail

FOLDER = Path(__file__).parent / "transcripts"
README = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
TRANSCRIPTS = sorted(FOLDER.glob("**/*.txt"))
SMTP, LMTP = ["127.0.0.1:0"], ["lmtp://127.0.0.1:0", "lmtp+unix:{folder}/lmtp.sock"]
PLACES = {"smtp": SMTP, "lmtp": LMTP, "both": SMTP + LMTP}
PLAYS = [
    pytest.param(transcript, place, id=f"{transcript.relative_to(FOLDER).with_suffix('')}-{place.partition(':')[0]}")
    for transcript in TRANSCRIPTS
    for place in PLACES[transcript.parent.name]
]
_ESCAPE = re.compile(r"\\(r|n|t|\\|x[0-9a-f]{2})")
_PLAIN = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}
_HELLO = re.compile(r"(?<![A-Z])(?:EHLO|HELO)\b")
_NAMED = re.compile(r"`((?:smtp|lmtp|both)/[\w-]+)`")
_REPEAT = re.compile(r"(.)\{(\d+)\}", re.DOTALL)


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) > 10


def test_what_the_table_names_is_there_and_what_is_there_is_named() -> None:
    named = {one for line in README.splitlines() if line.startswith("|") for one in _NAMED.findall(line)}
    assert named == {str(one.relative_to(FOLDER).with_suffix("")) for one in TRANSCRIPTS}


@pytest.mark.parametrize(("transcript", "place"), PLAYS)
def test_transcript(
    transcript: Path, place: str, open_door: Callable[..., Any], call: Callable[..., Any], tmp_path: Path
) -> None:
    lines = [line for line in transcript.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    listen = (place.format(folder=tmp_path),)
    door = open_door(listen=listen, **dict(_setting(line) for line in lines if line.startswith(": ")))
    caller = call(door)
    heard = 0
    for line in lines:
        sign, _, text = line.partition(" ")
        if sign.endswith(">") and place in LMTP and transcript.parent.name == "both":
            text = _HELLO.sub("LHLO", text)
        where = f"{transcript.name}: {line}"
        match sign:
            case ":":
                continue
            case "->":
                caller.send(octets(text) + b"\r\n")
            case "~>":
                caller.send(octets(text))
            case "<-":
                heard += 1
                said = caller.line().decode("ascii")
                assert _matches(said, text), f"{where}\nwas: {said}"
            case "<=":
                heard += 1
                said = caller.reply().decode("ascii")
                assert _matches(said, text), f"{where}\nwas: {said}"
            case "<|":
                assert caller.line() == b"", where
            case "==":
                assert door.mailbox.mails, where
                assert told(door.mailbox.mails.pop(0)) == _told_as(text), where
            case _:
                pytest.fail(f"no such sign: {where}")
    assert heard
    assert door.mailbox.mails == [], "the transcript says nothing of these"


def octets(text: str) -> bytes:
    r"""What a line stands for: ``\r \n \t \\ \xHH`` and ``a{500}`` (five hundred of them)."""
    spelled = _REPEAT.sub(lambda match: match[1] * int(match[2]), text)
    pieces = _ESCAPE.split(spelled)
    plain = [piece.encode() for piece in pieces[::2]]
    escaped = [_PLAIN[one].encode() if one in _PLAIN else bytes([int(one[1:], 16)]) for one in pieces[1::2]]
    return b"".join(piece for pair in zip(plain, [*escaped, b""], strict=True) for piece in pair)


def told(mail: Mail) -> tuple[str, list[str], bytes]:
    return mail.envelope.reverse_path, [admitted.forward_path for admitted in mail.envelope.admitted], mail.content


def _told_as(text: str) -> tuple[str, list[str], bytes]:
    """``<reverse-path> to <forward-path> <forward-path>: content``"""
    envelope, _, content = text.partition(": ")
    reverse_path, _, forward_paths = envelope.partition(" to ")

    def path(one: str) -> str:
        return octets(one)[1:-1].decode("utf-8", "surrogateescape")

    return path(reverse_path), [path(one) for one in forward_paths.split("  ")], octets(content)


def _setting(line: str) -> tuple[str, float]:
    name, value = line[2:].split()
    return name, float(value) if name.endswith("timeout") else int(value)


def _matches(said: str, pattern: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), said) is not None

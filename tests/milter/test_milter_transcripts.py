"""Every transcript in ``transcripts/``, played against the dialog: packets in, actions out, no socket (README.md here)."""

import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from bouncesink.config.words import MilterMode
from bouncesink.core.mail import Admitted, Peer
from bouncesink.core.reply import CANNOT_NOW, NO_ROOM, NO_SUCH_ADDRESS, TOO_BIG, Reply, recorded_as
from bouncesink.core.verp.attribution import Attribution, Grammar
from bouncesink.fronts.content import Room
from bouncesink.fronts.memory import Memory
from bouncesink.fronts.milter.session import Action, Leave, MilterDialog, Record, Refuse, Say
from bouncesink.fronts.milter.transaction import Terms
from bouncesink.fronts.milter.wire import Answer, Can, Command, Packet, Packets, Stage, Step

FOLDER = Path(__file__).parent / "transcripts"
TRANSCRIPTS = sorted(FOLDER.glob("*.txt"))
REPLIES = {str(reply): reply for reply in (CANNOT_NOW, NO_ROOM, TOO_BIG, recorded_as("7"))}
_ESCAPE = re.compile(r"\\(r|n|t|0|\\|x[0-9a-f]{2})")
_PLAIN = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
_REPEAT = re.compile(r"(.)\{(\d+)\}")
_EVERYTHING = {"everything": 0x1FFFFF, "nothing": 0}


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) > 10


@pytest.mark.parametrize("piece", [1, 1_000_000], ids=["octet by octet", "whole packets"])
@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(transcript: Path, piece: int) -> None:
    lines = [line for line in transcript.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    settings = dict(line[2:].split() for line in lines if line.startswith(": "))
    dialog, packets = MilterDialog(terms(settings)), Packets(int(settings.get("packet_limit", 10_000)))
    expected: list[str] = []
    played: list[str] = []
    for line in lines:
        sign, _, text = line.partition(" ")
        if sign == ":":
            continue
        expected.append(line)
        if sign in ("->", "~>"):
            played.append(line)
            played += [told(action) for action in obey(dialog, packets, encoded(text) if sign == "->" else octets(text), piece)]
        elif sign == "=>":
            played += [line, told(dialog.settle(REPLIES[text]))]
    assert played == expected


def obey(dialog: MilterDialog, packets: Packets, stream: bytes, piece: int) -> list[Action]:
    actions: list[Action] = []
    for start in range(0, len(stream), piece):
        packets.feed(stream[start : start + piece])
        while (found := packets.take()) is not None:
            actions += dialog.obey(found) if isinstance(found, Packet) else [Leave(found)]
            if isinstance(actions[-1] if actions else None, Leave):
                return actions
    return actions


def terms(settings: dict[str, str]) -> Terms:
    def admit(forward_path: str, _peer: Peer) -> Admitted | Reply | None:
        if not forward_path.endswith("@ours.example"):
            return None
        refusals = {"nobody": NO_SUCH_ADDRESS, "trouble": CANNOT_NOW}
        return refusals.get(forward_path.partition("@")[0]) or Admitted(forward_path, Attribution(Grammar.NONE))

    mode = MilterMode(settings.get("mode", "consume"))
    room = Room(int(settings.get("size_limit", "1000")), 1_000_000, Memory(1_000_000))
    return Terms(admit, mode, room, int(settings.get("max_recipients", "10")))


def octets(text: str) -> bytes:
    r"""What a text stands for: ``\r \n \t \0 \\ \xHH`` and ``a{500}`` (five hundred of them)."""
    spelled = _REPEAT.sub(lambda match: match[1] * int(match[2]), text)
    pieces = _ESCAPE.split(spelled)
    plain = [piece.encode() for piece in pieces[::2]]
    escaped = [_PLAIN[one] if one in _PLAIN else bytes([int(one[1:], 16)]) for one in pieces[1::2]]
    return b"".join(each for pair in zip(plain, [*escaped, b""], strict=True) for each in pair)


def encoded(text: str) -> bytes:
    name, _, rest = text.partition(" ")
    data = _ENCODERS.get(name, octets)(rest)
    return struct.pack("!IB", len(data) + 1, Command[name]) + data


def _strings(text: str) -> bytes:
    return b"".join(octets(one) + b"\0" for one in text.split())


def _header(text: str) -> bytes:
    name, _, value = text.partition(":")
    return octets(name) + b"\0" + octets(value) + b"\0"


def _macro(text: str) -> bytes:
    stage, *pairs = text.split()
    return bytes([Command[stage]]) + b"".join(octets(one) + b"\0" for pair in pairs for one in pair.split("=", 1))


def _negotiate(text: str) -> bytes:
    version, actions, steps = text.split()
    masks = {"everything": 0x1FF, "nothing": 0}
    return struct.pack(
        "!III", int(version), masks.get(actions) or 0, _EVERYTHING[steps] if steps in _EVERYTHING else bits(steps)
    )


def bits(names: str) -> int:
    total = 0
    for name in names.split("|"):
        total |= Step[name]
    return total


_ENCODERS: dict[str, Callable[[str], bytes]] = {
    "NEGOTIATE": _negotiate,
    "MACRO": _macro,
    "HELO": _strings,
    "MAIL": _strings,
    "RCPT": _strings,
    "HEADER": _header,
}


def told(action: Action) -> str:
    """An action as a transcript has it."""
    match action:
        case Say():
            return f"<- {_answer(action.wire)}"
        case Record(envelope=envelope, content=content, peer=peer):
            to = " ".join(f"<{one.forward_path}>" for one in envelope.admitted)
            who = " ".join(fact or "-" for fact in (peer.address, peer.helo, peer.tls, peer.queue_id))
            return _shortened(f"== <{envelope.reverse_path}> to {to} by {who}: {_spelled(content)}")
        case Refuse(forward_paths=forward_paths, reply=reply):
            return f"!! {' '.join(forward_paths)}: {reply}"
        case Leave(fault=fault):
            return f"<| {fault or ''}".rstrip()


def _answer(sent: bytes) -> str:
    assert int.from_bytes(sent[:4], "big") == len(sent) - 4
    answer, data = Answer(sent[4]), sent[5:]
    if answer is Answer.REPLY_CODE:
        assert data.endswith(b"\0")
        return data[:-1].decode("ascii")
    if answer is Answer.NEGOTIATE:
        version, actions, steps = struct.unpack_from("!III", data)
        return " ".join([answer.name, str(version), _flags(Can, actions), _flags(Step, steps), *_macros(data[12:])])
    assert data == b""
    return answer.name


def _flags(kind: type[Can] | type[Step], mask: int) -> str:
    named = [one.name for one in kind if mask & one]
    assert sum(one for one in kind if mask & one) == mask
    return "|".join(named) or "-"


def _macros(data: bytes) -> list[str]:
    found = []
    while data:
        names, _, rest = data[4:].partition(b"\0")
        found.append(f"{Stage(int.from_bytes(data[:4], 'big')).name}={names.decode()}")
        data = rest
    return found


def _spelled(content: bytes) -> str:
    names = {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\0": "\\0"}
    return "".join(names.get(char, char) for char in content.decode("ascii", "backslashreplace"))


def _shortened(text: str) -> str:
    return re.sub(r"(.)\1{9,}", lambda match: f"{match[1]}{{{len(match[0])}}}", text)

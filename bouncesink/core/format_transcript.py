"""Transcripts: the SMTP dialogue that a notice shows, and which answer is about whom.

``>>> RCPT To:<user@example.com>`` and ``<<< 550 5.1.1 ...`` in Sendmail's way, with whatever arrows and the wrong way round as
others have it; lines with a code alone are the notifier's own summary. Promises: total, linear and bounded. Knows nothing of
what an answer means.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_ARROW = r"(?:sent |received )?(?:>>>|<<<|-->|<--|=>|<=|[CS]:|<-|->)"
# MDaemon sets the time in front.
_SPOKEN = re.compile(rf"\s*(?:[^<>=]{{1,50}}[:\]] )?{_ARROW}\s*(.+)", re.IGNORECASE)
_SUMMARY = re.compile(r"\s*([45]\d\d[ -].+)")
_REPLY = re.compile(r"[2-5]\d\d(?:[ -]|$)")
_COMMAND = re.compile(r"(EHLO|HELO|LHLO|STARTTLS|AUTH|MAIL|RCPT|DATA|BDAT|QUIT)\b", re.IGNORECASE)
_TALKING = re.compile(r"while (?:talking|connected) to \[?([\w.:-]{1,252}\w)", re.IGNORECASE)
# "554 5.0.0 <user@example.com>... Service unavailable": what follows the dots is no answer of a server's.
_UNQUOTED = re.compile(r"\d{3}[ -](?:\d\.\d\.\d )?<?([^\s<>]{1,300})>?\.\.\. (?!\d{3}\b)")
_NAMED = re.compile(r"rcpt to: ?<([^\s<>]{1,320})>", re.IGNORECASE)
_LOCAL = re.compile(r"rcpt to: ?<([^\s<>]{1,256})@")
_NOTHING = ("", "")
_ANSWERS = 200


class Answer(NamedTuple):
    """What a server said to a command, or the notifier in its own words; ``about`` is where it may name whom it is about."""

    text: str
    command: str = ""
    about: str = ""
    host: str = ""
    summary: bool = False


_NONE = Answer("")


@dataclass(slots=True)
class _Session:
    """Where the dialogue with one server stands."""

    host: str = ""
    command: str = ""
    said: str = ""
    accepted: list[str] = field(default_factory=list)
    told: Answer = _NONE  # what the server refused last

    @property
    def about(self) -> str:
        """Whom the last command names, or if it is about the mail, whom the server took it for."""
        return " ".join(self.accepted) if self.command in ("DATA", "BDAT") else self.said

    def spoke(self, said: str) -> None:
        verb = _COMMAND.match(said)
        if verb is not None:
            self.command, self.said = verb[1].upper(), said

    def heard(self, reply: str) -> None:
        if self.command == "RCPT" and reply[0] == "2" and len(self.accepted) < _ANSWERS:
            self.accepted.append(self.said)


def answers(lines: Sequence[str]) -> list[Answer]:
    """Every refusal that the dialogue shows, a reply of several lines as one."""
    found: list[Answer] = []
    session = _Session()
    goes_on = False
    for line in lines:
        talking = _TALKING.search(line)
        if talking is not None:
            session, goes_on = _Session(talking[1]), False
            continue
        spoken = _SPOKEN.match(line)
        said = (spoken or _SUMMARY.match(line) or _NOTHING)[1]
        if not _REPLY.match(said):
            session.spoke(said)
        elif goes_on and found:
            found[-1] = found[-1]._replace(text=f"{found[-1].text} {said}")
            session.told = session.told if found[-1].summary else found[-1]
        elif said[0] not in "45":
            session.heard(said)
        elif len(found) < _ANSWERS and spoken is not None:
            session.told = Answer(said, session.command, session.about, session.host)
            found.append(session.told)
        elif len(found) < _ANSWERS:
            found.append(_summed_up(said, session.told, session.host))
        goes_on = said[3:4] == "-" and said[0] in "45"
    return found


def refused(found: Sequence[Answer]) -> list[str]:
    """The addresses that servers refused, as the dialogue names them."""
    return list(dict.fromkeys(name for each in found if not each.summary for name in _NAMED.findall(each.about)))


def _summed_up(said: str, told: Answer, host: str) -> Answer:
    """The notifier's own line; where that has no code of the server's, what the server did say of the same recipient."""
    match = _UNQUOTED.match(said) if told.text else None
    if match is not None and _may_mean(told, match[1]):
        return told._replace(about=said, summary=True)
    return Answer(said, about=said, host=host, summary=True)


def _may_mean(told: Answer, address: str) -> bool:
    """Whether what a server refused was this recipient. Hosts rewrite domains, so that the local part says it."""
    named = _LOCAL.findall(told.about.lower()) if told.command in ("RCPT", "DATA", "BDAT") else ()
    return not named or address.lower().rpartition("@")[0] in named or address.lower() in named


def answer_for(address: str, found: Sequence[Answer], *, alone: bool) -> Answer | None:
    """The first answer about the address; if none names it, the first that may mean everybody, a server's own first."""
    name = address.lower()
    named = next((each for each in found if name and (name in each.about.lower() or name in each.text.lower())), None)
    if named is not None:
        return named
    general = [each for each in found if alone or (each.command != "RCPT" and "@" not in each.text)]
    return next((each for each in general if not each.summary), general[0] if general else None)

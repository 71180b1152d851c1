"""Transcripts: the SMTP dialogue that a notice shows, and which answer is about whom.

``>>> RCPT To:<user@example.com>`` and ``<<< 550 5.1.1 ...`` in Sendmail's way, with whatever arrows and the wrong way round as
others have it; lines with a code alone are the notifier's own summary. Promises: total, linear and bounded. Knows nothing of what
an answer means.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

_ARROW = r"(?:sent |received )?(?:>>>|<<<|-->|<--|=>|<=|[CS]:|<-|->)"
_SPOKEN = re.compile(rf"\s*{_ARROW}\s*(.+)", re.IGNORECASE)
_SUMMARY = re.compile(r"\s*([45]\d\d[ -].+)")
_REPLY = re.compile(r"[2-5]\d\d(?:[ -]|$)")
_COMMAND = re.compile(r"(EHLO|HELO|LHLO|STARTTLS|AUTH|MAIL|RCPT|DATA|BDAT|QUIT)\b", re.IGNORECASE)
_TALKING = re.compile(r"while (?:talking|connected) to \[?([\w.:-]{1,253}?)[\].]?:?\s*", re.IGNORECASE)
_NOTHING = ("", "")
_ANSWERS = 200


class Answer(NamedTuple):
    """What a server said to a command; ``summary`` where the notifier says it in its own words."""

    text: str
    command: str = ""
    about: str = ""
    host: str = ""
    summary: bool = False

    @property
    def code(self) -> int:
        return int(self.text[:3])


def answers(lines: Sequence[str]) -> list[Answer]:
    """Every refusal that the dialogue shows, a reply of several lines as one."""
    found: list[Answer] = []
    host = command = about = ""
    goes_on = False
    for line in lines:
        talking = _TALKING.search(line)
        if talking is not None:
            host, command, about, goes_on = talking[1], "", "", False
            continue
        spoken = _SPOKEN.match(line)
        said = (spoken or _SUMMARY.match(line) or _NOTHING)[1]
        if not _REPLY.match(said):
            verb = _COMMAND.match(said)
            if verb is not None:
                command, about = verb[1].upper(), said.lower()
        elif goes_on and found:
            found[-1] = found[-1]._replace(text=f"{found[-1].text} {said}")
        elif said[0] in "45" and len(found) < _ANSWERS:
            found.append(Answer(said, command, about, host, summary=spoken is None))
        goes_on = said[3:4] == "-" and said[0] in "45"
    return found


def answer_for(address: str, found: Sequence[Answer], *, alone: bool) -> Answer | None:
    """The first answer about the address; if none names it, the first that may mean everybody, what a server said before the rest."""
    name = address.lower()
    named = [each for each in found if name and (name in each.text.lower() or (name in each.about and not each.summary))]
    if named:
        return named[0]
    general = [each for each in found if alone or (each.command != "RCPT" and "@" not in each.text)]
    return next((each for each in general if not each.summary), general[0] if general else None)

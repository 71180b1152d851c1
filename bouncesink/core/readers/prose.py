"""Prose: the failed recipients that a text names, and what it says of each. What MTAs wrote before RFC 3464, and still do.

Promises: total, linear and bounded; the returned original is never searched. A text is read in the order of how plainly it
speaks: addresses under a heading that announces them, addresses that begin a line and end in a colon, addresses in a sentence
about failure, and last any address that is left when the mail system's and the sender's own are taken away. Knows nothing of
any one MTA.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from bouncesink.core.address import spelled
from bouncesink.core.readers.diagnostics import DIAGNOSTIC_LIMIT, Diagnostic, codes_of, one_line
from bouncesink.core.readers.mentions import ADDRESS, ANY, joined_to, said_of
from bouncesink.core.readers.phrases import prose as phrases
from bouncesink.core.report import Action, Place, ReportedRecipient

_LINES = 600
_LINE = 1000
_RECIPIENTS = 100
_WORD_LINES = 14
_COMMAND_IN = 4096

# An address that begins a line, after bullets, quotes and type prefixes.
_LEADING = re.compile(
    rf"^[\s>*•|=\"'-]{{0,40}}(?:(?:to|rcpt|recipient|addressee?|user|failed recipient|e-?mail|smtp|rfc822)[:;]\s*)?"
    rf"(?:<\s*(?:rfc822;)?(?P<angle>[^<>\s]{{1,256}})\s*>|(?P<bare>{ADDRESS}))(?P<rest>.*)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{2}")
_QUOTED_FIELD = re.compile(r"\s*(?:subject|sent|date|from)\s*:", re.IGNORECASE)
_SENTENCE = re.compile(
    rf"{phrases.ABOUT_DELIVERY.pattern}(?:ing|ed|s)?\b[^\n]{{0,60}}?[\s:<\[(\"']({ADDRESS})",
    re.IGNORECASE,
)
_ANSWER = re.compile(r"(?<![\w.@/-])[45]\d\d(?:[ -]+[#'\"(<]?[245]\.\d{1,3}\.\d{1,3}|[ :-]+(?=[^\W\d_<(\[\"'#]))")
# One answer: lines of one code with a hyphen, and the last without (RFC 5321 section 4.2.1).
_TRANSCRIPT = re.compile(
    r"^[ \t]{0,20}+(?:<<<|\.{3})?[ \t]{0,20}+((?>(?:[45]\d\d-.*\n[ \t]{0,20}+(?:<<<)?[ \t]{0,20}+(?=[45]\d\d))*)"
    r"[45]\d\d[ -].*)",
    re.MULTILINE,
)
_COMMAND = re.compile(
    r"(?:\b(?:in reply to|response to|following|after|our|step:)|>>>)\s+(?:the )?(?:end of )?"
    r"(rcpt|mail(?= from:?[ <]| command)|data|ehlo|helo|starttls|connect)\b"
)


class Mined(NamedTuple):
    """An address and the lines of the text that are about it."""

    address: str
    words: str


def mine(text: str, own: frozenset[str], *, plainly: bool = False) -> list[Mined]:
    """Who failed, as a text says. ``own`` are addresses in lower case that are not meant; ``plainly`` leaves out guesses."""
    lines = [line[:_LINE] for line in text.split("\n", _LINES)[:_LINES]]
    for way in (_announced, _in_lines, _in_answers) if plainly else _WAYS:
        found = way(lines, own)
        if found:
            return found[:_RECIPIENTS]
    return []


def addresses_in(text: str) -> frozenset[str]:
    """Every address that stands in a text, in lower case."""
    return frozenset(ANY.findall(text.lower()))


def recipients_of(text: str, mined: list[Mined], action: Action) -> tuple[ReportedRecipient, ...]:
    """A recipient each, with the answer that the text quotes for it."""
    return tuple([_reported(text, each, action, alone=len(mined) == 1) for each in mined])


def about(text: str, address: str) -> str:
    """The lines from where a text first names an address to where it reports on another; "" where it names it nowhere."""
    place = text.lower().find(address.lower())
    if place < 0:
        return ""
    first = text[text.rfind("\n", 0, place) + 1 : place]
    margin = len(first) - len(first.lstrip())
    lines = text[place + len(address) :].split("\n", _WORD_LINES)[:_WORD_LINES]
    others = (index for index, line in enumerate(lines) if index and _turns_to_another(line, address.lower(), margin))
    return "\n".join(lines[: next(others, len(lines))])


def _turns_to_another(line: str, address: str, margin: int) -> bool:
    """A line that begins with another address and a colon; one that is further in is what was said of the first."""
    match = _LEADING.match(line[:_LINE])
    if match is None or len(line) - len(line.lstrip()) > margin or not match["rest"].lstrip().startswith(":"):
        return False
    return _address(match["angle"] or match["bare"]).lower() not in ("", address)


def answer_in(text: str, mined: Mined, *, alone: bool) -> tuple[Diagnostic, Place]:
    """What was answered for an address: in the words about it, else in an SMTP dialogue in the text."""
    words = _answer(mined.words)
    codes = codes_of(words)
    # A reply that a text quotes is the server's diagnostic, which rules of doubt and policy may judge; the rest is prose.
    place = Place.DIAGNOSTIC if _ANSWER.match(words) else Place.PROSE
    if codes == (None, None):
        quoted = _transcript(text, mined.address, alone=alone)
        if quoted:
            words, place = quoted, Place.TRANSCRIPT
            codes = codes_of(words)
    return Diagnostic(words, *codes), place


def _reported(text: str, mined: Mined, action: Action, *, alone: bool) -> ReportedRecipient:
    answer, place = answer_in(text, mined, alone=alone)
    command = _COMMAND.search(mined.words.lower()) or (_COMMAND.search(text[:_COMMAND_IN].lower()) if alone else None)
    return ReportedRecipient(
        final_recipient=mined.address or None,
        action=action,
        diagnostic=answer.text,
        reply_code=answer.reply_code,
        diagnostic_status=answer.status,
        smtp_command=command[1].upper() if command is not None else "",
        place=place,
    )


_IN_REPLY = " (in reply to "  # what Postfix adds to an answer: the command, which is looked for by itself
_BLANK_LINE = re.compile(r"\n[ \t]*\n")


def _answer(words: str) -> str:
    """From the reply code to the end of its paragraph, if there is one; else all that was said."""
    match = _ANSWER.search(words)
    quoted = _BLANK_LINE.split(words[match.start() :], 1)[0] if match is not None else words
    said = " ".join(quoted.split()).partition(_IN_REPLY)[0]
    return one_line(said[:DIAGNOSTIC_LIMIT]).strip(" :;,>)")


def _transcript(text: str, address: str, *, alone: bool) -> str:
    """The answer that an SMTP dialogue gives: the one that names the address, or of a single recipient the last."""
    last = ""
    for match in _TRANSCRIPT.finditer(text):
        last = match[1]
        if address and address.lower() in last.lower():
            break
    else:
        last = last if alone else ""
    return one_line(" ".join(last.replace("<<<", " ").split())[:DIAGNOSTIC_LIMIT])


def _announced(lines: list[str], _own: frozenset[str]) -> list[Mined]:
    """Addresses under a heading like "The following addresses had permanent fatal errors"; anybody's, since it says so."""
    for index, line in enumerate(lines):
        low = line.lower()
        if not any(hint in low for hint in phrases.HEADING_HINTS) or phrases.HEADING.search(low) is None:
            continue
        start = index + 1
        following = next((place for place in range(start, min(start + 4, len(lines))) if lines[place].strip()), None)
        if following is None:
            continue
        if _QUOTED_FIELD.match("".join(lines[following + 1 : following + 2])):
            continue  # "Your message To: ... Subject: ...", which is about the original
        found = list(_led(lines, following, strictly=False))
        if found:
            return found
    return []


def _in_lines(lines: list[str], _own: frozenset[str]) -> list[Mined]:
    """``<address>: what happened``, one paragraph each."""
    for index in range(len(lines)):
        match = _LEADING.match(lines[index])
        if match is not None and _tells(match["rest"]) and _address(match["angle"] or match["bare"]):
            return list(_led(lines, index, strictly=True))
    return []


def _tells(rest: str) -> bool:
    """What follows an address that is being reported on: a colon, dots, a dash, or what happened."""
    rest = rest.strip()
    return rest[:1] in (":", ",") or rest.startswith(("...", "- ", "–", "\t")) or _ANSWER.search(rest) is not None


def _led(lines: list[str], start: int, *, strictly: bool) -> Iterator[Mined]:
    """The addresses that lead lines from ``start`` on, each with the lines below it. The first line must lead."""
    address, words, margin, blanks = "", [""], 0, 0
    for line in lines[start:]:
        match = _LEADING.match(line)
        indent = len(line) - len(line.lstrip())
        named = _address(match["angle"] or match["bare"]) if match is not None else ""
        if named and match is not None and (not address or indent <= margin) and (not strictly or _tells(match["rest"])):
            if address:
                yield Mined(address, "\n".join(words))
            address, words, margin, blanks = named, [match["rest"].strip(" :;,")], indent, 0
            continue
        if not address or phrases.SECTION.match(line):
            break
        blanks = blanks + 1 if not line.strip() else 0
        if blanks > 2 or len(words) > _WORD_LINES:
            continue
        words.append(line)
    if address:
        yield Mined(address, "\n".join(words))


_ANSWERED = re.compile(r"^[45]\d\d(?:[ -][245]\.\d+\.\d+)? <?([^\s<>]{1,256}@[^\s<>]{1,256})>?\.\.\. ")


def _in_answers(lines: list[str], _own: frozenset[str]) -> list[Mined]:
    """``550 <address>... User unknown``, as sendmail writes to its transcript."""
    found: dict[str, Mined] = {}
    for line in lines:
        match = _ANSWERED.match(line)
        address = _address(match[1]) if match is not None else ""
        if address:
            found.setdefault(address.lower(), Mined(address, line))
    return list(found.values())


def _in_sentences(lines: list[str], own: frozenset[str]) -> list[Mined]:
    """Addresses in sentences about delivery, one a line; with each the lines from there."""
    found: list[tuple[str, int]] = []
    for index, line in enumerate(lines):
        for match in _SENTENCE.finditer(line):
            address = _candidate(match[1], own)
            if address and not phrases.NOT_FOR.search(line[: match.start(1)]):
                others = (_candidate(other, own) for other in joined_to(line[match.end(1) :])[0])
                found += [(each, index) for each in (address, *others) if each]
                break  # whose the words are of several that nothing joins, nobody can tell
    return _told(found, lines)


def _told(found: list[tuple[str, int]], lines: list[str]) -> list[Mined]:
    """Each address with the lines from its own to another's; further where nothing is said before that."""
    first: dict[str, tuple[str, int]] = {}
    for address, index in found:
        first.setdefault(address.lower(), (address, index))
    told = []
    for low, (address, index) in [*first.items()][:_RECIPIENTS]:
        end = next((other for name, other in found if other > index and name.lower() != low), len(lines))
        words = _until(lines[index : index + _WORD_LINES], address, end - index)
        group = [name for name, other in found if other == index]
        if len(group) > 1:
            after = max(words.find(name) + len(name) for name in group)
            words = words[:after] + said_of(address, group, words[after:])
        told.append(Mined(address, words))
    return told


def _until(lines: list[str], address: str, end: int) -> str:
    words = "\n".join(lines[:end])
    said = _WORD.search(ANY.sub("", words.partition(address)[2])) is not None or _ANSWER.search(words) is not None
    return words if said else "\n".join(lines)


def _anywhere(lines: list[str], own: frozenset[str]) -> list[Mined]:
    """What is left when nothing else speaks: addresses that nobody is told to write to."""
    found: list[tuple[str, int]] = []
    for index, line in enumerate(lines):
        for match in ANY.finditer(line):
            address = _candidate(match[0], own)
            if address and not phrases.NOT_FOR.search(line[: match.start()]):
                found.append((address, index))
    return _told(found, lines)


_WAYS = (_announced, _in_lines, _in_answers, _in_sentences, _anywhere)


def _address(text: str) -> str:
    """The address that a text is, "" where it is none with a domain."""
    return spelled(text.strip(".'\"`"))


def _candidate(text: str, own: frozenset[str]) -> str:
    """The address, if it may be a recipient that failed; "" where it is nobody or one of our own."""
    address = _address(text)
    return "" if not address or address.lower() in own or phrases.NOBODY.match(address) else address

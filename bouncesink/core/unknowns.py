"""Unknowns: what receivers said and no rule explains well, gathered by its words so that one new rule mends many.

Two refusals say the same when only their addresses, hosts, numbers, ids and dates differ. ``pieces`` takes a text apart into
what is fixed and what varies, ``cluster`` counts texts that are alike.

Promises: total and linear on any text, cut to ``TEXT_LIMIT``; the same texts give the same clusters, whatever their order.
Must not know where verdicts come from, nor how a rule is written (``draft`` does).
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from bouncesink.core.scan import fold
from bouncesink.core.verdict import Reason, Verdict

# A verdict with one of these says less than the receiver did.
VAGUE_REASONS = (Reason.UNDETERMINED, Reason.POLICY_UNSPECIFIED)
# What comes after is a transcript or an explanation, and differs more than it says.
TEXT_LIMIT = 400
MINIMUM_NAME = 3
# Local parts that are words of the answers themselves: "user unknown" is no answer about somebody called user.
ORDINARY = frozenset(
    {
        *("abuse", "account", "address", "admin", "email", "host", "info", "mail", "mailbox", "message", "name", "news"),
        *("policy", "postmaster", "recipient", "sender", "server", "service", "spam", "support", "test", "unknown", "user"),
    }
)
MOST_SOURCES = 5


class Varying(StrEnum):
    """What differs from one mail to the next; its name stands in the place of it."""

    CODE = "code"
    ADDRESS = "address"
    DATE = "date"
    IP = "ip"
    HOST = "host"
    ID = "id"
    NUMBER = "number"
    NAME = "name"


class Piece(NamedTuple):
    """``varies`` is None for words that are always the same."""

    text: str
    varies: Varying | None


_TIME = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?(?:[+-]\d\d:?\d\d|z|utc|gmt|[ap]m))?(?: \([a-z]{2,5}\))?"
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DATE = "|".join(
    (
        rf"(?:{_DAY},? )?(?:\d{{1,2}} {_MONTH}|{_MONTH} \d{{1,2}}),?(?: \d{{4}})?(?:,? {_TIME})?(?: \d{{4}})?",
        rf"\d{{4}}[-/.]\d\d[-/.]\d\d(?:[ t]{_TIME})?",
        rf"\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{4}}(?: {_TIME})?",
        _TIME,
    )
)
_IPV6 = r"(?:ipv6:)?[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?<=[0-9a-f:]{4})"
# One pass finds them all; the first that fits at a place is what it is. Every repeat has a bound: one endless word stays quick.
_SHAPES = {
    Varying.ADDRESS: r"(?<![\w.+=-])<?[^\s<>()\[\]\"'`,;:@]{1,64}@[a-z0-9][a-z0-9.-]{0,252}(?<![.-])>?",
    Varying.DATE: rf"(?<!\w)(?:{_DATE})(?!\w)",
    Varying.IP: rf"(?<![\w.])(?:\d{{1,3}}(?:\.\d{{1,3}}){{3}}|{_IPV6})(?::\d{{1,5}})?(?![\w:]|\.\w)",
    Varying.CODE: r"(?<![\w.])[245]\.\d{1,3}\.\d{1,3}(?!\w|\.\w)",
    Varying.HOST: r"(?<![\w.-])(?:[a-z0-9_][a-z0-9_-]{0,62}\.){1,12}(?:[a-z]{2,10}|xn--[a-z0-9-]{2,59})(?![\w-]|\.\w)",
    Varying.ID: r"(?<!\w)(?=[a-z_.=+~-]{0,60}\d)(?=[\d_.=+~-]{0,60}[a-z])[a-z0-9][a-z0-9_.=+~-]{2,250}[a-z0-9=](?!\w)",
    Varying.NUMBER: r"\d{1,40}",
}
_VARYING = re.compile("|".join(f"(?P<{varying}>{shape})" for varying, shape in _SHAPES.items()))
# What a reply begins with (RFC 5321 section 4.2, RFC 3463), once or repeated: the words behind it say what is meant.
_CODE = r"smtp;|error:?|[245]\d\d(?=[ \-:;,.#]|$)|#?[245]\.\d{1,3}\.\d{1,3}(?!\w|\.\w)"
_CODES = re.compile(rf"\W{{0,4}}(?:(?:{_CODE})[ \-:;,.#]{{0,4}}){{1,6}}")


def pieces(text: str, names: Iterable[str] = ()) -> tuple[Piece, ...]:
    """What is fixed and what varies, in order. ``names`` vary too, such as the recipient's local part."""
    names = {low for name in names if len(low := name.lower()) >= MINIMUM_NAME and low not in ORDINARY}
    shown = _beginning(fold(text))
    low = shown.lower()
    if len(low) != len(shown):  # a few letters grow: then the text is told in lower case
        shown = low
    begun = _CODES.match(low)
    start = begun.end() if begun else 0
    found = [Piece(shown[:start], Varying.CODE)] if start else []
    for match in _VARYING.finditer(low, start):
        found += _fixed(shown[start : match.start()], names)
        varies = Varying.NAME if match[0] in names else Varying(match.lastgroup or "")
        found.append(Piece(shown[match.start() : match.end()], varies))
        start = match.end()
    return (*found, *_fixed(shown[start:], names))


def _beginning(text: str) -> str:
    if len(text) <= TEXT_LIMIT:
        return text
    return text[: TEXT_LIMIT + 1].rpartition(" ")[0] or text[:TEXT_LIMIT]


def _fixed(text: str, names: Collection[str]) -> list[Piece]:
    """Words between what varies; a name is one only as a word of its own."""
    if not names:
        return [Piece(text, None)] if text else []
    parts = re.split(rf"(?i)(?<!\w)({'|'.join(map(re.escape, sorted(names)))})(?!\w)", text)
    return [Piece(part, Varying.NAME if number % 2 else None) for number, part in enumerate(parts) if part]


def normalised(parts: Sequence[Piece]) -> str:
    """The text in lower case with words for what varies. A code that it begins with is dropped where other words follow."""
    if not any(part.varies is None and any(map(str.isalpha, part.text)) for part in parts):
        return "".join(part.text if part.varies is Varying.CODE else _named(part) for part in parts).strip()
    parts = parts[1:] if parts[0].varies is Varying.CODE else parts
    return " ".join("".join(map(_named, parts)).split())


def _named(part: Piece) -> str:
    return f"<{part.varies}>" if part.varies else part.text.lower()


@dataclass(frozen=True, slots=True)
class Unknown:
    """One verdict that says too little. ``source`` is where to look at the mail; ``names`` are those of its recipient."""

    text: str
    source: str
    reason: Reason
    host: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cluster:
    """Texts that say the same. ``sample`` is one of them as it came, ``parts`` are its own. The commonest host comes first."""

    text: str
    count: int
    sample: str
    parts: tuple[Piece, ...]
    reasons: tuple[Reason, ...]
    hosts: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(slots=True)
class _Gathered:
    sample: Unknown
    count: int = 0
    reasons: set[Reason] = field(default_factory=set)
    hosts: Counter[str] = field(default_factory=Counter)
    sources: set[str] = field(default_factory=set)


def unknown_of(verdict: Verdict, source: str, prose: str = "") -> Unknown | None:
    """What a verdict leaves unexplained, None where it leaves nothing. ``prose`` speaks where there is no diagnostic."""
    if verdict.reason not in VAGUE_REASONS:
        return None
    addresses = (verdict.recipient, verdict.final_recipient, verdict.original_recipient)
    names = dict.fromkeys(address.rpartition("@")[0].strip('"') for address in addresses if address)
    return Unknown(
        text=verdict.diagnostic or prose or str(verdict.status or verdict.reply_code or ""),
        source=source,
        reason=verdict.reason,
        host=(verdict.remote_mta or verdict.reporting_mta or "").lower(),
        names=tuple(names),
    )


def cluster(unknowns: Iterable[Unknown]) -> tuple[Cluster, ...]:
    """The largest first. The sample is the smallest of its texts, so that it does not depend on the order."""
    found: dict[str, _Gathered] = {}
    for one in unknowns:
        text = normalised(pieces(one.text, one.names))
        gathered = found.setdefault(text, _Gathered(one))
        gathered.sample = min(gathered.sample, one, key=lambda each: (each.text, each.names))
        gathered.count += 1
        gathered.reasons.add(one.reason)
        gathered.hosts.update([one.host] if one.host else [])
        gathered.sources.add(one.source)
    ordered = sorted(found.items(), key=lambda item: (-item[1].count, item[0]))
    return tuple(_clustered(text, gathered) for text, gathered in ordered)


def _clustered(text: str, gathered: _Gathered) -> Cluster:
    hosts = sorted(gathered.hosts.items(), key=lambda item: (-item[1], item[0]))
    return Cluster(
        text=text,
        count=gathered.count,
        sample=gathered.sample.text,
        parts=pieces(gathered.sample.text, gathered.sample.names),
        reasons=tuple(sorted(gathered.reasons)),
        hosts=tuple(host for host, _ in hosts),
        sources=tuple(sorted(gathered.sources)[:MOST_SOURCES]),
    )

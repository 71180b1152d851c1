"""Format: how one MTA's notices in prose look. Data, from TOML; docs/reference/formats.md says how to write one.

A format is known by words (``literal`` is the gate, ``also`` and ``unless`` narrow it) and by headers. Recipients stand after
``begin`` and before ``end``; ``heading`` is gate and beginning in one. ``recipient`` is a line that begins a recipient's block,
``block`` says how far the block goes, ``detail`` takes out of it what is said of this recipient, ``shared`` takes out of the
whole notice what is true of all; ``again`` is how a line begins with which the notice starts anew for somebody else. A format
carries its proof: ``source`` says where its words are documented, ``example`` what it must read, ``counterexample`` what it
must leave alone.

Promises: reading never raises and notes every problem. Knows nothing of other formats, and nothing of how they are applied.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bouncesink.core.address import is_domain
from bouncesink.core.format_pattern import read_patterns
from bouncesink.core.problems import Table
from bouncesink.core.report import Action

KEYS = (
    *("id", "software", "source", "note", "action", "delayed"),
    *("literal", "heading", "also", "unless", "header", "doubtful", "begin", "end", "again"),
    *("recipient", "block", "detail", "shared", "subject", "commands", "transcript", "named_by", "original_to", "domain"),
    *("example", "counterexample"),
)
EXAMPLE_KEYS = ("text", "action", "reporting_mta", "recipients")
EXPECTED_KEYS = (
    *(
        "recipient",
        "original_recipient",
        "diagnostic",
        "status",
        "reply_code",
        "diagnostic_status",
        "remote_mta",
        "smtp_command",
    ),
)
MINIMUM_LITERAL = 8

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*/[a-z0-9]+(?:[.-][a-z0-9]+)*")
_HEADER_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DRESS = " -=*_#|>.~+:<"  # what lines are set off with
_STRAIGHT = (("\u2019", "'"), ("\u2018", "'"), ("\u201c", '"'), ("\u201d", '"'), ("\u00a0", " "))
_IDEOGRAPHS = 0x2E80  # an ideograph or a kana says as much as two letters


class Block(StrEnum):
    """How far what is said of a recipient goes, from the line that names it."""

    LINE = "line"
    INDENTED = "indented"
    PARAGRAPH = "paragraph"
    NEXT = "next"
    BEFORE = "before"


@dataclass(frozen=True, slots=True)
class FormatExample:
    """A whole mail in miniature and what must be read of it; every key of ``recipients`` is compared."""

    text: str
    action: Action
    reporting_mta: str
    recipients: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Format:
    """One format. Words are in lower case with white space folded; patterns are as ``format_pattern`` compiles them."""

    id: str
    file: str
    software: str
    source: str
    action: Action
    delayed: tuple[str, ...]
    literals: tuple[str, ...]
    also: tuple[str, ...]
    unless: tuple[str, ...]
    headers: tuple[tuple[str, tuple[str, ...]], ...]
    doubtful: bool
    begin: tuple[str, ...]
    end: re.Pattern[str] | None
    again: tuple[str, ...]
    recipient: tuple[re.Pattern[str], ...]
    block: Block
    detail: tuple[re.Pattern[str], ...]
    shared: tuple[re.Pattern[str], ...]
    subject: tuple[re.Pattern[str], ...]
    commands: tuple[tuple[str, str], ...]
    transcript: tuple[str, ...]
    named_by: str
    original_to: bool
    domain: str
    examples: tuple[FormatExample, ...]
    counterexamples: tuple[str, ...]


def straight(text: str) -> str:
    """With plain blanks and quotes, which the same words bear in another release of the same server."""
    if not text.isascii():
        for curled, plain in _STRAIGHT:
            text = text.replace(curled, plain)
    return text


def folded(text: str) -> str:
    """As words are compared: lower case, straight, white space folded."""
    return " ".join(straight(text).lower().split())


def read_format(table: Table, file: str) -> Format | None:
    """The format of one ``[[format]]`` table; None where it is too broken to be used."""
    before = len(table.problems)
    identifier = table.text("id", needed=True)
    table.place = f"{file}: format {identifier or '(without id)'}"
    table.only(KEYS)
    if identifier and not _ID.fullmatch(identifier):
        table.wrong('id must look like "exim/failed"')
    found = Format(
        id=identifier,
        file=file,
        software=table.text("software", needed=True),
        source=table.text("source", needed=True),
        action=table.word("action", Action) or Action.FAILED,
        delayed=_words(table, "delayed"),
        literals=tuple(_literal(table, key, text) for key in ("literal", "heading") for text in table.texts(key)),
        also=_words(table, "also"),
        unless=_words(table, "unless"),
        headers=_headers(table),
        doubtful=table.flag("doubtful"),
        begin=_words(table, "begin") + _words(table, "heading"),
        end=_end(_words(table, "end")),
        again=_words(table, "again"),
        recipient=read_patterns(table, "recipient"),
        block=table.word("block", Block) or Block.NEXT,
        detail=read_patterns(table, "detail"),
        shared=read_patterns(table, "shared"),
        subject=read_patterns(table, "subject"),
        commands=_commands(table),
        transcript=_words(table, "transcript"),
        named_by=_header_name(table, "named_by", table.text("named_by")),
        original_to=table.flag("original_to"),
        domain=_domain(table),
        examples=_examples(table),
        counterexamples=tuple(text for row in table.tables("counterexample") if (text := _counterexample(table, row))),
    )
    _check(table, found)
    return found if len(table.problems) == before else None


def _check(table: Table, found: Format) -> None:
    """What no single key can tell."""
    if not found.literals and not found.headers:
        table.wrong("literal or heading is missing: a format needs words or a header to be known by")
    named = {name for pattern in (*found.recipient, *found.shared, *found.subject) for name in pattern.groupindex}
    if not (named & {"recipient", "name"} or found.named_by or found.original_to):
        table.wrong("nothing names a recipient: a pattern with {recipient}, or named_by, or original_to")
    if "example" not in table.data:
        table.wrong("example is missing: show at least one mail that this format must read")


def _words(table: Table, key: str) -> tuple[str, ...]:
    return tuple(folded(text) for text in table.texts(key))


def _end(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    """A line that begins with one of the phrases, whatever it is set off with; a phrase of dashes is meant as it stands."""
    if not phrases:
        return None
    words = [phrase.strip(_DRESS) for phrase in phrases]
    said = "|".join(re.escape(each).replace(r"\ ", r"\s+") for each in words if each)
    drawn = "|".join(re.escape(phrase) for phrase, each in zip(phrases, words, strict=True) if not each)
    branches = (rf"[\s{re.escape(_DRESS.strip())}]*+(?:{said})" if said else "", rf"\s*+(?:{drawn})" if drawn else "")
    return re.compile("|".join(filter(None, branches)), re.IGNORECASE)


def _literal(table: Table, key: str, text: str) -> str:
    literal = folded(text)
    if sum(2 if ord(character) >= _IDEOGRAPHS else 1 for character in literal) < MINIMUM_LITERAL:
        table.wrong(f"{key} {text!r} is too short: {MINIMUM_LITERAL} characters or more, so that it is rare")
    return literal


def _headers(table: Table) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """``header = {x-mailer = "<smtp32"}``: each header must hold one of its words."""
    value = table.data.get("header", {})
    if not isinstance(value, dict):
        table.wrong('header must be a table such as {x-mailer = "m-filter"}')
        return ()
    inner = Table(f"{table.place}: header", value, table.problems)
    return tuple((_header_name(inner, "name", name), _words(inner, name)) for name in value)


def _commands(table: Table) -> tuple[tuple[str, str], ...]:
    """``commands = {"does not like recipient" = "RCPT"}``: words that say which command was refused without naming it."""
    value = table.data.get("commands", {})
    if not isinstance(value, dict) or not all(isinstance(verb, str) for verb in value.values()):
        table.wrong('commands must be a table such as {"does not like recipient" = "RCPT"}')
        return ()
    return tuple((folded(words), verb.upper()) for words, verb in value.items())


def _domain(table: Table) -> str:
    domain = table.text("domain")
    if domain and not is_domain(domain):
        table.wrong(f"domain {domain!r} is no domain")
    return domain


def _header_name(table: Table, key: str, name: str) -> str:
    if name and not _HEADER_NAME.fullmatch(name):
        table.wrong(f"{key} {name!r} must be the name of a header in lower case")
    return name


def _counterexample(table: Table, row: Mapping[str, Any]) -> str:
    inner = Table(f"{table.place}: counterexample", row, table.problems)
    inner.only(("text",))
    return inner.text("text", needed=True)


def _examples(table: Table) -> tuple[FormatExample, ...]:
    rows = enumerate(table.tables("example"), start=1)
    return tuple(_example(Table(f"{table.place}: example {number}", row, table.problems)) for number, row in rows)


def _example(table: Table) -> FormatExample:
    table.only(EXAMPLE_KEYS)
    expected = []
    for row in table.tables("recipients"):
        inner = Table(f"{table.place}: recipients", row, table.problems)
        inner.only(EXPECTED_KEYS)
        expected.append({key: inner.text(key) for key in row})
    if not expected:
        table.wrong("recipients are missing")
    return FormatExample(
        text=table.text("text", needed=True),
        action=table.word("action", Action) or Action.FAILED,
        reporting_mta=table.text("reporting_mta"),
        recipients=tuple(expected),
    )

"""The decoder: one forward-path to one Attribution. Believe what we wrote before what strangers wrote.

In order: our own tokens; the same again after each wrapping (BATV, SRS) is taken off, three at most; bounce mailboxes and
patterns that the operator configured; families with marks of their own; configured prefixes; families that a delimiter tells;
the shape of VERP alone. A family is read only where the policy names it, and a token of our shape whose tag does not hold is
forged: it is not read as anything else. Total on strangers' input, and what a tag is compared to depends on no recipient and
no table.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import date

from bouncesink.core.address import to_ascii_domain
from bouncesink.core.verp import grammars, token
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar, Nesting
from bouncesink.core.verp.grammars import Reading
from bouncesink.core.verp.keyring import Keyring
from bouncesink.core.verp.nesting import MAX_NESTING, unwrap
from bouncesink.core.verp.path import ForwardPath, parse_path

CLOCK_SLACK_DAYS = 2  # a sender's clock, and its time zone, may be ahead of ours

_FORGED = Attribution(Grammar.NONE, note="the tag holds under none of our keys")
_FOREIGN = Attribution(Grammar.NONE, note="a token of ours under a domain that is not")

# What ``VerpPolicy.unsigned`` may name.
UNSIGNED_FAMILIES = frozenset(row.grammar for row in (*grammars.MARKED, *grammars.DELIMITED, *grammars.LOOSE))


@dataclass(frozen=True, slots=True)
class VerpPolicy:
    """What the operator says of addresses. Spelled in any case; kept in lower case, prefixes longest first.

    ``prefix`` is what our own minted local parts start with; ``prefixes`` are literal texts that may stand before ``L=D`` or
    before a token; ``unsigned`` names the families without a tag that are read; ``static`` are whole local parts; ``patterns``
    are compiled by ``compile_pattern``; ``domains`` are ours, none for any.
    """

    prefix: str = ""
    life_days: int = 35
    prefixes: tuple[str, ...] = ()
    unsigned: frozenset[Grammar] = frozenset()
    static: frozenset[str] = frozenset()
    patterns: tuple[re.Pattern[str], ...] = ()
    domains: frozenset[str] = frozenset()
    starts: tuple[str, ...] = field(init=False, repr=False)  # where a token may begin: after the prefix, or one of former days

    def __post_init__(self) -> None:
        # The one place where a frozen value is set: an operator's spelling, evened out once instead of at every RCPT.
        object.__setattr__(self, "prefix", self.prefix.lower())
        prefixes = {each.lower() for each in self.prefixes} - {""}
        object.__setattr__(self, "prefixes", tuple(sorted(prefixes, key=lambda each: (-len(each), each))))
        object.__setattr__(self, "starts", tuple(dict.fromkeys((self.prefix, *self.prefixes, ""))))
        object.__setattr__(self, "static", frozenset(each.casefold() for each in self.static))
        object.__setattr__(self, "domains", frozenset(to_ascii_domain(each) or each for each in self.domains))

    def is_ours(self, domain: str) -> bool:
        return not self.domains or domain in self.domains


def decode(forward_path: str, policy: VerpPolicy, keyring: Keyring, today: date) -> Attribution:
    """Whom ``forward_path`` is about, and how far to believe it."""
    path = parse_path(forward_path)
    if path is None:
        return Attribution(Grammar.NONE, note="no address in RFC 5321's syntax")
    return decode_path(path, policy, keyring, today)


def decode_path(path: ForwardPath, policy: VerpPolicy, keyring: Keyring, today: date) -> Attribution:
    """``decode`` for a caller who parsed the path already."""
    nesting: tuple[Nesting, ...] = ()
    own = _own_token(path, policy, keyring, today)
    while own is None and len(nesting) < MAX_NESTING and (inner := unwrap(path)) is not None:
        nesting, path = (*nesting, inner[0]), inner[1]
        own = _own_token(path, policy, keyring, today)
    if own is None:
        own = _others(path, policy)
    elif own.grammar is Grammar.NONE:
        own = _coincidence(path, policy) or own
    return replace(own, nesting=nesting) if nesting else own


def compile_pattern(text: str) -> re.Pattern[str]:
    """An operator's own grammar. ValueError says what is wrong with it."""
    try:
        pattern = re.compile(text, re.IGNORECASE | re.ASCII)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from None
    named = set(pattern.groupindex)
    if not ("recipient" in named or "reference" in named or {"local", "domain"} <= named):
        raise ValueError(f"{text!r} has no group named recipient, nor local and domain, nor reference")
    if _NESTED_REPEAT.search(text):
        raise ValueError(f"{text!r} repeats a group that repeats: a long address could take forever to read")
    return pattern


_NESTED_REPEAT = re.compile(r"(?<!\\)[+*}]\)[+*{]")


def _own_token(path: ForwardPath, policy: VerpPolicy, keyring: Keyring, today: date) -> Attribution | None:
    """None where nothing has the shape of our token; Grammar.NONE where something has, and is not. A tag that holds needs no
    prefix, since it may have been minted before there was one; where one is configured, a shape without it is nobody's forgery.
    """
    forged = None
    for prefix in policy.starts:
        if prefix and not _begins(path.local, prefix):
            continue
        local = path.local[len(prefix) :]
        signed = token.SIGNED.fullmatch(local)
        if signed is not None:
            opened = token.open_signed(signed["token"], signed["bound"], path.domain, keyring)
        elif token.OPAQUE.fullmatch(local):
            opened = token.open_opaque(local, path.domain, keyring)
        else:
            continue
        if opened is not None and policy.is_ours(path.domain):
            return _believed(opened, signed, policy, today)
        if prefix or not policy.prefix:
            forged = _FOREIGN if opened is not None else _FORGED
    return forged


def _believed(opened: token.Opened, signed: re.Match[str] | None, policy: VerpPolicy, today: date) -> Attribution:
    """A tag that holds; what is left to judge is its age."""
    grammar = Grammar.OPAQUE if signed is None else Grammar.SIGNED
    recipient = None if signed is None else f"{signed['local']}@{signed['domain']}"
    authenticity, note = Authenticity.PROVEN, ""
    age = today.toordinal() - opened.issued_on.toordinal()
    if age > policy.life_days:
        authenticity, note = Authenticity.LATE, f"issued {age} days ago"
    elif age < -CLOCK_SLACK_DAYS:
        authenticity, note = Authenticity.LATE, f"issued {-age} days in the future"
    return Attribution(
        grammar, recipient, opened.reference, authenticity, issued_on=opened.issued_on, key_id=opened.key_id, note=note
    )


def _begins(local: str, prefix: str) -> bool:
    return local[: len(prefix)].lower() == prefix


def _others(path: ForwardPath, policy: VerpPolicy) -> Attribution:
    """Everybody else's grammars, as far as the policy lets them in."""
    if not policy.is_ours(path.domain):
        return Attribution(Grammar.NONE, note="the domain is not ours")
    if path.local.casefold() in policy.static:
        return Attribution(Grammar.STATIC)
    if len(path.local) > grammars.MAX_LOCAL:
        return Attribution(Grammar.NONE, note="the local part is too long to be read")
    reading = _configured(path, policy)
    return Attribution(Grammar.NONE, note=_unnamed(path, policy)) if reading is None else _unsigned(reading)


def _coincidence(path: ForwardPath, policy: VerpPolicy) -> Attribution | None:
    """A list may be called by sixteen letters that could be a token (one in some two hundred of that length are). Its bounces
    are not lost where a mark of its family, or a configured prefix that holds the whole name, says so.
    """
    if not policy.is_ours(path.domain) or len(path.local) > grammars.MAX_LOCAL or not token.SIGNED.fullmatch(path.local):
        return None
    reading = grammars.read_rows(path, grammars.MARKED + grammars.DELIMITED, policy.unsigned)
    if reading is None:
        reading = _prefixed(path, tuple(each for each in policy.prefixes if len(each) > token.SIGNED_LENGTH))
    return None if reading is None else _unsigned(reading)


def _unsigned(reading: Reading) -> Attribution:
    grammar, recipient, reference = reading.grammar, reading.recipient, reading.reference
    return Attribution(grammar, recipient, reference, Authenticity.UNSIGNED, reading.list_name, note=reading.note)


def _configured(path: ForwardPath, policy: VerpPolicy) -> Reading | None:
    for pattern in policy.patterns:
        if (reading := grammars.read_custom(path.local, pattern)) is not None:
            return reading
    if (reading := grammars.read_rows(path, grammars.MARKED, policy.unsigned)) is not None:
        return reading
    if (reading := _prefixed(path, policy.prefixes)) is not None:
        return reading
    return grammars.read_rows(path, grammars.DELIMITED + grammars.LOOSE, policy.unsigned)


def _prefixed(path: ForwardPath, prefixes: tuple[str, ...]) -> Reading | None:
    """What stands after the longest of the ``prefixes`` that ``path`` begins with."""
    prefix = next((each for each in prefixes if _begins(path.local, each)), None)
    return None if prefix is None else grammars.read_prefixed(path.local, prefix)


def _unnamed(path: ForwardPath, policy: VerpPolicy) -> str:
    """Words for the operator: a family that would have read it, had the policy named it."""
    rows = grammars.MARKED + grammars.DELIMITED + grammars.LOOSE
    reading = grammars.read_rows(path, rows, UNSIGNED_FAMILIES - policy.unsigned - {Grammar.GENERIC})
    return f"reads as {reading.grammar}, which the policy does not name" if reading else "no grammar reads it"

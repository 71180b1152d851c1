"""Mentions: how a text writes addresses, names several of them in one sentence, and says something of each.

Promises: total, linear; nothing that is said of one address is put down to another that the text names beside it. Addresses as
in RFC 5321 section 4.1.2 and RFC 6532. Knows nothing of delivery.
"""

import re
from collections.abc import Sequence

from bouncesink.core.address import spelled

_RECIPIENTS = 100

# RFC 6532 lets any letter stand in an address, but Chinese, Japanese, Korean and Thai set no blank between an address and the
# words around it: their letters begin no local part that goes on in others, and end a domain whose last label began in others.
_EAST = r"\u0e00-\u0eff\u1100-\u11ff\u3040-\u30fa\u30fc-\ufeff\uff66-\uffdc\U00020000-\U0003ffff"
_WEST = r"\u00a0-\u0dff\u0f00-\u10ff\u1200-\u1fff\u2c00-\u2dff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
_DOMAIN = r"(?:[\w-]{1,63}\.)+(?:[A-Za-z0-9_\u00c0-\u024f-]{2,63}|[^\W\dA-Za-z_\u00c0-\u024f]{1,63})"
ADDRESS = (
    rf"[A-Za-z0-9!#$%&*+/=?^_`{{|}}~.'{_WEST}-]{{1,128}}@{_DOMAIN}"
    rf"|[0-9._{_EAST}-]{{1,64}}@{_DOMAIN}|\"[^\"\n@]{{1,64}}\"@{_DOMAIN}"
)
_END = r"(?![A-Za-z0-9_@\u00c0-\u024f])"
# In angle brackets a local part of both kinds of letters is one, and what stands in it may be somebody else's address.
_BRACKETED = rf"(?<=<)[A-Za-z0-9!#$%&*+/=?^_`{{|}}~.'{_WEST}{_EAST}-]{{1,128}}@{_DOMAIN}(?=>)"
ANY = re.compile(rf"{_BRACKETED}|(?<![A-Za-z0-9_.@=+{_WEST}-])(?:{ADDRESS}){_END}")
# What joins a further address to one that a sentence has named: the sentence is about both.
_AND = r"(?:and|und|et|y|e|en|og|och|i|и)[ \t]+"
_JOINED = re.compile(
    rf"[>)\]\"'.]{{0,3}}(?:[ \t]*[,;&、，；][ \t]*(?:{_AND})?|[ \t]+{_AND})[<(\[\"']{{0,2}}({ADDRESS})",
    re.IGNORECASE,
)


def joined_to(line: str) -> tuple[list[str], str]:
    """The addresses that a sentence joins to one that it has named ("a@example.org, b@example.org and ..."), and what follows.

    >>> joined_to("> and <b@example.org>: no such users")
    (['b@example.org'], '>: no such users')
    """
    found: list[str] = []
    end = 0
    while (match := _JOINED.match(line, end)) is not None and len(found) < _RECIPIENTS:
        found.append(match[1])
        end = match.end()
    return found, line[end:]


def said_of(address: str, group: Sequence[str], words: str) -> str:
    """Of what follows a sentence about several: all of it where it names none of them again, else what it says of this one.

    >>> said_of("b@example.org", ["a@example.org", "b@example.org"], "a@example.org is full. No such user: b@example.org")
    ' No such user: b@example.org'
    """
    address = address.lower()
    names = {each.lower() for each in group}
    mentions = [(match.start(), spelled(match[0].strip(".'\"`")).lower()) for match in ANY.finditer(words)]
    others = [place for place, name in mentions if name in names and name != address]
    own = next((place for place, name in mentions if name == address), -1)
    if own < 0:
        return "" if others else words
    start, end = _sentence_at(words, own), next((place for place in others if place > own), len(words))
    if any(start <= place < own for place in others):
        start = own
    if end < len(words) and (next_sentence := _sentence_at(words, end)) > own:
        end = next_sentence
    return words[start:end]


def _sentence_at(words: str, place: int) -> int:
    """Where the sentence, or else the line, begins that holds a place."""
    return max(words.rfind("\n", 0, place), words.rfind(". ", 0, place)) + 1

"""Codes: which rules may speak when only a code does, found by the code rather than one after another.

Rules without words, by their enhanced status code (RFC 3463) or by their reply code (RFC 5321), each list in the order of the
book. Each rule stands with the conditions that the index has not settled already, None where nothing is left to ask.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from itertools import product

from bouncesink.core.rule import Conditions, Rule, StatusPattern
from bouncesink.core.status import EnhancedStatusCode

CLASSES = (2, 4, 5)

Code = tuple[Rule, Conditions | None]


class CodeIndex:
    """Never changed once built."""

    __slots__ = ("_by_reply", "_by_status", "_by_wildcard")

    def __init__(self, rules: Iterable[Rule]) -> None:
        codes = [(rule, rule.conditions) for rule in rules if rule.conditions and not rule.literals]
        statuses = [(rule, conditions) for rule, conditions in codes if conditions.statuses]
        replies = [(rule, conditions) for rule, conditions in codes if not conditions.statuses]
        named = {key for _, conditions in statuses for pattern in conditions.statuses for key in _keys(pattern)}
        settled = [(rule, conditions.statuses, _rest(replace(conditions, statuses=()))) for rule, conditions in statuses]
        self._by_status: dict[tuple[int, int, int], tuple[Code, ...]] = {
            key: _that_fit(EnhancedStatusCode(*key), settled) for key in named
        }
        wild = [row for row in settled if any(pattern.subject is None or pattern.detail is None for pattern in row[1])]
        self._by_wildcard = lru_cache(maxsize=1024)(lambda *key: _that_fit(EnhancedStatusCode(*key), wild))
        self._by_reply: dict[int, tuple[Code, ...]] = {
            code: tuple(
                (rule, _rest(replace(conditions, reply_codes=frozenset())))
                for rule, conditions in replies
                if code in conditions.reply_codes
            )
            for code in {code for _, conditions in replies for code in conditions.reply_codes}
        }

    def of_status(self, status: EnhancedStatusCode) -> tuple[Code, ...]:
        """The rules that may speak of ``status``, in the order of the book."""
        key = (status.class_, status.subject, status.detail)
        return self._by_status.get(key) or self._by_wildcard(*key)

    def of_reply(self, code: int) -> tuple[Code, ...]:
        """The rules that may speak of a reply code, in the order of the book."""
        return self._by_reply.get(code, ())


def _that_fit(
    status: EnhancedStatusCode, rules: Iterable[tuple[Rule, tuple[StatusPattern, ...], Conditions | None]]
) -> tuple[Code, ...]:
    return tuple((rule, rest) for rule, patterns, rest in rules if any(pattern.fits(status) for pattern in patterns))


def _keys(pattern: StatusPattern) -> list[tuple[int, int, int]]:
    """The statuses that a pattern names outright; none where its subject or detail is an x."""
    if pattern.subject is None or pattern.detail is None:
        return []
    classes = CLASSES if pattern.class_ is None else (pattern.class_,)
    return list(product(classes, (pattern.subject,), (pattern.detail,)))


def _rest(conditions: Conditions) -> Conditions | None:
    return None if conditions == Conditions() else conditions

"""Hurdles: which rules cannot hold, whatever words stand in a text, for its place, its status or the command that it answers.

Many rules are opened by words that stand in every other answer, and hold only beside a rare code or command. They are told all
at once, so that their words need not be looked for. What else a rule asks for is asked when its turn comes.

Promises: bars every rule whose places, statuses or commands are others, and no other rule. Remembers a bounded number of cases.
"""

from collections.abc import Sequence
from functools import lru_cache

from bouncesink.core.report import Place
from bouncesink.core.rule import Conditions, Observation, Rule, command
from bouncesink.core.status import EnhancedStatusCode

_NOBODY: frozenset[str] = frozenset()


class Hurdles:
    """Never changed once built. Rules are bits of a number, the first one the lowest: ``rules`` are those that might be barred,
    ``asking`` those that ask for something else too.
    """

    __slots__ = ("_barred", "asking", "rules")

    def __init__(self, rules: Sequence[Rule]) -> None:
        asked = [(1 << number, rule.conditions) for number, rule in enumerate(rules) if rule.conditions]
        self.rules = sum(bit for bit, conditions in asked if _settled(conditions) != Conditions())
        self.asking = sum(bit for bit, conditions in asked if _settled(conditions) != conditions)
        settled = [(bit, _settled(conditions)) for bit, conditions in asked if bit & self.rules]

        def barred(place: Place, verb: str, *status: int) -> int:
            seen = Observation(status=EnhancedStatusCode(*status) if status else None, smtp_command=verb)
            return sum(bit for bit, conditions in settled if not conditions.hold(seen, place, _NOBODY))

        self._barred = lru_cache(maxsize=1024)(barred)

    def bar(self, seen: Observation, place: Place) -> int:
        """The rules that cannot hold at this place."""
        verb, status = command(seen.smtp_command), seen.status
        if status is None:
            return self._barred(place, verb)
        return self._barred(place, verb, status.class_, status.subject, status.detail)


def _settled(conditions: Conditions) -> Conditions:
    return Conditions(places=conditions.places, statuses=conditions.statuses, commands=conditions.commands)

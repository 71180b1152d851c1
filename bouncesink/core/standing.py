"""Standing: whether an address may be mailed, and what a turn of events makes of it. A table, and nothing else decides.

``docs/explain/standing.md`` is drawn from it. Source: the design, section 6. Knows nothing of verdicts, days or numbers.
"""

from enum import StrEnum
from typing import Final


class Standing(StrEnum):
    """Whether an address may be mailed: ``suppressed`` may not, the others may; ``review`` wants a person to look at it."""

    OK = "ok"
    WATCH = "watch"
    REVIEW = "review"
    SUPPRESSED = "suppressed"


class Turn(StrEnum):
    """What an occurrence means, once it is counted."""

    DEAD = "dead"  # a hard failure that suffices, or the second on another day
    COMPLAINED = "complained"
    EXHAUSTED = "exhausted"  # soft failures have reached a limit
    DOUBTFUL = "doubtful"  # a person must look
    PRESSED = "pressed"  # half-way to a limit, or a first word of death
    COUNTED = "counted"
    DELIVERED = "delivered"
    RECOVERED = "recovered"  # delivered, though it was suppressed for soft failures
    QUIET = "quiet"  # no failure for long enough
    EXPIRED = "expired"  # a suppression is over
    BANNED = "banned"  # an operator suppressed it
    RELEASED = "released"  # an operator, or the end of an incident
    NOTHING = "nothing"


# What a Turn makes of a Standing; a pair that is not here leaves it as it is.
TRANSITIONS: Final[dict[Turn, dict[Standing, Standing]]] = {
    Turn.DEAD: dict.fromkeys((Standing.OK, Standing.WATCH, Standing.REVIEW), Standing.SUPPRESSED),
    Turn.COMPLAINED: dict.fromkeys(Standing, Standing.SUPPRESSED),
    Turn.EXHAUSTED: dict.fromkeys((Standing.OK, Standing.WATCH, Standing.REVIEW), Standing.SUPPRESSED),
    Turn.DOUBTFUL: dict.fromkeys((Standing.OK, Standing.WATCH), Standing.REVIEW),
    Turn.PRESSED: {Standing.OK: Standing.WATCH},
    Turn.COUNTED: {},
    Turn.DELIVERED: {Standing.WATCH: Standing.OK},
    Turn.RECOVERED: {Standing.SUPPRESSED: Standing.OK},
    Turn.QUIET: {Standing.WATCH: Standing.OK},
    Turn.EXPIRED: {Standing.SUPPRESSED: Standing.WATCH},
    Turn.BANNED: dict.fromkeys(Standing, Standing.SUPPRESSED),
    Turn.RELEASED: dict.fromkeys(Standing, Standing.OK),
    Turn.NOTHING: {},
}

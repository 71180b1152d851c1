"""Values: frozen dataclasses that are cheap to make, for what every mail makes.

A frozen dataclass sets each of its fields through ``object.__setattr__``, which for the eighteen of a verdict takes five times
as long as setting them. To mypy a ``value`` is frozen like any other noun here, and mypy is what proves that nobody changes
one; at run time it has slots, equality and a hash, and an ordinary constructor. Knows no other module.
"""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

Noun = TypeVar("Noun")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(noun: type[Noun]) -> type[Noun]:
    """A dataclass that nobody changes once it is made."""
    return dataclass(slots=True, unsafe_hash=True)(noun)

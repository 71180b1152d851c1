"""The keys: every setting there is, as one table drawn from the ``sections``.

What reads a configuration, prints it or documents it walks this table, so that the three cannot disagree. Knows nothing of
where a value comes from.
"""

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from bouncesink.config.sections import Config

ENVIRONMENT_PREFIX = "BOUNCESINK_"
ENVIRONMENT_FILE = "BOUNCESINK_CONFIG"  # names the file; no key of its own


@dataclass(frozen=True, slots=True)
class Key:
    """One setting. ``section`` is "" for those that stand in front of all tables."""

    section: str
    field: str
    type: Any
    default: Any
    description: str
    unit: str
    minimum: float | None
    secret: bool

    @property
    def name(self) -> str:
        return f"{self.section}.{self.field}" if self.section else self.field

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return ENVIRONMENT_PREFIX + (f"{self.section}__{self.field}" if self.section else self.field).upper()

    @property
    def is_list(self) -> bool:
        return get_origin(self.type) is tuple

    @property
    def is_optional(self) -> bool:
        return isinstance(self.type, UnionType) and type(None) in get_args(self.type)

    def value(self, config: Config) -> Any:
        return getattr(getattr(config, self.section) if self.section else config, self.field)


def _of(section: str, class_: type[Any]) -> Iterator[Key]:
    hints = get_type_hints(class_)
    for each in fields(class_):
        if is_dataclass(hints[each.name]):
            yield from _of(each.name, hints[each.name])
        else:
            yield _key(section, hints[each.name], each)


def _key(section: str, type_: Any, of: Field[Any]) -> Key:
    assert of.default is not MISSING
    return Key(section=section, field=of.name, type=type_, default=of.default, **of.metadata)


KEYS: dict[str, Key] = {key.name: key for key in _of("", Config)}
SECTIONS: tuple[str, ...] = tuple(dict.fromkeys(key.section for key in KEYS.values() if key.section))

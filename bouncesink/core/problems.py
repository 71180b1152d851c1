"""Problems: everything that is wrong with the operator's rule files, gathered rather than raised one by one.

A problem names file, place and what is wrong, and the nearest thing that would have been right. Nothing is raised here:
``rulebook`` raises once, with all of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

Word = TypeVar("Word", bound=StrEnum)


def nearest(word: str, known: Iterable[str]) -> str:
    """What to add to a complaint about ``word``: the nearest of the known ones, nothing where none is near."""
    found = get_close_matches(word, list(known), n=1)
    return f", did you mean '{found[0]}'?" if found else ""


@dataclass(slots=True)
class Table:
    """One TOML table while it is read: every accessor notes a problem and returns the default rather than raising."""

    place: str
    data: Mapping[str, Any]
    problems: list[str] = field(default_factory=list)

    def wrong(self, what: str) -> None:
        self.problems.append(f"{self.place}: {what}")

    def only(self, known: Iterable[str]) -> None:
        known = tuple(known)
        for key in self.data:
            if key not in known:
                self.wrong(f"unknown key {key!r}{nearest(key, known)}")

    def text(self, key: str, *, needed: bool = False) -> str:
        value = self.data.get(key, "")
        if not isinstance(value, str):
            self.wrong(f"{key} must be a string")
            return ""
        if needed and not value.strip():
            self.wrong(f"{key} is missing")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A string, or a list of strings: both are written, both mean a tuple."""
        value = self.data.get(key, ())
        values = (value,) if isinstance(value, str) else value
        if not isinstance(values, list | tuple) or not all(isinstance(item, str) and item.strip() for item in values):
            self.wrong(f"{key} must be a string or a list of strings, none of them empty")
            return ()
        return tuple(values)

    def flag(self, key: str) -> bool:
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            self.wrong(f"{key} must be true or false")
            return False
        return value

    def number(self, key: str, default: int) -> int:
        value = self.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.wrong(f"{key} must be a whole number, 0 or more")
            return default
        return value

    def word(self, key: str, words: type[Word], *, needed: bool = False) -> Word | None:
        """One of an enumeration's words; the nearest is named where it is none."""
        text = self.text(key, needed=needed)
        return self.as_word(key, text, words) if text.strip() else None

    def as_word(self, key: str, text: str, words: type[Word]) -> Word | None:
        try:
            return words(text)
        except ValueError:
            self.wrong(f"{key} knows no {text!r}{nearest(text, words)}")
            return None

    def tables(self, key: str) -> tuple[Mapping[str, Any], ...]:
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.wrong(f"{key} must be written as [[{key}]] tables")
            return ()
        return tuple(value)

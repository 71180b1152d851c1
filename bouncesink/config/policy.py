"""The policy of the configuration as the core's values: numbers, expiries and the numbers of streams, and those of incidents.

Promises: every entry that cannot be read and every contradiction is told, with its key; what ``problems`` passes, ``policies``
takes. Knows nothing of files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from bouncesink.config.sections import IncidentsSection, PolicySection
from bouncesink.core.incident import IncidentPolicy
from bouncesink.core.policy import Policies, Policy, contradictions
from bouncesink.core.problems import nearest
from bouncesink.core.verdict import Reason

NUMBERS = tuple(each.name for each in fields(PolicySection) if each.name not in {"expiry_days", "streams"})


def problems(section: PolicySection) -> Iterator[tuple[str, str]]:
    """The key that is wrong, and words, for everything that is wrong."""
    for entry in section.expiry_days:
        reason, _, days = entry.partition("=")
        if reason not in set(Reason) or not _is_number(days):
            words = f"{entry!r} is not REASON=DAYS, as in mailbox_disabled=180"
            yield "policy.expiry_days", words + nearest(reason, tuple(map(str, Reason)))
    for entry in section.streams:
        name, key, number = _stream(entry)
        if not name or key not in NUMBERS or not _is_number(number):
            words = f"{entry!r} is not STREAM.KEY=NUMBER, as in news.points=6"
            yield "policy.streams", words + (nearest(key, NUMBERS) if key else "")
    for problem in contradictions(_default(section)):
        yield "policy", problem
    for name, changes in _changes(section).items():
        for problem in contradictions(replace(_default(section), **changes)):
            yield "policy.streams", f"stream {name}: {problem}"


def policies(section: PolicySection) -> Policies:
    """What the fold is given. ``problems`` has passed."""
    default = _default(section)
    return Policies(default, {name: replace(default, **changes) for name, changes in _changes(section).items()})


def incident_policy(section: IncidentsSection) -> IncidentPolicy:
    """What the detector is given."""
    return IncidentPolicy(**asdict(section))


def _default(section: PolicySection) -> Policy:
    expiry = dict(entry.split("=", 1) for entry in section.expiry_days if "=" in entry)
    known = {Reason(reason): int(days) for reason, days in expiry.items() if reason in set(Reason) and _is_number(days)}
    return Policy(**{name: getattr(section, name) for name in NUMBERS}, expiry_days=known)


def _changes(section: PolicySection) -> Mapping[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, key, number in map(_stream, section.streams):
        if name and key in NUMBERS and _is_number(number):
            found.setdefault(name, {})[key] = int(number)
    return found


def _stream(entry: str) -> tuple[str, str, str]:
    path, _, number = entry.partition("=")
    name, _, key = path.rpartition(".")
    return name, key, number


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) > 0

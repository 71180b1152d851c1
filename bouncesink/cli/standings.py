"""Standings as the command line reads and shows them: lists of addresses in, answers out."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bouncesink.cli.minting import Line, lines_of
from bouncesink.cli.options import ManyFormat
from bouncesink.cli.rendering import print_table
from bouncesink.cli.settings import naming, settle
from bouncesink.core.address import is_domain, parse
from bouncesink.core.occurrence import Act
from bouncesink.core.policy import Policies
from bouncesink.core.problems import nearest
from bouncesink.core.recipient import Recipient, expire
from bouncesink.core.standing import Standing
from bouncesink.core.verdict import Reason
from bouncesink.store.operator import Operator, open_operator
from bouncesink.store.selection import Selection

ACTS = {"suppressed": Act.SUPPRESS, "delivered": Act.DELIVERED}

Answer = tuple[str, Recipient | None]


def lines_in(path: str) -> list[Line]:
    """The addresses of a file, or of standard input. OSError where it cannot be read."""
    if path == "-":
        return lines_of(sys.stdin)
    with Path(path).open(encoding="utf-8", errors="replace") as lines:
        return lines_of(lines)


def given(addresses: Sequence[str] | None) -> tuple[str, ...]:
    """Addresses of the command line; - reads them from standard input."""
    found: list[str] = []
    for address in addresses or ():
        found += [line.recipient for line in lines_of(sys.stdin)] if address == "-" else [address]
    return tuple(found)


def problems_of(lines: Sequence[Line]) -> list[str]:
    """Every line that is no address."""
    return [f"{line.place}: {line.recipient!r} is no address" for line in lines if not is_address(line.recipient)]


def is_address(text: str) -> bool:
    """Whether it is one address and nothing beside it, as a column too many in a list would be."""
    bare = text.removeprefix("<").removesuffix(">")
    return "@" in bare and " " not in bare and parse(bare) is not None and is_domain(bare.rpartition("@")[2])


def selected(
    *, standing: str | None = None, reason: str | None = None, since: datetime | None = None, addresses: tuple[str, ...] = ()
) -> Selection | str:
    """What options mean, or what is wrong with them."""
    if standing is not None and standing not in set(Standing):
        return f"--standing {standing}: none of {', '.join(Standing)}{nearest(standing, tuple(map(str, Standing)))}"
    if reason is not None and reason not in set(Reason):
        return f"--reason {reason}: there is no such reason{nearest(reason, tuple(map(str, Reason)))}"
    at = since.replace(tzinfo=UTC) if since is not None else None
    return Selection(addresses=addresses, standing=standing, reason=Reason(reason) if reason else None, since=at)


@contextmanager
def acting(config: Path | None, database: Path | None, actor: str) -> Iterator[tuple[Operator, Callable[[str], str]]]:
    """An operator on the database that the options mean, and what addresses are known by in it."""
    settled = settle(config, database=database).config
    known_as = naming(settled)
    with open_operator(settled.store, actor, datetime.now(UTC)) as operator:
        yield operator, known_as


def is_suppressed(recipient: Recipient | None, now: datetime, policies: Policies) -> bool:
    return _now(recipient, now, policies) is Standing.SUPPRESSED


def object_of(address: str, recipient: Recipient | None, now: datetime, policies: Policies) -> dict[str, object]:
    """One answer in JSON's types. ``mail`` says whether it may be mailed now."""
    standing = _now(recipient, now, policies)
    known = recipient if recipient is not None and standing is not Standing.OK else None
    return {
        "recipient": address,
        "mail": standing is not Standing.SUPPRESSED,
        "standing": str(standing),
        "reason": str(known.reason) if known and known.reason else None,
        "since": known.since.isoformat() if known else None,
        "until": known.until.isoformat() if known and known.until else None,
        "points": known.points if known else 0,
        "why": list(known.why) if known else [],
        "probe_due": recipient is not None and expire(recipient, now, policies.of(recipient.stream)).memory.probe,
    }


def print_many(answers: Sequence[Answer], form: ManyFormat, now: datetime, policies: Policies) -> None:
    if form is ManyFormat.TABLE:
        print_standings(answers, now, policies)
        return
    objects = (object_of(address, recipient, now, policies) for address, recipient in answers)
    if form is ManyFormat.JSONL:
        for each in objects:
            print(json.dumps(each))
    else:
        print(json.dumps(list(objects), indent=2))


def print_standings(answers: Sequence[Answer], now: datetime, policies: Policies) -> None:
    columns = ("recipient", "standing", "reason", "since", "until", "points", "verdicts")
    rows = [object_of(address, recipient, now, policies) for address, recipient in answers]
    if rows:
        print_table(columns, [_row(each) for each in rows])


def _row(answer: dict[str, object]) -> tuple[object, ...]:
    since, until = str(answer["since"] or "")[:16], str(answer["until"] or "")[:16]
    return answer["recipient"], answer["standing"], answer["reason"], since, until, answer["points"], answer["why"] or ""


def _now(recipient: Recipient | None, now: datetime, policies: Policies) -> Standing:
    if recipient is None:
        return Standing.OK
    return expire(recipient, now, policies.of(recipient.stream)).standing

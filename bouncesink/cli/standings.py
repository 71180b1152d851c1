"""Standings as the command line shows them, and what its options choose."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bouncesink.cli.lists import Line, problems_of, some_of
from bouncesink.cli.options import ManyFormat, in_utc
from bouncesink.cli.progress import Step
from bouncesink.cli.rendering import print_array, print_table
from bouncesink.cli.settings import naming, settle
from bouncesink.core.address import is_alone
from bouncesink.core.occurrence import Act
from bouncesink.core.policy import Policies
from bouncesink.core.problems import nearest
from bouncesink.core.recipient import Recipient, expire
from bouncesink.core.standing import Standing
from bouncesink.core.verdict import Reason
from bouncesink.observe.terminal import escape_control
from bouncesink.store.beside import opened
from bouncesink.store.grounds import Ground
from bouncesink.store.operator import Operator, open_operator
from bouncesink.store.selection import Selection, key_of, recipients_by
from bouncesink.store.text import timestamp

_AT_ONCE = 1_000  # told of at a time
ACTS = {"suppressed": Act.SUPPRESS, "delivered": Act.DELIVERED}

Answer = tuple[str, Recipient | None]


def selected(
    *, standing: str | None = None, reason: str | None = None, since: datetime | None = None, addresses: tuple[str, ...] = ()
) -> Selection | str:
    """What options mean, or what is wrong with them."""
    if standing is not None and standing not in set(Standing):
        return f"--standing {standing}: none of {', '.join(Standing)}{nearest(standing, tuple(map(str, Standing)))}"
    if reason is not None and reason not in set(Reason):
        return f"--reason {reason}: there is no such reason{nearest(reason, tuple(map(str, Reason)))}"
    chosen = Reason(reason) if reason else None
    return Selection(addresses=addresses, standing=standing, reason=chosen, since=in_utc(since))


@contextmanager
def acting(config: Path | None, database: Path | None, actor: str) -> Iterator[tuple[Operator, Callable[[str], str]]]:
    """An operator on the database that the options mean, and what addresses are known by in it."""
    settled = settle(config, database=database).config
    known_as = naming(settled)
    with open_operator(settled.store, actor, datetime.now(UTC)) as operator:
        yield operator, known_as


def strangers_of(lines: Sequence[Line], config: Path | None, database: Path | None) -> list[str]:
    """Those that are no address, and nobody that is known, as problems."""
    doubtful = [line for line in lines if not is_alone(line.recipient)]
    if not doubtful:
        return []
    settled = settle(config, database=database).config
    known_as = naming(settled)
    keys = [key_of(known_as(line.recipient)) for line in doubtful]
    with opened(settled.store, "reading recipients") as connection:
        known = recipients_by(connection, keys)
    return some_of(problems_of(line for line, key in zip(doubtful, keys, strict=True) if key not in known))


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
        "since": timestamp(known.since) if known else None,
        "until": timestamp(known.until) if known and known.until else None,
        "points": known.points if known else 0,
        "why": list(known.why) if known else [],
        "probe_due": recipient is not None and expire(recipient, now, policies.of(recipient.stream)).memory.probe,
    }


def print_many(
    answers: Sequence[Answer], form: ManyFormat, now: datetime, policies: Policies, step: Step = lambda _=1: None
) -> None:
    """``step`` is told of those that were printed."""
    if form is ManyFormat.TABLE:
        print_standings(answers, now, policies)
        return
    objects = (object_of(address, recipient, now, policies) for address, recipient in answers)
    if form is ManyFormat.JSONL:
        for number, each in enumerate(objects, 1):
            print(json.dumps(each))
            if not number % _AT_ONCE:
                step(_AT_ONCE)
    else:
        print_array(objects)


def print_standings(answers: Sequence[Answer], now: datetime, policies: Policies) -> None:
    columns = ("recipient", "standing", "reason", "since", "until", "points", "verdicts")
    rows = [object_of(address, recipient, now, policies) for address, recipient in answers]
    if rows:
        print_table(columns, [_row(each) for each in rows])


def print_grounds(grounds: Sequence[Ground]) -> None:
    """What a standing rests on, a line each."""
    for each in grounds:
        told = f" (bouncesink explain {each.mail_id})" if each.mail_id is not None else ""
        words = f": {each.what}" if each.what else ""
        print(escape_control(f"{each.who} at {each.at}{words}{told}"))


def _row(answer: dict[str, object]) -> tuple[object, ...]:
    since, until = (f"{str(answer[name])[:16]}Z" if answer[name] else "" for name in ("since", "until"))
    return answer["recipient"], answer["standing"], answer["reason"], since, until, answer["points"], answer["why"] or ""


def _now(recipient: Recipient | None, now: datetime, policies: Policies) -> Standing:
    if recipient is None:
        return Standing.OK
    return expire(recipient, now, policies.of(recipient.stream)).standing

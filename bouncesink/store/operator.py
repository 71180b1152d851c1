"""The operator: what people change by hand, from a process of their own, while the server runs or not.

    with open_operator(section, actor="anna", now=datetime.now(UTC)) as operator:
        operator.suppress(Selection(addresses=("a@example.com",)), note="asked on the phone")     -> Done
        operator.release(Selection(reason=Reason.MAILBOX_FULL, since=...), note="their outage")   -> Done
        operator.bring_in(acts, source="list.csv")                                                -> Done
        operator.forget("a@example.com")                                                          -> Forgotten

Promises: every act is audited, in the transaction that does it, and every change of a standing goes through the feed. Long
acts are many short transactions, each whole, so that the server's writer waits for moments only. StoreError: what was done
until then stays, and the act may be given again. ``bring_in`` goes on where it was cut off. Knows nothing of the rules by
which a standing follows: the core does.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from bouncesink.config.sections import StoreSection
from bouncesink.core.occurrence import Act, OperatorAct
from bouncesink.core.recipient import act_on
from bouncesink.store.beside import opened, transaction
from bouncesink.store.forgetting import Forgotten, forget
from bouncesink.store.selection import Selection, key_of, keys_of
from bouncesink.store.standings import Changes
from bouncesink.store.text import as_kept, storable, timestamp

AT_ONCE = 1_000

_AUDIT = "INSERT INTO audit (at, actor, act, recipient, detail) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Done:
    """``changed`` recipients stand elsewhere now; ``unchanged`` were looked at and stood there already."""

    changed: int = 0
    unchanged: int = 0

    def plus(self, other: "Done") -> "Done":
        return Done(self.changed + other.changed, self.unchanged + other.unchanged)


@dataclass(frozen=True, slots=True)
class ImportedAct:
    """One line of an import: what to do to whom."""

    act: Act
    address: str
    until: datetime | None = None
    note: str = ""


Progress = Callable[[int], None]


class Operator:
    """See the module. ``actor`` is who does it, ``now`` when."""

    def __init__(self, connection: sqlite3.Connection, actor: str, now: datetime) -> None:
        self._connection = connection
        self._actor = storable(actor)
        self._now = as_kept(now)

    def suppress(self, selection: Selection, *, until: datetime | None = None, note: str = "") -> Done:
        """Mail none of these, until then or for good. Addresses that are named need not be known."""
        return self._act(Act.SUPPRESS, selection, until, note)

    def release(self, selection: Selection, *, note: str = "") -> Done:
        """Mail them again; nothing that was counted stays counted."""
        return self._act(Act.RELEASE, selection, None, note)

    def bring_in(self, acts: Sequence[ImportedAct], source: str, progress: Progress = lambda _: None) -> Done:
        """Do all of these, in their order. Cut off, the same list given again goes on where it was; ``progress`` is told how
        many are done.
        """
        task = f"import:{_digest(acts)}"
        found = self._connection.execute("SELECT position FROM progress WHERE task = ?", (task,)).fetchone()
        position, done = int(found["position"]) if found else 0, Done()
        while position < len(acts):
            some = acts[position : position + AT_ONCE]
            with transaction(self._connection):
                done = done.plus(self._do([(each, each.address) for each in some], f"import {source}"))
                position += len(some)
                self._connection.execute(
                    "INSERT OR REPLACE INTO progress (task, position, moved_at) VALUES (?, ?, ?)",
                    (task, position, timestamp(self._now)),
                )
            progress(position)
        with transaction(self._connection):
            self._connection.execute("DELETE FROM progress WHERE task = ?", (task,))
        return done

    def forget(self, address: str) -> Forgotten:
        """Remove every trace of an address. Says what went."""
        key = key_of(address)
        with transaction(self._connection):
            gone = forget(self._connection, key, self._now)
            self._connection.execute(_AUDIT, (timestamp(self._now), self._actor, "forget", None, json.dumps(gone.counts())))
        return gone

    def _act(self, act: Act, selection: Selection, until: datetime | None, note: str) -> Done:
        done = Done()
        for page in self._pages(selection):
            with transaction(self._connection):
                done = done.plus(self._do([(ImportedAct(act, address, until, note), address) for address in page], ""))
        return done

    def _pages(self, selection: Selection) -> Iterator[Sequence[str]]:
        if selection.addresses and selection == Selection(addresses=selection.addresses):
            for start in range(0, len(selection.addresses), AT_ONCE):
                yield selection.addresses[start : start + AT_ONCE]
        else:
            yield from keys_of(self._connection, selection, AT_ONCE)

    def _do(self, acts: Sequence[tuple[ImportedAct, str]], source: str) -> Done:
        changes = Changes(self._connection, self._now)
        changes.load(key_of(address) for _, address in acts)
        changed = 0
        audit = []
        for each, address in acts:
            key = key_of(address)
            before = changes[key]
            stream = before.stream if before else ""
            recipient = before.recipient if before else storable(address)
            after = act_on(before, OperatorAct(each.act, self._now, key, recipient, stream, each.until))
            if changes.put(key, after):
                changed += 1
                detail = {"note": each.note} if each.note else {}
                detail |= {"source": source} if source else {}
                detail |= {"until": timestamp(each.until)} if each.until else {}
                detail |= {"was": str(before.standing)} if before else {}
                audit.append(
                    (
                        timestamp(self._now),
                        self._actor,
                        str(each.act),
                        recipient,
                        storable(json.dumps(detail, ensure_ascii=False)),
                    )
                )
        changes.write()
        self._connection.executemany(_AUDIT, audit)
        return Done(changed, len(acts) - changed)


@contextmanager
def open_operator(section: StoreSection, actor: str, now: datetime) -> Iterator[Operator]:
    """Act on the database at ``section.path``. StoreError where there is none, or it fails."""
    with opened(section, "an operator's act") as connection:
        yield Operator(connection, actor, now)


def _digest(acts: Sequence[ImportedAct]) -> str:
    digest = hashlib.sha256()
    for each in acts:
        digest.update(f"{each.act}\0{each.address}\0{each.until}\0{each.note}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]

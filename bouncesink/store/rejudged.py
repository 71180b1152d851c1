"""Rejudged: a stored mail that was judged again, what held of it, and what that comes to.

Values, and what is made of them alone. Promises: what is compared is compared as it would come back from its row, so that the
same judgement twice corrects nothing. Reads and writes no table.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bouncesink.core.event import VERSION
from bouncesink.core.occurrence import Occurrence
from bouncesink.core.recipient import Recipient
from bouncesink.core.revision import Revision, revise
from bouncesink.core.standing import Standing
from bouncesink.core.verdict import Verdict
from bouncesink.store.archive import StoredContent
from bouncesink.store.refold import let_go
from bouncesink.store.standings import occurrence_of
from bouncesink.store.submission import Story
from bouncesink.store.text import storable


@dataclass(frozen=True, slots=True)
class Rejudged:
    """A stored mail, and what is thought of it now."""

    stored: StoredContent
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Corrected:
    """What held (None: nothing like it), and what holds instead. ``verdict_id`` is that of the first, where there is one."""

    mail_id: int
    verdict_id: int | None
    before: Verdict | None
    after: Verdict


@dataclass(frozen=True, slots=True)
class Moved:
    """A recipient that stands elsewhere now."""

    before: Recipient | None
    after: Recipient | None

    @property
    def known(self) -> Recipient:
        known = self.after or self.before
        assert known is not None
        return known

    @property
    def was(self) -> Standing:
        return self.before.standing if self.before else Standing.OK

    @property
    def stands(self) -> Standing:
        return self.after.standing if self.after else Standing.OK


@dataclass(frozen=True, slots=True)
class Holding:
    """A verdict that holds, and the first that it is about."""

    first: int
    held: bool
    key: str | None
    verdict: Verdict


def revisions_of(held: Sequence[Holding], rejudged: Rejudged, rulebook: str) -> tuple[Revision, ...]:
    judged = [_as_kept(verdict) for verdict in rejudged.verdicts]
    return revise([let_go(each.verdict) for each in held], judged, rulebook)


def _as_kept(verdict: Verdict) -> Verdict:
    """As it will come back from its row, as far as it is compared."""
    spelled = storable(verdict.recipient) if verdict.recipient else verdict.recipient
    return verdict if spelled == verdict.recipient else replace(verdict, recipient=spelled)


def occurrence_in(number: int, key: str, rejudged: Rejudged, verdict: Verdict) -> Occurrence:
    """As it would be folded from its rows: what the mail's own row says of it is not edited."""
    stored = rejudged.stored
    bounce = stored.original_message_id or stored.forward_path
    return occurrence_of(number, key, verdict, Story(stored.received_at, stored.list_name, bounce))


def told(old: Holding) -> dict[str, object]:
    """What a correction's event says beside the verdict that holds now.

    Whom it was about stands in the verdict it revises, so that forgetting one of the two leaves no trace in the other's event.
    """
    before = let_go(old.verdict)
    told = {
        "kind": before.kind,
        "class": before.class_,
        "reason": before.reason,
        "fault": before.fault,
        "disposition": before.disposition,
    }
    return {"version": VERSION, "revises": old.first, "before": told}

"""Replay: judge stored mails again, by another rulebook or policy, and show or apply what that changes.

    with open_reviser(section, choice, policies, task, now) as reviser:
        outcome = replay(reviser, rulebook, tell)

Promises: a mail is judged from the octets that were received or not at all: where they were dropped, cut or are damaged, what
was judged of it holds on, and it is counted. What its address proved when it came is what it proves now. A bug of ours in
judging one mail leaves that one as it was. Dry or applied, the same is told. Decides the order of the stages and nothing else:
the core says what is thought and what has to be corrected, and only the store knows how anything is kept.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from bouncesink.core.classify import judge
from bouncesink.core.policy import Policies
from bouncesink.core.reading import read
from bouncesink.core.report import Report
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.standing import Standing
from bouncesink.observe import log
from bouncesink.store.archive import Choice, Missing, StoredContent
from bouncesink.store.rejudged import Corrected, Moved, Rejudged
from bouncesink.store.revisions import Reviser


@dataclass(slots=True)
class Outcome:
    """``judged`` mails were judged again; the others were not, and why. ``moved`` is by the recipient's key: each that stands
    elsewhere than before, with where it stood at first and stands at last.
    """

    resumed: bool = False
    judged: int = 0
    corrected: int = 0
    failed: int = 0
    missing: dict[Missing, int] = field(default_factory=lambda: dict.fromkeys(Missing, 0))
    folded: int = 0
    moved: dict[str, Moved] = field(default_factory=dict)

    def by(self, *, suppressed: bool) -> list[Moved]:
        """Those who would be (or were) suppressed, or else released."""
        chosen = [each for each in self.moved.values() if (each.stands is Standing.SUPPRESSED) is suppressed]
        return [each for each in chosen if suppressed or each.was is Standing.SUPPRESSED]

    def move(self, moved: Moved) -> None:
        earlier = self.moved.pop(moved.known.key, None)
        whole = Moved(earlier.before if earlier else moved.before, moved.after)
        if whole.was is not whole.stands:
            self.moved[moved.known.key] = whole


class Listener(Protocol):
    """Who hears of it while it goes on."""

    def begun(self, mails: int, recipients: int) -> None:
        """How much there is to go through."""

    def step(self, count: int) -> None:
        """So many more of them are done."""

    def corrected(self, correction: Corrected) -> None:
        """One verdict holds no more."""


def task_of(choice: Choice, rulebook: Rulebook, policies: Policies) -> str:
    """What names a replay: the same question by the same rules and numbers goes on where it was cut off."""
    return hashlib.sha256(f"{choice!r}\n{rulebook.hash}\n{policies!r}".encode()).hexdigest()[:32]


def replay(reviser: Reviser, rulebook: Rulebook, listener: Listener) -> Outcome:
    """All of it: mails first, then the recipients whom the policy may move. StoreError where the database fails: what was done
    until then stays.
    """
    outcome = Outcome(resumed=reviser.begin())
    listener.begun(*reviser.count())
    while mails := reviser.page():
        rejudged = list(_rejudged(mails, rulebook, outcome, listener))
        corrected, moved = reviser.revise(mails[-1].mail_id, rejudged, rulebook.hash)
        outcome.corrected += len(corrected)
        for correction in corrected:
            listener.corrected(correction)
        for each in moved:
            outcome.move(each)
    while (folded := reviser.fold()) is not None:
        count, moved = folded
        outcome.folded += count
        for each in moved:
            outcome.move(each)
        listener.step(count)
    reviser.end()
    return outcome


def _rejudged(mails: list[StoredContent], rulebook: Rulebook, outcome: Outcome, listener: Listener) -> Iterator[Rejudged]:
    report: Report | None = None
    content_id = 0
    for stored in mails:
        if stored.content is None:
            assert stored.missing is not None
            outcome.missing[stored.missing] += 1
        else:
            try:
                if report is None or stored.content_id != content_id:  # the recipients of one mail share its content
                    report, content_id = read(stored.content, rulebook.formats), stored.content_id
                verdicts = judge(report, stored.attribution, rulebook)
            except Exception as error:  # noqa: BLE001 - as in the pipeline: a bug of ours must not stop the others
                log.bug(f"replay of mail {stored.mail_id}", error)
                outcome.failed += 1
            else:
                outcome.judged += 1
                yield Rejudged(stored, verdicts)
        listener.step(1)

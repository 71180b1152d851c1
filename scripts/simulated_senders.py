"""The senders of simulation.py: three policies, each of which hears the same answers, judged by the packaged rules."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol

from simulated_world import ANSWERS, Bounce, Person

from bouncesink.core.classify import judge
from bouncesink.core.incident import EVERYBODY, Change, Detector, IncidentPolicy, Scope
from bouncesink.core.occurrence import Occurrence
from bouncesink.core.policy import Policy
from bouncesink.core.reading import read
from bouncesink.core.recipient import Recipient, advance, expire
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.sighting import Sighting
from bouncesink.core.standing import Standing
from bouncesink.core.verdict import Disposition, Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.rulefiles import load_rulebook


class Sender(Protocol):
    """A policy at work: whom it still mails, and what it makes of a bounce."""

    name: str

    def mails(self, person: Person, at: datetime) -> bool: ...
    def hears(self, bounce: Bounce) -> None: ...
    def rests(self, at: datetime) -> None: ...


@cache
def _rulebook() -> Rulebook:
    return load_rulebook(None)


@cache
def judged(cause: str, *, forged: bool) -> Verdict:
    """The packaged rules' verdict on an answer; the address in it plays no part."""
    action, status, words = ANSWERS[cause]
    address = "reader@example.com"
    content = (
        "From: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; out.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\nRemote-MTA: dns; mx.example.net\r\n"
        f"Diagnostic-Code: smtp; {words.format(a=address)}\r\n\r\n--b--\r\n"
    ).encode()
    authenticity = Authenticity.UNPROVEN if forged else Authenticity.PROVEN
    attribution = Attribution(grammar=Grammar.SIGNED, recipient=address, authenticity=authenticity)
    (verdict,) = judge(read(content, _rulebook().formats), attribution, _rulebook())
    return verdict


class Ours:
    """bouncesink: fault apart from hard and soft, incidents, a standing for each recipient."""

    name = "bouncesink"

    def __init__(self) -> None:
        self._policy = Policy()
        self._detector: Detector | None = None
        self._standing: dict[str, Recipient] = {}
        self._heard: dict[str, list[Occurrence]] = {}  # what is not held, by address
        self._recent: list[tuple[str, Occurrence]] = []  # of the last hours, with the provider
        self._number = 0

    def mails(self, person: Person, at: datetime) -> bool:
        recipient = self._standing.get(person.address)
        return recipient is None or expire(recipient, at, self._policy).standing is not Standing.SUPPRESSED

    def hears(self, bounce: Bounce) -> None:
        verdict = judged(bounce.cause, forged=bounce.forged)
        self._number += 1
        person = bounce.person
        occurrence = Occurrence(
            *(self._number, bounce.at, person.address, person.address, "", verdict.kind, verdict.class_, verdict.reason),
            *(verdict.fault, verdict.authenticity, verdict.disposition, f"<{bounce.at.toordinal()}@example.com>"),
        )
        if not bounce.forged:
            occurrence = self._watched(bounce, verdict, occurrence)
        self._heard.setdefault(person.address, []).append(occurrence)
        self._fold(person.address, occurrence)

    def _watched(self, bounce: Bounce, verdict: Verdict, occurrence: Occurrence) -> Occurrence:
        assert verdict.reason is not None
        assert verdict.fault is not None
        sighting = Sighting(
            *(bounce.at, bounce.person.address, bounce.person.provider, verdict.class_, verdict.reason, verdict.fault),
            verdict.evidence.blocklist,
        )
        if self._detector is None:
            self._detector = Detector(IncidentPolicy(), bounce.at)
        change = self._detector.observe(sighting)
        if change is not None and change.key.scope is Scope.BURST:
            if change.change is Change.OPENED:
                self._hold_since(change.key.subject, change.since)
            return replace(occurrence, disposition=Disposition.HOLD)
        if verdict.disposition is Disposition.SUPPRESS:
            self._recent.append((bounce.person.provider, occurrence))
        return occurrence

    def _hold_since(self, provider: str, since: datetime) -> None:
        """Those that were judged before the burst was seen are held too, and their standing folded again without them."""
        recent, self._recent = self._recent, []
        for other, occurrence in recent:
            if provider not in {other, EVERYBODY} or occurrence.at < since:
                self._recent.append((other, occurrence))
                continue
            heard = self._heard[occurrence.key]
            heard[heard.index(occurrence)] = replace(occurrence, disposition=Disposition.HOLD)
            self._standing.pop(occurrence.key, None)
            for each in heard:
                self._fold(occurrence.key, each)

    def _fold(self, address: str, occurrence: Occurrence) -> None:
        after = advance(self._standing.get(address), occurrence, self._policy)
        if after is not None:
            self._standing[address] = after

    def rests(self, at: datetime) -> None:
        if self._detector is not None:
            self._detector.rest(at)
        self._recent = [(provider, each) for provider, each in self._recent if at - each.at < timedelta(hours=2)]


class Any5xx:
    """What many do."""

    name = "any 5xx"

    def __init__(self) -> None:
        self._out: set[str] = set()

    def mails(self, person: Person, at: datetime) -> bool:  # noqa: ARG002 - for good
        return person.address not in self._out

    def hears(self, bounce: Bounce) -> None:
        if (judged(bounce.cause, forged=False).reply_code or 0) >= 500:
            self._out.add(bounce.person.address)

    def rests(self, at: datetime) -> None:
        """It never does."""


class Mailman:
    """GNU Mailman's score."""

    name = "Mailman's score"

    def __init__(self) -> None:
        self._score: dict[str, tuple[float, int]] = {}

    def mails(self, person: Person, at: datetime) -> bool:  # noqa: ARG002 - for good
        return self._score.get(person.address, (0.0, 0))[0] < 5

    def hears(self, bounce: Bounce) -> None:
        day = bounce.at.toordinal()
        score, last = self._score.get(bounce.person.address, (0.0, 0))
        if last == day:
            return
        if day - last > 7:
            score = 0.0
        hard = (judged(bounce.cause, forged=False).reply_code or 0) >= 500
        self._score[bounce.person.address] = (score + (1.0 if hard else 0.5), day)

    def rests(self, at: datetime) -> None:
        """It never does."""

"""The way through: ``admit`` when a recipient is named, ``accept`` when the content is complete. Every front calls these two.

Promises: ``accept`` answers 2xx only after the store has committed; whatever goes wrong on our side is answered 4xx, never 5xx;
content that we fail to judge through a bug of ours is recorded all the same, as unknown, with the defect named, so that it can
be judged again and is not lost to a peer that gives up. It decides the order of the stages and nothing else: what an
address, a report or a reason means is the core's to say, and only the store knows how anything is kept.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter
from typing import Protocol

from bouncesink.core.admission import AdmissionPolicy, admit, is_ours
from bouncesink.core.attestation import Attestation, corroborate, is_settled, matters, returned_path, with_returned
from bouncesink.core.classify import judge
from bouncesink.core.defect import Defect
from bouncesink.core.mail import Admitted, Mail, Peer
from bouncesink.core.pseudonym import Pseudonyms
from bouncesink.core.reading import read
from bouncesink.core.reply import CANNOT_NOW, Reply, recorded_as, reply_to
from bouncesink.core.report import Kind, Report
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.verp.attribution import Grammar
from bouncesink.core.verp.decoder import decode
from bouncesink.core.verp.keyring import Keyring
from bouncesink.errors import BouncesinkError, StoreError
from bouncesink.observe import log
from bouncesink.store.addressees import Addressees
from bouncesink.store.recording import Recorder, Result
from bouncesink.store.rows import Judged
from bouncesink.store.submission import submission_of

# Content above this is read in a thread, so that one huge mail does not hold up everybody else's.
READ_ON_LOOP_LIMIT = 131_072


class Witness(Protocol):
    """What ``authenticity.authenticator`` is, for a pipeline that mostly goes without: dkimpy is read only where it is used."""

    async def attest(self, content: bytes, report: Report) -> Attestation: ...


@dataclass(slots=True)
class Pipeline:
    """The stages, joined. ``rulebook`` may be exchanged while mails pass; each mail is judged by one book throughout."""

    admission: AdmissionPolicy
    keyring: Keyring
    rulebook: Rulebook
    addressees: Addressees
    intake: Recorder
    now: Callable[[], datetime]
    pseudonyms: Pseudonyms | None = None  # addresses are kept as these, where there are any
    witness: Witness | None = None  # asked where our tag says nothing and a signature would

    def is_ours(self, forward_path: str) -> bool:
        """Whether the domain of ``forward_path`` is one of ours, let in or not."""
        return is_ours(forward_path, self.admission)

    def admit(self, forward_path: str, at: datetime | None = None, *, peer: Peer | None = None) -> Admitted | Reply:
        """Whether a mail to ``forward_path`` (RFC 5321 4.1.2, without angle brackets) is let in, now or ``at`` some other time.
        Never raises.

        A refusal is in the log with ``peer``; None keeps it out, where the front will not refuse it.
        """
        try:
            answer = admit(forward_path, self.admission, self.keyring, (at or self.now()).date())
        except Exception as error:  # noqa: BLE001 - a bug of ours must never cost a bounce: told as 451, kept in the log
            log.bug("admit", error)
            return CANNOT_NOW
        if peer is not None and isinstance(answer, Reply):
            log.mail_refused(forward_path=forward_path, reply=answer, peer=peer)
        return answer

    def accept(self, mail: Mail) -> asyncio.Future[Reply]:
        """Read, judge and record ``mail``; what it comes to says whether it is ours now. Never fails.

        Nearly every mail is read and judged when this returns, and only the commit is waited for: a task is made where there
        is more to wait for. Whoever gives up waiting takes nothing along: what became of the mail is in the log all the same.
        """
        started, rulebook, loop = perf_counter(), self.rulebook, asyncio.get_running_loop()
        if len(mail.content) > READ_ON_LOOP_LIMIT or not all(is_settled(one.attribution) for one in mail.envelope.admitted):
            return loop.create_task(self._accept_by_and_by(mail, rulebook, started))
        reply: asyncio.Future[Reply] = loop.create_future()
        try:
            report = read(mail.content, rulebook.formats)
            self._record(mail, *_judged(report, mail.envelope.admitted, rulebook), started, reply)
        except Exception as error:  # noqa: BLE001 - see admit
            reply.set_result(_deferred(mail, error))
        return reply

    async def _accept_by_and_by(self, mail: Mail, rulebook: Rulebook, started: float) -> Reply:
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        try:
            report = await self._read(mail, rulebook)
            admitted = [await self._attributed(one, mail, report, rulebook) for one in mail.envelope.admitted]
            self._record(mail, *_judged(report, admitted, rulebook), started, reply)
        except Exception as error:  # noqa: BLE001 - see admit
            return _deferred(mail, error)
        return await reply

    def _record(
        self, mail: Mail, report: Report, judged: tuple[Judged, ...], started: float, reply: asyncio.Future[Reply]
    ) -> None:
        """Hand it to whoever records, and have ``reply`` told, and then the log, what came of it."""

        def settled(result: Result) -> None:
            seconds = perf_counter() - started
            try:
                told = _reply_to(result)
            except Exception as error:  # noqa: BLE001 - see admit
                told = _deferred(mail, error)
            if not reply.done():
                reply.set_result(told)
            if isinstance(result, StoreError):
                log.mail_deferred(mail=mail, error=result)
            else:
                log.mail_recorded(mail=mail, report=report, judged=judged, recorded=result, seconds=seconds)

        self.intake.submit(submission_of(*self._as_kept(mail, report, judged)), settled)

    async def _read(self, mail: Mail, rulebook: Rulebook) -> Report:
        if len(mail.content) > READ_ON_LOOP_LIMIT:
            return await asyncio.to_thread(read, mail.content, rulebook.formats)
        return read(mail.content, rulebook.formats)

    async def _attributed(self, admitted: Admitted, mail: Mail, report: Report, rulebook: Rulebook) -> Admitted:
        attributed = await self._attribute(admitted, report)
        if is_settled(attributed.attribution):
            return attributed
        return await self._corroborate(attributed, mail, report, rulebook)

    def _as_kept(self, mail: Mail, report: Report, judged: tuple[Judged, ...]) -> tuple[Mail, Report, tuple[Judged, ...]]:
        """What is recorded: with pseudonyms in the place of addresses, where addresses are not to be kept."""
        hidden = self.pseudonyms
        if hidden is None:
            return mail, report, judged
        names = [one.admitted.attribution.recipient for one in judged]
        names += [name for one in judged for verdict in one.verdicts for name in (verdict.recipient, verdict.final_recipient)]
        concealed = tuple(
            Judged(
                hidden.conceal_admitted(one.admitted),
                tuple(hidden.conceal_verdict(verdict, names) for verdict in one.verdicts),
            )
            for one in judged
        )
        return hidden.conceal_mail(mail), hidden.conceal_report(report, names), concealed

    async def _attribute(self, admitted: Admitted, report: Report) -> Admitted:
        """An opaque token names nobody: the table of addressees does. Where that has pseudonyms, the report may say whose."""
        attribution = admitted.attribution
        if attribution.grammar is not Grammar.OPAQUE or attribution.recipient is not None:
            return admitted
        domain = admitted.forward_path.rpartition("@")[2]
        recipient = await self.addressees.resolve(attribution.reference, domain)
        if recipient and self.pseudonyms is not None:
            recipient = self.pseudonyms.named(recipient, report)
        return replace(admitted, attribution=replace(attribution, recipient=recipient)) if recipient else admitted

    async def _corroborate(self, admitted: Admitted, mail: Mail, report: Report, rulebook: Rulebook) -> Admitted:
        """What the returned original proves where the address does not: our tag in it, else a signature."""
        try:
            attribution, verp, today = admitted.attribution, self.admission.verp, self.now().date()
            if path := returned_path(report):
                returned = await self._attribute(Admitted(path, decode(path, verp, self.keyring, today)), report)
                attribution = with_returned(attribution, returned.attribution, report.kind)
            if self.witness is not None and not is_settled(attribution) and matters(report, attribution, rulebook):
                attestation = await self.witness.attest(mail.content, report)
                attribution = corroborate(attribution, report.kind, attestation, today, verp.life_days)
        except BouncesinkError:
            raise
        except Exception as error:  # noqa: BLE001 - nothing is proven then, and the mail is recorded all the same
            log.bug("corroborate", error)
            return admitted
        return replace(admitted, attribution=attribution)


def _judged(report: Report, admitted: Sequence[Admitted], rulebook: Rulebook) -> tuple[Report, tuple[Judged, ...]]:
    judged = []
    for one in admitted:
        try:
            verdicts = judge(report, one.attribution, rulebook)
        except Exception as error:  # noqa: BLE001 - the content is kept, so a mended bouncesink can judge it again
            log.bug("judge", error)
            verdicts = ()
            report = replace(report, kind=Kind.UNKNOWN, defects=(*report.defects, Defect.JUDGING_FAILED))
        judged.append(Judged(one, verdicts))
    return report, tuple(judged)


def _reply_to(result: Result) -> Reply:
    if isinstance(result, StoreError):
        return reply_to(result)
    return recorded_as(str(result[0].mail_id), duplicate=all(one.duplicate for one in result))


def _deferred(mail: Mail, error: Exception) -> Reply:
    """Our own trouble, told; what is not in the error tree is a bug."""
    if isinstance(error, BouncesinkError):
        log.mail_deferred(mail=mail, error=error)
    else:
        log.bug("accept", error)
    return reply_to(error)

"""The wire between our own processes: frames, and what a submission and its outcome look like in one.

A frame is a header (octets of the payload, number of the submission, both little-endian 32 bits) and a payload in marshal's
format; the empty one with number 0 says that the worker is ready. Both ends are the same program on the same interpreter,
started by one another, and nobody else holds the socket.
Content goes packed, so that a frame is never larger than what is kept of a mail.

Promises: the rows that are made of a decoded submission are those of the original; frames come out whole in whatever pieces the
octets arrive. Knows no socket.
"""

import marshal
import struct
from collections.abc import Iterator
from datetime import date
from typing import Any

from bouncesink.core.defect import Defect
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.report import Action, Kind, Place, Report, ReturnedOriginal
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import Alternative, Disposition, Evidence, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar, Nesting
from bouncesink.errors import StoreBusy, StoreError, StoreFull, StoreReadOnly
from bouncesink.store.batch import Submission
from bouncesink.store.content import PackedContent
from bouncesink.store.rows import Judged, Recorded
from bouncesink.store.text import moment, timestamp

_HEADER = struct.Struct("<II")
_ERRORS: dict[str, type[StoreError]] = {each.__name__: each for each in (StoreError, StoreBusy, StoreFull, StoreReadOnly)}

Outcome = tuple[Recorded, ...] | StoreError


class Frames:
    """``feed`` octets, in whatever pieces; out come (number, payload)."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, octets: bytes) -> Iterator[tuple[int, bytes]]:
        waiting = self._waiting
        waiting += octets
        start = 0
        while len(waiting) - start >= _HEADER.size:
            size, number = _HEADER.unpack_from(waiting, start)
            end = start + _HEADER.size + size
            if len(waiting) < end:
                break
            yield number, bytes(waiting[start + _HEADER.size : end])
            start = end
        del waiting[:start]


def frame(number: int, payload: bytes) -> bytes:
    return _HEADER.pack(len(payload), number) + payload


READY = frame(0, b"")


def encode_submission(mail: Mail, report: Report, judged: tuple[Judged, ...], packed: PackedContent) -> bytes:
    """What the store keeps of a mail; the rest of a Report stays where it was read."""
    peer, original = mail.peer, report.original
    return marshal.dumps(
        (
            (packed.hash, packed.size, packed.kept, packed.encoding, packed.body),
            timestamp(mail.received_at),
            (str(peer.via), peer.address, peer.helo, peer.tls),
            mail.envelope.reverse_path,
            (
                str(report.kind),
                report.reader,
                report.auto_submitted,
                report.feedback_type,
                report.headers.get("message-id", ""),
                report.headers.get("subject", ""),
                original.message_id if original else None,
                report.original_envelope_id,
                report.recipients_omitted,
                tuple([str(defect) for defect in report.defects]),
            ),
            tuple([_of_judged(each) for each in judged]),
        )
    )


def decode_submission(payload: bytes) -> Submission:
    packed, received_at, (via, address, helo, tls), reverse_path, report, judged = marshal.loads(payload)  # noqa: S302 - our own process
    each = tuple([_to_judged(one) for one in judged])
    envelope = Envelope(reverse_path, tuple([one.admitted for one in each]))
    mail = Mail(envelope, b"", moment(received_at), Peer(Via(via), address, helo, tls))
    return Submission(mail, _to_report(report), each, PackedContent(*packed))


def encode_outcome(outcome: Outcome) -> bytes:
    if isinstance(outcome, StoreError):
        name = next(kind.__name__ for kind in type(outcome).__mro__ if kind.__name__ in _ERRORS)
        return marshal.dumps((name, str(outcome)))
    return marshal.dumps(tuple([(each.mail_id, each.duplicate) for each in outcome]))


def decode_outcome(payload: bytes) -> Outcome:
    told: tuple[Any, ...] = marshal.loads(payload)  # noqa: S302 - our own process
    if told and isinstance(told[0], str):
        return _ERRORS[told[0]](told[1])
    return tuple([Recorded(mail_id, duplicate) for mail_id, duplicate in told])


def _to_report(told: tuple[Any, ...]) -> Report:
    kind, reader, auto_submitted, feedback_type, message_id, subject, original, envelope_id, omitted, defects = told
    return Report(
        kind=Kind(kind),
        reader=reader,
        recipients_omitted=omitted,
        original_envelope_id=envelope_id,
        auto_submitted=auto_submitted,
        feedback_type=feedback_type,
        headers={"message-id": message_id, "subject": subject},
        original=None if original is None else ReturnedOriginal({"message-id": original}),
        defects=tuple([Defect(name) for name in defects]),
    )


def _of_judged(judged: Judged) -> tuple[Any, ...]:
    attribution = judged.admitted.attribution
    return (
        judged.admitted.forward_path,
        (
            str(attribution.grammar),
            attribution.recipient,
            attribution.reference,
            str(attribution.authenticity),
            attribution.list_name,
            attribution.issued_on.toordinal() if attribution.issued_on else None,
            attribution.key_id,
            tuple([str(each) for each in attribution.nesting]),
            attribution.note,
        ),
        tuple([_of_verdict(verdict) for verdict in judged.verdicts]),
    )


def _to_judged(told: tuple[Any, ...]) -> Judged:
    forward_path, (grammar, recipient, reference, authenticity, list_name, issued_on, key_id, nesting, note), verdicts = told
    attribution = Attribution(
        Grammar(grammar),
        recipient,
        reference,
        Authenticity(authenticity),
        list_name,
        None if issued_on is None else date.fromordinal(issued_on),
        key_id,
        tuple([Nesting(each) for each in nesting]),
        note,
    )
    return Judged(Admitted(forward_path, attribution), tuple([_to_verdict(verdict) for verdict in verdicts]))


def _of_verdict(verdict: Verdict) -> tuple[Any, ...]:
    evidence = verdict.evidence
    return (
        verdict.recipient,
        str(verdict.kind),
        str(verdict.action) if verdict.action else None,
        str(verdict.class_) if verdict.class_ else None,
        str(verdict.reason) if verdict.reason else None,
        str(verdict.fault) if verdict.fault else None,
        str(verdict.authenticity),
        str(verdict.disposition),
        (verdict.status.class_, verdict.status.subject, verdict.status.detail) if verdict.status else None,
        verdict.reply_code,
        verdict.diagnostic,
        verdict.final_recipient,
        verdict.original_recipient,
        verdict.reporting_mta,
        verdict.remote_mta,
        verdict.rule,
        verdict.rulebook,
        (
            evidence.words,
            str(evidence.place),
            tuple([(other.rule, str(other.reason)) for other in evidence.alternatives]),
            evidence.blocklist,
            evidence.note,
        ),
    )


def _to_verdict(told: tuple[Any, ...]) -> Verdict:
    recipient, kind, action, class_, reason, fault, authenticity, disposition, status, *rest, evidence = told
    reply_code, diagnostic, final_recipient, original_recipient, reporting_mta, remote_mta, rule, rulebook = rest
    words, place, others, blocklist, note = evidence
    return Verdict(
        recipient,
        Kind(kind),
        Action(action) if action else None,
        FailureClass(class_) if class_ else None,
        Reason(reason) if reason else None,
        Fault(fault) if fault else None,
        Authenticity(authenticity),
        Disposition(disposition),
        EnhancedStatusCode(*status) if status else None,
        reply_code,
        diagnostic,
        final_recipient,
        original_recipient,
        reporting_mta,
        remote_mta,
        rule,
        rulebook,
        Evidence(words, Place(place), tuple([Alternative(name, Reason(other)) for name, other in others]), blocklist, note),
    )

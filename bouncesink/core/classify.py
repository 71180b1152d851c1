"""Classify: from what they said to what we think. ``judge`` gives one Verdict for each recipient of a Report.

The axes are judged apart. Whom: the VERP address, else Original-Recipient, else Final-Recipient (RFC 3464 section 2.3). What
happened: the rulebook, words before codes. Hard or soft: the rule, else the code that stands in the diagnostic (it beats a
lazy ``Status: 5.0.0``), else Status, else what the reason usually is; without any code a delay is soft, and who has given up
for no reason that we know is hard (RFC 3464 section 2.3.3). Whose fault: follows from the reason. How far believed: the
address's tag. What to do: ``disposition``.

Promises: total; at least one verdict for a report that speaks of a failure or a complaint, even if it names nobody, since then
the address that it came to is all that answers. Knows nothing of how a Report was read, and nothing of standings.
"""

from typing import NamedTuple

from bouncesink.core.case import Case, mailbox_of, prose_of
from bouncesink.core.disposition import Circumstances, dispose_failure, dispose_other
from bouncesink.core.doubt import doubt_about
from bouncesink.core.reasons import ReasonEntry
from bouncesink.core.report import Action, Kind, Place, Report, ReportedRecipient
from bouncesink.core.rule import TEXT_PLACES, UNEXPLAINED, Observation, Rule
from bouncesink.core.rulebook import Match, Rulebook
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import Disposition, Evidence, FailureClass, Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar

BY_ACTION: dict[Action, Kind] = {
    Action.FAILED: Kind.BOUNCE,
    Action.DELAYED: Kind.DELAYED,
    Action.DELIVERED: Kind.DELIVERED,
    Action.RELAYED: Kind.DELIVERED,
    Action.EXPANDED: Kind.DELIVERED,
}
DELIVERY_KINDS = frozenset({Kind.BOUNCE, Kind.DELAYED, Kind.DELIVERED})
FAILURE_KINDS = frozenset({Kind.BOUNCE, Kind.DELAYED, Kind.UNKNOWN})
# These speak of somebody even where nobody is named.
SPEAKING_KINDS = FAILURE_KINDS | {Kind.COMPLAINT}

_NOBODY = ReportedRecipient(place=Place.ENVELOPE)


class _Finding(NamedTuple):
    """What a verdict says beside the facts that it only repeats. (A tuple, for the same reason.)"""

    disposition: Disposition
    evidence: Evidence
    class_: FailureClass | None
    entry: ReasonEntry | None
    rule: str


def judge(report: Report, attribution: Attribution, rulebook: Rulebook) -> tuple[Verdict, ...]:
    """One verdict for each reported recipient; one for the VERP address alone where the report names nobody."""
    blocks = report.recipients
    if not blocks:
        if attribution.recipient is None and report.kind not in SPEAKING_KINDS:
            return ()
        blocks = (_NOBODY,)
    return tuple([_judge(report, block, attribution, rulebook) for block in blocks])


def _judge(report: Report, block: ReportedRecipient, attribution: Attribution, rulebook: Rulebook) -> Verdict:
    kind = kind_of(report, block)
    authenticity = authenticity_of(attribution)
    status = effective_status(block)
    if kind in FAILURE_KINDS:
        finding = _failure(Case(report, block, attribution, kind, authenticity, status), rulebook)
    else:
        evidence = Evidence("", block.place, note=attribution.note)
        finding = _Finding(dispose_other(kind, authenticity), evidence, None, None, "")
    entry = finding.entry
    return Verdict(
        attribution.recipient or block.original_recipient or block.final_recipient,
        kind,
        block.action,
        finding.class_,
        entry.reason if entry else None,
        entry.fault if entry else None,
        authenticity,
        finding.disposition,
        status,
        block.reply_code,
        block.diagnostic,
        block.final_recipient,
        block.original_recipient,
        report.reporting_mta,
        block.remote_mta,
        finding.rule,
        rulebook.hash,
        finding.evidence,
    )


def kind_of(report: Report, block: ReportedRecipient) -> Kind:
    """The mail's kind, but in a delivery report each recipient's own Action: one may have failed where another is delayed."""
    if block.action is None or report.kind not in DELIVERY_KINDS:
        return report.kind
    return BY_ACTION[block.action]


def authenticity_of(attribution: Attribution) -> Authenticity:
    """How far the verdict is believed: a tag over a bare reference does not bind the address that the report names."""
    if attribution.grammar is Grammar.OPAQUE and attribution.recipient is None:
        return Authenticity.UNSIGNED if attribution.authenticity is Authenticity.PROVEN else attribution.authenticity
    return attribution.authenticity


def effective_status(block: ReportedRecipient) -> EnhancedStatusCode | None:
    """The code that says most: that of the diagnostic before the Status field, and either before an X.0.0."""
    said, field = block.diagnostic_status, block.status
    if said and (not said.is_vague or field is None or field.is_vague):
        return said
    return field


def _failure(case: Case, rulebook: Rulebook) -> _Finding:
    report, block, attribution, kind, authenticity, status = case
    match = rulebook.search(_observed(report, block, status)) or Match(UNEXPLAINED, "", block.place, "", ())
    rule = match.rule
    entry = rulebook.reasons[rule.reason]
    class_ = _class(entry, rule, block.reply_code, status, kind)
    doubt = doubt_about(match, entry, case, rulebook) if entry.disposition is Disposition.SUPPRESS else ""
    if kind is Kind.BOUNCE:
        several = len(report.recipients) > 1
        partial = several and _partial(report, attribution)
        redirected = _redirected(block, attribution, rulebook)
        known = Circumstances(
            class_,
            authenticity,
            block.action is Action.FAILED,
            rule.weak or bool(doubt),
            partial,
            redirected,
            several and redirected and (partial or _speaks_of_mailed(report, attribution)),
        )
        disposition, note = dispose_failure(entry, known)
    else:
        disposition, note = dispose_other(kind, authenticity), ""
    if doubt or rule.note or attribution.note:
        note = "; ".join(filter(None, (rule.note, doubt, note, attribution.note)))
    return _Finding(
        disposition, Evidence(match.words, match.place, match.alternatives, match.blocklist, note), class_, entry, rule.id
    )


def _class(
    entry: ReasonEntry, rule: Rule, reply_code: int | None, status: EnhancedStatusCode | None, kind: Kind
) -> FailureClass | None:
    if entry.forces_class:
        return entry.class_
    if rule.class_:
        return rule.class_
    if reply_code and reply_code >= 400:
        return FailureClass.HARD if reply_code >= 500 else FailureClass.SOFT
    if status and status.class_ > 2:
        return FailureClass.HARD if status.class_ == 5 else FailureClass.SOFT
    if kind is Kind.DELAYED:
        return FailureClass.SOFT
    return entry.class_ or (FailureClass.HARD if kind is Kind.BOUNCE else None)


def _partial(report: Report, attribution: Attribution) -> bool:
    """An alias or a list that expands to several: somebody behind the address that was mailed was not said to fail."""
    return attribution.recipient is not None and any(kind_of(report, block) is not Kind.BOUNCE for block in report.recipients)


def _redirected(block: ReportedRecipient, attribution: Attribution, rulebook: Rulebook) -> bool:
    """Another mailbox failed than was mailed: one member of a group, or where it forwards to.

    Hosts rewrite domains on the way, though never to that of a provider's own mailboxes, and sub-addresses fall away; neither
    makes an address another one.
    """
    mailed = attribution.recipient or block.original_recipient
    failed = block.final_recipient or block.original_recipient
    if not mailed or not failed or mailed == failed or "@" not in failed:
        return False
    if mailbox_of(mailed) != mailbox_of(failed):
        return True
    provider = rulebook.providers.get(failed.rpartition("@")[2].lower())
    return provider is not None and provider != rulebook.providers.get(mailed.rpartition("@")[2].lower())


def _speaks_of_mailed(report: Report, attribution: Attribution) -> bool:
    """Whether one of the recipients is the very address that was mailed."""
    mailed = attribution.recipient
    return mailed is not None and any(
        mailbox_of(mailed) == mailbox_of(each.final_recipient or "") for each in report.recipients
    )


def observe(report: Report, block: ReportedRecipient) -> Observation:
    """What rules may look at. The human-readable part comes last: it says less exactly what the diagnostic says."""
    return _observed(report, block, effective_status(block))


def _observed(report: Report, block: ReportedRecipient, status: EnhancedStatusCode | None) -> Observation:
    prose = prose_of(report, block)
    texts: tuple[tuple[Place, str], ...] = ((Place.PROSE, prose),) if prose else ()
    if block.diagnostic:
        texts = ((block.place if block.place in TEXT_PLACES else Place.DIAGNOSTIC, block.diagnostic), *texts)
    elif status is None:
        status = EnhancedStatusCode.find(prose)
    return Observation(
        texts,
        status,
        block.reply_code,
        (block.remote_mta or "", report.reporting_mta or ""),
        block.smtp_command or _command_in(prose),
        block.final_recipient or block.original_recipient or "",
        block.diagnostic_type,
    )


def _command_in(prose: str) -> str:
    """The SMTP command that was answered so, as Postfix's report tells it: "(in reply to end of DATA command)"."""
    at = prose.find("(in reply to ")
    return prose[at + 13 : at + 33] if at >= 0 else ""

"""Telling: a verdict as sentences that a support desk can send on. Whom, what, whose fault, why, what to do.

The meaning and the advice of each reason come from ``rules/reasons.toml``; every other word for a closed vocabulary stands in a
table below, complete, so that a new member cannot go untold. Pure: facts in, sentences out; strangers' words are quoted as
they are, and who prints them escapes them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from bouncesink.core.reasons import ReasonEntry
from bouncesink.core.report import Kind, Place
from bouncesink.core.verdict import Disposition, Evidence, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Authenticity

KINDS: Mapping[Kind, str] = {
    Kind.BOUNCE: "This is a bounce: a mail could not be delivered.",
    Kind.DELAYED: "This is a delay notice: a mail has not been delivered yet, and delivery is still being tried.",
    Kind.DELIVERED: "This is a report of success: a mail was delivered or handed on.",
    Kind.COMPLAINT: "This is a complaint: a recipient called a mail spam.",
    Kind.FEEDBACK: "This is a feedback report, but no complaint of abuse.",
    Kind.AUTO_REPLY: "This is an automatic reply, such as an absence notice. The mail was delivered.",
    Kind.CHALLENGE: "This is a challenge: the recipient's side wants the sender to confirm before it delivers.",
    Kind.UNSUBSCRIBE: "This is a request to be unsubscribed.",
    Kind.RECEIPT: "This is a receipt (MDN): it tells what became of a mail after delivery.",
    Kind.REPORT: "This is an aggregate report of a receiver's (DMARC or TLS), about nobody in particular.",
    Kind.REPLY: "This is a person's answer.",
    Kind.OTHER: "This is none of the mails that report on a delivery.",
    Kind.UNKNOWN: "This looks like a bounce, but says nothing that could be read. It is kept, and a person should look at it.",
}
FAULTS: Mapping[Fault, str] = {
    Fault.RECIPIENT: "The cause lies with the recipient's mailbox.",
    Fault.RECIPIENT_DOMAIN: "The cause lies with the recipient's domain.",
    Fault.SENDER_IDENTITY: "The cause lies on the sending side: its identity was not accepted. The recipient is not at fault.",
    Fault.SENDER_REPUTATION: "The cause lies on the sending side: its reputation or its rate. The recipient is not at fault.",
    Fault.MESSAGE: "The cause lies in the message that was sent. The recipient is not at fault.",
    Fault.RECEIVER: "The cause lies with the receiving server. The recipient is not at fault.",
    Fault.NETWORK: "The cause lies in the network between the servers. The recipient is not at fault.",
    Fault.UNKNOWN: "Whose fault it was cannot be told.",
}
CLASSES: Mapping[FailureClass, str] = {
    FailureClass.HARD: "That is permanent (hard).",
    FailureClass.SOFT: "That is temporary (soft).",
}
DISPOSITIONS: Mapping[Disposition, str] = {
    Disposition.SUPPRESS: "This address should not be mailed again.",
    Disposition.COUNT: "It is counted: only many of them in a short time would stop mail to this address.",
    Disposition.REVIEW: "A person should look at it; it stops no mail to this address by itself.",
    Disposition.HOLD: "An incident holds it: nothing follows from it, unless a person releases that incident.",
    Disposition.IGNORE: "It does not count against this address.",
}
AUTHENTICITIES: Mapping[Authenticity, str] = {
    Authenticity.PROVEN: "The address that it came to was minted by us for this recipient, and its tag holds.",
    Authenticity.UNSIGNED: "The address that it came to carries no proof of who the recipient is.",
    Authenticity.LATE: "The address that it came to was minted by us, but too long ago to act on, or by a clock ahead of ours.",
    Authenticity.UNPROVEN: "Nothing proves that it is about a mail of ours.",
}
PLACES: Mapping[Place, str] = {
    Place.ENVELOPE: "in the envelope",
    Place.DIAGNOSTIC: "in the diagnostic",
    Place.TRANSCRIPT: "in the transcript of the session",
    Place.PROSE: "in the text for people",
    Place.STATUS: "as the status code",
    Place.REPLY_CODE: "as the reply code",
    Place.HEADER: "in the header",
    Place.ORIGINAL: "in the returned mail",
}
Reasons = Mapping[Reason, ReasonEntry]

# A receiver's own words are quoted up to here: what comes after is seldom about the mail.
QUOTED = 400


class Known(Protocol):
    """What is told of a mail beside its verdicts: a fresh Report has it, and so has a recorded mail."""

    @property
    def kind(self) -> Kind: ...


def tell_mail(mail: Known, verdicts: Sequence[Verdict], defects: Sequence[str] = ()) -> Iterator[str]:
    """What is true of the whole mail."""
    yield KINDS[mail.kind]
    if len(verdicts) > 1:
        yield f"It is about {len(verdicts)} recipients."
    if not verdicts and mail.kind not in {Kind.OTHER, Kind.UNKNOWN, Kind.REPORT}:
        yield "It names no recipient."
    if defects:
        names = ", ".join(name.replace("_", " ") for name in defects)
        yield f"The mail itself is damaged, which was read around: {names}."


def tell_verdict(verdict: Verdict, reasons: Reasons, *, recorded: bool) -> Iterator[tuple[str, str]]:
    """Heading and sentences, in the order in which a person asks. ``recorded``: the envelope is known."""
    yield "whom", " ".join(_whom(verdict, recorded=recorded))
    if verdict.reason is None:
        yield "what to do", DISPOSITIONS[verdict.disposition]
        return
    entry = reasons[verdict.reason]
    yield "what", " ".join(_what(verdict, entry))
    yield "whose fault", FAULTS[entry.fault]
    yield "why", " ".join(_why(verdict))
    others = " ".join(_others(verdict, reasons))
    if others:
        yield "also possible", others
    yield "what to do", f"{entry.advice} {_consequence(verdict, entry)}"


def _whom(verdict: Verdict, *, recorded: bool) -> Iterator[str]:
    yield f"It is about {verdict.recipient}." if verdict.recipient else "It names nobody."
    final = verdict.final_recipient
    if final and verdict.recipient and final.casefold() != verdict.recipient.casefold():
        yield f"Delivery was tried to {final} at last, to which that address leads."
    if recorded:
        yield AUTHENTICITIES[verdict.authenticity]


def _what(verdict: Verdict, entry: ReasonEntry) -> Iterator[str]:
    yield f"{entry.meaning} This reason is called {entry.reason}."
    if verdict.class_ is not None:
        yield CLASSES[verdict.class_]


def _why(verdict: Verdict) -> Iterator[str]:
    who = verdict.remote_mta or verdict.reporting_mta
    if verdict.diagnostic:
        yield f'{who or "The receiver"} said: "{_cut(verdict.diagnostic)}".'
    yield from _evidence(verdict, verdict.evidence)


def _cut(text: str) -> str:
    return text if len(text) <= QUOTED else f"{text[:QUOTED].rpartition(' ')[0] or text[:QUOTED]} ..."


def _others(verdict: Verdict, reasons: Reasons) -> Iterator[str]:
    """What else the same words or codes could mean, by rules that held too and have less authority."""
    rules: dict[Reason, list[str]] = {}
    for each in verdict.evidence.alternatives:
        if each.reason is not verdict.reason:
            rules.setdefault(each.reason, []).append(each.rule)
    for reason, names in rules.items():
        meaning = reasons[reason].meaning.rstrip(".")
        yield f"{meaning} ({reason}, by the rule{'s' if len(names) > 1 else ''} {' and '.join(names)})."


def _consequence(verdict: Verdict, entry: ReasonEntry) -> str:
    """What this one verdict leads to; a reason that waits for a second day is not counted like the others."""
    if verdict.disposition is Disposition.COUNT and entry.disposition is Disposition.SUPPRESS and entry.days > 1:
        return f"It is counted: said on {entry.days} days, it stops mail to this address."
    return DISPOSITIONS[verdict.disposition]


def _evidence(verdict: Verdict, evidence: Evidence) -> Iterator[str]:
    if verdict.rule and evidence.words:
        yield f'Decided by the rule {verdict.rule}, by "{evidence.words}" {PLACES[evidence.place]}.'
    elif verdict.rule:
        code = verdict.status or verdict.reply_code
        yield f"Decided by the rule {verdict.rule}{f', by the code {code}' if code else ''} {PLACES[evidence.place]}."
    else:
        yield "No rule knows these words or codes."
    if evidence.blocklist:
        yield f"The blocklist is {evidence.blocklist}."
    if evidence.note:
        yield f"Note: {evidence.note}."

"""Doubt: why an answer that says that an address is dead is not enough to suppress it.

Receivers put a dead address's words and codes on whatever they refuse (RFC 5321 section 4.2 leaves the text of a reply free).
So an answer is asked what else it says: words that blame somebody else, another address than the recipient's, words that no
rule understood. Promises: total. Knows nothing of what follows from a doubt.
"""

import re

from bouncesink.core.address import parse
from bouncesink.core.case import Case, is_of
from bouncesink.core.reasons import ReasonEntry
from bouncesink.core.remainder import sentence_of
from bouncesink.core.report import Place
from bouncesink.core.rule import command, is_within
from bouncesink.core.rulebook import Match, Rulebook
from bouncesink.core.verdict import NEVER_THE_RECIPIENT, Alternative, Reason

# Whoever speaks of one of these beside a dead address has told of something else.
_BESIDE = {
    Reason.PROTOCOL_ERROR: "other words of the same answer speak of the session",
    Reason.ROUTING_LOOP: "other words of the same answer speak of a loop",
    Reason.MAILING_LIST_PROBLEM: "other words of the same answer speak of a list",
    Reason.REFUSED_BY_RECIPIENT: "other words of the same answer say that it is refused",
}
_BY_CODE_TOO = frozenset({Reason.PROTOCOL_ERROR, Reason.ROUTING_LOOP})  # the others' codes stand before any words
BEFORE_RECIPIENT = frozenset({"helo", "ehlo", "lhlo", "star", "auth", "mail"})

# Three letters that are no part of a host's name or an address.
_WORD = re.compile(r"(?<![\w.-])[^\W\d_]{3,}(?![\w-]|\.\w)")
# Begins with the sign, which is found at the speed of memory.
_ADDRESS = re.compile(r"@(?<=[^\s@<>()\[\]'\",;:]@)((?:[\w-]+\.)+[\w-]+)")
_APART = re.compile(r"[\s@<>()\[\]'\",;:]")
_LABEL = re.compile(r"[^\W_]+")
_LOCAL_PART = 64  # RFC 5321 section 4.5.3.1.1


def doubt_about(match: Match, entry: ReasonEntry, case: Case, rulebook: Rulebook) -> str:
    """Why ``match`` is not enough to suppress, "" where it is.

    Receivers put 5.1.1 on rate limits and "mailbox unavailable" in front of a blocklist's name; and before RCPT named the
    recipient (RFC 5321 section 3.3) nobody can have refused it.
    """
    doubt = _contradiction(match.alternatives, rulebook) if match.alternatives else ""
    if doubt:
        return doubt
    if command(case.block.smtp_command) in BEFORE_RECIPIENT:
        return "said before the recipient was named"
    if _speaks_of_sender(case):
        return "the address that the answer names is the one that sent"
    if not match.words:
        return "no rule knows the words, only the code" if _has_words(case.block.diagnostic) or case.status is None else ""
    return "" if entry.days > 1 else _beside(match, case, rulebook)  # a second day asks the server again


def _beside(match: Match, case: Case, rulebook: Rulebook) -> str:
    """What else the same answer says, or the same sentence of a letter, that no rule and no name explains; "" for nothing."""
    block, said = case.block, match.words
    text, plain = block.diagnostic, rulebook.plain
    is_letter = not block.diagnostic_type  # what stands in fields is about whom they name
    if is_letter and _is_of_another(said, case):
        return "another address is named in front of it"
    if match.place is Place.PROSE and said not in text:
        text = sentence_of(case.prose, said)
    if not plain.beside(text, said):
        return ""
    if is_letter and not text[:1].isdigit():
        text = sentence_of(text, said)
    odd = plain.beside(text, said, _names(case))
    return f'the same answer says more than a rule knows: "{odd}"' if odd else ""


def _is_of_another(said: str, case: Case) -> bool:
    """Whether a letter names another address between the recipient's and the answer: it may tell of an earlier mail, or of
    where this one was forwarded to.
    """
    text, recipients = case.report.text, case.recipients
    start, end = -1, text.find(said)
    for recipient in recipients if end > 0 else ():
        at = text.rfind(recipient, 0, end)
        start = max(start, at + len(recipient)) if at >= 0 else start
    if start < 0 or text.find("@", start, end) < 0:
        return False
    others = (_address_at(text, named) for named in _ADDRESS.finditer(text, start, end))
    return any(not any(is_of(other, each) for each in recipients) for other in others)


def _names(case: Case) -> frozenset[str]:
    """Of whom and of which hosts the report is: parts of their names stand in answers without the rest."""
    named = (*case.recipients, case.block.remote_mta or "", case.report.reporting_mta or "")
    return frozenset(_LABEL.findall(" ".join(named).lower()))


def _contradiction(alternatives: tuple[Alternative, ...], rulebook: Rulebook) -> str:
    if any(rulebook.reasons[other.reason].fault in NEVER_THE_RECIPIENT for other in alternatives):
        return "other words of the same answer blame the sender or the message"
    for other in alternatives:
        if other.reason in _BESIDE and (other.rule in rulebook.worded or other.reason in _BY_CODE_TOO):
            return _BESIDE[other.reason]
    if any(other.reason is Reason.SYSTEM_ERROR and other.rule in rulebook.doubts for other in alternatives):
        return "other words of the same answer say that it may pass"
    return ""


def _speaks_of_sender(case: Case) -> bool:
    """Whether the first address of an answer is one of the domain that the report came to, or of one above or below it: a
    server that asked about the reverse-path before it would take the mail tells what it heard (RFC 5321 section 3.3 does not
    forbid it).
    """
    diagnostic = case.block.diagnostic
    named = _ADDRESS.search(diagnostic)
    mailed = next(iter(case.recipients), "")
    if named is None or is_within(mailed.rpartition("@")[2].lower(), named[1].lower()):
        return False
    own = parse(case.report.headers.get("to", "")[:512])
    if own is None or not own.domain:
        return False
    domain, ours = named[1].lower(), own.domain.lower()
    return (is_within(ours, domain) or is_within(domain, ours)) and not is_of(_address_at(diagnostic, named), mailed)


def _address_at(text: str, sign: re.Match[str]) -> str:
    return _APART.split(text[max(0, sign.start() - _LOCAL_PART) : sign.start()])[-1] + sign[0]


def _has_words(diagnostic: str) -> bool:
    """Whether an answer says more than codes, addresses and names of hosts."""
    return any("@" not in word and ("://" in word or _WORD.search(word)) for word in diagnostic.split())

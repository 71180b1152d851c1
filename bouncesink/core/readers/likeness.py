"""Likeness: what a mail looks like from outside, before anybody has read it. Words of other people's, kept in one place.

Promises: linear patterns on bounded text. Each answer is a presumption: a reader that finds the facts does not need it. Knows
nothing of recipients.
"""

import re

from bouncesink.core.address import parse
from bouncesink.core.readers.message import Message

_DAEMON = re.compile(
    r"mailer[-_. ]?daemon|mail[-_. ]?(?:daemon|deliver)|post[-_.]?master|mdaemon|delivery[-_. ](?:subsystem|system|status"
    r"|agent|notification)"
    r"|mail[-_. ]?(?:system|administrator|router|gateway)|system administrator|mail\.delivery\.system|\bbounces?[-+@]"
    r"|no-?reply@sns",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|returned (?:e-?)?mail|(?:mail|message|e-?mail)[^:]{0,20} (?:delivery )?(?:returned|failed|failure|error"
    r"|problem)"
    r"|delivery[^:]{0,30}(?:fail|status|problem|error|notif|delay|warning|report|unsuccess|not )|(?:failed"
    r"|failure)[^:]{0,10} delivery"
    r"|failure[^:]{0,10} (?:notice|report|notif)|returning message to sender|returned to sender|could not (?:be )?(?:send"
    r"|sent|deliver)"
    r"|non[- ]?(?:delivery|deliverable|remis|livr)|unable to deliver|not (?:be )?(?:delivered|deliverable)|(?:error"
    r"|problem) (?:sending|delivering)"
    r"|(?:user|host|address|recipient) unknown|unknown (?:user|recipient|address)|mail system error|rejected|bounce"
    r"|there was an error"
    r"|nicht (?:zugestellt|ausgeliefert)|n.a p(?:as )?u être|non (?:è stato )?(?:consegnat|recapitat)"
    r"|não (?:pôde ser )?entregue"
    r"|unzustellbar|zustell(?:ung|fehl)|fehlgeschlagen|unbestellbar|non remis|échec|echec|notification d.état|no entregad"
    r"|no se (?:pudo|ha podido)"
    r"|entrega[^:]{0,30}(?:falh|fall|notif)|devolvid|devuelto|mancata consegna|onbestelbaar|niet (?:worden )?afgeleverd"
    r"|недоставл|не доставлен"
    r"|niedostarcz|nie dostarcz|nedoruč|退信|无法|投递|未送達|配信|配送|送信できません|返送|エラー",
    re.IGNORECASE,
)
# A literal that must be there, and what must stand around it where the literal alone says too little. Asked of lower-case text:
# the literals are found at the speed of memory, and hardly any pattern is ever tried.
Phrases = tuple[tuple[str, re.Pattern[str] | None], ...]


def phrases(*rows: str | tuple[str, str]) -> Phrases:
    """Literals in lower case, each alone or with a pattern that must hold too."""
    return tuple((row, None) if isinstance(row, str) else (row[0], re.compile(row[1])) for row in rows)


_VERBS = r"(?:be |been |yet been |yet be )?(?:\w+ )?(?:deliver|sen[dt]\b|reach|complete|process|accept)"
_OUTCOMES = r"[^\n]{0,60} (?:failed|failure|impossible|not possible|been suspended|aborted|problem|error)"
_WHO = r"(?:user|recipient|mailbox|address|account|host|domain|addressee)"
_IS = rf"{_WHO}s?(?:'s mailbox)?(?: \S+){{0,3}}? (?:is |are |was )?"

# What only a failure says of a delivery, in the languages that most MTAs speak.
_FAILURE = phrases(
    *(
        "undeliver",
        "fatal error",
        "giving up",
        "given up",
        "nicht zugestellt",
        "nicht ausgeliefert",
        "unzustellbar",
        "non remis",
    ),
    *(
        "no pudo",
        "no se pudo",
        "no ha podido",
        "não foi possível",
        "não pôde",
        "non è stato",
        "non può",
        "доставить",
        "не найден",
    ),
    *("無法", "无法", "配信できません", "届けることができません", "送信できません", "宛先", "エラー"),
    ("n't ", rf"n't {_VERBS}"),
    (" not ", rf" not {_VERBS}"),
    (
        "deliver",
        rf"(?:unable|fail|impossible|not possible|error|problem|trouble)[^.\n]{{0,40}} (?:to )?deliver|delivery{_OUTCOMES}",
    ),
    ("transmi", rf"(?:unable|failed) to transmit|transmission{_OUTCOMES}"),
    ("unable", r"unable to (?:send|relay|connect)"),
    ("address", rf"address(?:\(es\)|es)?{_OUTCOMES}"),
    ("recipient", rf"recipient(?:\(s\)|s)?{_OUTCOMES}"),
    ("permanent", r"permanent (?:fatal )?(?:error|failure)"),
    ("returned", r"returned to (?:the )?sender|(?:was|been) returned"),
    ("unknown", rf"{_IS}unknown|unknown (?:local )?{_WHO}"),
    ("invalid", rf"{_IS}invalid|invalid (?:local )?{_WHO}"),
    ("no such", rf"no such (?:local )?{_WHO}"),
    ("bad ", rf"bad (?:local |destination )?{_WHO}"),
    ("illegal", rf"illegal {_WHO}"),
    ("exist", rf"{_IS}(?:does ?n[o']t|not) exist|nonexistent {_WHO}"),
    ("not found", rf"{_IS}not found"),
    ("not listed", rf"{_IS}not listed"),
    ("disabled", rf"{_IS}disabled"),
    ("inactive", rf"{_IS}inactive"),
    ("unavailable", rf"{_IS}unavailable"),
    ("rejected", rf"{_IS}rejected|(?:was|been) rejected"),
    ("refused", r"(?:was|been) refused"),
    ("bounced", r"(?:was|been) bounced"),
    (" full", rf"{_IS}full|(?:mailbox|quota|disk)(?: \w+){{0,2}} full"),
    ("quota", rf"{_IS}over quota|quota(?: \w+){{0,2}} (?:full|exceeded)"),
    ("exceeded", r"exceeded[^.\n]{0,40}(?:limit|quota|size)"),
    ("over the maximum", rf"{_IS}over the maximum"),
    ("expired", rf"{_IS}expired"),
    ("pu être", r"n.a (?:pas )?pu être"),
    (" #5.", r" #5\.\d{1,3}\.\d{1,3}[ >]"),
    (" 5", r"[ (<]5\d\d[ -]#?5\.\d{1,3}\.\d{1,3}(?![\w.])|>: 5\d\d "),
    (" 4", r"[ (<]4\d\d[ -]#?4\.\d{1,3}\.\d{1,3}(?![\w.])|>: 4\d\d "),
)
_DELAY = phrases(
    *("warning message only", "not need to resend", "n't need to resend", "still trying", "temporarily delayed"),
    *("wird weiterhin versucht", "weiterhin zuzustellen", "nur eine warnung", "nicht erneut senden", "bisher nicht zugestellt"),
    *("noch nicht zugestellt", "n'a pas encore", "simple avertissement", "pas besoin de renvoyer", "todavía no se ha"),
    *(
        "solo un aviso",
        "sólo un aviso",
        "no es necesario que reenv",
        "se seguirá intentando",
        "ainda não foi",
        "ainda não pôde",
    ),
    *("continuará tentando", "não é necessário reenviar", "non è ancora stato", "non è stato ancora", "solo un avviso"),
    *("nog niet afgeleverd", "nog niet bezorgd", "slechts een waarschuwing", "ännu inte levererat", "ikke leveret endnu"),
    *("nie została jeszcze", "to tylko ostrzeżenie", "пока не доставлен", "еще не доставлен", "ещё не доставлен"),
    *("только предупреждение", "попытки доставки будут прод", "引き続き配信", "再送の必要はありません", "配信が遅れて"),
    *("继续尝试", "无需重新发送", "暂时无法投递", "繼續嘗試", "無需重新傳送"),
    *("not yet been delivered", "has not been delivered yet", "delivery attempts will continue", "will continue to be made"),
    ("delay", r"(?:delivery|message|mail)[^.\n]{0,60}(?:delayed|delay\b)|^delay(?:ed)?\b"),
    ("deferred", r"(?:delivery|message|mail)[^.\n]{0,60}deferred"),
    ("will ", r"will (?:be retried|keep trying|continue (?:to|trying)|retry|try again)"),
    ("could not send", r"could not send (?:message|mail) for"),
)
_FINAL = phrases(
    *("no longer", "not going to try again", "too long", "failed permanently", "undeliverable", "returned mail"),
    *(
        "endgültig",
        "aufgegeben",
        "définitiv",
        "definitiv",
        "окончательно",
        "giving up",
        "given up",
        "give up",
        "has failed",
        "has expired",
        "delivery failed",
    ),
    ("permanent", r"permanent (?:fatal )?(?:error|failure)"),
    ("will not", r"will not (?:be )?(?:retr|try)"),
    ("returned to", r"returned to (?:the )?sender"),
    ("exceeded", r"retry time(?:out)? exceeded"),
)


def says(low: str, words: Phrases) -> bool:
    """Whether a text in lower case holds one of the phrases."""
    return any(literal in low and (pattern is None or pattern.search(low) is not None) for literal, pattern in words)


def has_bounce_sender(message: Message) -> bool:
    """Sent by a mail system, as it says of itself, and not to its own postmaster about a session that it had."""
    if _DAEMON.search(message.header("from")[:512]) is None:
        return False
    return _OWN_TROUBLE.match(message.header("subject")[:512]) is None


def has_bounce_address(message: Message) -> bool:
    """Sent from a mail system's own mailbox: a display name is anybody's to choose."""
    sender = parse(message.header("from")[:512])
    return sender is not None and _DAEMON.search(str(sender)) is not None


def is_list_mail(message: Message) -> bool:
    """Mail of a list (RFC 2369, RFC 2919), which may speak of any delivery."""
    return "list-unsubscribe" in message.headers or "list-id" in message.headers


def is_from_daemon(message: Message) -> bool:
    """Sent by what calls itself MAILER-DAEMON, or as a report: whoever writes so has a delivery to tell of."""
    daemon = "daemon" in message.header("from")[:512].lower() and has_bounce_sender(message)
    return daemon or message.top.parameters.get("report-type") == "delivery-status"


def has_bounce_subject(message: Message) -> bool:
    return _SUBJECT.search(message.header("subject")[:512]) is not None


def has_null_return_path(message: Message) -> bool:
    """RFC 3834 section 3 wants one of auto-replies too, so that it alone says little."""
    return message.header("return-path").strip() == "<>"


_ANSWER = re.compile(r"\s*(?:re|aw|antw?|sv|vs|odp|rv|rif|ynt|回复|答复|返信)(?:\[\d+\])?\s*[:：]", re.IGNORECASE)
_PASSED_ON = re.compile(r"\s*\[?(?:fwd?|wg|tr|enc|i|vl|转发|轉寄|転送)(?:\[\d+\])?\s*[:：]", re.IGNORECASE)
# What Postfix tells its own postmaster of somebody else's session.
_OWN_TROUBLE = re.compile(r"\s*postfix smtp (?:server|client): errors from ", re.IGNORECASE)
_BULK = frozenset(("bulk", "list"))


def is_answer(message: Message) -> bool:
    """A person's answer, which may quote any notice."""
    if has_null_return_path(message) or _ANSWER.match(message.header("subject")[:512]) is None:
        return False
    return not has_bounce_sender(message) or ("in-reply-to" in message.headers and not is_from_daemon(message))


def is_personal(message: Message) -> bool:
    """Written by a person or sent by a list, as far as headers tell: such mail may speak of any notice, or pass it on.

    Mail systems thread their notices too (Exchange, Gmail), but they say who they are or leave the reverse-path empty.
    """
    if has_bounce_sender(message) or has_null_return_path(message):
        return is_answer(message)
    headers = message.headers
    return (
        any(name in headers for name in ("in-reply-to", "references", "user-agent"))
        or message.header("precedence").strip().lower() in _BULK
        or is_list_mail(message)
        or _ANSWER.match(message.header("subject")[:512]) is not None
        or _PASSED_ON.match(message.header("subject")[:512]) is not None
    )


# Papers are rejected and orders not delivered; only a mail system speaks of codes, mailboxes and users.
_OF_MAIL = re.compile(
    r"(?<![\w.@/-])[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}|[<:>] ?[45]\d\d |#[45]\.\d\.\d|\bsmtp\b|rcpt to|\bmx\b"
    r"|(?:user|recipient|mailbox|account|host|domain|addressee)(?: name)?s?(?:\(s\))? (?:\S+ ){0,3}?"
    r"(?:unknown|not|does|doesn.t|full|over|disabled|invalid|inactive|unavailable)"
    r"|(?:unknown|no such) (?:local )?(?:user|recipient|host|address|mailbox|account)"
    r"|mailbox full|over ?quota|quota exceeded"
    r"|(?:mail|message)s? (?:\S+ ){0,3}?(?:could|can|was|has|were) ?(?:not|n.t) (?:be |been )?(?:\w+ )?(?:deliver|sent)"
)


def speaks_of_mail(message: Message) -> bool:
    """Whether a failure that it tells of is a mail's: asked where nothing else about the mail is a mail system's."""
    return _OF_MAIL.search(message.low) is not None or not message.low.isascii()


def tells_failure(message: Message) -> bool:
    """Whether the words are about a delivery that failed."""
    return says(message.low, _FAILURE)


def is_delay(message: Message) -> bool:
    """A warning that delivery is still being tried, not a failure."""
    subject, low = message.header("subject")[:512].lower(), message.low
    delayed = says(subject, _DELAY)
    if says(subject, _FINAL) or says(low, _FINAL):
        return delayed and "warning" in subject
    return delayed or says(low, _DELAY)

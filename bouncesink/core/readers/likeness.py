"""Likeness: what a mail looks like from outside, before anybody has read it. Words of other people's, kept in one place.

Promises: linear patterns on bounded text. Each answer is a presumption: a reader that finds the facts does not need it. Knows
nothing of recipients.
"""

import re

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
    r"|unzustellbar|zustell(?:ung|fehl)|fehlgeschlagen|unbestellbar|non remis|échec|echec|notification d.état|no entregad"
    r"|no se (?:pudo|ha podido)"
    r"|entrega[^:]{0,30}(?:falh|fall|notif)|devolvid|devuelto|mancata consegna|onbestelbaar|niet (?:worden )?afgeleverd"
    r"|недоставл|не доставлен"
    r"|niedostarcz|nie dostarcz|nedoruč|退信|无法|投递|未送達|配信|配送|送信できません|返送|エラー",
    re.IGNORECASE,
)
# Said of a delivery in the text. What only a failure says, in the languages that most MTAs speak.
_FAILURE = re.compile(
    r"(?:could|can|would|was|were|has|have|did|has been)(?: ?n[o']t|not) (?:be |been |yet been )?(?:\w+ )?(?:deliver"
    r"|sen[dt]|reach|complete|process|accept)"
    r"|(?:unable|failed|failure|impossible|not possible|an error|a problem|trouble"
    r"|problems?)[^.\n]{0,40} (?:to )?(?:deliver|send|relay|transmit)"
    r"|(?:delivery|transmission|address(?:\(es\)|es)?|recipients?)[^.\n]{0,60} (?:failed|failure|impossible|not possible"
    r"|been suspended|aborted|problem|error)"
    r"|permanent (?:fatal )?(?:error|failure)|fatal errors?|undeliver(?:able|ed)|returned to (?:the )?sender|giv(?:en|ing) up"
    r"|(?:user|recipient|mailbox|address|account|host|domain)s?(?:'s mailbox)?(?: \S+){0,3}? (?:is |are |was )?"
    r"(?:unknown|invalid|not found|not listed|does ?n[o']t exist|disabled|inactive|unavailable|rejected|full|over quota"
    r"|over the maximum|expired)"
    r"|(?:unknown|no such|invalid|illegal|bad|nonexistent) (?:local )?(?:user|recipient|mailbox|address|host|account"
    r"|domain|addressee)"
    r"|(?:mailbox|quota|disk)(?: \w+){0,2} (?:full|exceeded)|exceeded[^.\n]{0,40}(?:limit|quota|size)|(?:was"
    r"|been) (?:rejected|refused|returned|bounced)"
    r"|nicht (?:zugestellt|ausgeliefert)|unzustellbar|n.a (?:pas )?pu être|non remis|no (?:pudo|se pudo|ha podido)"
    r"|não (?:foi possível|pôde)"
    r"|non (?:è stato|può)|доставить|не найден|無法|无法|配信できません|届けることができません|送信できません|宛先|エラー",
    re.IGNORECASE,
)
_DELAY = re.compile(
    r"(?:delivery|message|mail)[^.\n]{0,60}(?:delayed|delay\b|is being delayed|deferred)|warning message only|(?:do not"
    r"|don't) need to resend"
    r"|not yet been delivered|has not been delivered yet|still trying|will (?:be retried|keep trying|continue (?:to"
    r"|trying)|retry|try again)"
    r"|delivery attempts will continue|will continue to be made|temporarily delayed|could not send (?:message|mail) for"
    r"|^delay(?:ed)?\b",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r"permanent (?:fatal )?(?:error|failure)|gi?v(?:en|ing|e) up|will not (?:be )?(?:retr|try)|no longer"
    r"|not going to try again|returned (?:mail|to (?:the )?sender)"
    r"|retry time(?:out)? exceeded|too long|has (?:failed|expired)|failed permanently|undeliverable|delivery (?:has )?failed",
    re.IGNORECASE,
)
_SCANNED = 6144


def has_bounce_sender(message: Message) -> bool:
    """Sent by a mail system, as it says of itself."""
    return _DAEMON.search(message.header("from")[:512]) is not None


def has_bounce_subject(message: Message) -> bool:
    return _SUBJECT.search(message.header("subject")[:512]) is not None


def has_null_return_path(message: Message) -> bool:
    """RFC 3834 section 3 wants one of auto-replies too, so that it alone says little."""
    return message.header("return-path").strip() == "<>"


def tells_failure(text: str) -> bool:
    """Whether the words are about a delivery that failed."""
    return _FAILURE.search(text[:_SCANNED]) is not None


def is_delay(message: Message) -> bool:
    """A warning that delivery is still being tried, not a failure."""
    subject, text = message.header("subject")[:512], message.text[:_SCANNED]
    if _FINAL.search(subject) or _FINAL.search(text):
        return _DELAY.search(subject) is not None and "warning" in subject.lower()
    return _DELAY.search(subject) is not None or _DELAY.search(text) is not None

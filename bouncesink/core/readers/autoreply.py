"""Auto-replies: a machine's answer for a person. RFC 3834, and the signs that are older.

Promises: asked only when no bounce reader found anything, since "Auto-Submitted: auto-replied" stands on four in ten bounces.
Knows nothing of what the answer says: that somebody has left is the rulebook's to find.
"""

import re

from bouncesink.core.readers.challenge import is_challenge
from bouncesink.core.readers.likeness import has_null_return_path
from bouncesink.core.readers.message import Message
from bouncesink.core.report import Kind, Report

_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-vacation",
    "x-mail-autoreply",
    "x-autoreply-domain",
)
_PRECEDENCE = frozenset(("auto_reply", "auto-reply", "autoreply"))
_SUBJECT = re.compile(
    r"^(?:re|aw|fwd?|sv|antw)?[\s:]*(?:\[?auto(?:matic|mated|matische?)?[- ]?(?:repl(?:y|ies)|respon[sd]e?r?|antwort|svar"
    r"|svare|antwoord)"
    r"|auto(?: ?re)?:|out[- ]of[- ](?:the[- ])?office|o(?:ut)?oo\b|vacation(?: (?:reply|message|notice|auto))?"
    r"|on (?:vacation|holiday|leave)"
    r"|away (?:from|notice)|abwesen(?:d|heit)|nicht im (?:büro|haus)|réponse automatique|reponse automatique"
    r"|absence du bureau|absent"
    r"|respuesta automática|respuesta automatica|fuera de (?:la )?oficina|resposta automática|fora do escritório"
    r"|risposta automatica|fuori sede"
    r"|afwezig|automatisk svar|frånvaro|fravær|poissa|odpowiedź automatyczna|automatická odpověď|автоответ|автоматический ответ"
    r"|automaattinen vastaus|automatikus válasz|automatyczna odpowiedź|automatiskt svar|otomatik yanıt|자동 (?:회신|응답)"
    r"|自動(?:返信|応答|回复|回覆)|自动(?:回复|答复)|不在)",
    re.IGNORECASE,
)


# What a machine's answer says of itself where no header does; looked for only under the null reverse-path (RFC 3834).
_SAYS_SO = re.compile(
    r"this is an? auto(?:matic|mated|-?generated)? ?-?(?:reply|response|antwort|message|e-?mail)"
    r"|(?:i am|i'm|i will be|we are|is|am) (?:currently |now |presently )?(?:out of (?:the )?office"
    r"|away from (?:the office|my desk)|on (?:vacation|annual leave|holiday|parental leave|maternity leave))"
    r"|no longer (?:works?|working|employed|with|part of|at) |(?:has|have) left (?:the company|our company|the organi[sz]ation)"
    r"|mailbox is (?:no longer|not) monitored"
    r"|bin (?:ich )?(?:derzeit |zur zeit |momentan |bis )?(?:nicht im (?:büro|haus)|im urlaub|abwesend)"
    r"|arbeite[t]? nicht mehr|nicht mehr (?:bei uns|im unternehmen|für .{1,40}) (?:tätig|beschäftigt)|automatische antwort"
    r"|je suis (?:actuellement )?(?:absente?|en congés?|en vacances)|ne travaille plus|réponse automatique"
    r"|estoy (?:actualmente )?(?:de vacaciones|fuera de la oficina)|ya no trabaja|respuesta automática"
    r"|estou (?:de férias|fora do escritório)|não trabalha mais|já não trabalha|non lavora più|sono (?:in ferie|fuori ufficio)"
    r"|niet meer werkzaam|afwezig tot"
)


def read(message: Message) -> Report | None:
    """An answer that says of itself that no person wrote it."""
    subject = message.header("subject")[:512]
    if is_challenge(subject, message.text):
        return message.report(Kind.CHALLENGE, "autoreply")
    if _is_auto_reply(message, subject):
        return message.report(Kind.AUTO_REPLY, "autoreply")
    return None


def _is_auto_reply(message: Message, subject: str) -> bool:
    if (
        message.header("auto-submitted")
        .lower()
        .startswith(("auto-replied", "auto-generated (vacation)", "auto-generated; vacation"))
    ):
        return True
    if any(name in message.headers for name in _HEADERS):
        return message.header("x-autoreply").lower() != "no"
    if message.header("precedence").strip().lower() in _PRECEDENCE or _SUBJECT.match(subject) is not None:
        return True
    return has_null_return_path(message) and _SAYS_SO.search(message.low) is not None

"""Challenge-response: a stranger's filter that wants proof that somebody is there. It is no failure, however it is dressed.

Promises: linear; a few words are looked for before any pattern is tried. Knows nothing of what to do with one.
"""

import re

# One of these is in every challenge, and in hardly any bounce.
_HINTS = (
    *("confirm", "verif", "challenge", "waitlist", "guest list", "whitelist", "approved sender", "spamarrest", "human"),
    *("senders i have approved", "junk mail", "bestätig", "autentic", "authentifi", "captcha", "anti-spam", "antispam"),
)

_CHALLENGE = re.compile(
    r"challenge[/ -]response"
    r"|(?:please|must|need to|you can|have to|to) (?:reply to this (?:message|e-?mail)|click|follow|visit|use)[^.]{0,120}"
    r"(?:confirm|verify|approve|authenticate|release|deliver)"
    r"|(?:please )?(?:confirm|verify) (?:that )?(?:you are|you're|you\b|yourself|your\b(?! recipient))[^.]{0,60}"
    r"(?:human|real person|person|identity|sender|not (?:a )?(?:spam|robot|machine)|message|address|e-?mail)[^.]{0,160}"
    r"(?:click|reply|link|deliver|before|by (?:replying|clicking)|once)"
    r"|was waitlisted|add yourself to (?:my|the|their) guest list"
    r"|held (?:because|until)[^.]{0,80}(?:not been|is|are|you)[^.]{0,20}(?:verified|confirmed|confirm|verify)"
    r"|one[- ]time (?:verification|confirmation|authentication)[^.]{0,40}(?:process|step|request)"
    r"|(?:requires?|awaiting|needs) (?:sender )?(?:verification|confirmation)"
    r"|only from senders i have approved|added to (?:my|the) list of approved senders"
    r"|(?:ensure|prove|make sure|sure) that (?:your|the|this) (?:message|mail|e-?mail) was sent by a (?:human|person)"
    r"|just once,? (?:please )?(?:click|follow|reply)"
    r"|precisa de confirma|confirma[cç](?:ao|ão)[^.]{0,200}(?:clique|responda|digite)|digite os caracteres"
    r"|(?:cliquez|répondez)[^.]{0,160}(?:authentifi|débloquer|(?:humain|robot))"
    r"|(?:haga clic|responda|pulse)[^.]{0,160}(?:autentic|humano|robot|remitente)"
    r"|(?:bestätigen sie|klicken sie|antworten sie)[^.]{0,160}(?:freigegeben|freischalt|mensch|roboter)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"\bverify#|\(conf#|challenge[/ -]response|(?:requires?|needs|please) (?:your )?(?:verification|confirmation|confirm)"
    r"|confirm your (?:message|e-?mail)|sender (?:verification|confirmation) (?:required|request)|\[spamarrest\]"
    r"|^authenticate (?:your )?message",
    re.IGNORECASE,
)
_SCANNED = 4096


def is_challenge(subject: str, text: str) -> bool:
    """Whether it asks the sender to confirm. ``text`` is without the original."""
    head = text[:_SCANNED]
    small = head.lower()
    if any(hint in small for hint in _HINTS) and _CHALLENGE.search(" ".join(head.split())):
        return True
    return bool(subject) and _SUBJECT.search(subject) is not None

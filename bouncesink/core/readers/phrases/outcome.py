"""What notices say of what happened to a mail: that it failed, is still tried, or will never be tried again.

Drawn from rules/phrases/15-outcome.toml by scripts/phrases.py: change the tables there and draw this anew. Promises and
shapes are those of the package.
"""

import re

from bouncesink.core.readers.phrases.row import Row

# What only a failure says of a delivery.
FAILURE: tuple[Row, ...] = (
    ("undeliver", None),
    ("fatal error", None),
    ("giving up", None),
    ("given up", None),
    ("nicht zugestellt", None),
    ("nicht ausgeliefert", None),
    ("unzustellbar", None),
    ("non remis", None),
    ("no pudo", None),
    ("no se pudo", None),
    ("no ha podido", None),
    ("não foi possível", None),
    ("não pôde", None),
    ("non è stato", None),
    ("non può", None),
    ("impossibile recapitare", None),
    ("niet worden bezorgd", None),
    ("niet bezorgd", None),
    ("gick inte att leverera", None),
    ("kunne ikke leveres", None),
    ("no se puede entregar", None),
    ("no se ha entregado", None),
    ("não foi entregue", None),
    ("не удалось доставить", None),
    ("teslim edilemedi", None),
    ("доставить", None),
    ("не найден", None),
    ("無法", None),
    ("无法", None),
    ("配信できません", None),
    ("届けることができません", None),
    ("送信できません", None),
    ("宛先", None),
    ("エラー", None),
    (
        "n't ",
        re.compile(
            r"n't (?:be |been |able to |yet been |yet be )?(?:\w+ )?(?:deliver|sen[dt]\b|reach|complete|process|accept)"
        ),
    ),
    (
        " not ",
        re.compile(
            r" not (?:be |been |able to |yet been |yet be )?(?:\w+ )?(?:deliver|sen[dt]\b|reach|complete|process|accept)"
        ),
    ),
    (
        "deliver",
        re.compile(
            r"(?:unable|fail|impossible|not possible|error|problem|trouble)[^.\n]{0,40} (?:to )?deliver|delivery[^\n]{0,60} (?"
            ":failed|failure|impossible|not possible|been suspended|aborted|problem|error)"
        ),
    ),
    (
        "transmi",
        re.compile(
            r"(?:unable|failed) to transmit|transmission[^\n]{0,60} (?:failed|failure|impossible|not possible"
            "|been suspended|aborted|problem|error)"
        ),
    ),
    ("unable", re.compile("unable to (?:send|relay|connect)")),
    (
        "address",
        re.compile(
            r"address(?:\(es\)|es)?[^\n]{0,60} (?:failed|failure|impossible|not possible|been suspended|aborted|problem|error)"
        ),
    ),
    (
        "recipient",
        re.compile(
            r"recipient(?:\(s\)|s)?[^\n]{0,60} (?:failed|failure|impossible|not possible|been suspended|aborted|problem|error)"
        ),
    ),
    ("permanent", re.compile("permanent (?:fatal )?(?:error|failure)")),
    ("returned", re.compile("returned to (?:the )?sender|(?:was|been) returned")),
    (
        "unknown",
        re.compile(
            r"(?:user|recipient|mailbox|address|account|host|domain|addressee)s?(?:'s mailbox)?(?: \S+){0,3}? (?:is "
            "|are |was )?unknown|unknown (?:local )?(?:user|recipient|mailbox|address|account|host|domain|addressee)"
        ),
    ),
    (
        "invalid",
        re.compile(
            r"(?:user|recipient|mailbox|address|account|host|domain|addressee)s?(?:'s mailbox)?(?: \S+){0,3}? (?:is "
            "|are |was )?invalid|invalid (?:local )?(?:user|recipient|mailbox|address|account|host|domain|addressee)"
        ),
    ),
    ("no such", re.compile("no such (?:local )?(?:user|recipient|mailbox|address|account|host|domain|addressee)")),
    ("bad ", re.compile("bad (?:local |destination )?(?:user|recipient|mailbox|address|account|host|domain|addressee)")),
    ("illegal", re.compile("illegal (?:user|recipient|mailbox|address|account|host|domain|addressee)")),
    (
        "exist",
        re.compile(
            r"(?:user|recipient|mailbox|address|account|host|domain|addressee)s?(?:'s mailbox)?(?: \S+){0,3}? (?:is "
            "|are |was )?(?:does ?n[o']t|not) exist|nonexistent (?:user|recipient|mailbox|address|account|host"
            "|domain|addressee)"
        ),
    ),
    (
        "not found",
        re.compile(
            r"(?:user|recipient|mailbox|address|account|host|domain|addressee)s?(?:'s mailbox)?(?: \S+){0,3}? (?:is "
            "|are |was )?not found"
        ),
    ),
    (
        "not listed",
        re.compile(
            r"(?:user|recipient|mailbox|address|account|host|domain|addressee)s?(?:'s mailbox)?(?: \S+){0,3}? (?:is "
            "|are |was )?not listed"
        ),
    ),
    (
        "disabled",
        re.compile(
            r"(?:user|recipient|mailbox|address|account|host|domain|addressee)s?(?:'s mailbox)?(?: \S+){0,3}? (?:is "
            "|are |was )?disabled"
        ),
    ),
    (
        "inactive",
        re.compile(
            r"(?:user|recipient|mailbox|address|account|host|domain|addressee)s?(?:'s mailbox)?(?: \S+){0,3}? (?:is "
            "|are |was )?inactive"
        ),
    ),
    (
        "unavailable",
        re.compile(
            r"(?:user|recipient|mailbox|address|account|host|domain|addressee)s?(?:'s mailbox)?(?: \S+){0,3}? (?:is "
            "|are |was )?unavailable"
        ),
    ),
    (
        "rejected",
        re.compile(
            r"(?:user|recipient|mailbox|address|account|host|domain|addressee)s?(?:'s mailbox)?(?: \S+){0,3}? (?:is "
            "|are |was )?rejected|(?:was|been) rejected"
        ),
    ),
    ("refused", re.compile("(?:was|been) refused")),
    ("bounced", re.compile("(?:was|been) bounced")),
    (
        " full",
        re.compile(
            r"(?:user|recipient|mailbox|address|account|host|domain|addressee)s?(?:'s mailbox)?(?: \S+){0,3}? (?:is "
            r"|are |was )?full|(?:mailbox|quota|disk)(?: \w+){0,2} full"
        ),
    ),
    (
        "quota",
        re.compile(
            r"(?:user|recipient|mailbox|address|account|host|domain|addressee)s?(?:'s mailbox)?(?: \S+){0,3}? (?:is "
            r"|are |was )?over quota|quota(?: \w+){0,2} (?:full|exceeded)"
        ),
    ),
    ("exceeded", re.compile(r"exceeded[^.\n]{0,40}(?:limit|quota|size)")),
    (
        "over the maximum",
        re.compile(
            r"(?:user|recipient|mailbox|address|account|host|domain|addressee)s?(?:'s mailbox)?(?: \S+){0,3}? (?:is "
            "|are |was )?over the maximum"
        ),
    ),
    (
        "expired",
        re.compile(
            r"(?:user|recipient|mailbox|address|account|host|domain|addressee)s?(?:'s mailbox)?(?: \S+){0,3}? (?:is "
            "|are |was )?expired"
        ),
    ),
    ("pu être", re.compile("n.a (?:pas )?pu être")),
    (" #5.", re.compile(r" #5\.\d{1,3}\.\d{1,3}[ >]")),
    (" 5", re.compile(r"[ (<]5\d\d[ -]#?5\.\d{1,3}\.\d{1,3}(?![\w.])|>: 5\d\d ")),
    (" 4", re.compile(r"[ (<]4\d\d[ -]#?4\.\d{1,3}\.\d{1,3}(?![\w.])|>: 4\d\d ")),
)

# What a notice says while delivery is still being tried.
DELAY: tuple[Row, ...] = (
    ("warning message only", None),
    ("not need to resend", None),
    ("n't need to resend", None),
    ("still trying", None),
    ("temporarily delayed", None),
    ("wird weiterhin versucht", None),
    ("weiterhin zuzustellen", None),
    ("nur eine warnung", None),
    ("nicht erneut senden", None),
    ("bisher nicht zugestellt", None),
    ("noch nicht zugestellt", None),
    ("n'a pas encore", None),
    ("simple avertissement", None),
    ("pas besoin de renvoyer", None),
    ("todavía no se ha", None),
    ("solo un aviso", None),
    ("sólo un aviso", None),
    ("no es necesario que reenv", None),
    ("se seguirá intentando", None),
    ("ainda não foi", None),
    ("ainda não pôde", None),
    ("continuará tentando", None),
    ("não é necessário reenviar", None),
    ("non è ancora stato", None),
    ("non è stato ancora", None),
    ("solo un avviso", None),
    ("nog niet afgeleverd", None),
    ("nog niet bezorgd", None),
    ("slechts een waarschuwing", None),
    ("ännu inte levererat", None),
    ("ikke leveret endnu", None),
    ("nie została jeszcze", None),
    ("to tylko ostrzeżenie", None),
    ("пока не доставлен", None),
    ("еще не доставлен", None),
    ("ещё не доставлен", None),
    ("только предупреждение", None),
    ("попытки доставки будут прод", None),
    ("引き続き配信", None),
    ("再送の必要はありません", None),
    ("配信が遅れて", None),
    ("继续尝试", None),
    ("无需重新发送", None),
    ("暂时无法投递", None),
    ("繼續嘗試", None),
    ("無需重新傳送", None),
    ("not yet been delivered", None),
    ("remains in the queue", None),
    ("remain in the queue", None),
    ("only a warning", None),
    ("attempts will continue", None),
    ("has not been delivered yet", None),
    ("delivery attempts will continue", None),
    ("will continue to be made", None),
    ("delay", re.compile(r"(?:delivery|message|mail)[^.\n]{0,60}(?:delayed|delay\b)|^delay(?:ed)?\b")),
    ("deferred", re.compile(r"(?:delivery|message|mail)[^.\n]{0,60}deferred")),
    ("will ", re.compile("will (?:be retried|keep trying|continue (?:to|trying)|retry|try again)")),
    ("could not send", re.compile("could not send (?:message|mail) for")),
)

# What a notice says once nobody will try again.
FINAL: tuple[Row, ...] = (
    ("no longer", None),
    ("not going to try again", None),
    ("too long", None),
    ("failed permanently", None),
    ("undeliverable", None),
    ("returned mail", None),
    ("endgültig", None),
    ("aufgegeben", None),
    ("définitiv", None),
    ("definitiv", None),
    ("окончательно", None),
    ("giving up", None),
    ("given up", None),
    ("give up", None),
    ("has failed", None),
    ("has expired", None),
    ("delivery failed", None),
    ("permanent", re.compile("permanent (?:fatal )?(?:error|failure)")),
    ("will not", re.compile("will not (?:be )?(?:retr|try)")),
    ("returned to", re.compile("returned to (?:the )?sender")),
    ("exceeded", re.compile("retry time(?:out)? exceeded")),
)

# What only a mail system speaks of: papers are rejected and orders not delivered.
OF_MAIL = re.compile(
    r"(?<![\w.@/-])[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}|[<:>] ?[45]\d\d |#[45]\.\d\.\d|\bsmtp\b|rcpt to|\bmx\b"
    r"|(?:user|recipient|mailbox|account|host|domain|addressee)(?: name)?s?(?:\(s\))? (?:\S+ ){0,3}?(?:unknown"
    "|not|does|doesn.t|full|over|disabled|invalid|inactive|unavailable)|(?:unknown|no such) (?:local )?(?:user"
    r"|recipient|host|address|mailbox|account)|mailbox full|over ?quota|quota exceeded|(?:mail|message)s? (?:\S+ ){0,3}?(?:cou"
    r"ld|can|was|has|were) ?(?:not|n.t) (?:be |been )?(?:\w+ )?(?:deliver|sent)",
)

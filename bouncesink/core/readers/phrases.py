"""Phrases: other people's words that tell how a mail looks. Drawn from rules/phrases/*.toml by scripts/phrases.py.

Change the tables there and draw this anew: each has its source, and the proof that tests hold it to. A ``Row`` is a literal
and what must stand around it where the literal alone says too little; literals are found at the speed of memory, so that hardly
any pattern is ever tried. Promises: linear patterns. Knows nothing of what is done with them.
"""

import re

Row = tuple[str, re.Pattern[str] | None]

# What mail systems call themselves in From.
DAEMON = re.compile(
    "mailer[-_. ]?daemon|mail[-_. ]?(?:daemon|deliver)|post[-_.]?master|mdaemon|delivery[-_. ](?:subsystem"
    "|system|status|agent|notification)|mail[-_. ]?(?:system|administrator|router|gateway)|system administrator"
    r"|mail\.delivery\.system|\bbounces?[-+@]|no-?reply@sns",
    re.IGNORECASE,
)

# What a notice of failure has in its subject.
SUBJECT = re.compile(
    "undeliver|returned (?:e-?)?mail|(?:mail|message|e-?mail)[^:]{0,20} (?:delivery )?(?:returned|failed|failure"
    "|error|problem)|delivery[^:]{0,30}(?:fail|status|problem|error|notif|delay|warning|report|unsuccess|not )"
    "|(?:failed|failure)[^:]{0,10} delivery|failure[^:]{0,10} (?:notice|report|notif)|returning message to sender"
    "|returned to sender|could not (?:be )?(?:send|sent|deliver)|non[- ]?(?:delivery|deliverable|remis|livr)"
    "|unable to deliver|not (?:be )?(?:delivered|deliverable)|(?:error|problem) (?:sending|delivering)|(?:user"
    "|host|address|recipient) unknown|unknown (?:user|recipient|address)|mail system error|rejected|bounce"
    "|there was an error|nicht (?:zugestellt|ausgeliefert)|n.a p(?:as )?u être|non (?:è stato )?(?:consegnat"
    "|recapitat)|não (?:pôde ser )?entregue|unzustellbar|zustell(?:ung|fehl)|fehlgeschlagen|unbestellbar|non remis"
    "|échec|echec|notification d.état|no entregad|no se (?:pudo|ha podido)|entrega[^:]{0,30}(?:falh|fall|notif)"
    "|devolvid|devuelto|mancata consegna|onbestelbaar|niet (?:worden )?afgeleverd|недоставл|не доставлен|niedostarcz"
    "|nie dostarcz|nedoruč|退信|无法|投递|未送達|配信|配送|送信できません|返送|エラー",
    re.IGNORECASE,
)

# What a mail program puts before the subject of an answer.
ANSWER = re.compile(
    r"\s*(?:re|aw|antw?|sv|vs|odp|rv|rif|ynt|回复|答复|返信)(?:\[\d+\])?\s*[:：]",
    re.IGNORECASE,
)

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
            r"n't (?:be |been |able to |yet been |yet be )?(?:\w+ )?(?:deliver|sen[dt]\b|reach|complete|process"
            "|accept)"
        ),
    ),
    (
        " not ",
        re.compile(
            r" not (?:be |been |able to |yet been |yet be )?(?:\w+ )?(?:deliver|sen[dt]\b|reach|complete|process"
            "|accept)"
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
            r"address(?:\(es\)|es)?[^\n]{0,60} (?:failed|failure|impossible|not possible|been suspended|aborted"
            "|problem|error)"
        ),
    ),
    (
        "recipient",
        re.compile(
            r"recipient(?:\(s\)|s)?[^\n]{0,60} (?:failed|failure|impossible|not possible|been suspended|aborted"
            "|problem|error)"
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

# A subject that is nothing but a request to be taken off.
UNSUBSCRIBE = re.compile(
    r"^\W*(?:(?:re|aw|fwd?)\s*:\s*)?(?:please )?(?:unsubscribe|remove(?: me)?|opt[- ]?out|sign ?off|abmelden"
    r"|austragen|désabonne\w*|désinscri\w*|cancelar suscripción|darse de baja|baja|descadastrar|cancella\w*"
    r"|afmelden|отписаться|配信停止|退订)\W*$",
    re.IGNORECASE,
)

# What a Sieve script says that throws a mail away and tells so.
REFUSAL = re.compile(
    r"\b(?:automatically )?(?:reject|refus)(?:ed|e?s|ing)\b",
    re.IGNORECASE,
)

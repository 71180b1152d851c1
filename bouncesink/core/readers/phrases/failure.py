"""What notices say of a mail that failed, and what only a mail system speaks of.

Drawn from rules/phrases/15-failure.toml by scripts/phrases.py: change the tables there and draw this anew. Promises and
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
    ("no se ha podido", None),
    ("no se han podido", None),
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
    (
        "nicht",
        re.compile(
            r"(?:konnte|kann|können|wurde)n?\b[^.\n]{0,90}\bnicht\b[^.\n]{0,90}(?:zugestellt|ausgeliefert|übermittelt"
            "|gesendet|erreicht|zustellen)"
        ),
    ),
    ("zustellung", re.compile(r"zustellung[^.\n]{0,90}(?:fehlgeschlagen|gescheitert|nicht möglich|abgebrochen)")),
    ("empfänger unbekannt", None),
    ("existiert nicht", None),
    ("échec de la remise", None),
    ("n'existe pas", None),
    ("désactivé", None),
    ("est pleine", None),
    ("fue devuelto", None),
    ("ha sido devuelto", None),
    ("mensagem devolvida", None),
    ("foi devolvid", None),
    ("desativad", None),
    ("consegna", re.compile(r"(?:impossibile|non (?:è stato )?(?:possibile )?)[^.\n]{0,30}consegna")),
    ("non recapitato", None),
    ("disattivat", None),
    ("niet afgeleverd", None),
    ("postvak", re.compile(r"postvak[^.\n]{0,90} is vol")),
    ("не доставлен", None),
    ("переполнен", None),
    ("заблокирован", None),
    ("被退回", None),
    ("退信", None),
    ("郵件退回", None),
    ("邮件退回", None),
    ("반송", None),
    ("가득 찼습니다", None),
    ("ei õnnestunud", None),
    ("no s'ha pogut lliurar", None),
    ("ไม่สามารถส่ง", None),
    ("iletilemedi", None),
    ("ulaştırılamadı", None),
    ("kunde inte levereras", None),
    ("kunne ikke afleveres", None),
    ("ei voitu toimittaa", None),
    ("toimittaminen epäonnistui", None),
    ("kézbesít", re.compile(r"(?:nem|sikertelen)[^.\n]{0,40} kézbesít|kézbesíthetetlen")),
    ("doručit", re.compile(r"(?:nebylo možné|nelze|nebolo možné|nemožno)[^.\n]{0,40} doručit|nedoručiteln")),
    ("nebolo možné doručiť", None),
    ("dostarcz", re.compile(r"(?:nie (?:można|mogła|mógł|została|zostala|udało się)[^.\n]{0,30}|nie)dostarcz")),
    ("nu a putut fi livrat", None),
    ("δεν παραδόθηκε", None),
    ("δεν ήταν δυνατή η παράδοση", None),
    ("не вдалося доставити", None),
    ("не може да бъде доставен", None),
    ("실패 원인", None),
    ("실패 사유", None),
    ("반송 사유", None),
    ("전송되지 ", None),
    ("전송하지 못", None),
    ("존재하지 않는", None),
    ("không thể gửi", None),
    ("không gửi được", None),
    ("gagal dikirim", None),
    ("tidak dapat dikirim", None),
    ("تعذر تسليم", None),
    ("לא ניתן למסור", None),
    ("nije isporučen", None),
    ("nepavyko pristatyti", None),
    ("neizdevās piegādāt", None),
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
            r"n't (?:be |been |have been |able to |yet been |yet be )?(?:\w+ )?(?:deliver|sen[dt]\b|reach|complete"
            "|process|accept)"
        ),
    ),
    (
        " not ",
        re.compile(
            r" not (?:be |been |have been |able to |yet been |yet be )?(?:\w+ )?(?:deliver|sen[dt]\b|reach|complete"
            "|process|accept)"
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
    ("there is no", re.compile(r"there is no (?:such )?(?:mailbox|user|recipient|addressee)\b")),
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
            "|are |was )?rejected|(?:was|been|is) rejected"
        ),
    ),
    ("refused", re.compile("(?:was|been) refused")),
    ("bounced", re.compile("(?:was|been) bounced")),
    ("you tried to reach", None),
    ("unknown at ", re.compile("unknown at (?:this|our|the) ")),
    ("no local ", re.compile("no local (?:user|recipient|mailbox|address|account|host|domain|addressee)")),
    (" blocked", re.compile(r"(?:mail|message)[^\n]{0,80} (?:was|been) blocked")),
    (
        "you sent",
        re.compile(
            r"(?:virus|worm|trojan|malware|infected)[^\n]{0,80} (?:in|within|inside) (?:an?|the) (?:e-?mail"
            "|mail|message) (?:that )?you sent"
        ),
    ),
    (
        "you sent",
        re.compile(
            r"(?:mail|message) (?:that )?you sent[^\n]{0,160} (?:was|been) (?:quarantined|deleted|removed|discarded|purged)"
        ),
    ),
    (
        "not a registered",
        re.compile(r"not a registered (?:\S+ )?(?:user|recipient|mailbox|address|account|host|domain|addressee)"),
    ),
    (
        " that name",
        re.compile(r"no (?:\w+ )?(?:user|recipient|mailbox|address|account|host|domain|addressee) (?:by|with|of) that name"),
    ),
    ("doručen", re.compile(r"(?:nebyla|nebyl|nebola|nebol|nepodarilo|nepodařilo)[^.\n]{0,40} doručen")),
    ("nepodařilo", re.compile(r"nepodařilo[^.\n]{0,60} doručit")),
    ("nepodarilo", re.compile(r"nepodarilo[^.\n]{0,60} doručiť")),
    ("не доставлено", None),
    ("не доставлена", None),
    ("未能送达", None),
    ("未能送達", None),
    ("送達できません", None),
    ("未配信", None),
    ("不達", None),
    ("発送できません", None),
    ("전달되지 ", None),
    ("배달하지 못", None),
    ("ส่งไม่สำเร็จ", None),
    ("gönderilemedi", None),
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
    ("pas été", re.compile("pas été (?:remise?s?|distribuée?s?|délivrée?s?|livrée?s?|acheminée?s?)")),
    (" #5.", re.compile(r" #5\.\d{1,3}\.\d{1,3}[ >]")),
    (" 5", re.compile(r"[ (<]5\d\d[ -]#?5\.\d{1,3}\.\d{1,3}(?![\w.])|>: 5\d\d ")),
    (" 4", re.compile(r"[ (<]4\d\d[ -]#?4\.\d{1,3}\.\d{1,3}(?![\w.])|>: 4\d\d ")),
)

# What only a mail system speaks of: papers are rejected and orders not delivered.
OF_MAIL = re.compile(
    r"(?=[45<:>#adhmnoqrsu])(?:(?<![\w.@/-])[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}|[<:>] ?[45]\d\d |#[45]\.\d\.\d"
    r"|\bsmtp\b|rcpt to|\bmx\b|(?:user|recipient|mailbox|account|host|domain|addressee)(?: name)?s?(?:\(s\))? (?:\S+ ){0,3}?(?"
    ":unknown|not|does|doesn.t|full|over|disabled|invalid|inactive|unavailable)|(?:unknown|no such) (?:local )?(?:user"
    r"|recipient|host|address|mailbox|account)|mailbox full|no mailbox\b|over ?quota|quota exceeded|unable to deliver (?:the"
    r"|this|your) (?:e-?mail|mail|message)|\bmessage (?:(?:that )?you sent )?to [^ \n]{1,100}@[^ \n]{1,100} (?:[^.\n]{1,120} )"
    r"?(?:was|has been) (?:rejected|refused|returned)|(?:mail|message)s? (?:\S+ ){0,3}?(?:could|can|was|has"
    r"|were) ?(?:not|n.t) (?:be |been )?(?:\w+ )?(?:deliver|sent))",
)

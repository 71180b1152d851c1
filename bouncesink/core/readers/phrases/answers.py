"""What machines and people write to a Return-Path that is no failure.

Drawn from rules/phrases/20-answers.toml by scripts/phrases.py: change the tables there and draw this anew. Promises and
shapes are those of the package.
"""

import re

from bouncesink.core.readers.phrases.row import Row

# A subject that is nothing but a request to be taken off.
UNSUBSCRIBE = re.compile(
    r"^\W*(?:\w[\w .-]{1,24}\]\W*)?(?:(?:re|aw|fwd?)\s*:\s*)?(?:please )?(?:unsubscribe(?:[ :-]{1,3}(?=\S{0,80}\d)\S{1,80})?"
    r"|remove(?: me)?|opt[- ]?out|sign ?off|abmelden|austragen|désabonne\w*|désinscri\w*|cancelar suscripción"
    r"|darse de baja|baja|descadastrar|cancella\w*|afmelden|отписаться|配信停止|退订)\W*$",
    re.IGNORECASE,
)

# What a Sieve script says that throws a mail away and tells so.
REFUSAL = re.compile(
    r"\b(?:automatically )?(?:reject|refus)(?:ed|e?s|ing)\b",
    re.IGNORECASE,
)

# What a mail program puts before the subject of a mail that it passes on.
PASSED_ON = re.compile(
    r"\s*(?:\[[\w .-]{1,24}\]\s*)?\[?(?:fwd?|wg|tr|enc|i|vl|转发|轉寄|転送)(?:\[\d+\])?\s*[:：]",
    re.IGNORECASE,
)

# What a mail system tells its own postmaster of somebody else's session.
OWN_TROUBLE = re.compile(
    r"\s*(?:\[[\w .-]{1,24}\]\s*)?(?:postfix smtp (?:server|client): errors from |message [\w-]{13,30} (?:has been )?frozen"
    r"|postfix log summar|pflogsumm|logwatch\b|(?:daily |weekly )?(?:mail|smtp)(?: server)? (?:statistics|summary"
    r"|log)\b|(?:spam |mail |your |e-?mail )*quarantine (?:report|summary|digest|notification)|bounce action notification)",
    re.IGNORECASE,
)

# What a person says who passes a notice on and asks what it means.
ASKS: tuple[Row, ...] = (
    ("i tried to", re.compile(r"\bi tried to (?:send|mail|e-?mail|write|reach|contact)")),
    ("i got ", re.compile(r"\bi (?:just )?got (?:this|the following|an? (?:error|bounce|message|mail))")),
    ("i get ", re.compile(r"\bi (?:always |still )?get (?:this|the following|an? (?:error|bounce))")),
    ("i received", re.compile(r"\bi (?:have |just )?received (?:this|the following|an? (?:error|bounce))")),
    ("i keep getting", None),
    ("what should i do", None),
    ("what can i do", None),
    ("what does this mean", None),
    ("can some", re.compile(r"\bcan some(?:body|one) (?:please )?(?:help|tell|explain|check|look)")),
    ("can any", re.compile(r"\bcan any(?:body|one) (?:please )?(?:help|tell|explain|check|look)")),
    ("can you", re.compile(r"\bcan you (?:please )?(?:help|tell|explain|check|look|fix)")),
    ("any idea", re.compile(r"\bany ideas?\b")),
    ("was soll ich", None),
    ("was kann ich", None),
    ("was bedeutet", None),
    ("können sie mir", None),
    ("können sie bitte", None),
    ("ich bekomme", re.compile("ich bekomme (?:immer |folgende|diese)")),
    ("ich habe", re.compile("ich habe (?:diese|folgende|gerade) ")),
    ("que dois-je faire", None),
    ("pouvez-vous", None),
    ("j'ai reçu ce", None),
    ("qué debo hacer", None),
    ("me pueden ayudar", None),
)

# How the subject of a feedback loop begins that sends no report part.
COMPLAINT = re.compile(
    r"^\s*(?:\[[\w .-]{1,24}\]\s*)?complaint about message from \[?\d",
    re.IGNORECASE,
)

# What is delivered, refused and returned that is no mail.
GOODS: tuple[Row, ...] = (
    ("parcel", None),
    ("shipment", None),
    ("courier", None),
    ("tracking n", None),
    ("your order", None),
    ("your package", None),
    ("the package", None),
    ("ihr paket", None),
    ("ihre sendung", None),
    ("ihre bestellung", None),
    ("votre colis", None),
    ("votre commande", None),
    ("su paquete", None),
    ("su pedido", None),
    ("il tuo ordine", None),
    ("la spedizione", None),
    ("uw pakket", None),
    ("fax delivery", None),
    ("the fax ", None),
    ("your fax", None),
    ("包裹", None),
    ("快递", None),
    ("快件", None),
    ("订单", None),
    ("訂單", None),
    ("荷物", None),
    ("お届け物", None),
    ("ご注文", None),
    ("商品", None),
    ("택배", None),
    ("주문", None),
    ("상품", None),
    ("посылк", None),
    ("заказ", None),
    ("курьер", None),
    ("przesyłk", None),
    ("zamówieni", None),
    ("zásilk", None),
    ("objednávk", None),
    ("kargo", None),
    ("sipariş", None),
)

# What those write who want a password and dress as a mail system.
LURE: tuple[Row, ...] = (
    ("pending", re.compile("pending (?:e-?mails?|messages?|mails?)")),
    ("release", re.compile("release (?:them|your|the|all|pending|messages?|e-?mails?)")),
    ("upgrade", re.compile("upgrade (?:your|the|now|quota|mailbox|storage)")),
    ("click", re.compile("click (?:here|the link|below|on)")),
    ("incoming", re.compile("incoming (?:e-?mails?|messages?|mails?)")),
    ("password", re.compile("(?:your|current|same|keep) password")),
)

# What a mail system tells the owner of a mailbox.
OWN_MAILBOX: tuple[Row, ...] = (
    ("your mailbox", re.compile(r"your mailbox (?:\S+ )?(?:is|has|was|will)\b")),
    ("your quota", None),
    ("your mail quota", None),
    ("your storage", None),
    ("your e-mail account", re.compile(r"your e-mail account (?:\S+ )?(?:is|has|will)\b")),
    ("your email account", re.compile(r"your email account (?:\S+ )?(?:is|has|will)\b")),
    ("ihr postfach", None),
    ("votre boîte", None),
    ("su buzón", None),
    ("tu buzón", None),
    ("la tua casella", None),
    ("la sua casella", None),
    ("uw mailbox", None),
    ("uw postvak", None),
    ("sua caixa", None),
    ("ваш почтовый ящик", None),
    ("您的邮箱", None),
)

# How a notice speaks of the mail that somebody sent.
SENT_MAIL = (
    "your message",
    "your mail ",
    "your e-mail ",
    "your email ",
    "you sent",
    "ihre nachricht",
    "ihre e-mail",
    "votre message",
    "su mensaje",
    "tu mensaje",
    "il suo messaggio",
    "il tuo messaggio",
    "uw bericht",
    "sua mensagem",
    "ваше сообщение",
    "ваше письмо",
    "您的邮件",
    "您发送",
)

# What every notice about a mail has in it: an account that nobody may log in to is disabled too.
OF_SENDING = re.compile(
    r"\bmails?\b|e-?mail|mailbox|message|deliver|recipient|addressee|\bsen[dt]\b|returned|bounce|smtp|rcpt",
    re.IGNORECASE,
)

"""By what words a notice in prose is taken apart.

Drawn from rules/phrases/60-prose.toml by scripts/phrases.py: change the tables there and draw this anew. Promises and
shapes are those of the package.
"""

import re

# One of these is in every line that announces recipients.
HEADING_HINTS = (
    "address",
    "recipient",
    "user",
    "person",
    "mailbox",
    "destina",
    "deliver",
    "sent",
    "send",
    "reach",
    "empfänger",
)

# A line that announces the recipients that failed.
HEADING = re.compile(
    r"(?:following|these|some|all|one or more|intended|failed|below|undeliverable)[^:\n]{0,50}(?:address(?:es"
    r"|\(es\))?|recipients?(?:\(s\))?|users?|person|mailbox(?:es)?|destinations?|addressees?)|(?:not |un|n't "
    r"|failed to |impossible to )(?:be )?(?:delivered|deliver|deliverable|sent|send|reach)[^:\n]{0,60}(?:to"
    r"|recipients?|address(?:es)?)[ \t]*+:?[ \t]*+$|failed addresses|addresses? (?:that )?(?:failed|had)|delivery (?:to"
    r"|failed|failure)[^:\n]{0,40}:?[ \t]*+$|(?:^|[ \t])(?:failed |unknown |invalid )?(?:recipients?|addressees?"
    r"|destinatario|empfänger)(?:\(s\))?[ \t]*+:[ \t]*+$",
)

# A line after which nobody is named any more.
SECTION = re.compile(
    r"^\W{0,6}-{3,}[^-\n]+-{3,}\W{0,6}$|^(?:your message|original message|transcript)\b.*:?\s*$",
    re.IGNORECASE,
)

# Mailboxes that failed nobody: those that notices tell people to write to.
NOBODY = re.compile(
    "(?:mailer-daemon|postmaster|mail-daemon|abuse|support|help(?:desk)?|(?:host|domain|mail)?-?admin|root"
    "|webmaster|info-?center|noreply|no-reply)@",
    re.IGNORECASE,
)

# What stands before an address that did not fail.
NOT_FOR = re.compile(
    r"(?:mailto:|contact|\bcall\b|e-?mail us|write to|^\s*(?:from|sender|reply-to|message-id|date|id)\s*:|report[^\n]{0,20} to"
    "|联系|聯絡|咨询|客服|問い合わせ|ご連絡|連絡先|문의|연락|обра(?:щайтесь|титесь|титься|щаться)|пишите|new (?:e-?mail )?add"
    "ress(?: is)?|neue (?:e-?mail-?|mail)?adresse|nouvelle adresse|nueva dirección|nuevo correo|novo (?:endereço"
    "|e-?mail)|nuovo indirizzo|nieuwe? (?:e-?mail)?adres|ny (?:e-?post|e-?mail|mail)?-?adress?e?|nowy adres"
    "|nová adresa|novú adresu|új (?:e-mail ?)?cím|новый адрес|нова адрес|yeni (?:e-?posta )?adres|新邮箱|新信箱"
    r"|新しい(?:メール)?アドレス|새 (?:메일|이메일)|please use|now use|moved to|kontakt|iletişim)[^\n@]{0,60}$",
    re.IGNORECASE,
)

# Words of a sentence that names whom a mail did not reach.
ABOUT_DELIVERY = re.compile(
    "(?:deliver(?:ing|ed|y)?|mail(?:ing)?|message|sent|send|reach|recipient|address|user|mailbox|account|rcpt to"
    "|failed|unknown|rejected|full|for)",
    re.IGNORECASE,
)

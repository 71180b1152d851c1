"""What mail programs write of a mail that was read (before RFC 2298, and some still do).

Drawn from rules/phrases/50-receipts.toml by scripts/phrases.py: change the tables there and draw this anew. Promises and
shapes are those of the package.
"""

import re

# How the subject of a receipt begins.
READ_SUBJECT = re.compile(
    r"\s*(?:\[[\w .-]{1,24}\]\s*)?(?:(?:not )?read|return receipt|message status - (?:opened|read|deleted)|gelesen"
    "|lu|non lu|leído|lid[oa]|letto|gelezen|läst|læst|przeczytano|прочитано|開封済み|已读|未读|okundu|okunmadı"
    "|未開封|nicht gelesen|ungelesen|niet gelezen|ongelezen|no leído|não lid[oa]|non letto|(?:ej |o)läst|(?:ikke )?lest"
    "|ikke læst|luettu|nie przeczytano|(?:ne)?přečteno|не прочитано) ?(?:[:：(]|-|$)",
    re.IGNORECASE,
)

# What a receipt says of when.
READ_ON = (
    "was read on",
    "was deleted without being read",
    "has been read",
    "was displayed on",
    "was received by:",
    "was opened by",
    "was deleted by",
    "wurde gelesen",
    "wurde am",
    "a été lu",
    "ha sido leído",
    "se leyó",
    "foi lida",
    "foi lido",
    "è stato letto",
    "is gelezen",
    "har lästs",
    "blev læst",
    "было прочитано",
    "została przeczytana",
    "開封されました",
    "tarihinde okundu",
    "被阅读",
    "已被读取",
    "ungelesen gelöscht",
    "ongelezen verwijderd",
    "supprimé sans ",
    "se eliminó sin",
    "eliminato senza ",
    "sem ser lid",
    "utan att ha lästs",
    "удалено непрочитанным",
    "удалено без прочтения",
)

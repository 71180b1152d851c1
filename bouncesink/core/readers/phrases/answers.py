"""What machines and people write to a Return-Path that is no failure.

Drawn from rules/phrases/20-answers.toml by scripts/phrases.py: change the tables there and draw this anew. Promises and
shapes are those of the package.
"""

import re

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

# What a mail program puts before the subject of a mail that it passes on.
PASSED_ON = re.compile(
    r"\s*\[?(?:fwd?|wg|tr|enc|i|vl|转发|轉寄|転送)(?:\[\d+\])?\s*[:：]",
    re.IGNORECASE,
)

# What a mail system tells its own postmaster of somebody else's session.
OWN_TROUBLE = re.compile(
    r"\s*postfix smtp (?:server|client): errors from ",
    re.IGNORECASE,
)

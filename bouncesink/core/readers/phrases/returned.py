"""How notices announce the mail that comes back.

Drawn from rules/phrases/70-returned.toml by scripts/phrases.py: change the tables there and draw this anew. Promises and
shapes are those of the package.
"""

import re

# A line that announces the original, whatever it is dressed in.
ANNOUNCED = re.compile(
    r"\n[^\w\n]{0,60}+(?=[abcefhimortuy])(?:(?:(?:below|after) this line|this|enclosed|included|following|below"
    r"|here|attached) is (?:a|the) copy of (?:the|your)(?: original| failed| returned)? (?:message|mail|e-mail)\b[^\n]{0,60}"
    "|(?:(?:the|your|a copy of the) )?(?:original|returned|unsent|undelivered|failed|rejected) (?:message|mail"
    "|e-mail|text)(?: headers?| text| contents?| body)?(?: follows?| is following| as follows| is as follows"
    "| below| is attached below)?|(?:the )?(?:message )?(?:headers?|text|body|contents?)(?: of the(?: original"
    "| returned| unsent)? (?:message|mail))? (?:follows?|is following|as follows)|the headers? of the original message is fol"
    r"lowing)[^\w\n]{0,60}$",
    re.IGNORECASE | re.MULTILINE,
)

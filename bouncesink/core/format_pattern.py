r"""Patterns of formats: how a line of somebody's notice looks, written as a regular expression with names in braces.

``<{recipient}>: {diagnostic}`` says what the reader takes out. Each name stands for a group of the same name whose expression
is given here, once and linear; what a format's author writes around them is checked for slowness when it is read. Upper and
lower case are the same. Promises: reading never raises and notes every problem. Knows nothing of any format.
"""

import re

from bouncesink.core.problems import Table, nearest
from bouncesink.core.slowness import slowness

# Where no blank is set between words, as in Chinese and Japanese, a domain ends with the script of its last label.
_DOMAIN = (
    r"(?:\[[0-9A-Za-z.:]{3,80}\]"
    r"|(?:[\w-]{1,63}\.){0,30}(?:[A-Za-z0-9_\u00c0-\u024f-]{1,63}|[^\W\dA-Za-z_\u00c0-\u024f]{1,63}))"
)
_MARKS = "：，；、。・（）［］【】「」『』〈〉《》＜＞"  # wide ones, which stand beside an address and never in it
# A quoted local part holds blanks; a source route (RFC 5321 section 4.1.1.3) is taken off by the address parser.
_ADDRESS = rf"(?:@[^\s<>:]{{1,200}}:)?(?:\"[^\"<>]{{1,64}}\"|[^\s<>@\"{_MARKS}]{{1,200}})@{_DOMAIN}"
# Never tried from the middle of a word, so that a search for it stays linear.
_HOST = r"(?<![\w.-])[\w\[](?:[\w.:-]{0,252}[\w\]])?"
_COMMAND = (
    r"(?:end of |final )?DATA|RCPT|MAIL|EHLO|HELO|LHLO|STARTTLS|AUTH|BDAT|VRFY|RSET|QUIT"
    r"|(?:initial )?connection|connect|greeting|message body|final dot"
)

# What a format may take out of a text, and how that looks.
PLACEHOLDERS = {
    "recipient": _ADDRESS,
    "original_recipient": _ADDRESS,
    "name": r"\S(?:.{0,198}\S)?",
    "diagnostic": r"\S.{0,1999}",
    "status": r"[245]\.\d{1,3}\.\d{1,3}",
    "reply_code": r"[245]\d\d",
    "remote_mta": _HOST,
    "reporting_mta": _HOST,
    "command": _COMMAND,
}

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def read_patterns(table: Table, key: str) -> tuple[re.Pattern[str], ...]:
    """The patterns of a key, those left out that do not hold."""
    compiled = [_compiled(table, f"{key} {number}", text) for number, text in enumerate(table.texts(key), start=1)]
    return tuple(pattern for pattern in compiled if pattern is not None)


def _compiled(table: Table, place: str, text: str) -> re.Pattern[str] | None:
    def wrong(what: str) -> None:
        table.wrong(f"{place}: {what}")

    for name in _PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS:
            wrong(f"{{{name}}} is no name{nearest(name, PLACEHOLDERS)}")
            return None
    why = slowness(_PLACEHOLDER.sub("x", text))
    if why:
        wrong(why)
    try:
        pattern = re.compile(_PLACEHOLDER.sub(lambda name: f"(?P<{name[1]}>{PLACEHOLDERS[name[1]]})", text), re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        wrong(str(error))
        return None
    for group in pattern.groupindex:
        if group not in PLACEHOLDERS:
            wrong(f"group {group!r} is no name{nearest(group, PLACEHOLDERS)}")
    if not pattern.groupindex:
        wrong("takes nothing out: name something in braces, such as {recipient}")
    return pattern

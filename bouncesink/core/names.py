"""Names: where the names of hosts, addresses and URLs stand in an answer. RFC 5321 section 4.1.2, RFC 3986.

Who is called ``antispam.example.org`` or ``mailbox-full@example.org`` has not said so: the words of names are nobody's answer.
Promises: linear and bounded. Knows nothing of what words mean.
"""

import re

# What names do not hold, and "" at both ends of a text: between two of these a word stands by itself.
APART = frozenset(("", *" ,;:!?()[]\"'<>"))
_TRIES = 8
_SPELLED = re.compile(r"[@/]|\.\w|https?:")
# Of a host all but its last label, which says nothing and is no word of anybody's: what looks like one, as in "err.nosuchuser"
# and "unknown.Please", is an answer.
_NAME = re.compile(
    r"[^\s<>()\[\]\"',;:]+@[\w[-]+(?>(?:\.[\w[-]+)*)|(?<=://)[^\s<>\"]+|(?<![\w.-])(?:[\w-]{1,63}\.)+[a-z]{2,}/[^\s<>\"]*"
    r"|(?<![\w.-])(?:[\w-]{1,63}\.)+(?=(?:[a-z]{2,}|[A-Z]{2,})(?![\w-]))"
)


def is_spelled(words: str) -> bool:
    """Whether words name a host, an address or a URL themselves, and so mean to be found inside one."""
    return _SPELLED.search(words) is not None


def within_name(text: str, start: int, end: int) -> bool:
    """Whether what stands at these places is part of a name, or runs into one."""
    left, right = text.rfind(" ", 0, start) + 1, text.find(" ", end)
    near = text[left : right if right >= 0 else len(text)]
    if "@" not in near and "." not in near[:-1] and "://" not in near:
        return False
    return any(name.start() + left < end and name.end() + left > start for name in _NAME.finditer(near))


def stands_outside(text: str, start: int, end: int) -> bool:
    """Whether these words are no part of a name, or spell one themselves."""
    if text[end : end + 1] in APART and text[start - 1 : start] in APART:
        return True
    return is_spelled(text[start:end]) or not within_name(text, start, end)


def search_outside(pattern: re.Pattern[str], text: str, low: str) -> re.Match[str] | None:
    """The first match in ``low``, which is ``text`` in lower case, that is no part of a name; of the first few."""
    place = 0
    for _ in range(_TRIES):
        match = pattern.search(low, place)
        if match is None or stands_outside(text, *match.span()):
            return match
        place = max(match.end(), match.start() + 1)
    return None

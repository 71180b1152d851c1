"""Challenge-response: a stranger's filter that wants proof that somebody is there. It is no failure, however it is dressed.

Promises: linear; a few words are looked for before any pattern is tried. Knows nothing of what to do with one.
"""

from bouncesink.core.readers.phrases import challenge as phrases

_SCANNED = 4096


def is_challenge(subject: str, text: str) -> bool:
    """Whether it asks the sender to confirm. ``text`` is without the original."""
    head = text[:_SCANNED]
    small = head.lower()
    if any(map(small.__contains__, phrases.HINTS)) and phrases.CHALLENGE.search(" ".join(head.split())):
        return True
    return bool(subject) and phrases.CHALLENGE_SUBJECT.search(subject) is not None

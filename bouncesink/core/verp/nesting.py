"""Nesting: what others wrap our address in before they send, and how to take it off.

BATV (draft-levine-smtp-batv, both orders that were ever in use), Barracuda's ``btv1``, and the Sender Rewriting Scheme's SRS0
and SRS1. None of these tags is ours to check: whoever wrapped the address holds the key. What is inside is believed for its own
tag alone, so wrapping adds nothing and costs nothing. Linear, bounded, total.
"""

import re
from dataclasses import replace

from bouncesink.core.address import to_ascii_domain
from bouncesink.core.verp.attribution import Nesting
from bouncesink.core.verp.path import ForwardPath

MAX_NESTING = 3

# The draft's tag is K DDD and six hex digits; Proofpoint's and IronPort's are shorter or longer. The old order put it last.
# Tried from the most to the least exact, since a local part may look like a tag.
_WRAPPINGS: tuple[tuple[Nesting, re.Pattern[str]], ...] = tuple(
    (nesting, re.compile(pattern, re.IGNORECASE | re.ASCII))
    for nesting, pattern in (
        (Nesting.BATV, r"prvs=\d{4}[0-9a-f]{6}=(?P<local>.+)"),
        (Nesting.BATV, r"prvs=(?P<local>.+)=\d{4}[0-9a-f]{6}"),
        (Nesting.BATV, r"prvs=[0-9a-z]{6,16}=(?P<local>.+)"),
        (Nesting.BARRACUDA, r"btv1==[0-9a-z]{1,32}==(?P<local>.+)"),
        (Nesting.SRS0, r"srs0[=+-][^=]{1,32}=[a-z2-7]{2}=(?P<domain>[^=]{1,253})=(?P<local>.+)"),
        (Nesting.SRS1, r"srs1[=+-][^=]{1,32}=[^=]{1,253}=[=+-][^=]{1,32}=[a-z2-7]{2}=(?P<domain>[^=]{1,253})=(?P<local>.+)"),
    )
)
_MARKS = ("prvs=", "btv1=", "srs0=", "srs0+", "srs0-", "srs1=", "srs1+", "srs1-")


def unwrap(path: ForwardPath) -> tuple[Nesting, ForwardPath] | None:
    """One wrapping taken off, or None where there is none. SRS names the domain inside; the others keep it."""
    if path.local[:5].lower() not in _MARKS:
        return None
    for nesting, pattern in _WRAPPINGS:
        match = pattern.fullmatch(path.local)
        if match is None:
            continue
        groups = match.groupdict()
        domain = to_ascii_domain(groups["domain"]) if "domain" in groups else path.domain
        if domain is not None:
            return nesting, replace(path, local=match["local"], domain=domain)
    return None

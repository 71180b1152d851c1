"""RFC 3464 section 2.1 field groups: one per message, then one per recipient, as they really come.

Promises: total, linear and bounded. A group begins where RFC 3464 says, at a blank line, or where it must have been meant: a
recipient's field that is there already begins the next recipient, with or without a blank line; a blank line in the middle of
a recipient's fields splits nothing; a message's field is the message's wherever it stands. Of recipients beyond ``limit`` only
the number is kept. A field that lists several recipients makes a group for each (``apart``). Knows names, not meanings: what
an Action or a Status says is the reader's to read.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from bouncesink.core.address import decode_utf8_addr_xtext, parse, parse_all
from bouncesink.core.charset import decode_header
from bouncesink.core.defect import Defect

Fields = Mapping[str, str]

# RFC 3464 section 2.2. Everything else that is not of a recipient stays in the group that it stands in.
_OF_MESSAGE = frozenset(("reporting-mta", "original-envelope-id", "arrival-date", "received-from-mta", "dsn-gateway"))
_NAMES_RECIPIENT = frozenset(("final-recipient", "original-recipient", "x-actual-recipient"))
# RFC 3464 section 2.3.
_OF_RECIPIENT = _NAMES_RECIPIENT | frozenset(
    ("action", "status", "remote-mta", "diagnostic-code", "last-attempt-date", "final-log-id", "will-retry-until")
)

# Stands for a line end inside a field while a text is cut into its fields.
_FOLD = "\x01"
_RECIPIENT_LINE = re.compile(r"^final-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
_SPACE = " \t" + _FOLD
_VALUE_LIMIT = 8192


class FieldGroups(NamedTuple):
    """Names in lower case, values unfolded, the first that is not empty; ``omitted`` counts recipients over the limit."""

    message: Fields
    recipients: tuple[Fields, ...]
    omitted: int = 0
    defects: tuple[Defect, ...] = ()


def parse_fields(text: str, limit: int = 100) -> FieldGroups:
    """The field groups of a delivery-status part, whose line ends are LF."""
    message: dict[str, str] = {}
    group = message
    recipients: list[dict[str, str]] = []
    bad = after_blank = False
    # By string methods, which are several times faster here than one pattern with groups.
    for line in text.replace("\n\t", _FOLD).replace("\n ", _FOLD).split("\n"):
        name, colon, value = line.partition(":")
        key = name.lower()
        of_recipient = key in _OF_RECIPIENT
        if not colon or not of_recipient:
            key = key.rstrip(" \t")
            if not colon or " " in key or not key:
                after_blank = after_blank or not line.strip(_SPACE)
                bad = bad or not after_blank
                continue
            of_recipient = key in _OF_RECIPIENT
        if of_recipient:
            # Most fields are neither the first of their group nor there already.
            odd = after_blank or key in group or group is message
            if odd and _begins(key, value, group, message, after_blank=after_blank):
                if len(recipients) == limit:
                    omitted = max(1, len(_RECIPIENT_LINE.findall(text)) - limit)
                    return FieldGroups(message, tuple(recipients), omitted, (Defect.RECIPIENTS_CUT,))
                group = {}
                recipients.append(group)
            target = group
        else:
            target = message if key in _OF_MESSAGE else group
        after_blank = False
        if key not in target or not target[key]:
            if _FOLD in value:
                value = " ".join([piece.strip() for piece in value.split(_FOLD)])
            value = value.strip()
            target[key] = value if len(value) <= _VALUE_LIMIT else value[:_VALUE_LIMIT]
    return FieldGroups(message, tuple(recipients), 0, (Defect.BAD_FIELD_LINE,) if bad else ())


def _begins(key: str, value: str, group: dict[str, str], message: dict[str, str], *, after_blank: bool) -> bool:
    """Whether a recipient's field is the first of another recipient; a line that is there twice names nobody else."""
    if group is message:
        return True
    if key in _NAMES_RECIPIENT:
        if not after_blank and group.get(key) == value.strip() and group.keys() <= _NAMES_RECIPIENT:
            return False
        return key in group or (after_blank and not _NAMES_RECIPIENT.isdisjoint(group))
    return after_blank and key in group


def apart(groups: FieldGroups, limit: int = 100) -> FieldGroups:
    """The same with a group for each recipient, where one field names several by commas."""
    for fields in groups.recipients:
        if "," in fields.get("final-recipient", "") or "," in fields.get("original-recipient", ""):
            break
    else:
        return groups
    recipients = [each for fields in groups.recipients for each in _each_named(fields)]
    omitted = max(0, len(recipients) - limit)
    defects = groups.defects if not omitted or groups.omitted else (*groups.defects, Defect.RECIPIENTS_CUT)
    return FieldGroups(groups.message, tuple(recipients[:limit]), groups.omitted + omitted, defects)


def _each_named(fields: Fields) -> list[Fields]:
    """Lists of one length name the same recipients, one by one; a single name is that of all; else each stands for itself."""
    finals, originals = listed(fields.get("final-recipient", "")), listed(fields.get("original-recipient", ""))
    longer = max(len(finals), len(originals))
    if longer < 2:
        return [fields]
    if len(finals) > 1 < len(originals) != len(finals):
        pairs = [(final, "") for final in finals] + [("", original) for original in originals if original not in finals]
    else:
        pairs = [*zip(*(names if len(names) == longer else names * longer for names in (finals, originals)), strict=True)]
    return [{**fields, "final-recipient": final, "original-recipient": original} for final, original in pairs]


_TYPED = re.compile(r"[ \t<]*([A-Za-z][A-Za-z0-9-]{0,63})[ \t]*;[ \t]*(.*)", re.DOTALL)


def typed(value: str) -> tuple[str, str]:
    """``dns; host`` to ("dns", "host"), RFC 3464 section 2.1.2; a type that is repeated is taken off again, "" if none is."""
    found = ""
    while (match := _TYPED.match(value)) is not None:
        kind = match[1].lower()
        if found and kind != found:
            break
        found, value = kind, match[2]
    return found, value.strip()


def listed(value: str) -> tuple[str, ...]:
    """Each recipient that a field lists, as a field of its own; the field as it is where commas are something else's.

    They stand in quotes, in source routes (RFC 5321 section 4.1.1.3), in display names, pipes and distinguished names too.
    """
    rest = typed(value)[1] if "," in value else ""
    if not rest or rest[0] in "|/":
        return (value,)
    found = parse_all(rest)
    if len(found) < 2 or not all(each.domain for each in found):
        return (value,)
    return tuple({each.key: str(each) for each in reversed(found)}.values())[::-1]


_USUAL = re.compile(r"rfc822;[ \t]*<?(?!IMCEA)([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]*[A-Za-z0-9])>?", re.IGNORECASE)


# The address that an X.400 name carries in a domain-defined attribute (RFC 2156 section 4.2).
_X400 = re.compile(r"\bdda[:.](?:type=)?(?:rfc-?822|smtp)(?:;dda\.value)?=([^;/\s]{3,320})", re.IGNORECASE)


def recipient(value: str) -> str | None:
    """The address of a recipient field, None where it names none that anybody could write to."""
    usual = _USUAL.fullmatch(value)
    if usual is not None:
        return usual[1]
    if "=?" in value:
        value = decode_header(value.encode("utf-8", "replace"))  # RFC 2047 does not allow it there
    kind, rest = typed(value)
    inside = _X400.search(rest) if "=" in rest else None
    if inside is not None:
        rest = inside[1].replace("(a)", "@").replace("(u)", "_")
    if rest.startswith(("|", "/")) and "@" not in rest:
        return None  # a pipe, a file or an X.400 name: where the mail went, not to whom
    address = parse(decode_utf8_addr_xtext(rest) if kind == "utf-8" else rest)
    return str(address) if address is not None else None


def mailbox_behind(final: str, actual: str) -> str | None:
    """The mailbox that failed behind an alias or a group: sendmail names it beside the alias, as actual."""
    address = None if not actual or "|" in actual else recipient(actual)
    another = address is not None and "@" in address and "@" in final and address.casefold() != final.casefold()
    return address if another else None


_XTEXT = re.compile(r"\+(2B|3D)")
_PLAIN = {"2B": "+", "3D": "="}


def unxtext(address: str | None) -> str | None:
    """The address of an ORCPT that was copied as it came (RFC 3461 section 4): two octets always stand in it as xtext.

    Nothing else is decoded: "+42" after a name is a sub-address.
    """
    return address if address is None or "+" not in address else _XTEXT.sub(lambda match: _PLAIN[match[1]], address)


def host(value: str) -> str | None:
    """The name of an MTA field, without its type and a trailing dot; None where there is none."""
    if not value:
        return None
    name = value[5:] if value.startswith("dns; ") and ";" not in value[5:] else typed(value)[1]
    return name.rstrip(".") or None

"""Any text is at most 100 groups of fields of RFC 3464, their names in lower case, their values unfolded and cut."""

from bouncesink.core.fields import host, parse_fields, recipient, typed
from bouncesink.core.readers.diagnostics import diagnose, status_of

LIMIT = 100
VALUE = 8_192


def check(data: bytes) -> None:
    text = data.decode("latin-1").replace("\r", "")
    groups = parse_fields(text, LIMIT)
    assert len(groups.recipients) <= LIMIT
    assert (groups.omitted > 0) == bool(len(groups.recipients) == LIMIT and groups.omitted)
    for group in (groups.message, *groups.recipients):
        for name, value in group.items():
            assert name == name.lower()
            assert " " not in name
            assert "\n" not in value
            assert len(value) <= VALUE
            check_value(value)
    check_value(text[:VALUE])


def check_value(value: str) -> None:
    kind, rest = typed(value)
    assert kind == kind.lower()
    assert rest == rest.strip()
    said = recipient(value)
    assert said is None or said
    assert host(value) != ""
    status_of(value)
    diagnostic = diagnose(value)
    assert diagnostic.reply_code is None or 200 <= diagnostic.reply_code <= 599

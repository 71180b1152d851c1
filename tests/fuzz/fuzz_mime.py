"""Any bytes whatsoever are taken apart into at most 200 parts, none deeper than 20, each after its parent and inside it."""

from bouncesink.core.content import LIMITS
from bouncesink.core.mime import payload, split, text_of


def check(data: bytes) -> None:
    parts, defects = split(data)
    assert 1 <= len(parts) <= LIMITS.parts
    assert len(set(defects)) == len(defects)
    for number, part in enumerate(parts):
        assert part.depth <= LIMITS.depth
        assert (part.parent == -1) == (number == 0)
        assert part.parent < number
        if number:
            assert part.depth == parts[part.parent].depth + 1
            assert part.body in parts[part.parent].body
        assert part.content_type == part.content_type.lower()
        octets, _ = payload(part)
        assert len(octets) <= len(part.body)
        text, _ = text_of(part)
        text.encode("utf-8", "surrogatepass")
        assert "\r" not in text
        assert "\0" not in text
        for name in part.headers:
            assert name == name.lower()
            part.header(name).encode("utf-8")

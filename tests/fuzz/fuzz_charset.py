"""Any octets under any charset's name are text that UTF-8 can spell, as a body and as a header, and never an exception."""

from bouncesink.core.charset import decode_header, decode_text
from bouncesink.core.parameters import boundary_of, media_type, parse_parameters


def check(data: bytes) -> None:
    """The first line names the charset, the rest is in it."""
    name, _, octets = data.partition(b"\n")
    text, defects = decode_text(octets, name.decode("latin-1"))
    text.encode("utf-8")
    assert len(text) <= len(octets) * 2 + 2
    assert len(defects) <= 2
    header = decode_header(data)
    header.encode("utf-8")
    assert "\n" not in decode_header(octets.replace(b"\r", b"").replace(b"=0A", b"").replace(b"=?", b"")), "it is unfolded"
    media_type(data).encode("utf-8")
    boundary_of(data)
    for key, value in parse_parameters(b"text/plain; " + data).items():
        key.encode("utf-8")
        value.encode("utf-8")

"""Octets that are looked for by themselves, as numbers. RFC 20.

``CR in text`` is found at the speed of memory. Of a CR in bytes the interpreter first asks whether it is a number, which takes
five times as long. Knows no other module.
"""

NUL, SOH, LF, CR, ESC = b"\0\x01\n\r\x1b"

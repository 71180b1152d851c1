"""Nothing that a stranger repeats, wherever it stands in a mail of 200 kB, keeps us for longer than a second of CPU.

A mail of that size takes some ten milliseconds; what takes a hundred times as long is a pattern or a loop that is not linear.
"""

import time

from fuzz_reading import FORMATS

from bouncesink.core.reading import read

SIZE = 200_000
LIMIT_SECONDS = 1.0
DSN = b"Content-Type: multipart/report; boundary=b1\n\n--b1\nContent-Type: message/delivery-status\n\n"
DAEMON = b"From: MAILER-DAEMON@mail.example.org\nSubject: failure notice\n"


def one_line(unit: bytes, size: int) -> bytes:
    return unit.replace(b"\n", b" ").replace(b"\r", b" ") * (size // len(unit))


def recipients(unit: bytes) -> bytes:
    told = one_line(unit, 2000)
    return DSN + b"".join(
        b"Final-Recipient: rfc822; %b\nOriginal-Recipient: rfc822; %b\nAction: failed\nDiagnostic-Code: smtp; 550 %b\n\n"
        % (told[:1000], told[1000:2000], told[:200])
        for _ in range(100)
    )


PLACES = (
    lambda unit: DAEMON + b"\n" + unit * (SIZE // len(unit)),
    lambda unit: DAEMON + b"Content-Type: text/html\n\n" + unit * (SIZE // len(unit)),
    lambda unit: DAEMON + b"\n" + b"\n".join([one_line(unit, 990)] * (SIZE // 1000)),
    lambda unit: b"From: MAILER-DAEMON@a.example\nSubject: " + one_line(unit, 30_000) + b"\n\nuser unknown\n",
    lambda unit: (
        b"From: " + one_line(unit, 30_000) + b"\nTo: " + one_line(unit, 30_000) + b"\nReturn-Path: <>\n\nuser unknown\n"
    ),
    lambda unit: b"X-Failed-Recipients: " + one_line(unit, 60_000) + b"\n\nuser unknown\n",
    lambda unit: (
        b"Content-Type: multipart/mixed; boundary=" + one_line(unit, 30_000) + b"\n\n" + unit * (SIZE // 2 // len(unit))
    ),
    lambda unit: unit * (SIZE // len(unit)),
    lambda unit: DSN + unit * (SIZE // len(unit)),
    lambda unit: DSN + b"Final-Recipient: rfc822; a@b.example\nAction: failed\nDiagnostic-Code: smtp; " + one_line(unit, SIZE),
    recipients,
)

SEEDS = [
    bytes((place,)) + unit
    for place in range(len(PLACES))
    for unit in (
        b"a",
        b"a ",
        b"\n",
        b'"',
        b'""',
        b'""@',
        b"\\(",
        b"(",
        b"<",
        b"@",
        b"a@b.example ",
        b"=?utf-8?Q?a?=",
        b"; a=b",
        b"--b1\n",
        b"550-5.1.1 ",
    )
]


def check(data: bytes) -> None:
    """The first octet says where, the rest is what is repeated."""
    unit = data[1:65] or b"a"
    mail = PLACES[data[0] % len(PLACES) if data else 0](unit)
    start = time.process_time()
    read(mail, FORMATS)
    spent = time.process_time() - start
    assert spent < LIMIT_SECONDS, f"{spent:.1f} s for {len(mail)} octets"

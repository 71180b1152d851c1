"""What the SMTP front says: every line of its own, spelled for the wire (RFC 5321 section 4.2, RFC 2034).

Promises: every 2xx, 4xx and 5xx carries an enhanced status code, aiosmtpd's own included, except where RFC 2034 section 4 has
none: the greeting, the answers to HELO, EHLO and LHLO, and 354. Nothing that a stranger said is ever echoed. What is said of a
mail is not here but in ``bouncesink.core.reply``, where every front finds it. ``docs/reference/smtp.md`` lists both, and a test
holds it to them.
"""

from bouncesink.core import reply as core
from bouncesink.core.mail import Via
from bouncesink.core.reply import Reply
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.value import value

LAST_WORDS = frozenset({221, 421})  # RFC 5321 section 4.2.3: after these the server closes


@value
class Line:
    """One reply as it goes out: ``wire`` is one or more lines with their CRLF, ``code`` their common reply code."""

    code: int
    wire: bytes


def spell(reply: Reply) -> Line:
    """A Reply in SMTP's alphabet."""
    return Line(reply.code, f"{reply}\r\n".encode("ascii", "replace"))


def plain(code: int, *texts: str) -> Line:
    """A reply without enhanced status code, of one line for each of ``texts``."""
    lines = [f"{code}-{text}\r\n" for text in texts[:-1]] + [f"{code} {texts[-1]}\r\n"]
    return Line(code, "".join(lines).encode("ascii", "replace"))


def _line(code: int, status: str, text: str) -> Line:
    parsed = EnhancedStatusCode.find(status)
    assert parsed is not None
    return spell(Reply(code, parsed, text))


OK = _line(250, "2.0.0", "ok")
REVERSE_PATH_OK = _line(250, "2.1.0", "reverse-path ok")
RECIPIENT_OK = spell(core.RECIPIENT_OK)
CANNOT_VERIFY = _line(252, "2.5.0", "cannot verify, but will take mail for addresses of ours")
READY_FOR_TLS = _line(220, "2.0.0", "ready to start TLS")
BYE = _line(221, "2.0.0", "bye")
START_CONTENT = plain(354, "end content with <CRLF>.<CRLF>")

HELO_SYNTAX = plain(501, "syntax: HELO hostname")
EHLO_SYNTAX = plain(501, "syntax: EHLO hostname")
LHLO_SYNTAX = plain(501, "syntax: LHLO hostname")
MAIL_SYNTAX = _line(501, "5.5.4", "syntax: MAIL FROM:<reverse-path> [parameters]")
RCPT_SYNTAX = _line(501, "5.5.4", "syntax: RCPT TO:<forward-path> [parameters]")
BAD_PARAMETERS = _line(501, "5.5.4", "bad parameter syntax")
BAD_REVERSE_PATH = _line(501, "5.1.7", "bad reverse-path syntax")
BAD_ADDRESS = spell(core.BAD_ADDRESS)
NO_ARGUMENT_WANTED = _line(501, "5.5.4", "this command takes no argument")
BAD_ARGUMENT = _line(501, "5.5.4", "bad argument")

THIS_IS_LMTP = _line(500, "5.5.1", "this is LMTP, send LHLO")
UNKNOWN_COMMAND = _line(500, "5.5.1", "unknown command")
COMMAND_TOO_LONG = _line(500, "5.5.2", "command line too long")
NOT_IMPLEMENTED = _line(502, "5.5.1", "command not implemented")
HELO_FIRST = _line(503, "5.5.1", "send EHLO or HELO first")
LHLO_FIRST = _line(503, "5.5.1", "send LHLO first")
NESTED_MAIL = _line(503, "5.5.1", "a transaction is open already, send RSET first")
NESTED_TLS = _line(503, "5.5.1", "a transaction is open, send RSET before STARTTLS")
MAIL_FIRST = _line(503, "5.5.1", "send MAIL first")
RCPT_FIRST = _line(503, "5.5.1", "no recipient was accepted, send RCPT first")

TOO_BIG = spell(core.TOO_BIG)
TOO_MANY_RECIPIENTS = spell(core.TOO_MANY_RECIPIENTS)
TIMED_OUT = _line(421, "4.4.2", "timed out waiting for you")
TOO_MANY_ERRORS = _line(421, "4.7.0", "too many errors in this session")
TOO_MANY_ERRORS_OF_YOURS = _line(421, "4.7.0", "too many errors from your network, try again later")
TOO_MANY_COMMANDS = _line(421, "4.7.0", "too many commands in this session")
TOO_SLOW = _line(421, "4.4.2", "content comes too slowly")
SESSION_TOO_LONG = _line(421, "4.4.2", "session takes too long, come again")
SHUTTING_DOWN = spell(core.SHUTTING_DOWN)
TOO_BUSY = spell(core.TOO_BUSY)
TOO_MANY_OF_YOURS = spell(core.TOO_MANY_OF_YOURS)
NO_ROOM = spell(core.NO_ROOM)

# What aiosmtpd says of its own accord, by its reply code: our words, so that no argument of a stranger's comes back.
_OF_AIOSMTPD = {"252": CANNOT_VERIFY, "501": BAD_ARGUMENT, "502": NOT_IMPLEMENTED}


def translate(status: str | bytes) -> Line:
    """What one of aiosmtpd's own commands pushed, as ours. 250 is its help text, which RFC 5321 section 4.2.3 numbers 214."""
    text = status.decode("ascii", "replace") if isinstance(status, bytes) else status
    code, _, words = text.partition(" ")
    if code == "250":
        return _line(214, "2.0.0", words)
    return _OF_AIOSMTPD.get(code, NOT_IMPLEMENTED)


def greeting(hostname: str, via: Via = Via.SMTP) -> Line:
    return plain(220, f"{hostname} {'LMTP' if via is Via.LMTP else 'ESMTP'} bouncesink")


def answer_to_helo(hostname: str) -> Line:
    return plain(250, hostname)


def answer_to_ehlo(hostname: str, size_limit: int, *, starttls: bool = False) -> Line:
    """What we offer is what we do. DSN is not offered: RFC 3461 would have us send notifications, and we never send."""
    offers = ("PIPELINING", f"SIZE {size_limit}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
    return plain(250, hostname, *(("STARTTLS",) if starttls else ()), *offers)

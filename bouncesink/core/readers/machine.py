"""Machine reports: what receivers send about whole domains. DMARC (RFC 7489 section 7.2.1), TLS-RPT (RFC 8460).

Promises: recognised by their types and names only; nothing is unpacked. They come to a Return-Path domain by mistake or for
want of another mailbox, some with a null reverse-path, and are no verdict on anybody.
"""

import re

from bouncesink.core.readers.message import Message
from bouncesink.core.report import Kind, Report

_SUBJECT = re.compile(r"^\W*report[- ]domain:.{1,300}\bsubmitter:|\bdmarc aggregate report\b", re.IGNORECASE)
_ARCHIVES = frozenset(
    (
        "application/gzip",
        "application/x-gzip",
        "application/zip",
        "application/x-zip-compressed",
        "application/octet-stream",
        "text/xml",
    )
)
# RFC 7489 section 7.2.1.1: receiver "!" policy-domain "!" begin "!" end.
_FILE_NAME = re.compile(r"[^!\s]{1,255}![^!\s]{1,255}!\d{9,11}!\d{9,11}(?:!\w+)?\.(?:xml|zip|json)", re.IGNORECASE)


def read(message: Message) -> Report | None:
    """A DMARC aggregate or a TLS report."""
    if message.report_type == "tlsrpt" or "tls-report-domain" in message.headers:
        return message.report(Kind.REPORT, "machine")
    for part in message.parts:
        content_type = part.content_type
        if content_type.startswith("application/tlsrpt"):
            return message.report(Kind.REPORT, "machine")
        if content_type in _ARCHIVES:
            name = part.parameters.get("name", "") or part.header("content-disposition")
            if _FILE_NAME.search(name) or _SUBJECT.search(message.header("subject")):
                return message.report(Kind.REPORT, "machine")
    return None

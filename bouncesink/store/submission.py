"""Submissions: a mail on its way to be recorded, as the rows that it will be but for the numbers that only the writer can give.

They are made where the mail was judged, so that the writer has nothing to spell, and are the same whether the writer is a
thread of this process or another process. Knows no connection and no transaction.
"""

from datetime import datetime

from bouncesink.core.mail import Mail, Whole
from bouncesink.core.occurrence import token_name
from bouncesink.core.report import Report
from bouncesink.core.value import value
from bouncesink.core.verdict import Verdict
from bouncesink.store.content import PackedContent
from bouncesink.store.rows import Judged, mail_row, verdict_row
from bouncesink.store.text import Row, as_kept, storable


@value
class Story:
    """What the fold needs of the mail that a verdict came in, as its row keeps it; ``stream``, ``bounce`` and ``token`` are an
    Occurrence's.
    """

    received_at: datetime
    stream: str
    bounce: str
    token: str = ""


@value
class Entry:
    """One recipient of the envelope: its row in ``mails``, and its verdicts, each with its row in ``verdicts``."""

    forward_path: str
    mail: Row
    story: Story
    verdicts: tuple[tuple[Verdict, Row], ...]


@value
class Submission:
    """One mail, an entry for each of its recipients. ``packed`` is its content, where it was packed before; then ``content`` is
    empty. ``whole`` says what ``content`` is an excerpt of.
    """

    entries: tuple[Entry, ...]
    content: bytes = b""
    whole: Whole | None = None
    packed: PackedContent | None = None

    @property
    def octets(self) -> int:
        """What it holds in memory, as good as."""
        return len(self.content) if self.packed is None else len(self.packed.body or b"")

    @property
    def size(self) -> int:
        """Octets of content."""
        return len(self.content) if self.packed is None else self.packed.kept


def submission_of(mail: Mail, report: Report, judged: tuple[Judged, ...]) -> Submission:
    """``mail`` as it will be recorded for each of ``judged``, in their order."""
    return Submission(tuple([_entry(mail, report, each) for each in judged]), mail.content, mail.whole)


def _entry(mail: Mail, report: Report, judged: Judged) -> Entry:
    admitted, original = judged.admitted, report.original
    whom = admitted.attribution
    forward_path = storable(admitted.forward_path)
    bounce = storable(original.message_id if original else "") or forward_path
    token = token_name(whom.issued_on, whom.key_id, whom.reference)
    return Entry(
        forward_path,
        mail_row(mail, report, admitted),
        Story(as_kept(mail.received_at), storable(whom.list_name), bounce, storable(token)),
        tuple([(verdict, verdict_row(verdict)) for verdict in judged.verdicts]),
    )

"""Recording: a submission on its way to the disk, and whoever is told what became of it.

Promises of every Recorder: what was submitted is settled once, with its rows or with the error that kept it from having any,
after the commit and never before; whoever gives up waiting takes nothing along: the mail is written, and settled, all the
same. ``settled`` is called on the event loop, by the recorder itself and not a turn later, so it is short and raises nothing.
Knows neither mails nor SQL.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

from bouncesink.core.mail import Mail
from bouncesink.core.report import Report
from bouncesink.errors import StoreError
from bouncesink.observe import log
from bouncesink.store.rows import Judged, Recorded
from bouncesink.store.submission import Submission, submission_of

Result = tuple[Recorded, ...] | StoreError
Settled = Callable[[Result], None]


class Recorder(ABC):
    """Who records: the one ``Intake``, or a ``RemoteIntake`` that has another process do it."""

    @abstractmethod
    def submit(self, submission: Submission, settled: Settled) -> None:
        """Have ``submission`` recorded, in its entries' order, and ``settled`` told. StoreError where it cannot even wait.

        Idempotent on content and forward-path: what is there already is left as it is and named as a duplicate.
        """

    async def record(self, mail: Mail, report: Report, judged: tuple[Judged, ...]) -> tuple[Recorded, ...]:
        """The same for one who waits. StoreError: nothing was recorded. Cancelled, it is recorded all the same."""
        future: asyncio.Future[tuple[Recorded, ...]] = asyncio.get_running_loop().create_future()
        self.submit(submission_of(mail, report, judged), partial(_settle, future))
        return await future


def tell(settled: Settled, result: Result) -> None:
    """Tell one, for whom a bug must not keep it from the others."""
    try:
        settled(result)
    except Exception as error:  # noqa: BLE001 - see above
        log.bug("settled", error)


def _settle(future: asyncio.Future[tuple[Recorded, ...]], result: Result) -> None:
    if future.done():
        return
    if isinstance(result, StoreError):
        future.set_exception(result)
    else:
        future.set_result(result)

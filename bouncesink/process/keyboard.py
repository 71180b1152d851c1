"""Control-C while a process still reads its own code: it ends with 130, at once and without a word.

Python would show the traceback of an import, which tells nobody anything. Promises: nothing is run on the way out, so this is
for as long as there is nothing to clean up; where SIGINT is ignored or somebody else's it stays so. Light to import: whoever
needs it has imported nothing else yet.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130  # 128 and the signal's number, as a shell tells it


@contextmanager
def ending_quietly() -> Iterator[None]:
    """Inside, Control-C ends the process."""
    is_ours = end_quietly()
    yield
    if is_ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end_quietly() -> bool:
    """The same from now on, until somebody says what else SIGINT does. Whether it was Python's to begin with."""
    is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_ours:
        signal.signal(signal.SIGINT, _end)
    return is_ours


def _end(_number: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)

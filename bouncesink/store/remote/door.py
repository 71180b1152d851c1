"""The door of the process that writes: a worker's submissions come in, what became of each goes out.

Promises: an answer for each submission as long as the worker is there; what came in is recorded though the worker dies before
it is answered, and found to be there when its peer sends again. A worker that sends what is no submission is cut off: it is
ours, so this is a bug of ours. Belongs to one event loop.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from bouncesink.errors import StoreError
from bouncesink.observe import log
from bouncesink.store.intake import Intake
from bouncesink.store.remote.link import Link
from bouncesink.store.remote.wire import Outcome, decode_submission, decode_word, encode_outcome, frame


class Door(Link):
    """The protocol of a socket whose other end is a worker's ``RemoteIntake``. ``on_ready`` is called when it says so, and
    ``on_word`` with whatever else it says.
    """

    def __init__(self, intake: Intake, on_ready: Callable[[], None], on_word: Callable[[Any], None] = lambda _: None) -> None:
        super().__init__()
        self._intake = intake
        self._on_ready = on_ready
        self._on_word = on_word

    def data_received(self, data: bytes) -> None:
        try:
            for number, payload in self._heard(data):
                if number:
                    self._take(number, payload)
                elif payload:
                    self._on_word(decode_word(payload))
                else:
                    self._on_ready()
        except Exception as error:  # noqa: BLE001 - one worker's broken frame must not stop the writing of the others' mail
            log.bug("door", error)
            if self._transport is not None:
                self._transport.abort()

    def _take(self, number: int, payload: bytes) -> None:
        submission = decode_submission(payload)
        try:
            self._intake.submit(submission, partial(self._answer, number))
        except StoreError as error:
            self._answer(number, error)

    def _answer(self, number: int, outcome: Outcome) -> None:
        self._send(frame(number, encode_outcome(outcome)))

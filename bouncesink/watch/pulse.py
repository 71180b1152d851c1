"""The pulse of the event loop: how much later than it wanted to a task is let go on, which is what every mail waits too.

Taken wherever mails are: in the process that is watched, and in each of its workers. Knows nothing of who is told.
"""

import asyncio
from collections.abc import Callable

from bouncesink.observe.tally import TALLY

PULSE_SECONDS = 0.5


async def take_pulse(tell: Callable[[float], None]) -> None:
    """For ever, every ``PULSE_SECONDS``: tally the seconds that the loop was late, and ``tell`` them."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + PULSE_SECONDS
        await asyncio.sleep(PULSE_SECONDS)
        late = max(0.0, loop.time() - due)
        TALLY.loop_lag_seconds.observe(late)
        tell(late)

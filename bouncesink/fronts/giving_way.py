"""Giving way: a server that starts while an ``ingest`` has the database asks it, over the hand-over's socket, to let go.

Promises: a server that finds another server is told so at once; whoever gives way has recorded and answered what it had in hand
before it lets go, and hands in the rest to the one who asked. Knows no store, rule or key.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from time import monotonic
from typing import TypeVar

from bouncesink.errors import StoreBusy
from bouncesink.fronts.handover_socket import short_name
from bouncesink.fronts.handover_wire import GIVE_WAY, MAX_LINE, gives_way, is_greeting

PATIENCE = 30.0  # seconds for the other one to finish what it has in hand
_ANSWER_SECONDS = 10.0
_POLL = 0.05

Taken = TypeVar("Taken")


async def entered(stack: AsyncExitStack, take: Callable[[], AbstractAsyncContextManager[Taken]], path: Path) -> Taken:
    """Enter what ``take`` makes; where whoever has it gives way when asked at ``path``, as soon as it is free. StoreBusy."""
    deadline = 0.0
    while True:
        try:
            return await stack.enter_async_context(take())
        except StoreBusy:
            if not deadline and await _asked(path):
                deadline = monotonic() + PATIENCE
            if monotonic() >= deadline:
                raise
            await asyncio.sleep(_POLL)


async def _asked(path: Path) -> bool:
    """Whether whoever listens there gives way."""
    try:
        with short_name(path) as name:
            reader, writer = await asyncio.open_unix_connection(name, limit=MAX_LINE)
    except OSError:
        return False
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            if not is_greeting(await reader.readline()):
                return False
            writer.write(GIVE_WAY)
            return gives_way(await reader.readline())
    except (OSError, ValueError, TimeoutError):
        return False
    finally:
        writer.close()

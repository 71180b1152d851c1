"""The background: work that goes on beside what a context is open for, and is over when it is left.

Knows nothing of the work.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def beside(**work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Each piece of ``work`` is a task of that name while the context is open. Leaving it cancels them, and waits."""
    tasks = [asyncio.create_task(each, name=name) for name, each in work.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

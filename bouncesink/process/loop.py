"""The event loop that servers and workers run on: uvloop's where it is installed (the extra ``fast``), else asyncio's own.

Knows nothing of what runs on it.
"""

import asyncio
from collections.abc import Callable


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """For ``asyncio.Runner``; None is asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 - an optional extra
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory

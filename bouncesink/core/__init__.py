"""The core: bytes and values in, values out.

No socket, file, clock, log or chance lives here (``asyncio socket ssl sqlite3 logging time random os pathlib`` are not
imported; ``now`` and keys are arguments), so that one core serves every front and every test is a table. Inside, the
import order is the order of the flow; ``pyproject.toml`` holds it and CI checks it.
"""

"""``python -m bouncesink.worker`` is one worker of a server that was started with several: not for people.

Its briefing comes over standard input, from the process that started it (``workers``). Must not know what is in it.
"""

import sys

from bouncesink.app.employment import run_worker

if __name__ == "__main__":
    sys.exit(run_worker(sys.stdin.buffer))

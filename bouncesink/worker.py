"""``python -m bouncesink.worker`` is one worker of a server that was started with several: not for people.

Its briefing comes over standard input, from the process that started it (``workers``). Must not know what is in it. A terminal
sends Control-C to all of them: one that has not yet said what that means to it just ends, as its server does.
"""

import sys

from bouncesink.process.keyboard import end_quietly

if __name__ == "__main__":
    end_quietly()

    from bouncesink.app.employment import run_worker

    sys.exit(run_worker(sys.stdin.buffer))

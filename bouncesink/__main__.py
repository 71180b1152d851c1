"""The command's first moments: ``bouncesink``, and ``python -m bouncesink``, which is the same."""

from typing import NoReturn

from bouncesink.process.keyboard import ending_quietly


def run() -> NoReturn:
    """The console script. Reading our code takes a moment, in which Control-C is nothing but an end."""
    with ending_quietly():
        from bouncesink.cli import main  # noqa: PLC0415 - see above
    main.run()


if __name__ == "__main__":
    run()

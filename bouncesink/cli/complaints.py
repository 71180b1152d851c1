"""Complaints: how a command says on standard error that something is wrong. One line each, nothing that a terminal obeys."""

import sys

from bouncesink.observe.terminal import escape_control


def complain(*problems: str) -> None:
    """Each problem on a line of its own, under our name."""
    for problem in problems:
        print(f"bouncesink: {escape_control(problem)}", file=sys.stderr, flush=True)

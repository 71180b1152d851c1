"""The supervisor: what whoever runs us as a service passes on, and is told. sd_listen_fds(3) and sd_notify(3).

Promises: descriptors that were meant for another process are left alone; no child of ours takes ours for its own; a supervisor
that cannot be told stops nobody. Knows nothing of what is spoken on a socket.
"""

import os
import socket
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass

FIRST_DESCRIPTOR = 3  # SD_LISTEN_FDS_START
UNNAMED = "unknown"
READY = "READY=1"
STOPPING = "STOPPING=1"


@dataclass(frozen=True, slots=True)
class Passed:
    """A socket that was open before we were: ``name`` is its unit's FileDescriptorName, by default that of the unit."""

    name: str
    descriptor: int


def passed_sockets(environment: MutableMapping[str, str]) -> tuple[Passed, ...]:
    """What was passed to this very process. The variables that say so are removed, and children do not inherit the sockets."""
    pid, count, names = (environment.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"))
    if pid != str(os.getpid()) or not count.isdecimal():
        return ()
    named = names.split(":")
    passed = [
        Passed((named[number] if number < len(named) else "") or UNNAMED, FIRST_DESCRIPTOR + number)
        for number in range(int(count))
    ]
    for one in passed:
        with suppress(OSError):  # it is told where it is taken
            os.set_inheritable(one.descriptor, False)  # noqa: FBT003 - as os has it
    return tuple(passed)


def notify(state: str, environment: Mapping[str, str]) -> None:
    """Tell the supervisor, where there is one that listens (``NOTIFY_SOCKET``, a leading "@" for an abstract one)."""
    address = environment.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", "@"):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as supervisor:
        supervisor.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        supervisor.sendall(state.encode("ascii"))

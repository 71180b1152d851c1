"""Binding: endpoints become sockets that have their address and do not listen yet; on the way out none is left behind.

Done before anything else is built, so that a server that was started as root on port 25 can drop its privileges before it
touches a database. A socket that was passed to us is taken by its name, and stays whoever's it is. Promises: every problem at
once, with what to do, and then nothing is bound; port 0 takes a free one. A Unix socket has its mode before anybody can
connect; a socket file that nobody listens on any more is removed, any other file is left alone and told; at the end our own
files are removed, and never one that has taken their place.

Knows no protocol and no loop.
"""

import errno
import os
import socket
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bouncesink.config.sections import ListenerSection
from bouncesink.core.problems import nearest
from bouncesink.errors import ConfigError
from bouncesink.fronts.endpoint import PASSED, SCHEMES, Endpoint
from bouncesink.process.supervisor import Passed

_PROBE_TIMEOUT = 2.0  # seconds in which whoever listens on a socket file has to take a connection
_WHAT_TO_DO: Mapping[int, str] = {
    errno.EADDRINUSE: "another program listens there already: stop it, or choose another port (port 0 takes a free one)",
    errno.EACCES: "this needs a privilege: for a port below 1024 give the service CAP_NET_BIND_SERVICE or choose another port, "
    "for a Unix socket let the service write to its folder",
    errno.EADDRNOTAVAIL: "this machine has no such address: choose one that it has, 127.0.0.1, 0.0.0.0 or [::]",
    errno.EAFNOSUPPORT: "this machine does not speak this kind of address",
    errno.ENOENT: "there is no such folder: make it, or choose another path",
}
# One of several addresses of a name may be of a kind that this machine does not have: the others are enough.
_DISPENSABLE = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}


@dataclass(frozen=True, slots=True)
class Bound:
    """One socket and the endpoint that it is, with its real port; ``passed``: it is shared with whoever passed it."""

    endpoint: Endpoint
    socket: socket.socket
    passed: bool = False


@contextmanager
def shared_out(sockets: Sequence[Bound], processes: int) -> Iterator[tuple[tuple[Bound, ...], ...]]:
    """A share of ``sockets`` for each of several processes: of a TCP endpoint one of its own, so that the kernel spreads the
    connections (SO_REUSEPORT); a Unix socket, or one that was passed, is the same for all. They were bound with ``shared``.
    """
    with ExitStack() as stack:
        yield (tuple(sockets), *(tuple(_another(one, stack) for one in sockets) for _ in range(processes - 1)))


def _another(one: Bound, stack: ExitStack) -> Bound:
    if one.endpoint.path or one.passed:
        return one
    made = stack.enter_context(socket.socket(one.socket.family, one.socket.type, one.socket.proto))
    _prepare(made, shared=True)
    made.bind(one.socket.getsockname())
    return Bound(one.endpoint, made)


@contextmanager
def bound(
    endpoints: Sequence[Endpoint], section: ListenerSection, passed: Sequence[Passed] = (), *, shared: bool = False
) -> Iterator[tuple[Bound, ...]]:
    """Every endpoint's sockets, closed at the end; ``shared`` where ``shared_out`` follows. ConfigError with every problem."""
    problems: list[str] = []
    found: list[Bound] = []
    with ExitStack() as stack:
        for endpoint in endpoints:
            try:
                if endpoint.name:
                    found += _take(endpoint, passed, stack)
                else:
                    found += _bind(endpoint, section, stack, shared=shared)
            except OSError as error:
                problems.append(f"listen: {endpoint}: {explain(error)}")
        wanted = {endpoint.name for endpoint in endpoints}
        problems += [
            f"listen: a socket named {name} was passed, and nobody would answer there: add smtp{PASSED}:{name}"
            for name in dict.fromkeys(one.name for one in passed)
            if name not in wanted
        ]
        if problems:
            raise ConfigError(tuple(problems))
        yield tuple(found)


def explain(error: OSError) -> str:
    """What is wrong, and what to do about it."""
    if isinstance(error, socket.gaierror):
        return "no address is known for this name"
    if error.errno is None:
        return error.strerror or str(error)
    return _WHAT_TO_DO.get(error.errno, os.strerror(error.errno))


def _take(endpoint: Endpoint, passed: Sequence[Passed], stack: ExitStack) -> Iterator[Bound]:
    """Every socket of that name: a unit may have several."""
    named = [one for one in passed if one.name == endpoint.name]
    if not named:
        names = sorted({one.name for one in passed})
        why = f"passed were: {', '.join(names)}{nearest(endpoint.name, names)}" if names else "nor was any (LISTEN_FDS)"
        raise OSError(None, f"no socket of that name was passed; {why}")
    for one in named:
        made = stack.enter_context(socket.socket(fileno=one.descriptor))
        if made.type != socket.SOCK_STREAM or not made.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise OSError(None, "it takes no connections: its unit must say ListenStream= and Accept=no")
        yield Bound(_as_found(endpoint, made), made, passed=True)


def _as_found(endpoint: Endpoint, made: socket.socket) -> Endpoint:
    """The endpoint that a passed socket is."""
    plain = endpoint.scheme.removesuffix(PASSED)
    if made.family != socket.AF_UNIX:
        host, port = made.getsockname()[:2]
        return Endpoint(plain, str(host), port)
    if f"{plain}+unix" not in SCHEMES:
        raise OSError(None, f"{plain} is not spoken over Unix sockets: its unit must say ListenStream=HOST:PORT")
    return Endpoint(f"{plain}+unix", path=str(made.getsockname()))


def _bind(endpoint: Endpoint, section: ListenerSection, stack: ExitStack, *, shared: bool) -> Iterator[Bound]:
    if endpoint.path:
        yield Bound(endpoint, _bind_path(Path(endpoint.path), section, stack))
        return
    addresses = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    refused: list[OSError] = []
    done = 0
    for family, kind, protocol, _, address in dict.fromkeys(addresses):
        try:
            made = stack.enter_context(socket.socket(family, kind, protocol))
            if shared:
                # With SO_REUSEPORT nobody would tell us that another server of this user has the address already.
                with socket.socket(family, kind, protocol) as probe:
                    _prepare(probe, shared=False)
                    probe.bind(address)
            _prepare(made, shared=shared)
            made.bind(address)
        except OSError as error:
            refused.append(error)
            continue
        done += 1
        yield Bound(replace(endpoint, host=str(made.getsockname()[0]), port=made.getsockname()[1]), made)
    if refused and not (done and all(error.errno in _DISPENSABLE for error in refused)):
        raise refused[0]


def _prepare(made: socket.socket, *, shared: bool) -> None:
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if made.family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)


def _bind_path(path: Path, section: ListenerSection, stack: ExitStack) -> socket.socket:
    _make_way(path)
    made = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    made.bind(str(path))
    ours = path.stat()
    stack.callback(_remove, path, (ours.st_dev, ours.st_ino))
    # Nobody can connect before somebody listens, so there is no moment with another mode.
    path.chmod(int(section.socket_mode, 8))
    return made


def _make_way(path: Path) -> None:
    """Remove the socket file of a server that has gone without doing so. OSError: the path is somebody's."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise OSError(None, "a file that is no socket is there: remove it, or choose another path")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_TIMEOUT)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except TimeoutError:
            pass
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _remove(path: Path, identity: tuple[int, int]) -> None:
    try:
        now = path.lstat()
        if (now.st_dev, now.st_ino) == identity:
            path.unlink()
    except OSError:
        return  # it has gone already, or the folder is not ours any more: nothing to be done at the end

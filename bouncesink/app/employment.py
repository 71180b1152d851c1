"""Employment: what a worker is told, what it does with that, and how a server that owns the database employs several.

The worker's half of the composition root: it builds a worker's parts and joins them as ``server`` does a server's, and both
take what lies between the sockets and whoever records from ``reception``. A worker has no database but to read addressees from:
it hands what it judged to the process that employed it, and ends when that is gone. How processes are started, watched and
replaced is ``workers``', which knows nothing of this.
"""

import asyncio
import os
import pickle
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import BinaryIO

from bouncesink.app.reception import on_hangup, receiving, rules_in_force, stop_on_signals
from bouncesink.config.sections import Config, SmtpSection
from bouncesink.core.verp.keyring import Keyring
from bouncesink.fronts.binding import Bound
from bouncesink.fronts.certificates import Certificates, certificates_of, expiries
from bouncesink.fronts.certificates import InForce as CertificatesInForce
from bouncesink.fronts.endpoint import Endpoint
from bouncesink.observe import log
from bouncesink.process.loop import loop_factory
from bouncesink.rulewatch import InForce as RulesInForce
from bouncesink.rulewatch import RuleWatch
from bouncesink.store.database import Database, reading
from bouncesink.store.remote.intake import RemoteIntake
from bouncesink.watch.bulletin import Herald
from bouncesink.watch.staff import Staff, follow
from bouncesink.workers import Post, Workers

ORPHAN_PATIENCE = 5.0  # seconds that a worker waits for the fate of mails whose sessions were cut
DRAIN_MARGIN = 20.0  # seconds that a worker has beside the patience for its sessions, before it is killed


@asynccontextmanager
async def employed(
    config: Config, keyring: Keyring, shares: Sequence[Sequence[Bound]], database: Database, rules: RuleWatch
) -> AsyncIterator[Staff]:
    """What ``receiving`` does, done by several processes. ``rules`` are our own, for what we take in ourselves."""
    certificates = certificates_of(config.tls)  # for whoever takes another one's place; nobody is shown them by us
    share = replace(config, smtp=_part_of(config.smtp, config.workers))
    patience = config.smtp.drain_timeout + DRAIN_MARGIN
    in_force = _in_force(rules, certificates)
    posts = [Post(_briefing(share, keyring, mine, in_force), [one.socket.fileno() for one in mine]) for mine in shares]
    staff = Staff(tuple(str(one.endpoint) for one in shares[0]))
    async with Workers.employed(posts, database.intake, patience, staff) as workers:
        staff.take_up(workers.say, lambda: workers.present > 0)
        on_hangup(workers.hang_up, rules.look_now, *([certificates.look_now] if certificates else ()))
        async with rules.running(), certificates.running() if certificates else nullcontext():
            yield staff
        staff.lay_down()
        for one in chain.from_iterable(shares):
            one.socket.close()  # nobody new is let in, from before the workers drain


def _part_of(smtp: SmtpSection, workers: int) -> SmtpSection:
    """What is there once for all, for each of several."""
    return replace(smtp, **{name: -(-getattr(smtp, name) // workers) for name in ("max_connections", "memory_limit")})


@dataclass(frozen=True, slots=True)
class Briefing:
    """What a worker is told; ``sockets`` and ``door`` are descriptors that it was given."""

    config: Config
    keyring: Keyring
    sockets: tuple[tuple[Endpoint, int], ...]
    door: int
    in_force: "_InForce"


@dataclass(frozen=True, slots=True)
class _InForce:
    """What everybody judges by and shows at this moment, though files may hold what does not hold by then."""

    rules: RulesInForce
    certificates: CertificatesInForce | None


def _in_force(rules: RuleWatch, certificates: Certificates | None) -> Callable[[], _InForce]:
    return lambda: _InForce(rules.in_force, certificates.in_force if certificates else None)


def _briefing(
    config: Config, keyring: Keyring, sockets: Sequence[Bound], in_force: Callable[[], _InForce]
) -> Callable[[int], bytes]:
    """What is told whenever a worker is started, with what is in force then."""
    places = tuple((one.endpoint, one.socket.fileno()) for one in sockets)
    return lambda door: pickle.dumps(Briefing(config, keyring, places, door, in_force()))


def run_worker(told: BinaryIO) -> int:
    """A worker's whole life, with what its server told it. The exit code."""
    briefing: Briefing = pickle.load(told)  # noqa: S301 - of the process that started us
    log.configure(briefing.config.log)
    sockets = [Bound(endpoint, socket.socket(fileno=number)) for endpoint, number in briefing.sockets]
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(work(briefing, sockets))


async def work(briefing: Briefing, sockets: Sequence[Bound]) -> int:
    """Receive, read and judge until SIGTERM, or until the process that records is gone."""
    stop, config = stop_on_signals(), briefing.config
    rules = rules_in_force(config, briefing.in_force.rules)
    certificates = certificates_of(config.tls, briefing.in_force.certificates)
    door = socket.socket(fileno=briefing.door)
    transport, intake = await asyncio.get_running_loop().create_connection(lambda: RemoteIntake(config.store), sock=door)
    try:
        async with reading(config.store) as addressees:
            store = (addressees, intake)
            async with receiving(config, briefing.keyring, (rules, certificates), sockets, store) as listener:
                herald = Herald(intake.say, listener.sessions, partial(expiries, certificates))
                intake.on_word = lambda peers: follow(peers, intake.say)
                intake.say_ready()
                ends = [asyncio.create_task(each.wait()) for each in (stop, intake.lost)]
                async with herald.running():
                    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        await intake.finish(ORPHAN_PATIENCE)
        code = os.EX_UNAVAILABLE if intake.lost.is_set() else os.EX_OK
        herald.tell()
        await intake.close(ORPHAN_PATIENCE)
    finally:
        transport.close()
    log.flush()
    return code

"""The composition root: builds the parts, joins them, runs them, ends them. The only module that knows them all.

Each part is handed its own section of the configuration or the finished values it needs, never the whole. Order of start:
take the addresses, become whom we are to be, keys, rules, database, listen; whatever does not hold stops the start and nothing
listens. Order of the end (SIGTERM, SIGINT): stop listening, let transactions finish, commit, checkpoint, close. SIGHUP reads
the folder of rules and the certificates at once.

With ``workers`` there is one process that has the database and listens to nobody but its workers, and each of those has the
rest: what lies between the sockets and whoever records is put together in one place, ``_receiving``, for both.
"""

import asyncio
import os
import pickle
import signal
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from bouncesink.config import AuthenticitySection, Config, SmtpSection
from bouncesink.configadmission import admission_policy
from bouncesink.configpolicy import policies
from bouncesink.core.mail import Via
from bouncesink.core.pseudonym import Pseudonyms
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.verp.keyring import Keyring
from bouncesink.fronts.binding import Bound, bound, shared_out
from bouncesink.fronts.certificates import Certificates, certificates_of, expiries
from bouncesink.fronts.endpoint import Endpoint, parse_endpoints
from bouncesink.fronts.files import FileDoor
from bouncesink.fronts.giving_way import entered
from bouncesink.fronts.handover import Handover
from bouncesink.fronts.handover_socket import socket_path
from bouncesink.fronts.listener import FrontSettings, Listener
from bouncesink.fronts.maildir import watching
from bouncesink.fronts.proxy import parse_networks
from bouncesink.keyfile import privacy_key
from bouncesink.loop import loop_factory
from bouncesink.observe import log
from bouncesink.pipeline import Pipeline, Recorder, Witness
from bouncesink.privileges import become
from bouncesink.rulewatch import RuleWatch
from bouncesink.store.addressees import Addressees
from bouncesink.store.database import Database, reading
from bouncesink.store.privacy import agree
from bouncesink.store.remote.intake import RemoteIntake
from bouncesink.store.space import FreeSpace
from bouncesink.supervisor import READY, STOPPING, notify, passed_sockets
from bouncesink.watch.bulletin import Herald
from bouncesink.watch.staff import Staff, follow
from bouncesink.watch.subject import Subject, watched
from bouncesink.workers import Post, Workers

EX_OK = 0
EX_UNAVAILABLE = 69
ORPHAN_PATIENCE = 5.0  # seconds that a worker waits for the fate of mails whose sessions were cut
DRAIN_MARGIN = 20.0  # seconds that a worker has beside the patience for its sessions, before it is killed


def run_server(config: Config, keyring: Callable[[], Keyring], on_started: Callable[[tuple[str, ...]], None]) -> int:
    """Serve until SIGTERM or SIGINT. ``on_started`` is told where it listens, once it does. Returns the exit code.

    Raises BouncesinkError when it cannot start: nothing is listening then.
    """
    log.configure(config.log)
    listening = [each for each in parse_endpoints(config.listen) if each.via is not Via.FILE]
    passed = passed_sockets(os.environ)
    with (
        bound(listening, config.listener, passed, shared=config.workers > 1) as sockets,
        shared_out(sockets, config.workers) as shares,
    ):
        become(config.process)
        witness_of(config.authenticity)  # a key that does not hold is told here, and not by each worker
        keys = keyring()
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(serve(config, keys, shares, on_started))


async def serve(
    config: Config, keyring: Keyring, shares: Sequence[Sequence[Bound]], on_started: Callable[[tuple[str, ...]], None]
) -> int:
    """The server's whole life on the running loop. ``shares`` are the sockets of each worker; without workers there is one."""
    stop, sockets = _stop_on_signals(), shares[0]
    rules = _rules(config)
    async with AsyncExitStack() as stack:
        opening = partial(Database.open, config.store, config.retention, policies(config.policy))
        database = await entered(stack, opening, socket_path(config.store.path))
        await _agree(database, config)
        store = (database.addressees, database.intake)
        subject = Subject(config.store, database.intake, lambda: rules.book, stop.is_set)
        await stack.enter_async_context(watched(config.watch, subject))
        if config.workers > 1:
            staff = await stack.enter_async_context(_employed(config, keyring, shares, database, rules))
            subject.doors, subject.tally, subject.certificates = staff, staff.tally, staff.certificates
        else:
            receiving = _receiving(config, keyring, rules, sockets, store)
            subject.doors, certificates = await stack.enter_async_context(receiving)
            subject.certificates = partial(expiries, certificates)
        maildirs = [Path(each.path) for each in parse_endpoints(config.listen) if each.via is Via.FILE]
        await stack.enter_async_context(_filing(config, _of_files(config, keyring, rules, store), maildirs))
        addresses = (*(str(one.endpoint) for one in sockets), *(f"maildir:{path}" for path in maildirs))
        log.server_started(listening=addresses, database=config.store.path, rulebook=rules.book.hash)
        on_started(addresses)
        notify(READY, os.environ)
        await stop.wait()
        notify(STOPPING, os.environ)
        log.server_stopping()
    log.server_stopped()
    return EX_OK


def _rules(config: Config) -> RuleWatch:
    """The rules in force, and SIGHUP, which is theirs until there is more. Without a folder of them it does nothing, where its
    default would end us in the middle of a mail.
    """
    rules = RuleWatch(config.rules.folder)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, rules.look_now)
    return rules


@asynccontextmanager
async def _receiving(
    config: Config, keyring: Keyring, rules: RuleWatch, sockets: Sequence[Bound], store: tuple[Addressees, Recorder]
) -> AsyncIterator[tuple[Listener, Certificates | None]]:
    """Everything between the sockets and whoever records."""
    pipeline = _pipeline(config, keyring, rules.book, store)

    def judge_by(book: Rulebook) -> None:
        pipeline.rulebook = book

    certificates, space = certificates_of(config.tls), FreeSpace(config.store.path, config.store.min_free)
    _look_on_hangup(rules, *filter(None, [certificates]))
    settings = FrontSettings(
        config.smtp, config.milter, config.store.content_limit, space, parse_networks(config.listener.proxy_from)
    )
    async with (
        rules.running(judge_by),
        certificates.running() if certificates else nullcontext(),
        space.watched(),
        Listener.start(sockets, settings, pipeline, certificates) as listener,
    ):
        yield listener, certificates


def _pipeline(config: Config, keyring: Keyring, book: Rulebook, store: tuple[Addressees, Recorder]) -> Pipeline:
    addressees, intake = store
    return Pipeline(
        admission=admission_policy(config.admission, config.verp),
        keyring=keyring,
        rulebook=book,
        addressees=addressees,
        intake=intake,
        now=lambda: datetime.now(UTC),
        pseudonyms=pseudonyms(config),
        witness=witness_of(config.authenticity),
    )


@asynccontextmanager
async def own_door(config: Config, keyring: Callable[[], Keyring], give_way: Callable[[], None]) -> AsyncIterator[FileDoor]:
    """The way in for files where no server runs: we are the one writer, and take in what others hand over meanwhile.

    Raises BouncesinkError: StoreBusy where somebody else has the database.
    """
    rules = RuleWatch(config.rules.folder)
    async with Database.open(config.store, policies=policies(config.policy)) as database:
        await _agree(database, config)
        pipeline = _of_files(config, keyring(), rules, (database.addressees, database.intake))
        async with _filing(config, pipeline, give_way=give_way) as door:
            yield door


@asynccontextmanager
async def _filing(
    config: Config, pipeline: Pipeline, maildirs: Sequence[Path] = (), give_way: Callable[[], None] | None = None
) -> AsyncIterator[FileDoor]:
    """The doors for mails of files: what others hand over, and Maildirs."""
    # Half of those that may wait: files must not keep a peer of the other doors waiting.
    door = FileDoor(pipeline, config.files, config.smtp.size_limit, config.store.max_waiting // 2, pipeline.now)
    mode = int(config.listener.socket_mode, 8)
    async with Handover.start(socket_path(config.store.path), door, mode, give_way), watching(maildirs, door):
        yield door


def _of_files(config: Config, keyring: Keyring, rules: RuleWatch, store: tuple[Addressees, Recorder]) -> Pipeline:
    """Files have no sender that could be told 550: what is unknown is let in, as unproven."""
    pipeline = _pipeline(config, keyring, rules.book, store)
    pipeline.admission = replace(pipeline.admission, refuse_unknown=False, refuse_foreign=False)

    def judge_by(book: Rulebook) -> None:
        pipeline.rulebook = book

    rules.tell(judge_by)
    return pipeline


@asynccontextmanager
async def _employed(
    config: Config, keyring: Keyring, shares: Sequence[Sequence[Bound]], database: Database, rules: RuleWatch
) -> AsyncIterator[Staff]:
    """The same, done by several processes. ``rules`` are our own, for what we take in ourselves."""
    certificates_of(config.tls)  # each has its own, but what does not hold is told once and by us
    share = replace(config, smtp=_part_of(config.smtp, config.workers))
    patience = config.smtp.drain_timeout + DRAIN_MARGIN
    posts = [Post(_briefing(share, keyring, mine), [one.socket.fileno() for one in mine]) for mine in shares]
    staff = Staff(tuple(str(one.endpoint) for one in shares[0]))
    async with Workers.employed(posts, database.intake, patience, staff) as workers:
        staff.take_up(workers.say, lambda: workers.present > 0)

        def hang_up() -> None:
            workers.hang_up()
            rules.look_now()

        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hang_up)
        async with rules.running():
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


def _briefing(config: Config, keyring: Keyring, sockets: Sequence[Bound]) -> Callable[[int], bytes]:
    places = tuple((one.endpoint, one.socket.fileno()) for one in sockets)
    return lambda door: pickle.dumps(Briefing(config, keyring, places, door))


def run_worker(told: BinaryIO) -> int:
    """A worker's whole life, with what its server told it. The exit code."""
    briefing: Briefing = pickle.load(told)  # noqa: S301 - of the process that started us
    log.configure(briefing.config.log)
    sockets = [Bound(endpoint, socket.socket(fileno=number)) for endpoint, number in briefing.sockets]
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(work(briefing, sockets))


async def work(briefing: Briefing, sockets: Sequence[Bound]) -> int:
    """Receive, read and judge until SIGTERM, or until the process that records is gone."""
    stop, config = _stop_on_signals(), briefing.config
    rules = _rules(config)
    door = socket.socket(fileno=briefing.door)
    transport, intake = await asyncio.get_running_loop().create_connection(lambda: RemoteIntake(config.store), sock=door)
    try:
        async with reading(config.store) as addressees:
            store = (addressees, intake)
            async with _receiving(config, briefing.keyring, rules, sockets, store) as (listener, certificates):
                herald = Herald(intake.say, listener.sessions, partial(expiries, certificates))
                intake.on_word = lambda peers: follow(peers, intake.say)
                intake.say_ready()
                ends = [asyncio.create_task(each.wait()) for each in (stop, intake.lost)]
                async with herald.running():
                    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        await intake.finish(ORPHAN_PATIENCE)
        code = EX_UNAVAILABLE if intake.lost.is_set() else EX_OK
        herald.tell()
        await intake.close(ORPHAN_PATIENCE)
    finally:
        transport.close()
    log.flush()
    return code


def pseudonyms(config: Config) -> Pseudonyms | None:
    """What stands for addresses in the database; None where they are kept as they are."""
    key = privacy_key(config.privacy, config.store.path)
    return None if key is None else Pseudonyms(key)


async def _agree(database: Database, config: Config) -> None:
    """The database is of the kind that the configuration wants, or nothing starts."""
    hidden = pseudonyms(config)
    await database.writer.run(agree, hidden.fingerprint if hidden else None, datetime.now(UTC))


def witness_of(section: AuthenticitySection) -> Witness | None:
    """What checks signatures, where there is anything to check them by: dkimpy and dnspython are not read for nothing."""
    if not section.dkim_keys and not section.reporters:
        return None
    from bouncesink.authenticity.authenticator import Authenticator  # noqa: PLC0415 - see above

    return Authenticator(section)


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _look_on_hangup(*watched: RuleWatch | Certificates) -> None:
    """Whatever there is to look at, if anything: the signal's default would end us in the middle of a mail."""

    def look() -> None:
        for each in watched:
            each.look_now()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, look)

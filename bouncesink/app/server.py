"""The server: its process put together, from the addresses that it takes to the database that it closes.

Order of start: take the addresses, become whom we are to be, keys, rules, database, listen; whatever does not hold stops the
start, all of it is told, and nothing listens. Order of the end (SIGTERM, SIGINT): stop listening, let transactions finish,
commit, checkpoint, close. SIGHUP reads the folder of rules and the certificates at once.

With ``workers`` there is one process that has the database and listens to nobody but its workers, and each of those has the
rest, by ``employment``. Where no server runs, ``own_door`` is put together here too.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bouncesink.app.employment import employed
from bouncesink.app.reception import Store, pipeline_of, pseudonyms, receiving, rules_in_force, stop_on_signals, witness_of
from bouncesink.config.policy import incident_policy, policies
from bouncesink.config.sections import Config
from bouncesink.core.mail import Via
from bouncesink.core.verp.keyring import Keyring
from bouncesink.errors import ConfigError, ProblemsError
from bouncesink.fronts.binding import Bound, bound, shared_out
from bouncesink.fronts.certificates import certificates_of, expiries
from bouncesink.fronts.endpoint import parse_endpoints
from bouncesink.fronts.files import FileDoor
from bouncesink.fronts.giving_way import entered
from bouncesink.fronts.handover import Handover
from bouncesink.fronts.handover_socket import socket_path
from bouncesink.fronts.maildir import watching
from bouncesink.observe import log
from bouncesink.pipeline import Pipeline
from bouncesink.process.loop import loop_factory
from bouncesink.process.privileges import become
from bouncesink.process.supervisor import READY, STOPPING, notify, passed_sockets
from bouncesink.rulewatch import RuleWatch
from bouncesink.store.database import Database
from bouncesink.store.privacy import agree
from bouncesink.watch.subject import Subject, watched


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
        try:
            witness_of(config.authenticity)  # a key that does not hold is told here, and not by each worker
            keys = keyring()
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                return runner.run(serve(config, keys, shares, on_started))
        except ProblemsError as error:
            raise _with_all_others(error, config) from error


def _with_all_others(error: ProblemsError, config: Config) -> ConfigError:
    """What does not hold, and all else that does not of the files that the configuration names. No key is made for that."""
    problems = dict.fromkeys(error.problems)
    looks = (
        partial(witness_of, config.authenticity),
        partial(RuleWatch, config.rules.folder),
        partial(certificates_of, config.tls),
    )
    for look in looks:
        try:
            look()
        except ProblemsError as another:
            problems |= dict.fromkeys(another.problems)
    return ConfigError(tuple(problems))


async def serve(
    config: Config, keyring: Keyring, shares: Sequence[Sequence[Bound]], on_started: Callable[[tuple[str, ...]], None]
) -> int:
    """The server's whole life on the running loop. ``shares`` are the sockets of each worker; without workers there is one."""
    stop, sockets = stop_on_signals(), shares[0]
    rules = rules_in_force(config)
    async with AsyncExitStack() as stack:
        numbers = policies(config.policy), incident_policy(config.incidents)
        opening = partial(Database.open, config.store, config.retention, *numbers)
        database = await entered(stack, opening, socket_path(config.store.path))
        await _agree(database, config)
        store = (database.addressees, database.intake)
        subject = Subject(config.store, database.intake, lambda: rules.book, stop.is_set)
        await stack.enter_async_context(watched(config.watch, subject))
        if config.workers > 1:
            staff = await stack.enter_async_context(employed(config, keyring, shares, database, rules))
            subject.doors, subject.tally, subject.certificates = staff, staff.tally, staff.certificates
        else:
            certificates = certificates_of(config.tls)
            received = receiving(config, keyring, (rules, certificates), sockets, store)
            subject.doors = await stack.enter_async_context(received)
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
    return os.EX_OK


@asynccontextmanager
async def own_door(config: Config, keyring: Callable[[], Keyring], give_way: Callable[[], None]) -> AsyncIterator[FileDoor]:
    """The way in for files where no server runs: we are the one writer, and take in what others hand over meanwhile.

    Raises BouncesinkError: StoreBusy where somebody else has the database.
    """
    rules = RuleWatch(config.rules.folder)
    async with Database.open(config.store, None, policies(config.policy), incident_policy(config.incidents)) as database:
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


def _of_files(config: Config, keyring: Keyring, rules: RuleWatch, store: Store) -> Pipeline:
    """Files have no sender that could be told 550: what is unknown is let in, as unproven."""
    pipeline = pipeline_of(config, keyring, rules, store)
    pipeline.admission = replace(pipeline.admission, refuse_unknown=False, refuse_foreign=False)
    return pipeline


async def _agree(database: Database, config: Config) -> None:
    """The database is of the kind that the configuration wants, or nothing starts."""
    hidden = pseudonyms(config)
    await database.writer.run(agree, hidden.fingerprint if hidden else None, datetime.now(UTC))

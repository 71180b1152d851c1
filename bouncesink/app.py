"""The composition root: builds the parts, joins them, runs them, ends them. The only module that knows them all.

Each part is handed its own section of the configuration or the finished values it needs, never the whole. Order of start:
take the addresses, rules, database, listen; whatever does not hold stops the start and nothing listens. Order of the end
(SIGTERM, SIGINT): stop listening, let transactions finish, commit, checkpoint, close. SIGHUP reads the folder of rules at once.
"""

import asyncio
import signal
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from bouncesink.config import AdmissionMode, Config
from bouncesink.configpolicy import policies
from bouncesink.core.admission import AdmissionPolicy
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.verp.attribution import Grammar
from bouncesink.core.verp.decoder import VerpPolicy, compile_pattern
from bouncesink.core.verp.keyring import Keyring
from bouncesink.fronts.binding import Bound, bound
from bouncesink.fronts.endpoint import parse_endpoints
from bouncesink.fronts.listener import FrontSettings, Listener
from bouncesink.observe import log
from bouncesink.pipeline import Pipeline
from bouncesink.rulewatch import RuleWatch
from bouncesink.store.database import Database

EX_OK = 0


def run_server(config: Config, keyring: Keyring, on_started: Callable[[tuple[str, ...]], None]) -> int:
    """Serve until SIGTERM or SIGINT. ``on_started`` is told where it listens, once it does. Returns the exit code.

    Raises BouncesinkError when it cannot start: nothing is listening then.
    """
    log.configure(config.log)
    with (
        bound(parse_endpoints(config.listen), config.listener) as sockets,
        asyncio.Runner(loop_factory=_loop_factory()) as runner,
    ):
        return runner.run(serve(config, keyring, sockets, on_started))


async def serve(
    config: Config, keyring: Keyring, sockets: Sequence[Bound], on_started: Callable[[tuple[str, ...]], None]
) -> int:
    """The server's whole life on the running loop."""
    stop = _stop_on_signals()
    rules = RuleWatch(config.rules.folder)
    # Of the rules alone; without a folder of them it does nothing, where its default would end us in the middle of a mail.
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, rules.look_now)
    async with Database.open(config.store, config.retention, policies(config.policy)) as database:
        pipeline = Pipeline(
            admission=admission_policy(config),
            keyring=keyring,
            rulebook=rules.book,
            addressees=database.addressees,
            intake=database.intake,
            now=lambda: datetime.now(UTC),
        )

        def judge_by(book: Rulebook) -> None:
            pipeline.rulebook = book

        settings = FrontSettings(config.smtp)
        async with rules.running(judge_by), Listener.start(sockets, settings, pipeline) as listener:
            log.server_started(listening=listener.addresses, database=config.store.path, rulebook=rules.book.hash)
            on_started(listener.addresses)
            await stop.wait()
            log.server_stopping()
    log.server_stopped()
    return EX_OK


def admission_policy(config: Config) -> AdmissionPolicy:
    """The configuration's words as the core's values. Patterns and grammars were checked when the configuration was read."""
    admission, verp = config.admission, config.verp
    return AdmissionPolicy(
        verp=VerpPolicy(
            prefix=verp.prefix,
            life_days=verp.life_days,
            domains=frozenset(admission.domains),
            prefixes=admission.prefixes,
            unsigned=frozenset(Grammar(name) for name in admission.unsigned),
            static=frozenset(admission.static),
            patterns=tuple(compile_pattern(pattern) for pattern in admission.patterns),
        ),
        refuse_unknown=admission.mode is AdmissionMode.REFUSE,
        roles=frozenset(admission.roles),
    )


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The uvloop event loop where it is installed (``pip install bouncesink[fast]``), asyncio's own elsewhere."""
    try:
        import uvloop  # noqa: PLC0415 - an optional extra
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory

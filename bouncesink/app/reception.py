"""The reception: everything between the sockets and whoever records, and what it is made of.

Put together in one place, for a server that does everything itself and for each of the workers of one that does not: a part of
the composition root, with ``server`` and ``employment``, which say who records. Each part is handed its own section of the
configuration or the finished values it needs, never the whole. Must not know in which process it runs.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime

from bouncesink.config.admission import admission_policy
from bouncesink.config.sections import AuthenticitySection, Config, SmtpSection
from bouncesink.core.pseudonym import Pseudonyms
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.verp.keyring import Keyring
from bouncesink.fronts.binding import Bound
from bouncesink.fronts.certificates import Certificates
from bouncesink.fronts.listener import FrontSettings, Listener
from bouncesink.fronts.proxy import parse_networks
from bouncesink.keyfile import privacy_key
from bouncesink.observe import log
from bouncesink.pipeline import Pipeline, Witness
from bouncesink.process.descriptors import connections_that_fit
from bouncesink.rulewatch import InForce, RuleWatch
from bouncesink.store.addressees import Addressees
from bouncesink.store.recording import Recorder
from bouncesink.store.space import FreeSpace

Store = tuple[Addressees, Recorder]  # who was registered, and who records
UpToDate = tuple[RuleWatch, Certificates | None]  # what is taken up anew when its files change


@asynccontextmanager
async def receiving(
    config: Config, keyring: Keyring, files: UpToDate, sockets: Sequence[Bound], store: Store
) -> AsyncIterator[Listener]:
    """Listen on ``sockets`` and record in ``store``, by the rules and with the certificates of ``files``; leaving it drains."""
    rules, certificates = files
    pipeline = pipeline_of(config, keyring, rules, store)
    space = FreeSpace(config.store.path, config.store.min_free)
    on_hangup(rules.look_now, *([certificates.look_now] if certificates else ()))
    settings = FrontSettings(
        _within_limits(config.smtp),
        config.milter,
        config.store.content_limit,
        space,
        parse_networks(config.listener.proxy_from),
    )
    async with (
        rules.running(),
        certificates.running() if certificates else nullcontext(),
        space.watched(),
        Listener.start(sockets, settings, pipeline, certificates) as listener,
    ):
        yield listener


def _within_limits(section: SmtpSection) -> SmtpSection:
    """No more connections than this process may have open."""
    fit = connections_that_fit(section.max_connections)
    if fit < section.max_connections:
        log.connections_limited(wanted=section.max_connections, possible=fit)
    return replace(section, max_connections=fit)


def pipeline_of(config: Config, keyring: Keyring, rules: RuleWatch, store: Store) -> Pipeline:
    """The way through, which judges by the rules in force, and by each book that comes in their place."""
    addressees, intake = store
    pipeline = Pipeline(
        admission=admission_policy(config.admission, config.verp),
        keyring=keyring,
        rulebook=rules.book,
        addressees=addressees,
        intake=intake,
        now=lambda: datetime.now(UTC),
        pseudonyms=pseudonyms(config),
        witness=witness_of(config.authenticity),
    )

    def judge_by(book: Rulebook) -> None:
        pipeline.rulebook = book

    rules.tell(judge_by)
    return pipeline


def rules_in_force(config: Config, in_force: InForce | None = None) -> RuleWatch:
    """The rules in force, or those that ``in_force`` hands on, and SIGHUP, which is theirs until there is more. Without a
    folder of them it does nothing, where its default would end us in the middle of a mail.
    """
    rules = RuleWatch(config.rules.folder, in_force)
    on_hangup(rules.look_now)
    return rules


def on_hangup(*looks: Callable[[], None]) -> None:
    """What SIGHUP does from now on."""

    def look() -> None:
        for each in looks:
            each()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, look)


def stop_on_signals() -> asyncio.Event:
    """Set by SIGTERM and SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def pseudonyms(config: Config) -> Pseudonyms | None:
    """What stands for addresses in the database; None where they are kept as they are."""
    key = privacy_key(config.privacy, config.store.path)
    return None if key is None else Pseudonyms(key)


def witness_of(section: AuthenticitySection) -> Witness | None:
    """What checks signatures, where there is anything to check them by: dkimpy and dnspython are not read for nothing."""
    if not section.dkim_keys and not section.reporters:
        return None
    from bouncesink.authenticity.authenticator import Authenticator  # noqa: PLC0415 - see above

    return Authenticator(section)

"""What no single key can say of itself: names that must be known elsewhere, patterns that must hold, settings that contradict.

Each check yields the key that is wrong and words. Promises: no word of them quotes a secret. Nothing is opened or resolved
here: a check is true or false whatever machine it runs on.
"""

import re
from collections.abc import Iterator
from ipaddress import ip_network

from bouncesink.config.authenticity import problems as authenticity_problems
from bouncesink.config.policy import problems as policy_problems
from bouncesink.config.sections import Config
from bouncesink.config.watch import problems as watch_problems
from bouncesink.config.words import Addresses, AdmissionMode, MilterMode
from bouncesink.core.address import is_domain
from bouncesink.core.problems import nearest
from bouncesink.core.report import Kind
from bouncesink.core.verp.attribution import Grammar
from bouncesink.core.verp.decoder import compile_pattern
from bouncesink.core.verp.keyring import parse_keyring
from bouncesink.errors import KeyringError

# These are let in by other keys (signed, opaque: by their tag; static, patterns, roles: by keys of their own), or name nothing.
_NOT_CHOSEN = {Grammar.SIGNED, Grammar.OPAQUE, Grammar.CUSTOM, Grammar.STATIC, Grammar.ROLE, Grammar.NONE}
UNSIGNED_GRAMMARS = tuple(str(grammar) for grammar in Grammar if grammar not in _NOT_CHOSEN)

_FIELD_NAME = re.compile(r"[!-9;-~]+")  # RFC 5322 section 3.6.8
_LOCAL_START = re.compile(r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+\.?)*")
_MOST_PREFIX = 32  # what an opaque token leaves of a local part, RFC 5321 section 4.5.3.1.1

_MODE = re.compile(r"0?[0-7]{3}")

Problem = tuple[str, str]


def check(config: Config) -> Iterator[Problem]:
    """Every problem of the whole."""
    yield from _names(config)
    yield from _sockets(config)
    yield from _proxies(config)
    yield from _fields(config)
    yield from _certificates(config)
    yield from _patterns(config)
    yield from _keys(config)
    yield from _retention(config)
    yield from policy_problems(config.policy)
    yield from watch_problems(config.watch)
    yield from authenticity_problems(config.authenticity)
    yield from _contradictions(config)


def _names(config: Config) -> Iterator[Problem]:
    hostname = config.smtp.hostname
    if hostname and not is_domain(hostname):
        yield "smtp.hostname", f"{hostname!r} is neither a host name nor an address literal"
    for domain in config.admission.domains:
        if not is_domain(domain):
            yield "admission.domains", f"{domain!r} is no domain that mail could be sent to"
    for grammar in config.admission.unsigned:
        if grammar not in UNSIGNED_GRAMMARS:
            known = ", ".join(UNSIGNED_GRAMMARS)
            yield "admission.unsigned", f"{grammar!r} is none of {known}{nearest(grammar, UNSIGNED_GRAMMARS)}"
    prefix = config.verp.prefix
    if len(prefix) > _MOST_PREFIX or not _LOCAL_START.fullmatch(prefix):
        yield "verp.prefix", f"{prefix!r} cannot start a local part: at most {_MOST_PREFIX} letters, digits and +-_= and dots"
    for key, words in (("static", config.admission.static), ("roles", config.admission.roles)):
        for word in words:
            if "@" in word:
                yield f"admission.{key}", f"{word!r} is an address: give the part before the @ alone"


def _sockets(config: Config) -> Iterator[Problem]:
    if not _MODE.fullmatch(config.listener.socket_mode):
        yield "listener.socket_mode", f"{config.listener.socket_mode!r} are no permissions: write them in octal, as in 0660"


def _proxies(config: Config) -> Iterator[Problem]:
    for text in config.listener.proxy_from:
        try:
            ip_network(text, strict=False)
        except ValueError:
            yield "listener.proxy_from", f"{text!r} is neither an address nor a network, as in 192.0.2.1 or 10.0.0.0/8"


def _fields(config: Config) -> Iterator[Problem]:
    for name in config.files.recipient_headers:
        if not _FIELD_NAME.fullmatch(name):
            yield "files.recipient_headers", f"{name!r} is no name of a header field: give it without its colon"


def _certificates(config: Config) -> Iterator[Problem]:
    certificates, keys = config.tls.certificate_files, config.tls.key_files
    if keys and len(keys) != len(certificates):
        yield "tls.key_files", f"names {len(keys)} files and tls.certificate_files {len(certificates)}: they go in pairs"


def _patterns(config: Config) -> Iterator[Problem]:
    for pattern in config.admission.patterns:
        try:
            compile_pattern(pattern)
        except ValueError as error:
            yield "admission.patterns", str(error)


def _keys(config: Config) -> Iterator[Problem]:
    if not config.verp.keys:
        return
    try:
        parse_keyring("\n".join(config.verp.keys), "the keys")
    except KeyringError as error:
        yield from (("verp.keys", problem) for problem in error.problems)


def _retention(config: Config) -> Iterator[Problem]:
    for name in ("content_days_by_kind", "verdict_days_by_kind"):
        for word in getattr(config.retention, name):
            kind, _, days = word.partition("=")
            if kind not in set(Kind) or not days.isdecimal():
                yield f"retention.{name}", f"{word!r} is not KIND=DAYS, as in reply=30{nearest(kind, tuple(map(str, Kind)))}"


def _contradictions(config: Config) -> Iterator[Problem]:
    admission, verp, store = config.admission, config.verp, config.store
    if verp.keys and verp.keys_file:
        yield "verp.keys", "contradicts verp.keys_file: both say which keys sign, so drop one of them"
    if verp.keys_file is not None and verp.keys_file == store.path:
        yield "verp.keys_file", "is the same file as store.path"
    privacy = config.privacy
    if privacy.addresses is Addresses.HASHED and config.log.addresses:
        yield "log.addresses", 'writes addresses in full, which privacy.addresses = "hashed" promises to keep nowhere'
    if privacy.key and privacy.key_file:
        yield "privacy.key", "contradicts privacy.key_file: both say which key hashes, so drop one of them"
    if admission.mode is AdmissionMode.MARK and not admission.domains:
        yield (
            "admission.mode",
            "mark accepts addresses that no tag proves, so admission.domains must say which domains are ours",
        )
    consumes = config.milter.mode is MilterMode.CONSUME and any(
        one.strip().lower().startswith("milter") for one in config.listen
    )
    if consumes and not admission.domains:
        yield (
            "milter.mode",
            "consume takes mail for domains of ours out of the MTA, so admission.domains must say which domains are ours",
        )
    for key in ("unsigned", "static", "patterns"):
        if getattr(admission, key) and not admission.domains:
            yield (
                f"admission.{key}",
                "lets in addresses that no tag proves, so admission.domains must say which domains are ours",
            )

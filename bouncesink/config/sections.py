"""Configuration as values: one frozen section for each part, with its defaults and what each key means.

Only ``file`` (which reads it), ``app`` (which hands each part its own section) and ``cli`` know the whole; a part
never sees another's section. No file is read here. The metadata is the reference page: ``description`` in words, ``unit`` where
one is meant. No configuration at all works: loopback, a generated key, the defaults below.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bouncesink.config.words import Addresses, AdmissionMode, LogFormat, LogLevel, MilterMode, TlsVersion


def _key(default: Any, description: str, *, unit: str = "", minimum: float | None = None, secret: bool = False) -> Any:
    metadata = {"description": description, "unit": unit, "minimum": minimum, "secret": secret}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class SmtpSection:
    """The SMTP front."""

    hostname: str = _key("", "name in the banner and EHLO; empty: this machine's name")
    size_limit: int = _key(52_428_800, "largest mail accepted, told as SIZE", unit="octets", minimum=65_536)
    max_recipients: int = _key(100, "recipients accepted in one transaction", minimum=1)
    max_connections: int = _key(1_000, "connections at once, in all; more are told 421", minimum=1)
    max_connections_per_network: int = _key(
        100,
        "connections at once from one IPv4 /24 or IPv6 /64; more are told 421; those of this machine are not counted",
        minimum=1,
    )
    memory_limit: int = _key(
        134_217_728,
        "what contents may have of memory while they come, over all sessions; what has no room is spooled to a temporary file",
        unit="octets",
        minimum=1_048_576,
    )
    max_commands: int = _key(100_000, "commands in one session before 421", minimum=10)
    session_timeout: float = _key(
        3_600.0, "longest session; then 421 as soon as no transaction is open", unit="seconds", minimum=1
    )
    min_rate: float = _key(
        100.0, "content that comes slower than this is told 421; 0: none is", unit="octets a second", minimum=0
    )
    rate_window: float = _key(60.0, "over how long min_rate is looked at", unit="seconds", minimum=0.1)
    slow_errors: int = _key(5, "errors in one session after which each further one is answered late", minimum=0)
    error_delay: float = _key(1.0, "how late", unit="seconds", minimum=0)
    command_timeout: float = _key(300.0, "longest silence of a peer before 421", unit="seconds", minimum=1)
    max_errors: int = _key(20, "commands answered 4xx or 5xx in one session before 421", minimum=1)
    max_errors_per_network: int = _key(
        1_000,
        "commands answered 5xx of one IPv4 /24 or IPv6 /64, over all SMTP connections, before a new one is told 421; what "
        "is more than max_errors is carried into its next sessions; every mail recorded takes 10 back; 0: none is remembered",
        minimum=0,
    )
    error_memory: float = _key(600.0, "after this half of them are forgotten", unit="seconds", minimum=1)
    drain_timeout: float = _key(30.0, "how long sessions may finish after SIGTERM", unit="seconds", minimum=0)


@dataclass(frozen=True, slots=True)
class ListenerSection:
    """The sockets behind `listen`."""

    proxy_from: tuple[str, ...] = _key(
        (),
        "addresses or networks of proxies; SMTP and LMTP connections from there begin with a PROXY header (version 1 or 2)",
    )
    socket_mode: str = _key("0660", "permissions of Unix sockets, as chmod has them: whoever may write may connect")


@dataclass(frozen=True, slots=True)
class ProcessSection:
    """Who the server is once it has its sockets (docs/howto/run-as-a-service.md)."""

    user: str = _key("", "whom a server that was started as root becomes, before it reads a key or the database; empty: nobody")
    group: str = _key("", "its group; empty: that user's own")


@dataclass(frozen=True, slots=True)
class TlsSection:
    """TLS, by STARTTLS and smtps. It is offered where there is a certificate and never demanded."""

    certificate_files: tuple[Path, ...] = _key(
        (), "certificates in PEM, each with its chain below it; several of different kinds of key (ECDSA, RSA) may be given"
    )
    key_files: tuple[Path, ...] = _key((), "their private keys in PEM, in the same order; none: they are in the same files")
    minimum_version: TlsVersion = _key(
        TlsVersion.TLS_1_2, "least version spoken; 1.0 and 1.1 let in old ciphers too (@SECLEVEL=0)"
    )


@dataclass(frozen=True, slots=True)
class MilterSection:
    """The milter front. Its largest mail and most recipients are those of ``[smtp]``."""

    mode: MilterMode = _key(
        MilterMode.OBSERVE,
        "observe: record and let everything pass; consume: refuse unknown addresses at domains of ours, "
        "and discard a bounce once it is recorded",
    )
    idle_timeout: float = _key(7_200.0, "longest silence of an MTA before its connection is closed", unit="seconds", minimum=1)
    packet_timeout: float = _key(300.0, "longest wait for the rest of a packet that has begun", unit="seconds", minimum=1)
    progress_interval: float = _key(
        5.0, "how often an MTA is told that its mail is still being recorded", unit="seconds", minimum=0.1
    )


@dataclass(frozen=True, slots=True)
class FilesSection:
    """The file front: `bouncesink ingest`, pipes and watched Maildirs."""

    recipient_headers: tuple[str, ...] = _key(
        ("X-Original-To", "Envelope-To", "Delivered-To"),
        "fields that tell which address a mail came to, where nothing else does; the first that names one of ours counts",
    )


@dataclass(frozen=True, slots=True)
class AdmissionSection:
    """Who is let in at RCPT."""

    mode: AdmissionMode = _key(
        AdmissionMode.REFUSE, "refuse: 550 at RCPT to unknown or forged addresses; mark: accept them as unproven"
    )
    domains: tuple[str, ...] = _key((), "our Return-Path domains; none: any domain, as long as the tag holds")
    prefixes: tuple[str, ...] = _key(
        (), "literal prefixes that may stand before an address, the longest match is stripped (list-bounces+, bounce-)"
    )
    unsigned: tuple[str, ...] = _key((), "grammars without a tag that are let in too (mailman, ezmlm, sendgrid, ...)")
    static: tuple[str, ...] = _key((), "local parts that take bounces without saying whom they are about (bounces)")
    patterns: tuple[str, ...] = _key(
        (),
        "home-made grammars: regular expressions over the local part with a group recipient, or local and domain, or reference",
    )
    roles: tuple[str, ...] = _key(("postmaster", "abuse"), "role mailboxes accepted on every domain of ours")


@dataclass(frozen=True, slots=True)
class VerpSection:
    """Our own minted addresses."""

    prefix: str = _key("", "what every minted local part starts with; empty on a dedicated domain")
    life_days: int = _key(35, "after this a token is late: recorded, never suppressing", unit="days", minimum=1)
    keys_file: Path | None = _key(None, "file of signing keys; none: the database's path with .keys, made at first use")
    keys: tuple[str, ...] = _key((), "signing keys by environment only, as ID:HEX, the last mints", secret=True)


@dataclass(frozen=True, slots=True)
class StoreSection:
    """The database."""

    path: Path = _key(Path("bouncesink.db"), "the SQLite file, on a local disk")
    busy_timeout: float = _key(5.0, "how long to wait for another writer's lock before 451", unit="seconds", minimum=0)
    content_limit: int = _key(
        1_048_576, "raw content kept of one mail; the rest is counted and dropped", unit="octets", minimum=0
    )
    checkpoint_pages: int = _key(2_000, "write-ahead log pages after which a checkpoint is due", minimum=100)
    min_free: int = _key(
        67_108_864,
        "space on the disk below which no mail is begun: MAIL is told 452; 0: until it is full",
        unit="octets",
        minimum=0,
    )
    max_waiting: int = _key(2_000, "mails that may wait for a commit at once; more are told 451", minimum=1)


@dataclass(frozen=True, slots=True)
class RetentionSection:
    """What is kept how long. 0 means for good; what a cursor, an incident or a recipient's standing needs stays longer."""

    content_days: int = _key(90, "how long raw content is kept; what was judged of it stays", unit="days", minimum=0)
    content_days_by_kind: tuple[str, ...] = _key((), "the same for kinds of mail of their own (reply=7, report=30)")
    verdict_days: int = _key(0, "how long mails and their verdicts are kept", unit="days", minimum=0)
    verdict_days_by_kind: tuple[str, ...] = _key((), "the same for kinds of mail of their own (reply=30, report=90)")
    feed_days: int = _key(0, "how long entries of the feed are kept that every cursor has passed", unit="days", minimum=0)
    size_limit: int = _key(
        0,
        "above this size of the database the oldest raw content goes, whatever its age; 0: no limit",
        unit="octets",
        minimum=0,
    )


@dataclass(frozen=True, slots=True)
class PolicySection:
    """When verdicts suppress a recipient, and for how long."""

    points_a_day: int = _key(2, "soft failures that one day counts at most", minimum=1)
    token_events_a_day: int = _key(
        10, "how often one token is heard on one day; what comes more often is recorded and changes nothing", minimum=1
    )
    points: int = _key(10, "points within window_days that suppress; half of them watch", minimum=1)
    window_days: int = _key(7, "days of the window in which points are counted", unit="days", minimum=1)
    soft_days: int = _key(
        7, "soft failures over more than this suppress, if there is no delivery between", unit="days", minimum=1
    )
    soft_verdicts: int = _key(3, "how many they must be at least", minimum=2)
    quiet_days: int = _key(14, "after so long without a failure nothing is counted any more", unit="days", minimum=1)
    soft_suppression_days: int = _key(
        30, "how long soft failures suppress; then one mail is due to see", unit="days", minimum=1
    )
    second_day_within: int = _key(
        30, "how long a hard failure that does not suffice alone waits for another on another day", unit="days", minimum=1
    )
    expiry_days: tuple[str, ...] = _key(("mailbox_disabled=180",), "hard suppressions that end, as REASON=DAYS; others do not")
    streams: tuple[str, ...] = _key((), "numbers of a list or tenant of its own, as STREAM.KEY=NUMBER (news.points=6)")


@dataclass(frozen=True, slots=True)
class IncidentsSection:
    """When failures of many are an incident, and count against nobody."""

    recipients: int = _key(5, "recipients in an hour whose failures blame the sender or the message", minimum=2)
    burst_recipients: int = _key(
        20, "recipients that one provider says are dead, in an hour or a day, before it may be its own failure", minimum=2
    )
    burst_factor: int = _key(4, "and how many times the most that it said in any before", minimum=2)
    half_life_days: int = _key(28, "after so long half of that is forgotten", unit="days", minimum=1)
    quiet_hours: int = _key(6, "an incident is over after so long without more than usual", unit="hours", minimum=1)


@dataclass(frozen=True, slots=True)
class PrivacySection:
    """Whether the database holds addresses."""

    addresses: Addresses = _key(
        Addresses.PLAIN,
        "plain: as they are; hashed: a keyed hash in the place of each, and no raw content; a database is one or the other",
    )
    key_file: Path | None = _key(
        None, "file of the key that hashes; none: the database's path with .privacy, made at first use; keep a copy"
    )
    key: str = _key("", "the same key by environment only, as 32 to 64 hexadecimal digits", secret=True)


@dataclass(frozen=True, slots=True)
class AuthenticitySection:
    """What proves a report where no tag of ours does."""

    dkim_keys: tuple[str, ...] = _key(
        (), "public keys that sign our mail, as SELECTOR._domainkey.DOMAIN=FILE, or =v=DKIM1; p=... in the place of FILE"
    )
    recipient_header: str = _key("", "signed header of our mail that names its recipient; empty: To and Cc together")
    reporters: tuple[str, ...] = _key(
        (), "feedback loops that are believed when DKIM proves them: addresses (their From), or domains (all that they sign)"
    )
    authserv_ids: tuple[str, ...] = _key(
        (), "fronts of ours whose Authentication-Results are believed, by the id that they write; they must remove forged ones"
    )
    nameservers: tuple[str, ...] = _key((), "where the keys of reporters are asked for; none: where this machine asks")
    timeout: float = _key(5.0, "how long a mail waits for its signatures to be checked", unit="seconds", minimum=0.1)
    at_once: int = _key(32, "mails that may wait for that at once; more are recorded without", minimum=1)


@dataclass(frozen=True, slots=True)
class RulesSection:
    """The rulebook."""

    folder: Path | None = _key(None, "folder of your own rule files (*.toml), read in front of the built-in ones")


@dataclass(frozen=True, slots=True)
class LogSection:
    """The log, on standard error."""

    level: LogLevel = _key(LogLevel.INFO, "least severe line that is written")
    format: LogFormat = _key(LogFormat.AUTO, "auto, json or console")
    addresses: bool = _key(False, "write addresses in full; otherwise ids alone")


@dataclass(frozen=True, slots=True)
class WatchSection:
    """Metrics, health and readiness, on a listener of their own (docs/howto/watch-it.md)."""

    listen: tuple[str, ...] = _key(
        (), "where /metrics, /healthz and /readyz are served, as HOST:PORT (127.0.0.1:2580); none: nowhere"
    )
    free_floor: int = _key(268_435_456, "free space beside the database below which /readyz says no", unit="octets", minimum=0)
    count_seconds: float = _key(
        300.0, "how often the rows of the tables are counted, off the mails' way; 0: never", unit="seconds", minimum=0
    )


@dataclass(frozen=True, slots=True)
class Config:
    """The whole. ``listen`` are HOST:PORT or URLs of a front (``smtp://127.0.0.1:2525``, ``lmtp+unix:/run/lmtp.sock``)."""

    listen: tuple[str, ...] = _key(("127.0.0.1:2525",), "where to listen, as HOST:PORT or URL of a front")
    listener: ListenerSection = field(default_factory=ListenerSection)
    workers: int = _key(1, "processes that receive and judge; where there are several, one more records", minimum=1)
    process: ProcessSection = field(default_factory=ProcessSection)
    smtp: SmtpSection = field(default_factory=SmtpSection)
    milter: MilterSection = field(default_factory=MilterSection)
    files: FilesSection = field(default_factory=FilesSection)
    tls: TlsSection = field(default_factory=TlsSection)
    admission: AdmissionSection = field(default_factory=AdmissionSection)
    verp: VerpSection = field(default_factory=VerpSection)
    store: StoreSection = field(default_factory=StoreSection)
    retention: RetentionSection = field(default_factory=RetentionSection)
    policy: PolicySection = field(default_factory=PolicySection)
    incidents: IncidentsSection = field(default_factory=IncidentsSection)
    privacy: PrivacySection = field(default_factory=PrivacySection)
    authenticity: AuthenticitySection = field(default_factory=AuthenticitySection)
    rules: RulesSection = field(default_factory=RulesSection)
    log: LogSection = field(default_factory=LogSection)
    watch: WatchSection = field(default_factory=WatchSection)

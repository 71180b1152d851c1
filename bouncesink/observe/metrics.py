"""Metrics: the tally and the readings of the moment, in Prometheus's words. Nothing is kept here; everything is asked for anew.

An event of the log is the counter of its name: ``mail.recorded`` is ``bouncesink_mail_recorded_total``, with the labels of
``tally.LABELS``; its help is what the log's own function says of it. HISTOGRAMS, TALLIED and READINGS are tables of the rest,
and docs/reference/metrics.md is drawn from all of them. Promises: names are stable; each reading is asked for once in an
exposition; one that fails is left out and told to the log. Must not know where a reading comes from.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from bouncesink.observe import log
from bouncesink.observe.tally import LABELS, VERDICT_LABELS, Histogram, Labels, Tally

PREFIX = "bouncesink_"
NO_EVENTS = frozenset({"configure", "flush", "shows_addresses"})  # functions of the log that are none

Values = Mapping[Labels, float]
Reading = Callable[[], Values | float | None]
"""One number, or one for each set of values of its labels; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Described:
    """A metric that is no event: ``labels`` tell its values apart. A ``counter`` only grows."""

    help: str
    labels: Labels = ()
    counter: bool = False


# By attribute of the Tally.
HISTOGRAMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "mail_seconds": ("mail_seconds", "From the end of a mail's content to its commit."),
        "mail_octets": ("mail_bytes", "Sizes of the mails that were recorded."),
        "commit_seconds": ("commit_seconds", "How long a commit took, waiting for the database's thread and locks included."),
        "batch_mails": ("batch_mails", "Mails that shared a commit."),
        "checkpoint_seconds": ("checkpoint_seconds", "How long it took to move the write-ahead log into the database."),
        "loop_lag_seconds": (
            "loop_lag_seconds",
            "How much too late the event loop did what was due, looked at twice a second.",
        ),
    }
)
TALLIED: Mapping[str, Described] = MappingProxyType(
    {
        "verdicts_recorded": Described("Verdicts that became rows of the database.", VERDICT_LABELS, counter=True),
        "mail_duplicates": Described(
            "Rows that were there already when a mail was recorded: its peer had lost our 250 and sent it again.", counter=True
        ),
    }
)
READINGS: Mapping[str, Described] = MappingProxyType(
    {
        "build_info": Described("Versions; the value is 1.", ("version", "python", "sqlite")),
        "rulebook_info": Described("The hash of the rules that judge; the value is 1.", ("rulebook",)),
        "rulebook_rules": Described("Rules in the rulebook."),
        "ready": Described("What /readyz looks at: 1 where it holds, 0 where it does not.", ("check",)),
        "queue_mails": Described("Mails that are not committed yet."),
        "queue_bytes": Described("Their octets."),
        "oldest_uncommitted_seconds": Described("How long the oldest mail that is not committed waits; 0 where none does."),
        "store_trouble_now_seconds": Described("For how long the database has been in trouble; 0 where it is not."),
        "silence_seconds": Described("Time since the last bounce was recorded, since the start where none ever was."),
        "database_bytes": Described("Sizes of the database (db) and of its write-ahead log (wal).", ("file",)),
        "disk_free_bytes": Described("Free space beside the database."),
        "table_rows": Described("Rows of the tables, counted now and then.", ("table",)),
        "recipients": Described("Recipients by where they stand, counted now and then.", ("standing",)),
        "counted_age_seconds": Described("How old the counts of rows and recipients are."),
        "feed_entries": Described("Entries that the feed ever had: its last seq.", counter=True),
        "feed_behind": Described("Entries of the feed that a cursor has not passed yet.", ("cursor",)),
        "incidents_open": Described("Incidents that are open: bursts of failures that are held and count for nobody."),
        "connections_open": Described("Connections that are open, over all fronts."),
        "connections_limit": Described("Connections that may be open at once; more are told 421."),
        "doors": Described("What the doors took, slowed, sent away and cut.", ("what",), counter=True),
        "certificate_days_left": Described("Days until a certificate of ours expires.", ("certificate",)),
        "traces_running": Described("Traces of peers that run; they make the log grow."),
    }
)


def events() -> dict[str, str]:
    """Every event of the log and its help: the first sentence of the function that writes it."""
    functions = inspect.getmembers(log, inspect.isfunction)
    own = {name: each for name, each in functions if each.__module__ == log.__name__ and name[0] != "_"}
    return {name.replace("_", ".", 1): _first_sentence(each) for name, each in own.items() if name not in NO_EVENTS}


def counter_of(event: str) -> str:
    """The name of an event's counter, less the ``_total`` that counters end with."""
    return f"{PREFIX}{event.replace('.', '_')}"


class Exposition(Collector):
    """The numbers of the tally that ``tally`` gives and what ``readings``, one for each of READINGS, say at the moment."""

    def __init__(self, tally: Callable[[], Tally], readings: Mapping[str, Reading]) -> None:
        assert readings.keys() == READINGS.keys(), readings.keys() ^ READINGS.keys()
        self._tally = tally
        self._readings = readings
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._registry.register(self)

    def render(self, accept: str) -> tuple[bytes, str]:
        """The whole, and its content type, in the format that an Accept header asks for."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def describe(self) -> tuple[Metric, ...]:
        return ()  # nothing is collected to find out our names: a reading may cost something

    def collect(self) -> Iterator[Metric]:
        tally = self._tally()
        yield from self._events(tally)
        verdicts = tally.counted_verdicts()
        yield _family("verdicts_recorded", TALLIED["verdicts_recorded"], verdicts)
        yield _family("mail_duplicates", TALLIED["mail_duplicates"], {(): tally.duplicates})
        for attribute, (name, text) in HISTOGRAMS.items():
            yield _histogram(name, text, getattr(tally, attribute))
        for name, described in READINGS.items():
            values = self._read(name)
            if values is not None:
                yield _family(name, described, values)

    def _events(self, tally: Tally) -> Iterator[Metric]:
        counted, known = tally.counted(), events()
        for event in sorted(known.keys() | counted.keys()):
            labels = LABELS.get(event, ())
            text = known.get(event, "What libraries say, from warnings up.")
            family = CounterMetricFamily(counter_of(event), text, labels=labels)
            # What has no labels is shown from the start, so that its first time is seen as a rise.
            for values, count in (counted.get(event) or ({(): 0} if not labels else {})).items():
                family.add_metric(values, count)
            yield family

    def _read(self, name: str) -> Values | None:
        try:
            value = self._readings[name]()
        except Exception as error:  # noqa: BLE001 - one reading that fails must not hide the others
            log.bug(f"metric {name}", error)
            return None
        return value if value is None or isinstance(value, Mapping) else {(): value}


def _family(name: str, described: Described, values: Values) -> Metric:
    kind = CounterMetricFamily if described.counter else GaugeMetricFamily
    family = kind(PREFIX + name, described.help, labels=described.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    buckets, below = [], 0
    for bound, count in zip((*map(str, map(float, histogram.bounds)), "+Inf"), tuple(histogram.bins), strict=True):
        below += count
        buckets.append((bound, below))
    return HistogramMetricFamily(PREFIX + name, text, buckets=buckets, sum_value=histogram.total)


def _first_sentence(function: Callable[..., None]) -> str:
    text = " ".join((inspect.getdoc(function) or "").split())
    return text.partition(". ")[0].rstrip(".").replace("`", "") + "."

"""Draws docs/reference/metrics.md for scripts/reference.py: every metric that a server shows, from the code's tables."""

from drawn_page import code, table

from bouncesink.observe.metrics import HISTOGRAMS, PREFIX, READINGS, TALLIED, counter_of, events
from bouncesink.observe.tally import LABELS, MOST_SERIES, OTHER, SEVERAL, TALLY

PROSE = """
`GET /metrics` on `watch.listen`, in Prometheus's text format or in OpenMetrics, whichever is asked for. How to set it up, with
alerts and a dashboard, tells [watch it](../howto/watch-it.md). Names and labels are stable, and new ones may come.
"""
EVENTS_PROSE = f"""
Each event of the [log](log.md) is a counter, whether or not its line is written (`log.level`). Counters start at 0 with the
process. A label is empty where the event says nothing of it. `{SEVERAL}` stands where the verdicts of one mail differ; were
there ever more than {MOST_SERIES} combinations of one event, the further ones would be `{OTHER}`.
"""
PROCESS_PROSE = """
`process_*` (memory, CPU seconds, open files, start), `python_gc_*` and `python_info` are those of every Python program that
Prometheus watches.
"""


def metrics_page_parts() -> list[str]:
    """What stands below the title."""
    counters = [(f"`{counter_of(event)}_total`", code(*LABELS.get(event, ())), text) for event, text in events().items()]
    counters.append((f"`{counter_of('library')}_total`", code(*LABELS["library"]), "What libraries say, from warnings up."))
    more = [
        (
            f"`{PREFIX}{name}{'_total' if each.counter else ''}`",
            "counter" if each.counter else "gauge",
            code(*each.labels),
            each.help,
        )
        for name, each in (*TALLIED.items(), *READINGS.items())
    ]
    histograms = [
        (f"`{PREFIX}{name}`", text, ", ".join(f"{bound:g}" for bound in getattr(TALLY, attribute).bounds))
        for attribute, (name, text) in HISTOGRAMS.items()
    ]
    return [
        PROSE,
        "## Events",
        EVENTS_PROSE,
        table(("metric", "labels", "meaning"), counters),
        "## Of the mails, the database and the server",
        table(("metric", "type", "labels", "meaning"), more),
        "## Histograms",
        "Each has `_bucket`, `_sum` and `_count`.",
        table(("metric", "meaning", "buckets, at most"), histograms),
        "## Of the process",
        PROCESS_PROSE,
    ]

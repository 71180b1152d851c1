"""bouncesink beside smtp-sink, Postfix and bare aiosmtpd: the same load on each, in turns, medians over rounds, one table.

    ./scripts/bench                          all of it, a quarter of an hour
    ./scripts/bench --short                  the first rows, once: a minute
    ./scripts/bench --json FILE --picture FILE

Rates are told as ratios of one run, and as CPU for each mail: a shared machine moves by a quarter from run to run.
"""

import argparse
import json
import resource
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

import guard
import probes
import servers
from load import DOMAIN, RECIPIENTS, Generator, Measured, Shape, why_no_load
from picture import draw
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

Started = dict[str, servers.Server]

SHAPES = {
    "1 session": Shape(1),
    "10 sessions": Shape(10),
    "50 sessions": Shape(50),
    "200 sessions": Shape(200),
    "1 session, the usual report": Shape(1, mails="usual"),
    "50 sessions, the usual report": Shape(50, mails="usual"),
    "50 sessions, pipelined": Shape(50, pipelined=True),
    "50 sessions, a mail a connection": Shape(50, mails_a_connection=1),
    "50 sessions, STARTTLS": Shape(50, tls=True),
    "50 sessions, STARTTLS, a mail a connection": Shape(50, mails_a_connection=1, tls=True),
}
SHORT = ("1 session", "50 sessions")
REFERENCE = "50 sessions"
SLOW_FLUSH_US = 5_000


@dataclass(slots=True)
class Row:
    """What the rounds of one shape on one server came to, as medians. CPU is microseconds a mail."""

    shape: str
    server: str
    rate: float
    cpu: float
    p50: float
    p99: float
    failed: int
    of: dict[str, float] = field(default_factory=dict)  # rate as a multiple of the other servers'


@dataclass(slots=True)
class Results:
    rows: list[Row] = field(default_factory=list)
    facts: dict[str, float | str] = field(default_factory=dict)


def measure(server: servers.Server, generator: Generator, shape: Shape, seconds: float) -> tuple[Measured, float]:
    """And the CPU that the server took for each mail, in microseconds."""
    before = server.cpu()
    measured = generator.run(server.port, shape, seconds)
    used = server.cpu() - before - (measured.cpu if server.machine else 0)
    return measured, used / max(measured.mails, 1) * 1e6


def median_row(name: str, server: str, rounds: list[tuple[Measured, float]]) -> Row:
    taken = [each for each, _ in rounds]
    return Row(
        name,
        server,
        statistics.median(each.rate for each in taken),
        statistics.median(cpu for _, cpu in rounds),
        statistics.median(each.p50 for each in taken),
        statistics.median(each.p99 for each in taken),
        sum(each.failed for each in taken),
    )


def compare(started: Started, generator: Generator, shapes: dict[str, Shape], options: argparse.Namespace) -> list[Row]:
    """Every shape on every server, in turns."""
    rows = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("measuring", total=len(shapes) * options.rounds * len(started))
        for name, shape in shapes.items():
            rounds: dict[str, list[tuple[Measured, float]]] = {server: [] for server in started}
            for _ in range(options.rounds):
                for each, server in started.items():
                    progress.update(task, description=f"{name}: {each}")
                    if not shape.tls or each == "bouncesink":
                        rounds[each].append(measure(server, generator, shape, options.seconds))
                    progress.advance(task)
            found = [median_row(name, server, taken) for server, taken in rounds.items() if taken]
            for row in found:
                row.of = {other.server: row.rate / other.rate for other in found if other is not row and other.rate}
            rows += found
    return rows


def half_load(server: servers.Server, generator: Generator, rate: float, seconds: float) -> dict[str, float]:
    measured = generator.run(server.port, Shape(50, rate=rate / 2), seconds)
    return {"half load: rate": measured.rate, "half load: p50 ms": measured.p50, "half load: p99 ms": measured.p99}


def memory(folder: Path, generator: Generator, options: argparse.Namespace) -> dict[str, float]:
    """In a server that has done nothing yet: one that was busy has room to spare, and takes it before it asks for more."""
    home = folder / "memory"
    home.mkdir()
    limits = home / "limits.toml"
    most = probes.WARM + probes.IDLE + 10
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # the server inherits it
    limits.write_text(f"[smtp]\nmax_connections = {most}\nmax_connections_per_network = {most}\n")
    with servers.bouncesink(home, *options.serve, "--config", str(limits)) as server:
        prepare(home, generator)
        return probes.idle_connections(server) | probes.big_mail(server, generator.folder)


def slow_flushes(folder: Path, generator: Generator, options: argparse.Namespace) -> dict[str, float]:
    """At 200 sessions, with every flush 5 ms longer, against none."""
    rates: dict[int, list[float]] = {0: [], SLOW_FLUSH_US: []}
    with ExitStack() as stack:
        both = {}
        for delay in rates:
            home = folder / f"flush-{delay}"
            home.mkdir()
            both[delay] = stack.enter_context(servers.bouncesink(home, *options.serve, flush=(generator.slow_flush, delay)))
            prepare(home, generator)
        for _ in range(options.rounds):
            for delay, server in both.items():
                prepare(server.folder, generator)
                rates[delay].append(generator.run(server.port, Shape(200), options.seconds).rate)
    plain, slow = (statistics.median(each) for each in rates.values())
    return {
        "no flush delay, 200 sessions: rate": plain,
        "5 ms flush, 200 sessions: rate": slow,
        "5 ms flush: x none": slow / plain,
    }


def prepare(folder: Path, generator: Generator) -> None:
    """Mails, and addresses that the server whose database is in ``folder`` minted."""
    generator.prepare(
        servers.mint(folder, [f"reader{number}@example{number % 50}.org" for number in range(RECIPIENTS)], DOMAIN)
    )


def run(options: argparse.Namespace) -> Results:
    results = Results()
    shapes = {name: shape for name, shape in SHAPES.items() if not options.short or name in SHORT}
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary, ExitStack() as stack:
        folder = Path(temporary)
        generator = Generator(folder)
        has_tls = generator.has_tls and servers.certificate(folder)
        secure = servers.tls_options(folder) if has_tls else ()
        ours = stack.enter_context(servers.bouncesink(folder, *options.serve, *secure))
        started: Started = {"bouncesink": ours}
        if not servers.why_not_postfix():
            started |= {
                "sink": stack.enter_context(servers.sink(folder)),
                "postfix": stack.enter_context(servers.postfix(folder)),
            }
        started["aiosmtpd"] = stack.enter_context(servers.aiosmtpd(folder))
        prepare(folder, generator)
        shapes = {name: shape for name, shape in shapes.items() if has_tls or not shape.tls}
        generator.run(ours.port, Shape(50), 1.0)  # warm
        results.rows = compare(started, generator, shapes, options)
        if options.short:
            return results
        rate = next(row.rate for row in results.rows if (row.shape, row.server) == (REFERENCE, "bouncesink"))
        results.facts |= half_load(ours, generator, rate, options.seconds)
        results.facts |= memory(folder, generator, options)
        results.facts |= slow_flushes(folder, generator, options)
    return results


def tell(results: Results) -> None:
    table = Table("load", "server", "mails/s", "CPU us/mail", "p50 ms", "p99 ms", "x sink", "x postfix", "x aiosmtpd", "failed")
    for row in results.rows:
        multiples = [f"{row.of[other]:.2f}" if other in row.of else "" for other in ("sink", "postfix", "aiosmtpd")]
        figures = (f"{row.rate:.0f}", f"{row.cpu:.0f}", f"{row.p50:.2f}", f"{row.p99:.2f}")
        table.add_row(row.shape, row.server, *figures, *multiples, str(row.failed))
    console = Console(width=140 if not sys.stdout.isatty() else None)
    console.print(table)
    for name, value in results.facts.items():
        console.print(f"{name}: {value:.2f}" if isinstance(value, float) else f"{name}: {value}", highlight=False)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="bouncesink beside smtp-sink, Postfix and bare aiosmtpd."
    )
    parser.add_argument("--short", action="store_true", help="two rows, one round")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; medians are told (default: 3)")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each time (default: 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures for programs")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="the rates as SVG")
    parser.add_argument("serve", nargs="*", help="options of `bouncesink serve`, after --")
    parser.add_argument("--guard", action="store_true", help="only: has a mail become more expensive than was recorded?")
    parser.add_argument("--record", action="store_true", help="with --guard: write today's figures down")
    options = parser.parse_args(arguments)
    if options.guard:
        return guard.guard(record=options.record)
    if reason := why_no_load():
        print(reason, file=sys.stderr)
        return 69
    if options.short:
        options.rounds = 1
    results = run(options)
    tell(results)
    if options.json:
        options.json.write_text(json.dumps(asdict(results), indent=2) + "\n")
    if options.picture:
        options.picture.write_text(draw([row for row in results.rows if not SHAPES[row.shape].tls]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

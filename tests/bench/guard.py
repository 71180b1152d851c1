"""The guard: has a mail become more expensive? CPU for each mail, in units of a calibration loop that runs beside it.

    ./scripts/bench --guard            fails where one of the figures is over its recorded one by more than TOLERANCE
    ./scripts/bench --guard --record   writes today's figures down, for this kind of machine

Absolute times say more of the machine and its other guests than of us; how often a plain loop of Python could have run instead
says something of us. Both run in turns, in short pieces, and of each the quickest counts. A kind of machine without recorded
figures is told so, and nothing fails.
"""

import json
import platform
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import thread_time

from golden_answers import golden, golden_mails

from bouncesink.core.admission import AdmissionPolicy, admit
from bouncesink.core.classify import judge
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.reading import read
from bouncesink.core.verp.decoder import VerpPolicy
from bouncesink.core.verp.keyring import Key, Keyring
from bouncesink.core.verp.minter import Minter
from bouncesink.rulefiles import load_rulebook
from bouncesink.store.connection import open_sqlite
from bouncesink.store.migrate import prepare
from bouncesink.store.rows import Judged
from bouncesink.store.submission import submission_of
from bouncesink.store.writer import Writer

RECORDED = Path(__file__).with_name("recorded.json")
TOLERANCE = 1.25
ROUNDS = 40
ATTEMPTS = 5
BATCH = 50
KEYRING = Keyring((Key(1, b"sixteen octets or more"),))

Piece = Callable[[], None]


def kind_of_machine() -> str:
    """What makes figures comparable: the interpreter, how it was built, and the processor."""
    optimised = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    built = "of the system" if sys.base_prefix == "/usr" else "pgo" if optimised else "plain"
    python = f"{platform.python_implementation()} {'.'.join(platform.python_version_tuple()[:2])} {built}"
    return f"{python}, {platform.machine()} {processor()}"


def processor() -> str:
    """Vendor, family and model, as Linux tells them; "" elsewhere."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    told = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return " ".join(told[name] for name in ("vendor_id", "cpu family", "model") if name in told)


def calibration() -> None:
    """What our code does most: small calls, dictionaries, searches in strings."""
    table: dict[str, int] = {}
    for number in range(4_000):
        word = f"word-{number % 97}"
        table[word] = table.get(word, 0) + len(word.partition("-")[2])


def pieces(folder: Path) -> dict[str, tuple[Piece, int]]:
    """What is measured, and how many mails each does at once."""
    book = load_rulebook(None)
    mails = [mail.read_bytes() for mail in golden_mails() if golden(mail)["kind"] == "bounce"][:BATCH]
    minter, policy, today = Minter(KEYRING, "b.example"), AdmissionPolicy(VerpPolicy()), datetime.now(UTC).date()
    paths = [minter.mint(f"reader{number}@example.org", today).address for number in range(len(mails))]

    def admit_all() -> list[Admitted]:
        answers = [admit(path, policy, KEYRING, today) for path in paths]
        return [each for each in answers if isinstance(each, Admitted)]

    def read_all() -> None:
        for content in mails:
            read(content, book.formats)

    admitted = admit_all()
    reports = [read(content, book.formats) for content in mails]

    def judge_all() -> None:
        for report, each in zip(reports, admitted, strict=True):
            judge(report, each.attribution, book)

    path = folder / "guard.db"
    connection = open_sqlite(path, 5)
    prepare(connection, str(path))
    writer = Writer(path, 1_048_576)
    writer.take_in(connection)
    verdicts = [judge(report, each.attribution, book) for report, each in zip(reports, admitted, strict=True)]
    written = [0]

    def write_all() -> None:
        written[0] += 1
        now, submissions = datetime.now(UTC), []
        for content, report, each, told in zip(mails, reports, admitted, verdicts, strict=True):
            mail = Mail(Envelope("", (each,)), b"X: %d\r\n%b" % (written[0], content), now, Peer(Via.SMTP, "127.0.0.1"))
            submissions.append(submission_of(mail, report, (Judged(each, told),)))
        assert writer.write(connection, submissions).trouble is None

    work: dict[str, Piece] = {"admit": lambda: admit_all() and None, "read": read_all, "judge": judge_all, "write": write_all}
    return {name: (piece, len(mails)) for name, piece in work.items()}


def timed(piece: Piece) -> float:
    started = thread_time()
    piece()
    return thread_time() - started


def measure(work: dict[str, tuple[Piece, int]]) -> dict[str, float]:
    """CPU of a mail in thousandths of a calibration loop."""
    quickest = dict.fromkeys(work, float("inf"))
    loop = float("inf")
    for _ in range(ROUNDS):
        loop = min(loop, timed(calibration))
        for name, (piece, mails) in work.items():
            quickest[name] = min(quickest[name], timed(piece) / mails)
    return {name: round(seconds / loop * 1_000, 1) for name, seconds in quickest.items()}


def over(found: dict[str, float], recorded: dict[str, float]) -> list[str]:
    return [name for name, figure in found.items() if name in recorded and figure > recorded[name] * TOLERANCE]


def guard(*, record: bool) -> int:
    known = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    kind = kind_of_machine()
    with tempfile.TemporaryDirectory(prefix="guard-") as folder:
        work = pieces(Path(folder))
        found = measure(work)
        for _ in range(ATTEMPTS - 1):
            if not record and not over(found, known.get(kind, {})):
                break
            again = measure(work)
            found = {name: min(figure, again[name]) for name, figure in found.items()}
    if record:
        RECORDED.write_text(json.dumps(known | {kind: found}, indent=2, sort_keys=True) + "\n")
    tell(kind, found, known.get(kind, {}))
    failed = [] if record else over(found, known.get(kind, {}))
    if failed:
        print(f"more than {TOLERANCE - 1:.0%} over what was recorded: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def tell(kind: str, found: dict[str, float], recorded: dict[str, float]) -> None:
    print(f"CPU of a mail, in thousandths of a calibration loop, on {kind}")
    for name, figure in found.items():
        before = recorded.get(name)
        print(
            f"  {name:6} {figure:8.1f}   "
            + (f"recorded {before:.1f}: x {figure / before:.2f}" if before else "nothing recorded")
        )


def main(arguments: Sequence[str]) -> int:
    return guard(record="--record" in arguments)

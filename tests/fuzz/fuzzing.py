"""Runs the harnesses beside it: ``fuzz_*.py``, each a law in its first sentence and a ``check(data)`` that holds it.

    ./scripts/fuzz                       every harness for a minute
    ./scripts/fuzz --seconds 600 reading for longer, and one of them alone
    ./scripts/fuzz reading FILE...       once, over these files: a finding that is to be looked at again

With atheris (libFuzzer, guided by coverage) where it is installed, else with the mutator below, which the normal test run uses
too. What a harness finds is written to ``.run/fuzz/NAME/``, and its inputs are kept there for the next run.
"""

import argparse
import importlib
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
CORPUS = FOLDER.parent / "corpus"
KEPT = FOLDER.parents[1] / ".run" / "fuzz"
LONGEST = 65_536

Check = Callable[[bytes], None]

# What parsers stumble over, put in between octets that a mail would really have.
TOKENS = (
    *(b"\n", b"\r\n", b"\r", b"\n\n", b"\x00", b"\xff", b"\x1b$B", b"\x1b(B", b":", b";", b"=", b'"', b"\\", b"<", b">", b"@"),
    *(b"(", b")", b"--", b"--b1\n", b"--b1--\n", b"=?utf-8?B?", b"?=", b"=?utf-8?Q?=", b"=\n", b"=3D", b"\t", b" ", b"."),
    *(b"Content-Type: ", b"multipart/report", b"; boundary=", b"message/delivery-status", b"message/rfc822", b"text/html"),
    *(b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: quoted-printable\n", b"charset=utf-7"),
    *(b"charset=iso-2022-jp", b"charset=utf-16", b"Final-Recipient: rfc822; ", b"Action: failed\n", b"Status: 5.1.1\n"),
    *(b"Diagnostic-Code: smtp; ", b"550 5.1.1 ", b"X-Failed-Recipients: ", b"Feedback-Type: abuse\n", b"From "),
    *(b"Auto-Submitted: auto-replied\n", b"<nobody@example.org>:\n", b"\\x{1F600}", b"IMCEASMTP-a+40b@", b"[IPv6:::1]"),
)


def harnesses() -> list[str]:
    return sorted(path.stem.removeprefix("fuzz_") for path in FOLDER.glob("fuzz_*.py"))


def check_of(name: str) -> Check:
    check: Check = importlib.import_module(f"fuzz_{name}").check
    return check


def seeds_of(name: str) -> list[bytes]:
    """A harness may bring seeds of its own; else it begins with the golden mails."""
    own: list[bytes] | None = getattr(importlib.import_module(f"fuzz_{name}"), "SEEDS", None)
    return mails() if own is None else own


def mails() -> list[bytes]:
    """The golden mails."""
    found = [path.read_bytes() for path in sorted(CORPUS.rglob("*.eml"))]
    assert len(found) > 100, f"the golden mails are not in {CORPUS}"
    return found


def mutations(seeds: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """The seeds, then seeds that are cut, spliced, doubled and sprinkled, for ever; the same ones for the same ``seed``."""
    yield from seeds
    chance = random.Random(seed)
    while True:
        data = bytearray(chance.choice(seeds)[:LONGEST])
        for _ in range(chance.randint(1, 8)):
            _mutate(data, chance, seeds)
        yield bytes(data[:LONGEST])


def _mutate(data: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> None:
    start = chance.randint(0, len(data))
    end = min(len(data), start + chance.choice((1, 2, 8, 64, 512)))
    match chance.randint(0, 6):
        case 0:
            del data[start:end]
        case 1:
            data[start:start] = chance.choice(TOKENS) * chance.choice((1, 1, 1, 2, 50))
        case 2:
            data[start:start] = data[start:end] * chance.choice((1, 2, 20))
        case 3:
            data[start:end] = chance.randbytes(end - start)
        case 4:
            other = chance.choice(seeds)
            place = chance.randint(0, len(other))
            data[start:end] = other[place : place + chance.choice((4, 64, 1024))]
        case 5:
            del data[start:]
        case 6:
            data[start:end] = chance.choice(TOKENS)


def run_plainly(name: str, seconds: float) -> int:
    """Without atheris: mutates until the time is over. How many inputs held; what breaks the law is kept, and raised."""
    check = check_of(name)
    end = time.monotonic() + seconds
    held = 0
    for data in mutations(seeds_of(name), seed=time.time_ns()):
        if time.monotonic() > end:
            break
        try:
            check(data)
        except BaseException:
            found = KEPT / name / f"crash-{time.time_ns()}"
            found.parent.mkdir(parents=True, exist_ok=True)
            found.write_bytes(data)
            print(f"{name}: kept as {found}", file=sys.stderr)
            raise
        held += 1
    return held


def escaped(token: bytes) -> str:
    r"""``\\x0a``, as libFuzzer's dictionaries spell octets."""
    return "".join(f"\\x{octet:02x}" for octet in token)


def run_guided(name: str, seconds: float) -> None:
    """With atheris. Does not return: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["bouncesink"]):
        check = check_of(name)
    folder = KEPT / name
    inputs = folder / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    dictionary = folder / "tokens"
    dictionary.write_text("".join(f'"{escaped(token)}"\n' for token in TOKENS))
    arguments = (f"-max_total_time={seconds:.0f}", f"-max_len={LONGEST}", f"-dict={dictionary}", f"-artifact_prefix={folder}/")
    for number, seed in enumerate(seeds_of(name)):
        (inputs / f"seed-{number:04}").write_bytes(seed)
    atheris.Setup([name, *arguments, "-timeout=120", "-print_final_stats=0", str(inputs)], check)
    atheris.Fuzz()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description="Runs the harnesses of tests/fuzz.")
    parser.add_argument("harness", nargs="?", choices=harnesses(), help="one of them; without it all, one after another")
    parser.add_argument("files", nargs="*", type=Path, help="check these and nothing else")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each harness (default: 60)")
    parser.add_argument("--plainly", action="store_true", help="without atheris though it is installed")
    options = parser.parse_args(arguments)
    if options.files:
        for path in options.files:
            check_of(options.harness)(path.read_bytes())
            print(f"{options.harness}: {path} holds")
        return 0
    if options.harness is None:
        own = (sys.executable, __file__, "--seconds", str(options.seconds), *(["--plainly"] if options.plainly else []))
        failed = [name for name in harnesses() if subprocess.run([*own, name], check=False).returncode != 0]
        print(f"broken: {', '.join(failed)}" if failed else "every law held")
        return 1 if failed else 0
    if find_spec("atheris") is not None and not options.plainly:
        run_guided(options.harness, options.seconds)
    print(f"{options.harness}: {run_plainly(options.harness, options.seconds)} inputs held")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

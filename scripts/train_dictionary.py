"""Train the dictionary that raw content is compressed with, on the golden mails: bounces are alike, and each alone is short.

    .venv/bin/python scripts/train_dictionary.py bouncesink/store/dictionaries/2.zdict

A dictionary that was ever released is never written again, since stored content cannot be read without it: a better one gets
the next number (``bouncesink/store/content.py``).
"""

import argparse
import sys
from pathlib import Path

import zstandard

ROOT = Path(__file__).parent.parent
OCTETS = 16_384  # half of it compresses a bounce 1 % better, in half as much time again
LEVEL = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("path", type=Path, help="where the dictionary goes; a file that is there already is refused")
    path: Path = parser.parse_args().path
    if path.exists():
        sys.stderr.write(f"{path} is there already, and content may have been stored with it: take the next number\n")
        return 73
    mails = [mail.read_bytes() for mail in sorted((ROOT / "tests" / "corpus").rglob("*.eml"))]
    as_received: list[bytes | bytearray | memoryview] = [mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for mail in mails]
    path.write_bytes(zstandard.train_dictionary(OCTETS, as_received, level=LEVEL).as_bytes())
    sys.stdout.write(f"{path}: {path.stat().st_size} octets from {len(mails)} mails\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

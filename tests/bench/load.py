"""The load: mails and recipients as files, the generator (``load.c``) built where there is a compiler, and what it measured.

The mails are a mix of real formats: every golden mail that tells of a failure, each sent again and again with another number
in its header, so that none is known already. The usual report is one of them by itself, over and over. The recipients are
minted, another one for each mail.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from golden_answers import golden, golden_mails, name_of

FOLDER = Path(__file__).resolve().parent
MARK = b"X-Sequence: @@SEQUENCE\r\n"
LARGEST = 65_536
RECIPIENTS = 5_000
DOMAIN = "b.example"
FAILURES = ("bounce", "delayed")
USUAL = "standard/postfix-user-unknown"


@dataclass(frozen=True, slots=True)
class Shape:
    """How mail comes: ``mails_a_connection`` 0 is as many as there are; ``rate`` 0 is as fast as the answers come; ``mails`` is
    the file of them.
    """

    sessions: int
    mails_a_connection: int = 0
    pipelined: bool = False
    tls: bool = False
    rate: float = 0.0
    mails: str = "mix"

    def options(self) -> list[str]:
        flags = [
            *(["-P"] if self.pipelined else []),
            *(["-T"] if self.tls else []),
            *(["-R", str(self.rate)] if self.rate else []),
        ]
        return ["-s", str(self.sessions), "-k", str(self.mails_a_connection), *flags]


@dataclass(frozen=True, slots=True)
class Measured:
    """Latencies are from MAIL to the 250 after the content, in milliseconds; ``cpu`` is the generator's own, in seconds."""

    mails: int
    failed: int
    connections: int
    seconds: float
    rate: float
    p50: float
    p90: float
    p99: float
    max: float
    cpu: float


class Generator:
    """Builds what it needs in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def has_tls(self) -> bool:
        return self._build("load-tls", "-DTLS", "-lssl", "-lcrypto")

    @cached_property
    def slow_flush(self) -> Path:
        """A library to be loaded before a server, so that SLOW_FLUSH_US says how long its flushes take."""
        library = self.folder / "slow_flush.so"
        _compile("-shared", "-fPIC", "-o", str(library), str(FOLDER / "slow_flush.c"), "-ldl")
        return library

    def prepare(self, mint: "list[str]") -> None:
        """Write the mails, and ``mint`` as forward-paths."""
        mails = {name_of(mail): framed(mail.read_bytes()) for mail in golden_mails() if golden(mail)["kind"] in FAILURES}
        mix = [mail for mail in mails.values() if len(mail) <= LARGEST]
        assert len(mix) > 100, "the golden mails are the load"
        for name, some in (("mix", mix), ("usual", [mails[USUAL]])):
            (self.folder / name).write_bytes(b"".join(b"%d\n%b" % (len(mail), mail) for mail in some))
        (self.folder / "recipients").write_text("".join(f"{address}\n" for address in mint))

    def run(self, port: int, shape: Shape, seconds: float, mails: int = 500_000) -> Measured:
        program = "load-tls" if shape.tls else "load"
        assert self.has_tls if shape.tls else self._build("load")
        files = ["-m", str(self.folder / shape.mails), "-r", str(self.folder / "recipients")]
        command = [str(self.folder / program), "-p", str(port), "-n", str(mails), "-t", str(seconds), *files, *shape.options()]
        outcome = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
        if not outcome.stdout:
            raise RuntimeError(f"the load generator failed: {outcome.stderr}")
        return Measured(**json.loads(outcome.stdout))

    def _build(self, name: str, *options: str) -> bool:
        if (self.folder / name).exists():
            return True
        try:
            _compile("-o", str(self.folder / name), str(FOLDER / "load.c"), *options)
        except subprocess.CalledProcessError:
            return False
        return True


def framed(content: bytes) -> bytes:
    """As it goes over the wire: CRLF, its number in front, dots stuffed, the end of content behind."""
    lines = (MARK + content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")).removesuffix(b"\r\n").split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n.\r\n"


def why_no_load() -> str:
    """The reason why nothing can be measured here, or nothing."""
    return "" if shutil.which("cc") else "there is no C compiler: apt install gcc libc6-dev libssl-dev"


def _compile(*arguments: str) -> None:
    subprocess.run(["cc", "-O2", *arguments], check=True, capture_output=True, timeout=120)

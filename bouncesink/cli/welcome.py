"""The welcome: what a newcomer can do with a server that has just started, as lines that can be copied into a shell.

Promises: each line works as it stands, from any folder, while this server runs. The sample is a DSN of our own making, written
beside the database once, so that the swaks line has something to send.
"""

import shlex
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from bouncesink.cli.complaints import complain
from bouncesink.config.sections import Config
from bouncesink.core.mail import Via
from bouncesink.core.verp.keyring import Keyring
from bouncesink.core.verp.minter import Minter
from bouncesink.fronts.endpoint import Endpoint, parse_endpoints, reachable

SAMPLE_RECIPIENT = "reader@example.com"
SAMPLE_DOMAIN = "b.example"
SAMPLE_NAME = "sample-dsn.eml"
SAMPLE_DSN = """\
From: MAILER-DAEMON@mx.example.com
To: bounces@b.example
Subject: Undelivered Mail Returned to Sender
Date: Mon, 02 Feb 2026 10:00:00 +0000
Message-ID: <sample@mx.example.com>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="sample"

--sample
Content-Type: text/plain; charset=us-ascii

Your mail to reader@example.com could not be delivered.

--sample
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; reader@example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; 550 5.1.1 <reader@example.com>: Recipient address rejected:
 User unknown in virtual mailbox table

--sample
Content-Type: text/rfc822-headers

From: news@example.org
To: reader@example.com
Subject: News of the week
Message-ID: <news@example.org>

--sample--
"""
_SQL = "SELECT recipient, class, reason, fault, why FROM bounces ORDER BY verdict_id DESC LIMIT 5"


def greet(listening: Sequence[str], config: Config, keyring: Keyring) -> None:
    """Write the sample and print the welcome on standard output. A folder that cannot be written costs the sample alone."""
    sample = config.store.path.resolve().with_name(SAMPLE_NAME)
    try:
        if not sample.exists():
            sample.write_text(SAMPLE_DSN, "ascii")
    except OSError as error:
        complain(f"{sample}: the sample cannot be written: {error.strerror}")
    print(welcome(listening, keyring, config, datetime.now(UTC).date()), flush=True)


def welcome(listening: Sequence[str], keyring: Keyring, config: Config, today: date) -> str:
    """The text. ``listening`` are as ``listen`` has them, with their real ports."""
    database = config.store.path.resolve()
    domain = next(iter(config.admission.domains), SAMPLE_DOMAIN)
    minted = Minter(keyring, domain, config.verp.prefix).mint(SAMPLE_RECIPIENT, today).address
    sample = shlex.quote(str(database.with_name(SAMPLE_NAME)))
    quoted = shlex.quote(str(database))
    return f"""\
bouncesink listens on {" and ".join(listening)} and records to {database}

An address minted for {SAMPLE_RECIPIENT}: use such a one as the envelope sender of each mail

    {minted}

Send it a bounce, in another terminal

    {_sending(parse_endpoints(listening), shlex.quote(minted), sample, quoted)}

See the verdict

    sqlite3 -line {quoted} "{_SQL}"

or have it told in sentences, by the number that the server answered

    {_command()} explain 1 --database {quoted}

Control-C stops it.
"""


def _sending(places: Sequence[Endpoint], minted: str, sample: str, database: str) -> str:
    """The line that sends the sample: by a door that listens, if there is one."""
    listening = [each for each in places if each.via is not Via.FILE]
    if listening:
        return f"swaks {_swaks(listening)} --from '<>' --to {minted} --data @{sample}"
    return f"{_command()} ingest --forward-path={minted} --database {database} {sample}"


def _swaks(listening: Sequence[Endpoint]) -> str:
    """Where swaks has to go: to a door that speaks SMTP, if there is one."""
    door = min(listening, key=lambda one: (one.via is not Via.SMTP, one.tls, bool(one.path)))
    speaks = f"{' --tls-on-connect' if door.tls else ''}{' --protocol LMTP' if door.via is Via.LMTP else ''}"
    if door.path:
        return f"--socket {shlex.quote(door.path)}{speaks}"
    host = reachable(door.host)
    return f"--server {f'[{host}]' if ':' in host else host} --port {door.port}{speaks}"


def _command() -> str:
    """How this very bouncesink is called from another terminal."""
    ours = Path(sys.argv[0])
    if ours.name == "bouncesink" and shutil.which("bouncesink") != str(ours.absolute()):
        return shlex.quote(str(ours.absolute()))
    return "bouncesink" if ours.name == "bouncesink" else f"{shlex.quote(sys.executable)} -m bouncesink"

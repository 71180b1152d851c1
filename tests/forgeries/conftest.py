"""One server for each file of forgeries: it marks what is unknown, has keys, a trusted loop and a DNS server on loopback."""

from collections.abc import Callable, Iterator

import pytest
from forger import FRONT, LOOP, OTHER, OURS, REPORTER, STRANGER, Names, Signing, World

from bouncesink import keyfile

CONFIG = """\
[admission]
mode = "mark"
domains = ["{ours}", "{other}"]
static = ["bounces"]
unsigned = ["mailman"]

[authenticity]
dkim_keys = ["s1._domainkey.{ours}={key}"]
reporters = ["{reporter}"]
authserv_ids = ["{front}"]
nameservers = ["127.0.0.1:{port}"]
timeout = 3.0
"""


@pytest.fixture(name="place", scope="module")
def _place(tmp_path_factory, server_at: Callable) -> Iterator[tuple]:
    folder = tmp_path_factory.mktemp("forgeries")
    ours, loop, stranger = (Signing.make(folder, name) for name in ("ours", "loop", "stranger"))
    (folder / "ours.txt").write_text(f's1._domainkey IN TXT ( "{ours.record[:60]}"\n "{ours.record[60:]}" ) ; ours\n')
    names = Names({f"s1._domainkey.{LOOP}": loop.record, f"s1._domainkey.{STRANGER}": stranger.record})
    names.start()
    facts = {"ours": OURS, "other": OTHER, "key": folder / "ours.txt", "reporter": REPORTER, "front": FRONT}
    (folder / "bouncesink.toml").write_text(CONFIG.format(port=names.port, **facts))
    server = server_at(folder)
    server.start("--config", str(folder / "bouncesink.toml"))
    keyring = keyfile.load(folder / "bouncesink.db.keys")
    yield server, World(keyring, ours, loop, stranger), names
    server.end()
    names.close()

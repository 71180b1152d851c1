"""A huge mail over a real socket: it arrives as an excerpt, is counted whole, costs little memory and holds up nobody."""

import hashlib
import resource
import threading
import time
from collections.abc import Callable
from typing import Any

MEGABYTE = 1_048_576


def test_fifty_megabytes(open_door: Callable[..., Any], call: Callable[..., Any], monkeypatch: Any) -> None:
    monkeypatch.setattr("bouncesink.fronts.listener.octets_kept", lambda _: 1_004_096)
    door = open_door()
    caller, witness = call(door), call(door)
    witness.reply()
    content = (b"x" * 998 + b"\r\n") * 50_000
    caller.start()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sending = threading.Thread(target=caller.send, args=(content + b".\r\n",))
    sending.start()
    slowest = 0.0
    while sending.is_alive():
        began = time.monotonic()
        assert witness.say("NOOP") == b"250 2.0.0 ok"
        slowest = max(slowest, time.monotonic() - began)
    sending.join()
    assert caller.reply().startswith(b"250 2.0.0 ")
    (mail,) = door.mailbox.mails
    assert mail.size == len(content)
    assert len(mail.content) == 1_004_096
    assert mail.whole.digest == hashlib.sha256(content).digest()
    assert door._listener.sessions.counts.contents_cut == 1
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 60 * 1_024, f"{grown} KiB"  # the sender's own copy of the content is among them
    assert slowest < 2  # on a machine that others use too; seen alone it is a few milliseconds
    print(f"grown {grown} KiB, slowest answer to somebody else {slowest * 1000:.1f} ms")

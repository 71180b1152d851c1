"""Who is in, and that everybody leaves."""

import asyncio
import time

from bouncesink.core.reply import SHUTTING_DOWN, TOO_BUSY
from bouncesink.fronts.sessions import Sessions


class Guest:
    """Leaves a moment after it is asked to: by ``drain`` when it is polite, else only by ``cut``, else never."""

    def __init__(self, sessions: Sessions, *, leaves_on: str) -> None:
        self.sessions, self.leaves_on, self.asked = sessions, leaves_on, []

    def drain(self) -> None:
        self._asked("drain")

    def cut(self) -> None:
        self._asked("cut")

    def _asked(self, how: str) -> None:
        self.asked.append(how)
        if how == self.leaves_on:
            asyncio.get_running_loop().call_later(0.02, self.sessions.leave, self)


async def test_there_is_room_for_so_many() -> None:
    sessions = Sessions(1)
    one, two = Guest(sessions, leaves_on="drain"), Guest(sessions, leaves_on="drain")
    assert sessions.enter(one) is None
    assert sessions.enter(two) is TOO_BUSY
    assert len(sessions) == 2
    sessions.leave(two)
    sessions.leave(one)
    assert sessions.enter(two) is None


async def test_the_polite_are_not_cut() -> None:
    sessions = Sessions(10)
    guests = [Guest(sessions, leaves_on="drain") for _ in range(3)]
    for guest in guests:
        sessions.enter(guest)
    await sessions.drain(20, 20)
    assert len(sessions) == 0
    assert [guest.asked for guest in guests] == [["drain"]] * 3


async def test_the_others_are_and_nobody_is_waited_for_for_ever() -> None:
    sessions = Sessions(10)
    slow, never = Guest(sessions, leaves_on="cut"), Guest(sessions, leaves_on="never")
    sessions.enter(slow)
    sessions.enter(never)
    started = time.monotonic()
    await sessions.drain(0.1, 0.1)
    assert time.monotonic() - started < 5
    assert slow.asked == never.asked == ["drain", "cut"]
    assert len(sessions) == 1


async def test_who_comes_while_it_ends_is_sent_away() -> None:
    sessions = Sessions(10)
    await sessions.drain(1, 1)
    assert sessions.enter(Guest(sessions, leaves_on="drain")) is SHUTTING_DOWN

"""The staff: sums that never fall, of processes that come and go."""

import asyncio
from datetime import UTC, datetime

import pytest

from bouncesink.observe.tally import Tally
from bouncesink.watch.bulletin import BULLETIN, Bulletin, Herald
from bouncesink.watch.staff import Staff


class Sessions:
    limit = 500

    def __init__(self) -> None:
        self.open = 0
        self.connections = 0

    def counted(self) -> dict[str, int]:
        return {"connections": self.connections}

    def __len__(self) -> int:
        return self.open


class Worker:
    """A process as its words are: what it counts, and who is in."""

    def __init__(self, staff: Staff, life: int) -> None:
        self.staff, self.life = staff, life
        self.tally, self.sessions = Tally(), Sessions()

    def tell(self, *, events: int = 0, open_now: int = 0, expires: float = 2e9) -> None:
        for _ in range(events):
            self.tally.event("mail.refused", {"via": "smtp", "reply": "550"})
        self.sessions.open = open_now
        self.sessions.connections += events
        said = Bulletin(self.tally.told(), self.sessions.counted(), open_now, 500, {"a.pem": expires})
        self.staff.hear(self.life, (BULLETIN, tuple(said)))


@pytest.fixture
def staff(monkeypatch):
    monkeypatch.setattr("bouncesink.watch.staff.TALLY", own := Tally())
    own.event("worker.died", {})
    return Staff(("127.0.0.1:2525",))


def refused(staff: Staff) -> int:
    return sum(staff.tally().counted().get("mail.refused", {}).values())


def test_a_dead_workers_last_word_stays_and_its_sessions_go(staff):
    assert staff.sessions is None
    first, second = Worker(staff, 1), Worker(staff, 2)
    first.tell(events=3, open_now=2)
    second.tell(events=4, open_now=1)
    second.tell(events=1, open_now=5)
    first.tell(open_now=2)  # told again, and not counted again
    assert (refused(staff), len(staff.sessions), staff.sessions.limit) == (8, 7, 1_000)
    assert staff.tally().counted()["worker.died"] == {(): 1}, "our own are in it"
    staff.bury(2)
    assert (refused(staff), len(staff.sessions), staff.sessions.limit) == (8, 2, 500)
    staff.bury(2)  # whoever never told anything, or is gone, is in no sum twice
    staff.bury(9)
    Worker(staff, 3).tell(events=1)
    assert (refused(staff), staff.sessions.counted()) == (9, {"connections": 9})
    staff.bury(1)
    staff.bury(3)
    assert (refused(staff), len(staff.sessions), staff.sessions.counted()) == (9, 0, {"connections": 9})


def test_of_certificates_the_first_to_expire_is_told(staff):
    Worker(staff, 1).tell(expires=2_000.0)
    Worker(staff, 2).tell(expires=1_000.0)
    Worker(staff, 3).tell(expires=3_000.0)
    assert staff.certificates() == {"a.pem": datetime.fromtimestamp(1_000, UTC)}


def test_doors_are_open_while_somebody_is_there(staff):
    assert not staff.is_open
    staff.take_up(lambda said: None, lambda: True)
    assert staff.is_open
    staff.lay_down()
    assert not staff.is_open


async def test_a_herald_tells_at_once_and_goes_on_by_itself(staff, monkeypatch):
    monkeypatch.setattr("bouncesink.watch.pulse.PULSE_SECONDS", 0.01)
    of_the_worker = Tally()
    for module in ("bulletin", "pulse"):
        monkeypatch.setattr(f"bouncesink.watch.{module}.TALLY", of_the_worker)
    told = asyncio.Queue()
    sessions = Sessions()
    herald = Herald(told.put_nowait, sessions, lambda: {"a.pem": datetime.fromtimestamp(17, UTC)})
    async with herald.running():
        staff.hear(1, told.get_nowait())
        sessions.open = 3
        async with asyncio.timeout(10):
            await told.get()
            staff.hear(1, await told.get())
    assert len(staff.sessions) == 3
    assert staff.certificates() == {"a.pem": datetime.fromtimestamp(17, UTC)}
    assert staff.tally().loop_lag_seconds.count >= 1
